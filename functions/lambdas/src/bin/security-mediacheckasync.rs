#![no_std]
#![no_main]
lambdas::function!("security-mediacheckasync");
