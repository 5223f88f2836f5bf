#![no_std]
#![no_main]
lambdas::function!("subscribemessage-getpubtemplatekeywordsbyid");
