//! The bundle on one machine: function host, embedded DynamoDB, SSM stand-in, WeChat simulator,
//! console.
//!
//! [`Stack`] is all of it in one process; `cargo run` starts one and leaves it running, and every
//! test starts its own on free ports.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod console;
mod demo;
mod dynamodb;
mod gateway;
mod host;
mod iam;
pub mod runtime_api;
mod ssm;
mod stack;
pub mod terminal;

pub use host::{Host, UnknownFunction};
pub use simulator::demo_accounts;
pub use stack::{Options, Stack, StartError};
