#![no_std]
#![no_main]
lambdas::function!("events-redeliver");
