#![no_std]
#![no_main]
lambdas::function!("customerservicemessage-send");
