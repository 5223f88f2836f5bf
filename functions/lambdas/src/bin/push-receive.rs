#![no_std]
#![no_main]
lambdas::function!("push-receive");
