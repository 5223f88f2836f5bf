//! `POST /oauth/refreshToken`
//!
//! WeChat: `GET /sns/oauth2/refresh_token`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Case, Error, Operation, Problem, Refusal, Result, Secret, Uses,
    capability::{Settings, SignSessions, SnsTokens},
    crypto::equal_in_constant_time,
    text,
    value::{Chars, Text},
};

use super::{ExposeSnsTokens, refresh, tokens};

text! {
    /// WeChat's refresh token.
    DynamicToken: 1..=1024, Chars::VISIBLE,
        "Send the dynamicToken of oauth.getToken, or leave it out.";
}

/// A refresh within this time is not repeated, in seconds.
const FRESH: u64 = 60;

/// Prolongs a login: refreshes WeChat's tokens and renews the session.
///
/// Call it before the session expires. A login can be prolonged for thirty days, unless the user
/// revokes the consent; then the user must log in again. Simultaneous calls share one refresh.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The `dynamicToken` of `oauth.getToken`, if the client has it. The server stores it too, so
    /// it may be left out.
    #[serde(rename = "dynamicToken")]
    dynamic_token: Option<Text<DynamicToken>>,
}

/// A prolonged login.
#[derive(Serialize, JsonSchema)]
pub struct Refreshed {
    /// Always true; for code that was written for the native module.
    status: bool,
    /// The user's id in this app.
    #[serde(rename = "openId")]
    openid: String,
    /// The renewed session; absent for a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// Seconds until the session and WeChat's access token expire.
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
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsrefreshtoken.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/web.html",
        "https://developers.weixin.qq.com/doc/oplatform/developers/dev/auth/app.md",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
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
    type Uses = (SnsTokens, SignSessions, Settings<ExposeSnsTokens>);
    type Output = Refreshed;

    async fn run(
        self,
        (sns, signer, expose): Uses<'_, Self>,
        caller: &Caller,
    ) -> Result<Refreshed> {
        // First, so that a missing key costs no refresh.
        let signing = match caller.session() {
            Some(session) => Some((signer.key().await?, session)),
            None => None,
        };
        let record = tokens(sns).await?;
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
        let now = caller.now();
        let record = match record.refreshed_at {
            Some(at) if now < at + FRESH && now < record.tokens.expires_at => record,
            _ => refresh(sns, caller, &record).await?,
        };
        let now = caller.now();
        let exposed = |token: &Secret| expose.0.then(|| token.expose().to_owned());
        Ok(Refreshed {
            status: true,
            openid: caller.openid()?.to_owned(),
            session_token: signing.map(|(key, session)| key.sign(&session.renewed(now))),
            expires: record.tokens.expires_at.saturating_sub(now),
            access_token: exposed(&record.tokens.access_token),
            dynamic_token: exposed(&record.tokens.refresh_token),
        })
    }
}
