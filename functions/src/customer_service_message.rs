//! Answers to users who wrote first: messages of customer service.
//!
//! 回复先发来消息的用户：客服消息。

mod message;
mod send;
mod set_typing;
mod upload_temp_media;

use shared::{Problem, Refusal};

pub use send::SendMessage;
pub use set_typing::SetTyping;
pub use upload_temp_media::UploadTempMedia;

/// When one may write to a user, and what WeChat says otherwise.
#[rustfmt::skip]
const RECEIVER: &[Refusal] = &[
    Refusal::new(45015, Problem::ReceiverState, ["The user last wrote more than 48 hours ago, or never. Write again after the user's next message.", "用户最近一次发消息已超过 48 小时，或从未发过。请在用户下次发消息后再回复。"]),
    Refusal::new(45047, Problem::ReceiverState, ["The messages that the user's last action allows are used up. Write again after the user's next message.", "用户上次操作所允许的消息条数已用完。请在用户下次发消息后再回复。"]),
    Refusal::new(45072, Problem::ReceiverState, ["The user cannot get this just now. Write again after the user's next message.", "用户目前无法接收该消息。请在用户下次发消息后再回复。"]),
];
