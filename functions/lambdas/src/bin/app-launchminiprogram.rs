#![no_std]
#![no_main]
lambdas::function!("app-launchminiprogram");
