//! One-time subscription messages.
//!
//! 一次性订阅消息。

mod subscribe;

pub use subscribe::Subscribe;
