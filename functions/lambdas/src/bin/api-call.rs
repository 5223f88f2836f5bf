#![no_std]
#![no_main]
lambdas::function!("api-call");
