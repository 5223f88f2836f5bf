//! Codes that bring followers to an official account.
//!
//! 为公众号带来关注者的二维码。

mod code;
mod create;
mod scene;

pub use create::Create;
