#![no_std]
#![no_main]
lambdas::function!("oauth-getuserinfo");
