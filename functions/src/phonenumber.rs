//! The phone number a user shares with the mini program.
//!
//! 用户授权给小程序的手机号。

mod get_phone_number;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

pub use get_phone_number::GetPhoneNumber;

use shared::spelling::{lenient, lenient_text};

/// A phone number that WeChat has verified.
///
/// 经微信验证的手机号。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-shared" = true))]
pub struct PhoneNumber {
    /// The number; a foreign one with its country code.
    ///
    /// 手机号；境外号码带区号。
    phone_number: String,
    /// The number without country code.
    ///
    /// 不带区号的手机号。
    #[serde(default, deserialize_with = "lenient")]
    pure_phone_number: String,
    /// The country code, `86` for China.
    ///
    /// 区号，中国大陆为 `86`。
    // WeChat's documents promise a text and show a number.
    #[serde(default, deserialize_with = "country_code")]
    country_code: String,
    /// When and for which app WeChat said so, where it does.
    ///
    /// 数据水印：微信生成的时间与所属应用，如有则返回。
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub(crate) watermark: Option<Watermark>,
}

fn country_code<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(lenient_text(from)?.unwrap_or_default())
}

/// When and for which app WeChat made the data.
///
/// 数据水印：微信生成数据的时间与所属应用。
#[derive(Deserialize, Serialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct Watermark {
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    pub(crate) timestamp: u64,
    /// The app.
    ///
    /// 应用的 appid。
    pub(crate) appid: String,
}

impl fmt::Debug for PhoneNumber {
    /// Without the number, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber")
    }
}
