#![no_std]
#![no_main]
lambdas::function!("decrypt-getpayload");
