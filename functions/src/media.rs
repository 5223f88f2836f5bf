//! Files that pages and users uploaded to WeChat.
//!
//! 网页与用户上传到微信的文件。

mod get;

pub use get::Get;
