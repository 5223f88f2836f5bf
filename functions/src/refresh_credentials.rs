//! `refresh-credentials`: keeps every token and ticket fresh in the table.
//!
//! A schedule runs it every minute, the table's stream runs it when an operation signals that
//! WeChat refused a token, and an operator may invoke it.
//!
//! WeChat: [`POST /cgi-bin/stable_token`][stable] or [`GET /cgi-bin/token`][legacy], and
//! [`GET /cgi-bin/ticket/getticket`][ticket].
//!
//! [stable]: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
//! [legacy]: https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getaccesstoken.html
//! [ticket]: https://developers.weixin.qq.com/doc/service/api/webdev/jssdk/api_getticket.html

mod refresher;
mod upstream;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::json;
use shared::{
    Capability, CredentialKind, Error, Job, Log, Result, capability, crypto::nonce, invoke::Report,
};

pub use refresher::{Demand, Entry, Issued, Refresher, Source, State, margin};

/// The job that refreshes what is due, and reports on every credential.
pub struct RefreshCredentials;

/// What an operator may ask for; a tick and a stream record ask for nothing.
#[derive(Debug, Default, Deserialize)]
pub struct Request {
    /// Only this account.
    #[serde(default)]
    appid: Option<String>,
    /// Only this kind.
    #[serde(default)]
    kind: Option<CredentialKind>,
    /// `due` (the default): what is due; `now`: also what is not due yet; `force`: a new value
    /// even if the current one is valid, within WeChat's limits.
    #[serde(default)]
    refresh: Demand,
}

impl Job for RefreshCredentials {
    const NAME: &'static str = "refresh-credentials";
    const EXAMPLE: &'static str = r#"{"refresh":"due"}"#;
    type Uses = capability::RefreshCredentials;
    type Input = Request;

    async fn run(uses: <Self::Uses as Capability>::Handle<'_>, request: Request) -> Result<Report> {
        let chosen = |appid: &str| request.appid.as_ref().is_none_or(|only| only == appid);
        let accounts: Vec<_> =
            uses.accounts.iter().filter(|account| chosen(&account.appid)).collect();
        if accounts.is_empty() {
            return Err(Error::invalid(
                "appid",
                ["This appid is not configured here.", "此处未配置该 appid。"],
            ));
        }
        let refresher = Refresher {
            store: uses.store.clone(),
            source: upstream::Upstream(uses),
            clock: uses.clock.clone(),
            mode: uses.mode,
            owner: nonce(),
        };
        let refreshed = accounts
            .iter()
            .map(|account| refresher.refresh(account, request.kind, request.refresh));
        let entries: Vec<Entry> = join_all(refreshed).await.into_iter().flatten().collect();
        Ok(report(&entries))
    }
}

fn report(entries: &[Entry]) -> Report {
    for kind in CredentialKind::ALL {
        let of_kind = || entries.iter().filter(|entry| entry.kind == *kind);
        let Some(seconds_left) = of_kind().map(|entry| entry.seconds_left).min() else { continue };
        let count =
            |state: fn(&Entry) -> bool| of_kind().filter(|entry| state(entry)).count() as u64;
        // A line of its own for each kind: a line has one value per metric and dimension.
        tracing::info!(
            target: Log::TARGET,
            parent: None,
            kind = kind.as_str(),
            TokenSecondsLeft = seconds_left,
            RefreshOk = count(|entry| entry.state == State::Renewed),
            RefreshFail = count(Entry::is_trouble),
            "metrics"
        );
    }
    let trouble = entries.iter().any(Entry::is_trouble);
    Report { result: json!({ "credentials": entries }), trouble }
}
