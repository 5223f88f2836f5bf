#![no_std]
#![no_main]
lambdas::function!("media-get");
