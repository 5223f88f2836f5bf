//! Logging in with WeChat's OAuth: pages inside WeChat, websites, and native apps.
//!
//! The tokens WeChat gives stay in the table: `openId` and a session are what a client needs.
//! Only `EXPOSE_SNS_TOKENS` hands them out, for apps written against the native module.

mod authorize_url;
mod check_token;
mod get_token;
mod get_user_info;
mod refresh_token;

use std::time::Duration;

use serde::Deserialize;
use shared::{
    AccountKind, App, Caller, Error, Problem, Result, Secret,
    crypto::nonce,
    table::{SnsRecord, SnsTokens},
    wechat::{Call, Verdict},
};

pub use authorize_url::AuthorizeUrl;
pub use check_token::CheckToken;
pub use get_token::GetToken;
pub use get_user_info::GetUserInfo;
pub use refresh_token::RefreshToken;

/// The accounts whose users log in by OAuth.
const ACCOUNTS: &[AccountKind] =
    &[AccountKind::OfficialAccount, AccountKind::Website, AccountKind::MobileApp];

const OVER: &str = "The user's authorization is over; let the user log in again.";
const BUG: &str = "Something broke on our side; the log has the request id.";

/// What the codes mean where the token is a user's and not the account's.
#[rustfmt::skip]
const VERDICTS: &[Verdict] = &[
    (40001, Problem::Unauthenticated, OVER),
    (40003, Problem::Unauthenticated, "The authorization is not this user's; let the user log in again."),
    (40014, Problem::Unauthenticated, OVER),
    (42001, Problem::Unauthenticated, OVER),
    (41003, Problem::Internal, BUG),
    (41009, Problem::Internal, BUG),
    (48001, Problem::AccountNotPermitted, "The user allowed no profile: send the user to a page with scope snsapi_userinfo (snsapi_login on a website)."),
    (50002, Problem::AccountNotPermitted, "WeChat froze or closed this user's account; do not retry."),
];

/// What WeChat answers to a code and to a refresh token.
#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    expires_in: u64,
    refresh_token: Secret,
    openid: String,
    #[serde(default)]
    scope: String,
}

impl Granted {
    fn tokens(self, now: u64) -> SnsTokens {
        SnsTokens {
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            scope: self.scope,
            expires_at: now + self.expires_in,
        }
    }
}

/// The tokens a login left.
async fn tokens(app: &App, caller: &Caller) -> Result<SnsRecord> {
    let record = app.table.sns(caller.appid(), caller.openid()?, app.clock.now()).await?;
    record.ok_or_else(|| Error::new(Problem::Unauthenticated, OVER))
}

/// How long the second of two simultaneous refreshes waits for the first, in milliseconds
/// between looks.
const LOOKS: [u64; 8] = [100, 150, 250, 400, 600, 800, 1000, 1200];

/// Refreshes the tokens; of simultaneous requests one asks WeChat and the others get its answer.
async fn refresh(app: &App, caller: &Caller, record: &SnsRecord) -> Result<SnsRecord> {
    let (appid, openid, owner) = (caller.appid(), caller.openid()?, nonce());
    for pause in LOOKS {
        let now = app.clock.now();
        if app.table.lease_sns(appid, openid, record.version, &owner, now).await? {
            let outcome = ask(app, appid, openid, record, &owner).await;
            if outcome.is_err() {
                // If this fails too, the lease ends by itself.
                let _ = app.table.release_sns(appid, openid, &owner).await;
            }
            return outcome;
        }
        let current = tokens(app, caller).await?;
        if current.version != record.version {
            return Ok(current);
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Err(Error::new(
        Problem::InProgress,
        "The tokens are being refreshed by another request; try again after Retry-After.",
    ))
}

async fn ask(
    app: &App,
    appid: &str,
    openid: &str,
    record: &SnsRecord,
    owner: &str,
) -> Result<SnsRecord> {
    let call = Call::get("/sns/oauth2/refresh_token")
        .query("appid", appid)
        .query("grant_type", "refresh_token")
        .query("refresh_token", record.tokens.refresh_token.expose())
        .verdicts(VERDICTS);
    let granted: Granted = app.wechat.call(&call).await?.json()?;
    if granted.openid != openid {
        return Err(Error::internal("the refreshed tokens are another user's"));
    }
    let now = app.clock.now();
    let tokens = granted.tokens(now);
    if app.table.refresh_sns(appid, openid, record.version, owner, &tokens, now).await? {
        let version = record.version + 1;
        return Ok(SnsRecord { tokens, version, refreshed_at: Some(now) });
    }
    // A login came in between, and its tokens are the newer ones.
    let record = app.table.sns(appid, openid, now).await?;
    record.ok_or_else(|| Error::new(Problem::Unauthenticated, OVER))
}
