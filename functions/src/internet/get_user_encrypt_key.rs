//! `POST /internet/getUserEncryptKey`
//!
//! WeChat: `POST /wxa/business/getuserencryptkey`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::{SessionKeys, Wechat},
    value::{Openid, Text},
};

use super::{UserKeys, user_keys};

/// Gets the keys that a user's mini program encrypts with (`wx.getUserCryptoManager`).
///
/// The user must have logged in here. `decrypt.getPayload` decrypts and keeps the keys inside.
///
/// 获取小程序用户的加密密钥（`wx.getUserCryptoManager`）。
///
/// 用户须在此登录过。若改用 `decrypt.getPayload` 解密，密钥便不会离开服务端。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUserEncryptKey {
    /// The user.
    ///
    /// 用户的 openid。
    openid: Text<Openid>,
}

impl Operation for GetUserEncryptKey {
    const ID: &'static str = "internet.getUserEncryptKey";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/user-info/internet/api_getuserencryptkey.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"openid":"ocd3MONZJTd0lUm5MA6tWHmkE2GX"}"#;
    type Uses = (SessionKeys, Wechat);
    type Output = UserKeys;

    async fn run(self, (stored, wechat): Uses<'_, Self>, _caller: &Caller) -> Result<UserKeys> {
        user_keys(wechat, stored.of(&self.openid).await?, &self.openid).await
    }
}
