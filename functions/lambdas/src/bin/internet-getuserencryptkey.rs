#![no_std]
#![no_main]
lambdas::function!("internet-getuserencryptkey");
