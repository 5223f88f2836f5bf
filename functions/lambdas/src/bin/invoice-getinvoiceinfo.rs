#![no_std]
#![no_main]
lambdas::function!("invoice-getinvoiceinfo");
