#![no_std]
#![no_main]
lambdas::function!("urllink-generate");
