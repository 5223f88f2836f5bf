//! `https://wxaurl.cn` links for messages, mails and pages.
//!
//! `https://wxaurl.cn` 链接，用于短信、邮件和网页。

mod generate;

pub use generate::Generate;
