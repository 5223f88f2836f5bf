#![no_std]
#![no_main]
lambdas::function!("uniformmessage-send");
