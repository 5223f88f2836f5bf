//! `refresh-credentials`: keeps every token and ticket fresh in the table.
//!
//! A schedule runs it every minute, the table's stream when a handler signals that WeChat
//! refused a token, and people may invoke it.
//! WeChat: `POST /cgi-bin/stable_token` or `GET /cgi-bin/token`, `GET /cgi-bin/ticket/getticket`.

mod refresher;
mod upstream;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    App, Error, Result,
    credentials::CredentialKind,
    crypto::nonce,
    lambda::{Report, Working},
};

pub use refresher::{Demand, Entry, Issued, Refresher, Source, State, margin};

/// The binary, the sample event and the name at the Invoke API.
pub const NAME: &str = "refresh-credentials";

/// What the schedule asks for, spelled out.
pub const EXAMPLE: &str = r#"{"refresh":"due"}"#;

/// What a person may ask for; a tick and a stream record ask for nothing.
#[derive(Debug, Default, Deserialize)]
pub struct Request {
    /// Only this account.
    #[serde(default)]
    appid: Option<String>,
    /// Only this kind.
    #[serde(default)]
    kind: Option<CredentialKind>,
    /// `due` (the default), `now`: although it is not due yet, `force`: a new value although the
    /// old one lives, within WeChat's limits.
    #[serde(default)]
    refresh: Demand,
}

/// Refreshes what is due, and reports on every credential.
pub fn run(app: &App, event: Value) -> Working<'_> {
    Box::pin(async move {
        let request: Request = serde_json::from_value(event)
            .map_err(|error| Error::invalid("refresh", error.to_string()))?;
        refresh(app, &request).await
    })
}

async fn refresh(app: &App, request: &Request) -> Result<Report> {
    let accounts: Vec<_> = app
        .config
        .accounts
        .iter()
        .filter(|account| request.appid.as_ref().is_none_or(|appid| *appid == account.appid))
        .collect();
    if accounts.is_empty() {
        return Err(Error::invalid("appid", "This appid is not configured here."));
    }
    let refresher = Refresher {
        store: app.table.clone(),
        source: upstream::Upstream { app },
        clock: app.clock.clone(),
        mode: app.config.token_mode,
        owner: nonce(),
    };
    let refreshed =
        accounts.iter().map(|account| refresher.refresh(account, request.kind, request.refresh));
    let entries: Vec<Entry> = join_all(refreshed).await.into_iter().flatten().collect();
    Ok(report(&entries))
}

fn report(entries: &[Entry]) -> Report {
    let trouble = entries.iter().any(Entry::is_trouble);
    let mut report = Report::new(json!({ "credentials": entries }), trouble);
    for kind in CredentialKind::ALL {
        let of_kind = || entries.iter().filter(|entry| entry.kind == *kind);
        let Some(seconds_left) = of_kind().map(|entry| entry.seconds_left).min() else { continue };
        let count =
            |state: fn(&Entry) -> bool| of_kind().filter(|entry| state(entry)).count() as u64;
        report.seconds("TokenSecondsLeft", kind.as_str(), seconds_left);
        report.count("RefreshOk", kind.as_str(), count(|entry| entry.state == State::Renewed));
        report.count("RefreshFail", kind.as_str(), count(Entry::is_trouble));
    }
    report
}
