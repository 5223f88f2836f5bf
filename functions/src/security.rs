//! Whether what users write and upload may be shown.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-shared" = true))]
pub enum Suggest {
    /// Publish it.
    Pass,
    /// Have it reviewed by a person.
    Review,
    /// Do not publish it.
    Risky,
}

/// WeChat's checks of the first version call risky content an error.
const RISKY: i64 = 87_014;
