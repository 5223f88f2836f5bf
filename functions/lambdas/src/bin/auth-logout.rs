#![no_std]
#![no_main]
lambdas::function!("auth-logout");
