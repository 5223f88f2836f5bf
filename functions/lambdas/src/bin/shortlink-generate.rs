#![no_std]
#![no_main]
lambdas::function!("shortlink-generate");
