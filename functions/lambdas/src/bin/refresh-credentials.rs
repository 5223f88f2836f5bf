#![no_std]
#![no_main]
lambdas::function!("refresh-credentials");
