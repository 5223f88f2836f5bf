#![no_std]
#![no_main]
lambdas::function!("wxacode-createqrcode");
