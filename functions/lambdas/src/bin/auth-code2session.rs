#![no_std]
#![no_main]
lambdas::function!("auth-code2session");
