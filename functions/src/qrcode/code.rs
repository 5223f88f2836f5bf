//! A code, as WeChat answers it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::percent;

/// What WeChat answers.
#[derive(Deserialize)]
pub(super) struct Upstream {
    ticket: String,
    expire_seconds: Option<u64>,
    url: String,
}

/// A code.
///
/// 二维码。
#[derive(Serialize, JsonSchema)]
pub struct Code {
    /// WeChat's name for it.
    ///
    /// 二维码的 ticket。
    ticket: String,
    /// How long it lives, in seconds; absent if it is permanent.
    ///
    /// 有效时间，单位为秒；永久二维码无此字段。
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_seconds: Option<u64>,
    /// What the code says: draw it yourself.
    ///
    /// 二维码的内容，可自行绘制图片。
    url: String,
    /// WeChat's picture of it.
    ///
    /// 微信生成的二维码图片地址。
    picture: String,
}

impl From<Upstream> for Code {
    fn from(Upstream { ticket, expire_seconds, url }: Upstream) -> Code {
        let picture = format!(
            "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket={}",
            percent::encode(&ticket)
        );
        Code { ticket, expire_seconds, url, picture }
    }
}
