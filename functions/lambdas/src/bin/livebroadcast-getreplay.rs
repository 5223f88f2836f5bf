#![no_std]
#![no_main]
lambdas::function!("livebroadcast-getreplay");
