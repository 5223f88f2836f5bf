//! `POST /auth/code2Session`
//!
//! WeChat: `GET /sns/jscode2session`

use futures_util::{future::try_join, join};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, App, Caller, Error, Operation, Result, Touch,
    config::{Account, AccountKind, Secret},
    crypto::nonce,
    session::Session,
    table::{Claim, Exchange, Login},
    wechat::Call,
};

/// Logs a mini-program user in with the code of `wx.login`.
///
/// Sending the same code again within five minutes returns the first answer, so a client may
/// retry. The session key stays on the server.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code2Session {
    /// The code of `wx.login`: good for five minutes and one login.
    #[schemars(length(min = 1, max = 128))]
    js_code: String,
}

/// A user who is logged in.
#[derive(Serialize, JsonSchema)]
pub struct LoggedIn {
    /// The user, as this app knows them.
    openid: String,
    /// The user across the apps of one owner; only if the app is bound to an Open Platform
    /// account.
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// Send it as `Authorization: Bearer <session_token>`.
    session_token: String,
    /// Seconds until the session ends; then call `wx.login` again.
    expires_in: u64,
}

/// What WeChat answers.
#[derive(Deserialize)]
struct Upstream {
    openid: String,
    session_key: Secret,
    unionid: Option<String>,
}

impl Operation for Code2Session {
    const ID: &'static str = "auth.code2Session";
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const TOUCHES: &'static [Touch] = &[Touch::LogIn];
    const EXAMPLE: &'static str = r#"{"js_code":"0a1b2c3d4e5f"}"#;
    type Output = LoggedIn;

    async fn run(self, app: &App, caller: &Caller) -> Result<LoggedIn> {
        let Code2Session { js_code } = self;
        let plain = |byte: u8| byte.is_ascii_graphic();
        if !(1..=128).contains(&js_code.len()) || !js_code.bytes().all(plain) {
            return Err(Error::invalid("js_code", "Send the code of wx.login as it is."));
        }
        let account = &caller.account;
        let now = app.clock.now();
        // Everything that can fail by itself does so before the code is spent.
        let (keys, claim) = join!(
            try_join(app.signing_key(), app.secrets.resolve(&account.secret)),
            app.table.claim_code(&account.appid, &js_code, now),
        );
        let (signing_key, exchange) = match (keys, claim?) {
            (Ok((signing_key, _)), Err(exchange)) => (signing_key, exchange),
            (Ok((signing_key, secret)), Ok(claim)) => {
                match exchange(app, account, &secret, &js_code, &claim).await {
                    Ok(exchange) => (signing_key, exchange),
                    Err(error) => {
                        // If this fails too, the claim ends by itself.
                        let _ = app.table.release_code(&claim).await;
                        return Err(error);
                    }
                }
            }
            (Err(error), claim) => {
                if let Ok(claim) = claim {
                    let _ = app.table.release_code(&claim).await;
                }
                return Err(error);
            }
        };
        let Exchange { openid, unionid, sid, issued_at } = exchange;
        let session = Session::new(&account.appid, &openid, unionid.clone(), sid, issued_at);
        Ok(LoggedIn {
            session_token: signing_key.sign(&session),
            expires_in: session.exp.saturating_sub(app.clock.now()),
            openid,
            unionid,
        })
    }
}

async fn exchange(
    app: &App,
    account: &Account,
    secret: &Secret,
    js_code: &str,
    claim: &Claim,
) -> Result<Exchange> {
    let call = |secret: &Secret| {
        Call::get("/sns/jscode2session")
            .query("appid", &account.appid)
            .query("secret", secret.expose())
            .query("js_code", js_code)
            .query("grant_type", "authorization_code")
            .once()
    };
    let answer = match app.wechat.call(&call(secret)).await {
        // A rotated secret: WeChat refused before it looked at the code.
        Err(error)
            if error.wechat_errcode() == Some(40125) && app.secrets.forget(&account.secret) =>
        {
            let secret = app.secrets.resolve(&account.secret).await?;
            app.wechat.call(&call(&secret)).await?
        }
        answer => answer?,
    };
    let Upstream { openid, session_key, unionid } = answer.json()?;
    let now = app.clock.now();
    let exchange = Exchange { openid, unionid, sid: nonce(), issued_at: now };
    let login = Login { appid: &account.appid, exchange: &exchange, session_key: &session_key };
    app.table.log_in(&login, claim, now).await?;
    Ok(exchange)
}
