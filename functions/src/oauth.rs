//! Logging in with WeChat's OAuth: pages inside WeChat, websites, and native apps.
//!
//! 微信网页授权登录：微信内网页、网站与原生 App。
//!
//! WeChat's tokens stay in the table: a client needs only `openId` and a session. With
//! `EXPOSE_SNS_TOKENS` they are handed out, for apps written for the native module.

mod authorize_url;
mod check_token;
mod get_token;
mod get_user_info;
mod refresh_token;

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::{
    AccountKind, BROKEN, Error, Problem, Refusal, Result, Secret,
    capability::{Setting, SnsUser},
    crypto::nonce,
    table::{LOGIN_LIFE, SnsRecord, SnsTokens},
    text,
    value::{Chars, Openid, Text},
};

pub use authorize_url::AuthorizeUrl;
pub use check_token::CheckToken;
pub use get_token::GetToken;
pub use get_user_info::GetUserInfo;
pub use refresh_token::RefreshToken;

/// The accounts whose users log in by OAuth.
const ACCOUNTS: &[AccountKind] =
    &[AccountKind::OfficialAccount, AccountKind::Website, AccountKind::MobileApp];

const EXPIRED: [&str; 2] = [
    "The user's authorization has expired; let the user log in again.",
    "用户授权已过期，请让用户重新登录。",
];

/// What the codes mean where the token is a user's and not the account's.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(40001, Problem::Unauthenticated, EXPIRED),
    Refusal::new(40003, Problem::Unauthenticated, ["The authorization is another user's; let the user log in again.", "该授权属于其他用户，请让用户重新登录。"]),
    Refusal::new(40014, Problem::Unauthenticated, EXPIRED),
    Refusal::new(42001, Problem::Unauthenticated, EXPIRED),
    Refusal::new(41003, Problem::Internal, BROKEN),
    Refusal::new(41009, Problem::Internal, BROKEN),
    Refusal::new(48001, Problem::AccountNotPermitted, ["The user did not allow access to the profile: send the user to a page with scope snsapi_userinfo (snsapi_login on a website).", "用户未授权获取个人资料：请以 snsapi_userinfo（网站为 snsapi_login）发起授权。"]),
    Refusal::new(50002, Problem::AccountNotPermitted, ["WeChat froze or closed this user's account; do not retry.", "该用户的微信号已被冻结或注销，请勿重试。"]),
];

/// What WeChat takes for a state.
const LETTERS_AND_DIGITS: Chars = Chars {
    noun: ["ASCII letters and digits", "位 ASCII 字母和数字"],
    pattern: Some("^[A-Za-z0-9]*$"),
    allow: |c| c.is_ascii_alphanumeric(),
    ..Chars::VISIBLE
};

text! {
    /// The state that goes to WeChat and comes back with the code.
    State: 1..=128, LETTERS_AND_DIGITS, ["Send the state unchanged.", "请原样发送 state。"];
}

/// Whether OAuth tokens are handed to clients.
pub struct ExposeSnsTokens(bool);

impl Setting for ExposeSnsTokens {
    const NAME: &'static str = "EXPOSE_SNS_TOKENS";
    const EXAMPLE: &'static str = "true";
    const ABOUT: &'static str =
        "`true` hands OAuth tokens to clients that must have them; `false` by default.";

    fn parse(text: Option<&str>) -> Result<ExposeSnsTokens, String> {
        match text {
            None | Some("false" | "0") => Ok(ExposeSnsTokens(false)),
            Some("true" | "1") => Ok(ExposeSnsTokens(true)),
            Some(_) => Err("is neither true nor false".to_owned()),
        }
    }
}

/// What WeChat answers to a code and to a refresh token.
#[derive(Clone, Deserialize)]
struct Granted {
    access_token: Secret,
    #[serde(default = "usual_life", deserialize_with = "life")]
    expires_in: u64,
    refresh_token: Secret,
    openid: Text<Openid>,
    scope: Option<String>,
}

/// What WeChat gives an access token, in seconds.
const fn usual_life() -> u64 {
    7200
}

/// A life in seconds, whatever WeChat sends: no token outlives the login, and what is not a number
/// is what it usually is. The code is spent by then, so an odd number must not fail the login.
fn life<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let life = match Value::deserialize(deserializer)? {
        Value::Number(life) => life.as_f64(),
        Value::String(life) => life.trim().parse().ok(),
        _ => None,
    };
    // A float becomes the nearest whole number there is: negative ones 0.
    Ok(life.map_or(usual_life(), |life| life as u64).min(LOGIN_LIFE))
}

impl Granted {
    fn tokens(self, now: u64) -> SnsTokens {
        SnsTokens {
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            scope: self.scope.unwrap_or_default(),
            expires_at: now.saturating_add(self.expires_in),
        }
    }
}

/// The tokens of the user's last login.
async fn tokens(user: SnsUser<'_>) -> Result<SnsRecord> {
    user.read().await?.ok_or_else(|| Error::new(Problem::Unauthenticated, EXPIRED))
}

/// Notes a refusal of the tokens, so that no renewal counts on them.
async fn note_refusal<T>(user: SnsUser<'_>, record: &SnsRecord, outcome: Result<T>) -> Result<T> {
    let refused = |error: &Error| error.problem() == Problem::Unauthenticated;
    if outcome.as_ref().is_err_and(refused) && record.refreshed_at.is_some() {
        // If this fails, the caller is told of the refusal all the same.
        let _ = user.distrust(record.version).await;
    }
    outcome
}

/// The pauses, in milliseconds, between the reads of a request that waits for a simultaneous one
/// to refresh the tokens.
const LOOKS: [u64; 8] = [100, 150, 250, 400, 600, 800, 1000, 1200];

/// Refreshes the tokens. Of simultaneous requests one asks WeChat and the others get its answer.
async fn refresh(user: SnsUser<'_>, record: &SnsRecord) -> Result<SnsRecord> {
    let owner = nonce();
    for pause in LOOKS {
        if user.lease(record.version, &owner).await? {
            let outcome = ask(user, record, &owner).await;
            if outcome.is_err() {
                // If this fails too, the lease expires by itself.
                let _ = user.release(&owner).await;
            }
            return note_refusal(user, record, outcome).await;
        }
        let current = tokens(user).await?;
        if current.version != record.version {
            return Ok(current);
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Err(Error::new(
        Problem::InProgress,
        [
            "Another request is refreshing the tokens; try again after Retry-After.",
            "另一请求正在刷新 token，请在 Retry-After 之后重试。",
        ],
    ))
}

async fn ask(user: SnsUser<'_>, record: &SnsRecord, owner: &str) -> Result<SnsRecord> {
    let call = user
        .get("/sns/oauth2/refresh_token")
        .query("appid", user.appid())
        .query("grant_type", "refresh_token")
        .query("refresh_token", record.tokens.refresh_token.expose())
        .refusals(REFUSALS);
    let granted: Granted = call.json().await?;
    if granted.openid.as_str() != user.openid() {
        return Err(Error::internal("the refreshed tokens are another user's"));
    }
    let now = user.now();
    let tokens = granted.tokens(now);
    if user.replace(record.version, owner, &tokens).await? {
        let version = record.version + 1;
        return Ok(SnsRecord { tokens, version, refreshed_at: Some(now) });
    }
    // The user logged in meanwhile and the tokens of that login are newer, or an attempt whose
    // answer was lost has written these.
    self::tokens(user).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_of_any_shape_is_bounded() {
        for (sent, expected) in [
            ("7200", 7200),
            ("7200.0", 7200),
            (r#""7200""#, 7200),
            ("null", 7200),
            ("[]", 7200),
            ("-1", 0),
            ("18446744073709551616", LOGIN_LIFE),
            ("9223372036854775807", LOGIN_LIFE),
            ("1e300", LOGIN_LIFE),
        ] {
            let answer = format!(
                r#"{{"access_token":"a","refresh_token":"r","openid":"o","expires_in":{sent}}}"#
            );
            let granted: Granted = serde_json::from_str(&answer).unwrap();
            assert_eq!(granted.expires_in, expected, "{sent}");
            assert!(granted.tokens(u64::MAX).expires_at >= LOGIN_LIFE);
        }
    }

    #[test]
    fn tokens_are_exposed_only_where_the_setting_says_so() {
        for (text, expected) in [
            (None, Ok(false)),
            (Some("false"), Ok(false)),
            (Some("1"), Ok(true)),
            (Some("true"), Ok(true)),
            (Some("yes"), Err("is neither true nor false".to_owned())),
        ] {
            let parsed = ExposeSnsTokens::parse(text).map(|ExposeSnsTokens(exposed)| exposed);
            assert_eq!(parsed, expected, "{text:?}");
        }
    }
}
