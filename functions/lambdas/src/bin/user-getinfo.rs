#![no_std]
#![no_main]
lambdas::function!("user-getinfo");
