//! `POST /auth/logout`
//!
//! WeChat: none; it ends sessions of ours.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Result, Uses,
    capability::{Erasure, Logins},
};

/// Logs the user out: the login can no longer be renewed, and its session gets no keys.
///
/// Operations that read nothing stored accept the session until it expires, at most two hours
/// later: drop it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// Log out on every device, not only on this one. A service always does.
    #[serde(default)]
    everywhere: bool,
    /// Log out on every device, and erase what is stored about the user at this app: session keys,
    /// OAuth tokens and the unionid.
    #[serde(default)]
    erase: bool,
}

/// The user is logged out.
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
