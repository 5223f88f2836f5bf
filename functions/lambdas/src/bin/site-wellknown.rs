#![no_std]
#![no_main]
lambdas::function!("site-wellknown");
