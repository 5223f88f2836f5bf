//! `POST /oauth/refreshToken`
//!
//! WeChat: `GET /sns/oauth2/refresh_token`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Case, Error, Operation, Problem, Result, Secret, Touch,
    crypto::equal_in_constant_time,
};

use super::{refresh, tokens};

/// A refresh this young is not repeated, in seconds.
const FRESH: u64 = 60;

/// Prolongs a login: refreshes WeChat's tokens and renews the session.
///
/// Call it before the session ends. A login can be prolonged for thirty days, unless the user
/// takes the consent back; then the user must log in again. Simultaneous calls share one refresh.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The `dynamicToken` of `oauth.getToken`, if the client has it. The server has its own, so
    /// it may be left out.
    #[serde(rename = "dynamicToken")]
    #[schemars(length(min = 1, max = 1024))]
    dynamic_token: Option<String>,
}

/// A login that goes on.
#[derive(Serialize, JsonSchema)]
pub struct Refreshed {
    /// Always true; for code that was written against the native module.
    status: bool,
    /// The user, as this app knows them.
    #[serde(rename = "openId")]
    openid: String,
    /// The renewed session, for the user who owns one.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// Seconds until the session ends, and WeChat's access token with it.
    expires: u64,
    /// WeChat's access token; with `EXPOSE_SNS_TOKENS` only.
    #[serde(rename = "accessToken", skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// WeChat's refresh token; with `EXPOSE_SNS_TOKENS` only.
    #[serde(rename = "dynamicToken", skip_serializing_if = "Option::is_none")]
    dynamic_token: Option<String>,
}

impl Operation for RefreshToken {
    const ID: &'static str = "oauth.refreshToken";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::SnsTokens, Touch::SignSession];
    const CODES: &'static [(Case, i64)] = &[
        (Case::Field("appid"), 1),
        (Case::Errcode(40013), 1),
        (Case::Field("dynamicToken"), 2),
        (Case::Problem(Problem::Unauthenticated), 3),
        (Case::Problem(Problem::WechatUnreachable), 4),
        (Case::Problem(Problem::WechatBusy), 4),
        (Case::Problem(Problem::InProgress), 4),
    ];
    const EXAMPLE: &'static str = "{}";
    type Output = Refreshed;

    async fn run(self, app: &App, caller: &Caller) -> Result<Refreshed> {
        if let Some(token) = &self.dynamic_token
            && !(1..=1024).contains(&token.len())
        {
            return Err(Error::invalid(
                "dynamicToken",
                "Send the dynamicToken of oauth.getToken, or leave it out.",
            ));
        }
        // First, so that a missing key costs no refresh.
        let signing_key = match caller.session() {
            Some(session) => Some((app.signing_key().await?, session)),
            None => None,
        };
        let record = tokens(app, caller).await?;
        if let Some(token) = &self.dynamic_token
            && !equal_in_constant_time(
                token.as_bytes(),
                record.tokens.refresh_token.expose().as_bytes(),
            )
        {
            return Err(Error::new(
                Problem::Unauthenticated,
                "This dynamicToken is not that of the last login; let the user log in again.",
            ));
        }
        let now = app.clock.now();
        let record = match record.refreshed_at {
            Some(at) if now < at + FRESH && now < record.tokens.expires_at => record,
            _ => refresh(app, caller, &record).await?,
        };
        let now = app.clock.now();
        let exposed = app.config.expose_sns_tokens;
        let plain = |token: &Secret| exposed.then(|| token.expose().to_owned());
        Ok(Refreshed {
            status: true,
            openid: caller.openid()?.to_owned(),
            session_token: signing_key.map(|(key, session)| key.sign(&session.renewed(now))),
            expires: record.tokens.expires_at.saturating_sub(now),
            access_token: plain(&record.tokens.access_token),
            dynamic_token: plain(&record.tokens.refresh_token),
        })
    }
}
