//! Messages and events WeChat pushes to this back end.
//!
//! 微信推送给本后端的消息与事件。
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

pub use crypto::Keys;
pub use receive::Receive;

#[cfg(test)]
mod tests;
