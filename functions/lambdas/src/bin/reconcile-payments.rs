#![no_std]
#![no_main]
lambdas::function!("reconcile-payments");
