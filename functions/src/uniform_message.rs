//! Messages of the official account to users of the mini program.
//!
//! 公众号发给小程序用户的消息。

mod send;

pub use send::SendMessage;
