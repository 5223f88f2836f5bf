#![no_std]
#![no_main]
lambdas::function!("urlscheme-generate");
