#![no_std]
#![no_main]
lambdas::function!("deliver-events");
