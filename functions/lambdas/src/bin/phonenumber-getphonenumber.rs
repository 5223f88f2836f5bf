#![no_std]
#![no_main]
lambdas::function!("phonenumber-getphonenumber");
