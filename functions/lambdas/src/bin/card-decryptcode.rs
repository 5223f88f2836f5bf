#![no_std]
#![no_main]
lambdas::function!("card-decryptcode");
