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
mod event_stream;
mod eventbridge;
mod gateway;
mod guard;
mod host;
mod iam;
mod lambda_api;
mod merchants;
mod private_files;
pub mod runtime_api;
mod shards;
mod ssm;
mod stack;
mod surface;
pub mod terminal;
mod trouble;
mod variables;
mod wechat_memory;

pub use eventbridge::Bus;
pub use host::{Host, UnknownFunction};
pub use simulator::demo_accounts;
pub use stack::{Options, Stack, StartError};
pub use trouble::TableTrouble;
pub use variables::Variables;
