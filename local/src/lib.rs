//! The bundle on one machine: function host, embedded DynamoDB, WeChat simulator, console.

pub mod fleet;
pub mod wechat;
