//! Messages and events WeChat pushes to this back end.
//!
//! WeChat: [message push][doc], [encryption][crypto]
//!
//! [doc]: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
//! [crypto]: https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html

mod crypto;
mod message;
mod receive;
mod verify;
mod xml;

pub use receive::Receive;

#[cfg(test)]
mod tests;
