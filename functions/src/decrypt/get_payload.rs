//! `POST /decrypt/getPayload`
//!
//! WeChat: `POST /wxa/business/getuserencryptkey`, for the key

use aes::Aes128;
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::{SessionKeys, Wechat},
    crypto::{equal_in_constant_time, hmac_sha256_hex},
    text,
    value::{Chars, Text},
};

use super::{BLOCK, base64, block, payload_keys::PayloadKeys, unusable};
use crate::internet;

text! {
    /// What a mini program encrypted, in base64.
    Sealed: 4..=65_536, Chars::VISIBLE, ["Send the data in base64.", "请发送 base64 编码的数据。"],
        check |text: &str| {
            let whole = |bytes: &[u8]| !bytes.is_empty() && bytes.len().is_multiple_of(BLOCK);
            base64(text, whole).map(drop).ok_or([
                "Must be blocks of 16 bytes in base64.",
                "须为 16 字节分组的 base64。",
            ])
        };
    /// Where the cipher starts.
    Start: 24..=24, Chars::VISIBLE,
        ["Send iv of getLatestUserKey.", "请发送 getLatestUserKey 返回的 iv。"],
        check |text: &str| block(text).map(drop).ok_or([
            "Must be 16 bytes in base64.",
            "须为 16 字节的 base64。",
        ]);
    /// A signature in hex.
    Hmac: 64..=64, Chars::HEX;
    /// When it was sent.
    Stamp: 1..=20, Chars::DIGITS;
}

/// Decrypts what the mini program encrypted with the key of `wx.getUserCryptoManager`.
///
/// AES-128-CBC with the user's key of that version. If `hmac` is sent, it must be HMAC-SHA256 with
/// the text of `encryptKey` over `version`, `iv`, `data` and, if it is sent, `timestamp`, joined
/// by `&`, in hex. The keys stay here. On `stale-session-key` log in again.
///
/// 解密小程序用 `wx.getUserCryptoManager` 的密钥加密的数据。
///
/// 采用 AES-128-CBC 与用户该版本的密钥。若传 `hmac`，它须是以 `encryptKey` 文本为密钥的
/// HMAC-SHA256（十六进制），内容为以 `&` 连接的 `version`、`iv`、`data`，以及已传的 `timestamp`。密
/// 钥保留在服务端。遇到 `stale-session-key` 请重新登录。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPayload {
    /// `version` of the key.
    ///
    /// 密钥的 `version`。
    version: u64,
    /// The `iv` it was encrypted with: 16 bytes in base64.
    ///
    /// 加密所用的 `iv`：16 字节，base64 编码。
    iv: Text<Start>,
    /// What was encrypted, in base64.
    ///
    /// 密文，base64 编码。
    data: Text<Sealed>,
    /// The signature of all of it, in hex.
    ///
    /// 对全部内容的签名，十六进制。
    #[serde(default)]
    hmac: Option<Text<Hmac>>,
    /// When it was sent, as the signature has it.
    ///
    /// 发送时间，与签名中的一致。
    #[serde(default)]
    timestamp: Option<Text<Stamp>>,
}

/// What was encrypted.
///
/// 解密后的内容。
#[derive(Serialize, JsonSchema)]
pub struct Payload {
    /// The text.
    ///
    /// 文本内容。
    data: String,
}

impl Operation for GetPayload {
    const ID: &'static str = "decrypt.getPayload";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/user-encryptkey.html",
    ];
    const REFUSALS: &'static [Refusal] = internet::REFUSALS;
    const PROBLEMS: &'static [Problem] = &[Problem::Undecryptable];
    const EXAMPLE: &'static str =
        r#"{"version":1,"iv":"r7BXXKkLb8qrSNn05n0qiA==","data":"Xct1c0fE1s0cV2bq0wq3yQ=="}"#;
    type Uses = (SessionKeys, Wechat, PayloadKeys);
    type Output = Payload;

    async fn run(self, (stored, wechat, keys): Uses<'_, Self>, caller: &Caller) -> Result<Payload> {
        let ask =
            async { internet::user_keys(wechat, stored.get().await?, caller.openid()?).await };
        let key = keys.get(caller, self.version, ask).await?.ok_or_else(unusable)?;
        let data = self.open(&key).ok_or_else(unusable)?;
        Ok(Payload { data })
    }
}

impl GetPayload {
    /// The text, if key and signature fit.
    fn open(&self, key: &str) -> Option<String> {
        let mut signed = format!("{}&{}&{}", self.version, &*self.iv, &*self.data);
        if let Some(timestamp) = &self.timestamp {
            signed.extend(["&", timestamp]);
        }
        let expected = hmac_sha256_hex(key.as_bytes(), signed.as_bytes());
        if let Some(hmac) = &self.hmac
            && !equal_in_constant_time(expected.as_bytes(), hmac.as_bytes())
        {
            return None;
        }
        let plain = Decryptor::<Aes128>::new(&block(key)?.into(), &block(&self.iv)?.into())
            .decrypt_padded_vec::<Pkcs7>(&base64(&self.data, |_| true)?)
            .ok()?;
        String::from_utf8(plain).ok()
    }
}
