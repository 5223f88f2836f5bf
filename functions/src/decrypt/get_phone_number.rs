//! `POST /decrypt/getPhoneNumber`
//!
//! WeChat: none; the data is decrypted with the session key of the last login.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, App, Caller, Operation, Result, Secret, Touch};

use super::{Sealed, keys, open, unusable};
use crate::phonenumber::PhoneNumber;

/// Decrypts the phone number that an older client library handed out encrypted.
///
/// Newer ones hand out a `code` as well: prefer `phonenumber.getPhoneNumber`.
/// On `stale-session-key` call `wx.login`, log in, and let the user tap the button again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPhoneNumber {
    /// `event.detail.encryptedData`, in base64.
    #[serde(rename = "encryptedData")]
    #[schemars(length(min = 24, max = 32768))]
    encrypted_data: String,
    /// `event.detail.iv`: 16 bytes in base64.
    #[schemars(length(min = 22, max = 32))]
    iv: String,
    /// Refuse data that WeChat made longer ago than this, in seconds.
    #[serde(default)]
    max_age_s: Option<u64>,
    /// For services that keep session keys themselves: the key to decrypt with.
    #[serde(default, rename = "sessionKey")]
    #[schemars(with = "Option<String>")]
    session_key: Option<Secret>,
}

impl Operation for GetPhoneNumber {
    const ID: &'static str = "decrypt.getPhoneNumber";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Session];
    const EXAMPLE: &'static str = include_str!("get_phone_number.json").trim_ascii();
    type Output = PhoneNumber;

    async fn run(self, app: &App, caller: &Caller) -> Result<PhoneNumber> {
        let sealed = Sealed::read(&self.encrypted_data, &self.iv)?;
        let keys = keys(app, caller, self.session_key).await?;
        let phone: PhoneNumber = open(&sealed, keys, caller.appid())?.read()?;
        let age = app.clock.now().saturating_sub(phone.watermark.timestamp);
        if self.max_age_s.is_some_and(|limit| age > limit) {
            return Err(unusable());
        }
        Ok(phone)
    }
}
