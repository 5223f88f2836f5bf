//! `weixin://` links for browsers, messages and other apps.

mod generate;

pub use generate::Generate;
