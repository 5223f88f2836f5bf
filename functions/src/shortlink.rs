//! `#小程序://` links to paste into chats.
//!
//! `#小程序://` 短链接，可粘贴到聊天中。

mod generate;

pub use generate::Generate;
