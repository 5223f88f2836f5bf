#![no_std]
#![no_main]
lambdas::function!("jssdk-config");
