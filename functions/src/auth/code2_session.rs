//! `POST /auth/code2Session`
//!
//! WeChat: `GET /sns/jscode2session`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, Account, AccountKind, Budget, Caller, Error, Operation, Problem, Result, Secret, Uses,
    capability::{CodeExchange, LogIn, SessionKeys},
    table::{Exchange, Kept},
    text,
    value::{Chars, Openid, Text},
    wechat::{Answer, Call},
};

text! {
    /// The code of `wx.login`.
    LoginCode: 1..=128, Chars::VISIBLE, "Send the code of wx.login unchanged.";
}

/// Logs a mini-program user in with the code of `wx.login`.
///
/// Sending the same code again within five minutes returns the first answer, so a client may
/// retry. After `code-used` and `invalid-code` call `wx.login` again. The session key stays on the
/// server, unless a service asks for it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code2Session {
    /// The code of `wx.login`. It expires after five minutes and can be used for one login.
    js_code: Text<LoginCode>,
    /// For a service that decrypts by itself: adds `session_key` to the answer.
    #[serde(default)]
    expose_session_key: bool,
}

/// A user who is logged in.
#[derive(Serialize, JsonSchema)]
pub struct LoggedIn {
    /// The user's id in this app.
    openid: String,
    /// The user's id across the apps of one owner; only if the app is bound to an Open Platform
    /// account.
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// Send it as `Authorization: Bearer <session_token>`.
    session_token: String,
    /// Seconds until the session expires; then call `wx.login` again.
    expires_in: u64,
    /// The key to the user's encrypted data; only for a service that asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_key: Option<String>,
}

/// What WeChat answers.
#[derive(Deserialize)]
struct Upstream {
    openid: Text<Openid>,
    session_key: Secret,
    unionid: Option<String>,
}

impl Operation for Code2Session {
    const ID: &'static str = "auth.code2Session";
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html",
    ];
    const PROBLEMS: &'static [Problem] = &[Problem::Forbidden];
    const BUDGET: Budget = Budget::LOGIN;
    const EXAMPLE: &'static str = r#"{"js_code":"0a1b2c3d4e5f"}"#;
    type Uses = (LogIn, SessionKeys);
    type Output = LoggedIn;

    async fn run(self, (login, keys): Uses<'_, Self>, caller: &Caller) -> Result<LoggedIn> {
        if self.expose_session_key && !caller.is_service() {
            let detail = "Only a service may ask for the session key; leave it out.";
            return Err(Error::new(Problem::Forbidden, detail).field("expose_session_key"));
        }
        let user = login.exchange(&self.js_code, &self).await?;
        let session_key = if self.expose_session_key {
            let keys = keys.of(&user.exchange.openid).await?;
            keys.map(|keys| keys.current.expose().to_owned())
        } else {
            None
        };
        Ok(LoggedIn {
            session_key,
            session_token: user.session_token,
            expires_in: user.session.exp.saturating_sub(caller.now()),
            openid: user.exchange.openid,
            unionid: user.exchange.unionid,
        })
    }
}

impl CodeExchange for Code2Session {
    fn call(&self, account: &Account, secret: &Secret) -> Call {
        Call::get("/sns/jscode2session")
            .query("appid", &account.appid)
            .query("secret", secret.expose())
            .query("js_code", self.js_code.as_str())
            .query("grant_type", "authorization_code")
    }

    fn read(&self, answer: &Answer, now: u64) -> Result<(Exchange, Kept)> {
        let Upstream { openid, session_key, unionid } = answer.json()?;
        Ok((Exchange::new(openid, unionid, now), Kept::SessionKey(session_key)))
    }
}
