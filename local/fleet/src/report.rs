//! What a simulated day came to.

use std::{collections::BTreeMap, fmt::Write as _};

use shared::{Error, Problem, credentials::CredentialKind};

use super::{TableLog, WechatLog};

/// A simulated day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub scenario: &'static str,
    /// Handler environments.
    pub environments: usize,
    /// What the randomness came from.
    pub seed: u64,
    /// How long it lasted.
    pub hours: u64,
    /// What the users saw.
    pub requests: RequestLog,
    /// Items read by handlers.
    pub reads: u64,
    /// Items read by the handler environment that read most.
    pub most_reads: u64,
    /// What the table saw.
    pub table: TableLog,
    /// What WeChat saw.
    pub wechat: WechatLog,
    /// Runs of the refresher.
    pub runs: u64,
    /// Runs that did not come to their end.
    pub killed: u64,
}

/// What the users saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestLog {
    /// Requests that ended.
    pub count: u64,
    /// Those among them that WeChat refuses whatever the token; they are not failures.
    pub stubborn: u64,
    /// Failures by cause.
    pub failed: BTreeMap<&'static str, Failures>,
    /// Failures that said neither 503 nor when to try again.
    pub unclean: u64,
    /// Longest time that a dead credential was still handed out, in milliseconds.
    pub staleness_ms: BTreeMap<CredentialKind, u64>,
    /// How often a dead credential was handed out.
    pub dead: BTreeMap<CredentialKind, u64>,
    /// Most operations called at WeChat for one request.
    pub most_calls: u64,
    /// Longest request, in milliseconds.
    pub slowest_ms: u64,
}

/// Failures of one cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// The first, in seconds since the start.
    pub first: u64,
    /// The last, in seconds since the start.
    pub last: u64,
}

impl RequestLog {
    pub(super) fn request(&mut self, stubborn: bool, calls: u64, took_ms: u64) {
        self.count += 1;
        self.stubborn += u64::from(stubborn);
        self.most_calls = self.most_calls.max(calls);
        self.slowest_ms = self.slowest_ms.max(took_ms);
    }

    pub(super) fn failure(&mut self, error: &Error, at: u64) {
        let failures = self.failed.entry(error.problem().slug()).or_default();
        if failures.count == 0 {
            failures.first = at;
        }
        failures.count += 1;
        failures.last = failures.last.max(at);
        let clean =
            matches!(error.problem(), Problem::CredentialUnavailable | Problem::TableUnavailable)
                && error.retry_after_seconds().is_some();
        self.unclean += u64::from(!clean);
    }

    pub(super) fn dead(&mut self, kind: CredentialKind, dead_ms: u64) {
        let staleness = self.staleness_ms.entry(kind).or_default();
        *staleness = (*staleness).max(dead_ms);
        *self.dead.entry(kind).or_default() += 1;
    }
}

impl Report {
    /// Failed requests of all causes.
    pub fn failed(&self) -> u64 {
        self.requests.failed.values().map(|failures| failures.count).sum()
    }

    /// The last failure, in seconds since the start; 0 for none.
    pub fn last_failure(&self) -> u64 {
        self.requests.failed.values().map(|failures| failures.last).max().unwrap_or_default()
    }

    /// New values of the credential that changed most often.
    pub fn most_rotations(&self) -> u64 {
        self.table.rotations.values().copied().max().unwrap_or_default()
    }

    /// Signals put in all.
    pub fn signals(&self) -> u64 {
        self.table.signals.values().sum()
    }

    /// Most signals about one version of one credential.
    pub fn most_signals_per_version(&self) -> u64 {
        self.table.signals.values().copied().max().unwrap_or_default()
    }

    /// Longest time that a dead credential of this kind was handed out, in seconds, rounded up.
    pub fn staleness(&self, kind: CredentialKind) -> u64 {
        self.requests.staleness_ms.get(&kind).copied().unwrap_or_default().div_ceil(1000)
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let tickets = [CredentialKind::JsapiTicket, CredentialKind::WxCardTicket];
        let stale_ticket = tickets.map(|kind| self.staleness(kind)).into_iter().max();
        let per_day = |count: u64| format!("{:.0}", count as f64 * 24.0 / self.hours as f64);
        let causes: Vec<String> = self
            .requests
            .failed
            .iter()
            .map(|(cause, failures)| format!("{} {cause}", failures.count))
            .collect();
        let failed = if causes.is_empty() { "0".to_owned() } else { causes.join(", ") };
        vec![
            ("environments", self.environments.to_string()),
            ("requests", self.requests.count.to_string()),
            ("failed requests", failed),
            ("most calls per request", self.requests.most_calls.to_string()),
            ("slowest request, ms", self.requests.slowest_ms.to_string()),
            ("token calls per day", per_day(self.wechat.token_calls)),
            ("token calls in a minute, at most", self.wechat.most_in_a_minute.to_string()),
            ("ticket calls per day", per_day(self.wechat.ticket_calls)),
            ("forced refreshes", self.wechat.forced.to_string()),
            ("rotations per credential", self.most_rotations().to_string()),
            ("dead token handed out, s", self.staleness(CredentialKind::AccessToken).to_string()),
            ("dead ticket handed out, s", stale_ticket.unwrap_or_default().to_string()),
            ("reads per request", {
                format!("{:.3}", self.reads as f64 / self.requests.count.max(1) as f64)
            }),
            ("reads per environment, mean", {
                format!("{:.1}", self.reads as f64 / self.environments.max(1) as f64)
            }),
            ("reads per environment, most", self.most_reads.to_string()),
            ("signals", self.signals().to_string()),
            ("signals per incident, at most", self.most_signals_per_version().to_string()),
            ("calls at once, at most", self.wechat.most_in_flight.to_string()),
            ("older over newer", self.table.older_over_newer.to_string()),
            ("second winners", self.table.second_winners.to_string()),
            ("refresher runs, killed", format!("{}, {}", self.runs, self.killed)),
        ]
    }
}

/// The reports side by side.
pub fn side_by_side(reports: &[Report]) -> String {
    let columns: Vec<_> = reports.iter().map(Report::rows).collect();
    let mut table = String::new();
    if let Some(first) = reports.first() {
        let Report { scenario, seed, hours, .. } = first;
        let _ = writeln!(table, "{scenario}: {hours} h, seed {seed}");
    }
    for (row, (name, _)) in columns.first().into_iter().flatten().enumerate() {
        let _ = write!(table, "  {name:<34}");
        for column in &columns {
            let _ = write!(table, " {:>16}", column[row].1);
        }
        table.push('\n');
    }
    table
}
