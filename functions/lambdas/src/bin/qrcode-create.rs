#![no_std]
#![no_main]
lambdas::function!("qrcode-create");
