//! `POST /decrypt/getUserData`
//!
//! WeChat: none; the data is decrypted with the session key of the last login.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Result, Secret, Uses,
    capability::SessionKeys,
    crypto::{equal_in_constant_time, sha1_hex},
    text,
    value::{Chars, Text},
};

use super::{Blocks, FirstBlock, Sealed, keys, open, unusable};

text! {
    /// What the client got in plain text.
    RawData: 0..=16384, Chars::ANY, ["Send rawData unchanged.", "请原样发送 rawData。"];
    /// SHA-1 in hex.
    Signature: 40..=40, Chars::HEX, ["Send signature unchanged.", "请原样发送 signature。"];
}

/// Decrypts what WeChat returns to the client encrypted: user info, steps, a group's id.
///
/// On `stale-session-key` call `wx.login`, log in, and get the data from WeChat again.
///
/// 解密微信返回给客户端的加密数据：用户信息、微信运动步数、群 ID 等。
///
/// 遇到 `stale-session-key` 时，请调用 `wx.login` 并登录，再从微信重新获取数据。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserData {
    /// `encryptedData` of the client's answer, in base64.
    ///
    /// 客户端返回的 `encryptedData`，base64 编码。
    #[serde(rename = "encryptedData")]
    encrypted_data: Blocks,
    /// `iv` of the client's answer: 16 bytes in base64.
    ///
    /// 客户端返回的 `iv`：16 字节，base64 编码。
    iv: FirstBlock,
    /// `rawData` of the client's answer, byte for byte; checked against `signature`.
    ///
    /// 客户端返回的 `rawData`，逐字节一致；会与 `signature` 核对。
    #[serde(default, rename = "rawData")]
    raw_data: Option<Text<RawData>>,
    /// `signature` of the client's answer: SHA-1 in hex.
    ///
    /// 客户端返回的 `signature`：十六进制的 SHA-1。
    #[serde(default)]
    signature: Option<Text<Signature>>,
    /// For services that store session keys themselves: the key to decrypt with.
    ///
    /// 供自行保存 session_key 的服务端使用：用来解密的密钥。
    #[serde(default, rename = "sessionKey")]
    #[schemars(with = "Option<String>")]
    session_key: Option<Secret>,
}

/// Decrypted data.
///
/// 解密后的数据。
#[derive(Serialize, JsonSchema)]
pub struct UserData {
    /// As WeChat made it, with `watermark.appid` (checked) and `watermark.timestamp`.
    ///
    /// 微信给出的原始数据，含 `watermark.appid`（已校验）和 `watermark.timestamp`。
    #[schemars(with = "Map<String, Value>")]
    data: Box<RawValue>,
}

impl Operation for GetUserData {
    const ID: &'static str = "decrypt.getUserData";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html"];
    const PROBLEMS: &'static [Problem] = &[Problem::Undecryptable];
    const EXAMPLE: &'static str = r#"{"encryptedData":"CsjYcjLT5PN1TMQ2Bc3D2+Flr4Ai0lV9EdhFl8T9nk0iDXUykMaPIG10YFmxb94BwN2Nwi9jU0te1+Tiz8vFgAe90zZ5/qrfdCmIv2Qnn9fRZg63qdveYAMY4Mcy7O+8qYqyiN1CEftau6Q6Xd33WA==","iv":"r7BXXKkLb8qrSNn05n0qiA=="}"#;
    type Uses = SessionKeys;
    type Output = UserData;

    async fn run(self, stored: Uses<'_, Self>, caller: &Caller) -> Result<UserData> {
        let sealed = Sealed { data: self.encrypted_data, iv: self.iv };
        let signed = match (self.raw_data, self.signature) {
            (None, None) => None,
            (Some(raw_data), Some(signature)) => Some((raw_data, signature)),
            (Some(_), None) => return Err(both("signature")),
            (None, Some(_)) => return Err(both("rawData")),
        };
        let keys = keys(stored, caller, self.session_key).await?;
        let opened = open(&sealed, keys, caller.appid())?;
        if let Some((raw_data, signature)) = signed
            && !is_signed(&raw_data, &signature, &opened.session_key)
        {
            return Err(unusable());
        }
        Ok(UserData { data: opened.data.json })
    }
}

fn both(missing: &str) -> Error {
    Error::invalid(
        missing,
        [
            "rawData and signature belong together: send both or neither.",
            "rawData 与 signature 须同时发送，或都不发送。",
        ],
    )
}

/// Whether the client passed `rawData` on as WeChat gave it.
pub(super) fn is_signed(raw_data: &str, signature: &str, session_key: &Secret) -> bool {
    let expected = sha1_hex(format!("{raw_data}{}", session_key.expose()));
    equal_in_constant_time(expected.as_bytes(), signature.as_bytes())
}
