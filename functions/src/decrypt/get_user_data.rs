//! `POST /decrypt/getUserData`
//!
//! WeChat: none; the data is decrypted with the session key of the last login.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Result, Secret, Touch,
    crypto::{equal_in_constant_time, sha1_hex},
};

use super::{Sealed, keys, open, unusable};

/// Decrypts whatever WeChat hands to the client encrypted: user info, steps, a group's id.
///
/// On `stale-session-key` call `wx.login`, log in, and get the data from WeChat anew.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserData {
    /// `encryptedData` of the client's answer, in base64.
    #[serde(rename = "encryptedData")]
    #[schemars(length(min = 24, max = 32768))]
    encrypted_data: String,
    /// `iv` of the client's answer: 16 bytes in base64.
    #[schemars(length(min = 22, max = 32))]
    iv: String,
    /// `rawData` of the client's answer, byte for byte; checked against `signature`.
    #[serde(default, rename = "rawData")]
    #[schemars(length(max = 16384))]
    raw_data: Option<String>,
    /// `signature` of the client's answer: SHA-1 in hex.
    #[serde(default)]
    #[schemars(regex(pattern = r"^[0-9a-f]{40}$"))]
    signature: Option<String>,
    /// For services that keep session keys themselves: the key to decrypt with.
    #[serde(default, rename = "sessionKey")]
    #[schemars(with = "Option<String>")]
    session_key: Option<Secret>,
}

/// Decrypted data.
#[derive(Serialize, JsonSchema)]
pub struct UserData {
    /// As WeChat made it, with `watermark.appid` (checked) and `watermark.timestamp`.
    data: Map<String, Value>,
}

impl Operation for GetUserData {
    const ID: &'static str = "decrypt.getUserData";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::Session];
    const EXAMPLE: &'static str = r#"{"encryptedData":"CsjYcjLT5PN1TMQ2Bc3D2+Flr4Ai0lV9EdhFl8T9nk0iDXUykMaPIG10YFmxb94BwN2Nwi9jU0te1+Tiz8vFgAe90zZ5/qrfdCmIv2Qnn9fRZg63qdveYAMY4Mcy7O+8qYqyiN1CEftau6Q6Xd33WA==","iv":"r7BXXKkLb8qrSNn05n0qiA=="}"#;
    type Output = UserData;

    async fn run(self, app: &App, caller: &Caller) -> Result<UserData> {
        let sealed = Sealed::read(&self.encrypted_data, &self.iv)?;
        let signed = match (self.raw_data, self.signature) {
            (None, None) => None,
            (Some(raw_data), Some(signature)) => Some((raw_data, signature)),
            (Some(_), None) => return Err(both("signature")),
            (None, Some(_)) => return Err(both("rawData")),
        };
        let keys = keys(app, caller, self.session_key).await?;
        let opened = open(&sealed, keys, caller.appid())?;
        if let Some((raw_data, signature)) = signed
            && !is_signed(&raw_data, &signature, &opened.session_key)
        {
            return Err(unusable());
        }
        Ok(UserData { data: opened.data })
    }
}

fn both(missing: &str) -> Error {
    Error::invalid(missing, "rawData and signature belong together: send both or neither.")
}

/// Whether the client passed `rawData` on as WeChat gave it.
pub(super) fn is_signed(raw_data: &str, signature: &str, session_key: &Secret) -> bool {
    let expected = sha1_hex(format!("{raw_data}{}", session_key.expose()));
    equal_in_constant_time(expected.as_bytes(), signature.as_bytes())
}
