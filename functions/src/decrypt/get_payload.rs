//! `POST /decrypt/getPayload`
//!
//! WeChat: `POST /wxa/business/getuserencryptkey`, for the key

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::{SessionKeys, Wechat},
};

use super::{
    payload::{Payload, SealedPayload},
    payload_keys::PayloadKeys,
    unusable,
};
use crate::internet;

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
#[serde(transparent)]
pub struct GetPayload(SealedPayload);

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
        let key = keys.get(caller, self.0.version, ask).await?.ok_or_else(unusable)?;
        self.0.open(&key).ok_or_else(unusable)
    }
}
