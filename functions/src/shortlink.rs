//! `#小程序://` links to paste into chats.

mod generate;

pub use generate::Generate;
