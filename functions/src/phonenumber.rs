//! The phone number a user shares with the mini program.

mod get_phone_number;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use get_phone_number::GetPhoneNumber;

use shared::spelling::text_or_number;

/// A phone number that WeChat has verified.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-shared" = true))]
pub struct PhoneNumber {
    /// The number; a foreign one with its country code.
    phone_number: String,
    /// The number without country code.
    pure_phone_number: String,
    /// The country code, `86` for China.
    // WeChat's documents promise a text and show a number.
    #[serde(deserialize_with = "text_or_number")]
    country_code: String,
    /// When and for which app WeChat said so.
    pub(crate) watermark: Watermark,
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
