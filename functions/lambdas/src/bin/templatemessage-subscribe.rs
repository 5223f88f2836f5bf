#![no_std]
#![no_main]
lambdas::function!("templatemessage-subscribe");
