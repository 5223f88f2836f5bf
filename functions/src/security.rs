//! Whether what users write and upload may be shown.
//!
//! 检测用户发布的文字与图片等内容能否展示。

mod get_media_check;
mod img_sec_check;
mod media_check_async;
mod msg_sec_check;
mod picture;

pub use get_media_check::GetMediaCheck;
pub use img_sec_check::ImgSecCheck;
pub use media_check_async::MediaCheckAsync;
pub use msg_sec_check::MsgSecCheck;

/// WeChat's checks of the first version call risky content an error.
const RISKY: i64 = 87_014;
