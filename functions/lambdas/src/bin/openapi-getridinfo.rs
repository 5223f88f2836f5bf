#![no_std]
#![no_main]
lambdas::function!("openapi-getridinfo");
