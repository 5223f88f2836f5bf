//! Whether what users write and upload may be shown.
//!
//! 检测用户发布的文字与图片等内容能否展示。

mod get_media_check;
mod img_sec_check;
mod media_check_async;
mod msg_sec_check;
mod picture;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use get_media_check::GetMediaCheck;
pub use img_sec_check::ImgSecCheck;
pub use media_check_async::MediaCheckAsync;
pub use msg_sec_check::MsgSecCheck;

/// What to do with the content.
///
/// 对内容的处理建议。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-shared" = true))]
pub enum Suggest {
    /// Publish it.
    ///
    /// 可以发布。
    Pass,
    /// Have it reviewed by a person.
    ///
    /// 需人工审核。
    Review,
    /// Do not publish it.
    ///
    /// 不可发布。
    Risky,
}

/// WeChat's checks of the first version call risky content an error.
const RISKY: i64 = 87_014;
