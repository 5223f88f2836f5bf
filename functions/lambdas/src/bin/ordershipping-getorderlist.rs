#![no_std]
#![no_main]
lambdas::function!("ordershipping-getorderlist");
