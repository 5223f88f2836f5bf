//! `POST /decrypt/getPhoneNumber`
//!
//! WeChat: none; the data is decrypted with the session key of the last login.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Result, Secret, Uses, capability::SessionKeys,
};

use super::{Blocks, FirstBlock, Sealed, keys, open, unusable};
use crate::phonenumber::PhoneNumber;

/// Decrypts the phone number that an older client library returned encrypted.
///
/// Newer ones return a `code` as well: prefer `phonenumber.getPhoneNumber`.
/// On `stale-session-key` call `wx.login`, log in, and let the user tap the button again.
///
/// 解密旧版基础库返回的加密手机号。
///
/// 新版基础库同时返回 `code`：请优先使用 `phonenumber.getPhoneNumber`。遇到 `stale-session-key`
/// 时，请调用 `wx.login` 并登录，再让用户重新点击按钮。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPhoneNumber {
    /// `event.detail.encryptedData`, in base64.
    ///
    /// `event.detail.encryptedData`，base64 编码。
    #[serde(rename = "encryptedData")]
    encrypted_data: Blocks,
    /// `event.detail.iv`: 16 bytes in base64.
    ///
    /// `event.detail.iv`：16 字节，base64 编码。
    iv: FirstBlock,
    /// Refuse data older than this, in seconds.
    ///
    /// 拒绝早于此时长的数据，单位为秒。
    #[serde(default)]
    max_age_s: Option<u64>,
    /// For services that store session keys themselves: the key to decrypt with.
    ///
    /// 供自行保存 session_key 的服务端使用：用来解密的密钥。
    #[serde(default, rename = "sessionKey")]
    #[schemars(with = "Option<String>")]
    session_key: Option<Secret>,
}

impl Operation for GetPhoneNumber {
    const ID: &'static str = "decrypt.getPhoneNumber";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/getPhoneNumber.html",
        "https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::Undecryptable];
    const EXAMPLE: &'static str = include_str!("get_phone_number.json").trim_ascii();
    type Uses = SessionKeys;
    type Output = PhoneNumber;

    async fn run(self, stored: Uses<'_, Self>, caller: &Caller) -> Result<PhoneNumber> {
        let sealed = Sealed { data: self.encrypted_data, iv: self.iv };
        let keys = keys(stored, caller, self.session_key).await?;
        let phone: PhoneNumber = open(&sealed, keys, caller.appid())?.read()?;
        let made = phone.watermark.as_ref().map_or(0, |watermark| watermark.timestamp);
        let age = caller.now().saturating_sub(made);
        if self.max_age_s.is_some_and(|limit| age > limit) {
            return Err(unusable());
        }
        Ok(phone)
    }
}
