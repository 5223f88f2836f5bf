//! `https://wxaurl.cn` links for messages, mails and pages.

mod generate;

pub use generate::Generate;
