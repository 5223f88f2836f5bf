//! The keys that a user's mini program and the server share.
//!
//! 小程序用户与服务端共享的密钥。

mod get_user_encrypt_key;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Error, Problem, Refusal, Result, capability::WechatCalls, crypto::hmac_sha256_hex,
    table::SessionKeys,
};

pub use get_user_encrypt_key::GetUserEncryptKey;

/// A key that a user's mini program gets from `wx.getUserCryptoManager`.
///
/// 小程序通过 `wx.getUserCryptoManager` 得到的密钥。
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub struct UserKey {
    /// The AES key, 16 bytes in base64.
    ///
    /// AES 密钥，16 字节，base64 编码。
    pub(crate) encrypt_key: String,
    /// Which key it is.
    ///
    /// 密钥的版本号。
    pub(crate) version: u64,
    /// How long it can still be asked for, in seconds.
    ///
    /// 剩余的可查询时间，单位为秒。
    pub(crate) expire_in: u64,
    /// Where the cipher starts, 16 bytes in base64.
    ///
    /// 加密的初始向量，16 字节，base64 编码。
    pub(crate) iv: String,
    /// When it was made, seconds since 1970.
    ///
    /// 创建时间，Unix 时间戳（秒）。
    pub(crate) create_time: u64,
}

/// A user's keys, the latest first; WeChat tells the last three.
///
/// 用户的密钥，最新的在前；微信提供最近三个。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct UserKeys {
    /// The keys.
    ///
    /// 密钥列表。
    pub(crate) key_info_list: Vec<UserKey>,
}

const STALE: [&str; 2] =
    ["The stored session key is stale; log in again.", "已保存的 session_key 已失效，请重新登录。"];

/// WeChat: [errors](https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/internet/api_getuserencryptkey.html).
pub(crate) const REFUSALS: &[Refusal] = &[
    Refusal::new(87_007, Problem::StaleSessionKey, STALE),
    Refusal::new(87_009, Problem::StaleSessionKey, STALE),
];

/// Asks WeChat for the keys of a user who has logged in, signed with their session key.
pub(crate) async fn user_keys(
    wechat: WechatCalls<'_>,
    stored: Option<SessionKeys>,
    openid: &str,
) -> Result<UserKeys> {
    let stored = stored.ok_or_else(|| Error::new(Problem::StaleSessionKey, STALE))?;
    let signature = hmac_sha256_hex(stored.current.expose().as_bytes(), b"");
    let call = wechat
        .post("/wxa/business/getuserencryptkey", &serde_json::json!({}))
        .query("openid", openid)
        .query("signature", signature)
        .query("sig_method", "hmac_sha256");
    call.refusals(REFUSALS).json().await
}
