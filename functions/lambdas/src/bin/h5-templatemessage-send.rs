#![no_std]
#![no_main]
lambdas::function!("h5-templatemessage-send");
