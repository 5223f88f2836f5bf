//! Files that pages and users uploaded to WeChat.

mod get;

pub use get::Get;
