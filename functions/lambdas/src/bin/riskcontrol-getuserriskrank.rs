#![no_std]
#![no_main]
lambdas::function!("riskcontrol-getuserriskrank");
