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
    LoginCode: 1..=128, Chars::VISIBLE,
        ["Send the code of wx.login unchanged.", "请原样发送 wx.login 返回的 code。"];
}

/// Logs a mini-program user in with the code of `wx.login`.
///
/// Sending the same code again within five minutes returns the first answer, so a client may
/// retry. After `code-used` and `invalid-code` call `wx.login` again. The session key stays on the
/// server, unless a service asks for it.
///
/// 用 `wx.login` 的 code 登录小程序用户。
///
/// 五分钟内重复提交同一个 code，返回首次的结果，因此客户端可以重试。遇到 `code-used` 或
/// `invalid-code` 时请重新调用 `wx.login`。session_key 保留在服务端，除非服务端调用方索取。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code2Session {
    /// The code of `wx.login`. It expires after five minutes and can be used for one login.
    ///
    /// `wx.login` 返回的登录凭证 code，五分钟内有效，只能用于一次登录。
    js_code: Text<LoginCode>,
    /// For a service that decrypts by itself: adds `session_key` to the answer.
    ///
    /// 供自行解密的服务端使用：应答中附带 `session_key`。
    #[serde(default)]
    expose_session_key: bool,
}

/// A user who is logged in.
///
/// 已登录的用户。
#[derive(Serialize, JsonSchema)]
pub struct LoggedIn {
    /// The user's id in this app.
    ///
    /// 用户在此应用下的 openid。
    openid: String,
    /// The user's id across the apps of one owner; only if the app is bound to an Open Platform
    /// account.
    ///
    /// 用户在同一主体各应用间的唯一标识；仅当应用已绑定微信开放平台账号时返回。
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// Send it as `Authorization: Bearer <session_token>`.
    ///
    /// 会话 token，请放在请求头 `Authorization: Bearer <session_token>` 中。
    session_token: String,
    /// Seconds until the session expires; then call `wx.login` again.
    ///
    /// 距会话过期的秒数；过期后请重新调用 `wx.login`。
    expires_in: u64,
    /// The key to the user's encrypted data; only for a service that asks for it.
    ///
    /// 用户加密数据的密钥；仅在服务端索取时返回。
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
            let detail = [
                "Only a service may ask for the session key; leave it out.",
                "只有后端服务可以索取 session_key，请勿发送此参数。",
            ];
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
