//! The phone number a user shares with the mini program.

mod get_phone_number;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

pub use get_phone_number::GetPhoneNumber;

use shared::spelling::{lenient, lenient_text};

/// A phone number that WeChat has verified.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-shared" = true))]
pub struct PhoneNumber {
    /// The number; a foreign one with its country code.
    phone_number: String,
    /// The number without country code.
    #[serde(default, deserialize_with = "lenient")]
    pure_phone_number: String,
    /// The country code, `86` for China.
    // WeChat's documents promise a text and show a number.
    #[serde(default, deserialize_with = "country_code")]
    country_code: String,
    /// When and for which app WeChat said so, where it does.
    #[serde(default, deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub(crate) watermark: Option<Watermark>,
}

fn country_code<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(lenient_text(from)?.unwrap_or_default())
}

/// When and for which app WeChat made the data.
#[derive(Deserialize, Serialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct Watermark {
    /// Seconds since 1970.
    pub(crate) timestamp: u64,
    /// The app.
    pub(crate) appid: String,
}

impl fmt::Debug for PhoneNumber {
    /// Without the number, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber")
    }
}
