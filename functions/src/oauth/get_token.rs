//! `POST /oauth/getToken`
//!
//! WeChat: `GET /sns/oauth2/access_token`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, Account, AccountKind, App, Caller, Case, Error, Operation, Problem, Result, Secret,
    Touch,
    crypto::{equal_in_constant_time, nonce, sha256_hex},
    login::{self, CodeExchange},
    table::{Exchange, Kept},
    wechat::{Answer, Call},
};

use super::{Granted, VERDICTS, authorize_url::is_state};

/// Logs a user in with the code of an OAuth page, a website's QR code or a native app's `auth`.
///
/// Sending the same code again within five minutes returns the first answer, so a callback that
/// a browser fetches twice does no harm. The tokens of WeChat stay on the server, unless
/// `EXPOSE_SNS_TOKENS` is set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetToken {
    /// The code: good for one login, and for five minutes (ten from a website or an app).
    #[schemars(length(min = 1, max = 512))]
    code: String,
    /// The state that came with the code, if `oauth.authorizeUrl` made it.
    #[schemars(length(min = 1, max = 128))]
    state: Option<String>,
    /// The verifier of `oauth.authorizeUrl`, from where this browser kept it.
    #[schemars(length(min = 1, max = 128))]
    verifier: Option<String>,
}

/// A user who is logged in.
#[derive(Serialize, JsonSchema)]
pub struct Token {
    /// Always true; for code that was written against the native module.
    status: bool,
    /// The user, as this app knows them.
    #[serde(rename = "openId")]
    openid: String,
    /// The user across the apps of one owner; only if the app is bound to an Open Platform
    /// account and the scope is not `snsapi_base`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
    /// Send it as `Authorization: Bearer <session_token>`.
    session_token: String,
    /// Seconds until the session ends, and WeChat's access token with it.
    expires: u64,
    /// The page is open as a snapshot and the user may be made up: show nothing personal, store
    /// nothing, and offer the full service. The session opens no operation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    snapshot: bool,
    /// WeChat's access token; with `EXPOSE_SNS_TOKENS` only.
    #[serde(rename = "accessToken", skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// WeChat's refresh token; with `EXPOSE_SNS_TOKENS` only.
    #[serde(rename = "dynamicToken", skip_serializing_if = "Option::is_none")]
    dynamic_token: Option<String>,
}

/// What WeChat answers.
#[derive(Deserialize)]
struct Upstream {
    #[serde(flatten)]
    granted: Granted,
    unionid: Option<String>,
    #[serde(default)]
    is_snapshotuser: u8,
}

impl Operation for GetToken {
    const ID: &'static str = "oauth.getToken";
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::LogIn, Touch::SnsTokens];
    const CODES: &'static [(Case, i64)] = &[
        (Case::Field("appid"), 1),
        (Case::Errcode(40013), 1),
        (Case::Problem(Problem::Misconfigured), 2),
        (Case::Field("code"), 3),
        (Case::Problem(Problem::InvalidCode), 3),
        (Case::Problem(Problem::CodeUsed), 3),
        (Case::Problem(Problem::WechatUnreachable), 4),
        (Case::Problem(Problem::WechatBusy), 4),
        (Case::Problem(Problem::InProgress), 4),
    ];
    const EXAMPLE: &'static str = r#"{"code":"041a2B3c4D5e6F7g8H9i0J1k2L3m4N5o"}"#;
    type Output = Token;

    async fn run(self, app: &App, caller: &Caller) -> Result<Token> {
        self.check()?;
        let user = login::log_in(app, &caller.account, &self.code, &self).await?;
        let now = app.clock.now();
        let exchange = user.exchange;
        let exposed = if app.config.expose_sns_tokens && !exchange.snapshot {
            app.table.sns(caller.appid(), &exchange.openid, now).await?
        } else {
            None
        };
        let exposed = exposed.map(|record| record.tokens);
        let ends = exposed.as_ref().map_or(user.session.exp, |tokens| tokens.expires_at);
        let (access_token, dynamic_token) =
            exposed.map(|tokens| (tokens.access_token, tokens.refresh_token)).unzip();
        let plain = |token: Secret| token.expose().to_owned();
        Ok(Token {
            status: true,
            openid: exchange.openid,
            unionid: exchange.unionid,
            session_token: user.session_token,
            expires: ends.saturating_sub(now),
            snapshot: exchange.snapshot,
            access_token: access_token.map(plain),
            dynamic_token: dynamic_token.map(plain),
        })
    }
}

impl GetToken {
    fn check(&self) -> Result<()> {
        let plain = |byte: u8| byte.is_ascii_graphic();
        if !(1..=512).contains(&self.code.len()) || !self.code.bytes().all(plain) {
            return Err(Error::invalid("code", "Send the code as WeChat gave it."));
        }
        let (state, verifier) = match (&self.state, &self.verifier) {
            (None, None) => return Ok(()),
            (Some(state), Some(verifier)) if is_state(state) => (state, verifier),
            (Some(_), Some(_)) => {
                return Err(Error::invalid("state", "Send the state as it came back."));
            }
            (Some(_), None) => {
                let detail = "Send the verifier this browser kept; without one the login was not \
                              begun here and must not go on.";
                return Err(Error::invalid("verifier", detail));
            }
            (None, Some(_)) => {
                return Err(Error::invalid("state", "Send the state that came with the code."));
            }
        };
        let expected = sha256_hex(verifier);
        if !equal_in_constant_time(expected.as_bytes(), state.as_bytes()) {
            return Err(Error::new(
                Problem::Forbidden,
                "This login was not begun in this browser; begin again.",
            )
            .field("state"));
        }
        Ok(())
    }
}

impl CodeExchange for GetToken {
    fn call(&self, account: &Account, secret: &Secret) -> Call {
        Call::get("/sns/oauth2/access_token")
            .query("appid", &account.appid)
            .query("secret", secret.expose())
            .query("code", &self.code)
            .query("grant_type", "authorization_code")
            .verdicts(VERDICTS)
    }

    fn read(&self, answer: &Answer, now: u64) -> Result<(Exchange, Kept)> {
        let Upstream { granted, unionid, is_snapshotuser } = answer.json()?;
        let snapshot = is_snapshotuser != 0;
        let exchange = Exchange {
            openid: granted.openid.clone(),
            // A made-up one must not lead to a real user's account.
            unionid: unionid.filter(|_| !snapshot),
            snapshot,
            sid: nonce(),
            issued_at: now,
        };
        let kept = if snapshot { Kept::Nothing } else { Kept::Sns(granted.tokens(now)) };
        Ok((exchange, kept))
    }
}
