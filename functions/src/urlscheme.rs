//! `weixin://` links for browsers, messages and other apps.
//!
//! `weixin://` 链接，用于浏览器、短信和其他 App。

mod generate;

pub use generate::Generate;
