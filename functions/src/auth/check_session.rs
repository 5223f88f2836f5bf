//! `POST /auth/checkSession`
//!
//! WeChat: `GET /wxa/checksession`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Result, Uses,
    capability::{SessionKeys, Wechat},
    crypto::hmac_sha256_hex,
};

/// Tells whether the stored session key is still the user's current one.
///
/// If it is not, call `wx.login` and log in again before you decrypt anything.
///
/// 检查已保存的 session_key 是否仍是用户当前的那个。
///
/// 若不是，请先调用 `wx.login` 重新登录，再解密数据。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSession {}

/// The state of a session key.
///
/// session_key 的状态。
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// Whether data that the client encrypts now can be decrypted here.
    ///
    /// 客户端现在加密的数据能否在此解密。
    valid: bool,
}

impl Operation for CheckSession {
    const ID: &'static str = "auth.checkSession";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey.html",
    ];
    const EXAMPLE: &'static str = "{}";
    type Uses = (SessionKeys, Wechat);
    type Output = Checked;

    async fn run(self, (keys, wechat): Uses<'_, Self>, caller: &Caller) -> Result<Checked> {
        let Some(keys) = keys.get().await? else { return Ok(Checked { valid: false }) };
        let call = wechat
            .get("/wxa/checksession")
            .query("openid", caller.openid()?)
            .query("signature", hmac_sha256_hex(keys.current.expose().as_bytes(), b""))
            .query("sig_method", "hmac_sha256");
        match call.done().await {
            Ok(()) => Ok(Checked { valid: true }),
            Err(error) if error.problem() == Problem::StaleSessionKey => {
                Ok(Checked { valid: false })
            }
            Err(error) => Err(error),
        }
    }
}
