//! Access tokens and tickets: what is kept of them, and how a handler gets a valid one.
//!
//! One writer, the refresher, keeps an item per credential in the table; handlers read.
//! A handler never calls a token or ticket endpoint: it has no secret to call it with.

use std::{fmt, future::Future};

use serde::{Deserialize, Serialize};

use crate::{Result, Secret, china};

/// A kind of credential that WeChat gives an account for two hours at a time.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// The key to WeChat's API.
    AccessToken,
    /// Signs JS-SDK pages.
    JsapiTicket,
    /// Signs cards and invoices.
    WxCardTicket,
}

impl CredentialKind {
    /// Every kind, the access token first because the tickets are fetched with it.
    pub const ALL: &[CredentialKind] =
        &[CredentialKind::AccessToken, CredentialKind::JsapiTicket, CredentialKind::WxCardTicket];

    /// The spelling in keys, logs and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            CredentialKind::AccessToken => "access_token",
            CredentialKind::JsapiTicket => "jsapi_ticket",
            CredentialKind::WxCardTicket => "wx_card_ticket",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which credential: one item of the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialKey {
    /// The account.
    pub appid: String,
    /// The kind.
    pub kind: CredentialKind,
}

impl CredentialKey {
    /// The key of this account's credential.
    pub fn new(appid: impl Into<String>, kind: CredentialKind) -> CredentialKey {
        CredentialKey { appid: appid.into(), kind }
    }
}

/// A token or ticket as WeChat gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The token or ticket.
    pub value: Secret,
    /// Grows by one with every new value.
    pub version: u64,
    /// Seconds since 1970.
    pub issued_at: u64,
    /// Seconds since 1970.
    pub expires_at: u64,
}

impl Credential {
    /// What WeChat gives a credential at most, in seconds.
    pub const LONGEST_LIFE: u64 = 7200;

    /// Seconds this credential still lives; never more than WeChat gave it.
    pub fn seconds_left(&self, now: u64) -> u64 {
        self.expires_at.saturating_sub(now).min(Credential::LONGEST_LIFE)
    }

    /// WeChat issues no new ticket before the current one expires, and every environment's clock
    /// is a little wrong: a ticket is kept this much longer, in seconds.
    pub const TICKET_GRACE: u64 = 3;

    /// Seconds a ticket still lives at WeChat.
    pub fn ticket_seconds_left(&self, now: u64) -> u64 {
        let end = self.expires_at.saturating_sub(Credential::TICKET_GRACE);
        end.saturating_sub(now).min(Credential::LONGEST_LIFE)
    }
}

/// Everything the table holds of one credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The credential in force; none before the first fetch.
    pub credential: Option<Credential>,
    /// Who is fetching a new one.
    pub lease: Option<Lease>,
    /// Forced refreshes, for WeChat's limits on them.
    pub forced: Forced,
    /// The last failure, if nothing succeeded since.
    pub failure: Option<RefreshFailure>,
}

impl Record {
    /// The version in force; 0 before the first.
    pub fn version(&self) -> u64 {
        self.credential.as_ref().map_or(0, |credential| credential.version)
    }
}

/// The right to fetch, until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// One run of the refresher.
    pub owner: String,
    /// Seconds since 1970; afterwards anyone may take over.
    pub until: u64,
}

/// Forced refreshes of a day; WeChat allows 20, 30 s apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forced {
    /// When the last one was asked for, seconds since 1970; 0 for never.
    pub at: u64,
    /// How many there were on the day of `at`, in China.
    pub count: u32,
}

impl Forced {
    /// What WeChat allows on one day.
    const DAILY_LIMIT: u32 = 20;

    /// When the next forced refresh is allowed, seconds since 1970.
    ///
    /// WeChat asks for 30 s between two; each further one on a day doubles that, up to 64
    /// minutes, so that one stubborn operation cannot spend the day's twenty in ten minutes.
    pub fn next_at(self) -> u64 {
        if self.count >= Forced::DAILY_LIMIT {
            return china::next_midnight(self.at);
        }
        match self.count {
            0 => 0,
            count => self.at + (30 << (count - 1).min(7)),
        }
    }

    /// These, and one more at `now`.
    pub fn and_one(self, now: u64) -> Forced {
        let same_day = china::day(self.at) == china::day(now);
        Forced { at: now, count: if same_day { self.count + 1 } else { 1 } }
    }

    /// These as they count at `now`: a new day forgets.
    pub fn on(self, now: u64) -> Forced {
        if china::day(self.at) == china::day(now) { self } else { Forced::default() }
    }
}

/// Why the last attempt gave nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefreshFailure {
    /// Seconds since 1970.
    pub at: u64,
    /// Attempts that failed since the last success.
    pub count: u32,
    /// Not before this time, seconds since 1970.
    pub retry_at: u64,
    /// WeChat's code, where WeChat spoke.
    pub errcode: Option<i64>,
    /// What went wrong and how to mend it; holds no secret.
    pub message: String,
}

/// A handler's word that WeChat refused a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which kind was refused.
    pub kind: CredentialKind,
    /// Which version; 0 if there was none to use.
    pub version: u64,
    /// For people: the errcode, or that the credential is missing.
    pub reason: String,
}

/// How fresh a read must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// Half the price; may be a moment behind.
    Eventual,
    /// Sees every write that was answered before.
    Strong,
}

/// Where credentials are kept: the table, or the model of it in the fleet simulation.
pub trait Store: Send + Sync {
    /// What is known of a credential.
    fn read(
        &self,
        key: &CredentialKey,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Option<Record>>> + Send;

    /// Takes the lease at `now` if it is free and the version is still `version`.
    ///
    /// `None`: somebody else has the lease, or the version moved on.
    fn lease(
        &self,
        key: &CredentialKey,
        lease: &Lease,
        version: u64,
        now: u64,
    ) -> impl Future<Output = Result<Option<Record>>> + Send;

    /// Remembers a forced refresh before it is asked for, so that a crash cannot forget it.
    ///
    /// `false`: the lease moved on; nothing may be forced.
    fn remember_forced(
        &self,
        key: &CredentialKey,
        owner: &str,
        forced: Forced,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Writes a fetched credential, forgets the failure and frees the lease.
    ///
    /// `false`: the lease or the version moved on; the value is to be dropped.
    fn publish(
        &self,
        key: &CredentialKey,
        owner: &str,
        version: u64,
        credential: &Credential,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Records why nothing was fetched and frees the lease, if `owner` still has it.
    fn fail(
        &self,
        key: &CredentialKey,
        owner: &str,
        failure: &RefreshFailure,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Asks the refresher to act, once per kind and version: `false` if that was done already.
    fn raise(
        &self,
        appid: &str,
        signal: &Signal,
        now: u64,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// The last signal about a credential, read consistently.
    fn signal(&self, key: &CredentialKey) -> impl Future<Output = Result<Option<Signal>>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forced_refreshes_keep_wechats_limits_over_a_day() {
        let start = 16 * 3600; // Midnight in China.
        let mut forced = Forced::default();
        let mut now = start;
        let mut times = Vec::new();
        while now < start + 86_400 {
            if forced.on(now).next_at() <= now {
                forced = forced.and_one(now);
                times.push(now);
            }
            now += 1;
        }
        assert!(times.len() <= 20, "{}", times.len());
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 30));
        assert_eq!(times[1] - times[0], 30);
        // The next day starts anew.
        assert_eq!(forced.on(start + 86_400).next_at(), 0);
    }

    #[test]
    fn the_daily_limit_ends_at_midnight_in_china() {
        let forced = Forced { at: 16 * 3600 + 5, count: 20 };
        assert_eq!(forced.next_at(), 16 * 3600 + 86_400);
    }
}
