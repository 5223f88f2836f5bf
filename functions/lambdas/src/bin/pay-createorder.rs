#![no_std]
#![no_main]
lambdas::function!("pay-createorder");
