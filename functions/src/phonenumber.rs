//! The phone number a user shares with the mini program.

mod getphonenumber;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

pub use getphonenumber::GetPhoneNumber;

/// A phone number that WeChat has verified.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PhoneNumber {
    /// The number; a foreign one with its country code.
    phone_number: String,
    /// The number without country code.
    pure_phone_number: String,
    /// The country code, `86` for China.
    #[serde(deserialize_with = "text_or_number")]
    country_code: String,
    /// When and for which app WeChat said so.
    pub(crate) watermark: Watermark,
}

/// When and for which app WeChat made the data.
#[derive(Deserialize, Serialize, JsonSchema)]
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

/// WeChat's documents promise a text and show a number.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a number")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    deserializer.deserialize_any(Visitor)
}
