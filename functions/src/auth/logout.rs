//! `POST /auth/logout`
//!
//! WeChat: none; it ends sessions of ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Result, Uses,
    capability::{Erasure, Logins},
};

/// Logs the user out: the login can no longer be renewed, and its session gets no keys and orders
/// nothing.
///
/// Other operations accept the session until it expires, at most two hours later: drop it.
///
/// 退出登录：该登录不能再续期，其会话也不能再获取密钥，不能再下单或关单。
///
/// 其他接口仍接受该会话直至过期，最长两小时：请自行丢弃会话。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// Log out on every device, not only on this one. A service always does.
    ///
    /// 退出所有设备，而不只是当前设备。服务端调用时始终如此。
    #[serde(default)]
    everywhere: bool,
    /// Log out on every device, and erase what is stored about the user at this app: session keys,
    /// OAuth tokens and the unionid.
    ///
    /// 退出所有设备，并清除该用户在此应用下的已存数据：session_key、授权 token 和 unionid。
    #[serde(default)]
    erase: bool,
}

/// The user is logged out.
///
/// 用户已退出登录。
#[derive(Serialize, JsonSchema)]
pub struct LoggedOut {}

impl Operation for Logout {
    const ID: &'static str = "auth.logout";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"{"everywhere":true}"#;
    type Uses = (Logins, Erasure);
    type Output = LoggedOut;

    async fn run(self, (logins, erasure): Uses<'_, Self>, caller: &Caller) -> Result<LoggedOut> {
        let (appid, openid) = (caller.appid(), caller.openid()?);
        if self.erase {
            erasure.everything(appid, openid).await?;
            return Ok(LoggedOut {});
        }
        let sid = caller.session().map(|session| session.sid.as_str());
        let sid = sid.filter(|_| !self.everywhere);
        if logins.end(appid, openid, sid).await? {
            erasure.tokens(appid, openid).await?;
        }
        Ok(LoggedOut {})
    }
}
