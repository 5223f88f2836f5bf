//! When to fetch, who fetches, and what becomes of it: the same code in Lambda and in the fleet
//! simulation.

use std::future::Future;

use serde::{Deserialize, Serialize};
use shared::{
    Clock, Error, Problem, Result,
    config::{Account, Secret, TokenMode},
    credentials::{
        Consistency, Credential, CredentialKey, CredentialKind, Forced, Lease, Record,
        RefreshFailure, Signal, Store,
    },
    wechat::is_stale_token,
};

/// Longer than the function may run (30 s), so that a frozen owner cannot wake inside its lease.
const LEASE_LIFE: u64 = 40;

/// The next tick comes after a minute; a failure that may pass is tried again then. In seconds.
const NEXT_TICK: u64 = 55;

/// A failure that somebody must mend is tried again at least this often, in seconds.
const LONGEST_PAUSE: u64 = 600;

/// WeChat's credentials live this long at most, in seconds.
const LONGEST_LIFE: u64 = 7200;

/// Where new credentials come from: WeChat, or the model of it in the fleet simulation.
pub trait Source: Send + Sync {
    /// An access token; in stable mode the current one unless `force`.
    fn access_token(
        &self,
        account: &Account,
        mode: TokenMode,
        force: bool,
    ) -> impl Future<Output = Result<Issued>> + Send;

    /// A ticket of the given kind.
    fn ticket(
        &self,
        account: &Account,
        kind: CredentialKind,
        access_token: &Secret,
    ) -> impl Future<Output = Result<Issued>> + Send;
}

/// A credential as WeChat hands it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The token or ticket.
    pub value: Secret,
    /// Seconds it lives from now.
    pub expires_in: u64,
}

impl Issued {
    /// Believes an answer only if it can be a credential.
    ///
    /// # Errors
    /// [`Problem::WechatUnreachable`] for an empty value or no life.
    pub fn checked(value: Secret, expires_in: u64, appid: &str) -> Result<Issued> {
        if value.expose().is_empty() || value.expose().len() > 2048 || expires_in == 0 {
            let why = format!("an empty credential, or one that is over already, for {appid}");
            return Err(Error::new(
                Problem::WechatUnreachable,
                "WeChat answered with something else than promised; try again.",
            )
            .because(why));
        }
        Ok(Issued { value, expires_in: expires_in.min(LONGEST_LIFE) })
    }
}

/// How much is asked of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// What is due.
    #[default]
    Due,
    /// Ask WeChat although nothing is due; it may well return the same value.
    Now,
    /// A new value although the old one lives, within WeChat's limits.
    Force,
}

/// What a run found or did about one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The account.
    pub appid: String,
    /// The kind.
    pub kind: CredentialKind,
    /// What happened.
    pub state: State,
    /// The version in force; 0 for none.
    pub version: u64,
    /// Seconds the credential in force still lives.
    pub seconds_left: u64,
    /// WeChat's code, where WeChat refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// What went wrong and how to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Seconds until the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_in: Option<u64>,
}

impl Entry {
    /// Whether somebody should look.
    pub fn is_trouble(&self) -> bool {
        matches!(self.state, State::Failed | State::BackingOff | State::Waiting)
    }
}

/// What happened to a credential in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not due.
    Fresh,
    /// A new value was written.
    Renewed,
    /// WeChat returned the value in force.
    Unchanged,
    /// Another run is at it.
    Leased,
    /// Another run was faster; this run's value was dropped.
    Superseded,
    /// Not before its time after a failure.
    BackingOff,
    /// A ticket waits for an access token.
    Waiting,
    /// It failed; see the message.
    Failed,
}

/// Why a credential is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// There is none, it ends soon, or the last attempt failed.
    Time,
    /// WeChat refuses the one in force.
    Refused,
    /// Somebody asked.
    Demand,
}

/// One run of the refresher.
#[derive(Clone, Debug)]
pub struct Refresher<S, U> {
    /// Where credentials are kept.
    pub store: S,
    /// Where they come from.
    pub source: U,
    /// The time.
    pub clock: Clock,
    /// How access tokens are fetched.
    pub mode: TokenMode,
    /// This run, in leases.
    pub owner: String,
}

impl<S: Store, U: Source> Refresher<S, U> {
    /// Refreshes what is due of an account, the access token first.
    pub async fn refresh(
        &self,
        account: &Account,
        only: Option<CredentialKind>,
        demand: Demand,
    ) -> Vec<Entry> {
        let wanted =
            account.kind.credentials().iter().filter(|kind| only.is_none_or(|o| o == **kind));
        let wanted: Vec<CredentialKind> = wanted.copied().collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        // A tick honours a pending signal too, should the stream be late or lost.
        let signal = self.store.signal(&account.appid).await.unwrap_or_default();
        let mut entries = Vec::new();
        for kind in wanted {
            entries.push(self.refresh_one(account, kind, signal.as_ref(), demand).await);
        }
        entries
    }

    async fn refresh_one(
        &self,
        account: &Account,
        kind: CredentialKind,
        signal: Option<&Signal>,
        demand: Demand,
    ) -> Entry {
        let key = CredentialKey::new(&account.appid, kind);
        match self.attempt(account, &key, signal, demand).await {
            Ok(entry) => entry,
            // The table is in trouble: nothing is known, and nothing was changed.
            Err(error) => {
                let mut entry = self.entry(&key, &Record::default(), State::Failed);
                entry.message = Some(explain(&error));
                entry
            }
        }
    }

    async fn attempt(
        &self,
        account: &Account,
        key: &CredentialKey,
        signal: Option<&Signal>,
        demand: Demand,
    ) -> Result<Entry> {
        let record = self.store.read(key, Consistency::Strong).await?.unwrap_or_default();
        let now = self.clock.now();
        let refused = signal
            .is_some_and(|signal| signal.kind == key.kind && signal.version >= record.version());
        let Some(reason) = self.reason(key.kind, &record, refused, demand, now) else {
            return Ok(self.entry(key, &record, State::Fresh));
        };
        if reason != Reason::Demand
            && record.failure.as_ref().is_some_and(|failure| failure.retry_at > now)
        {
            return Ok(self.entry(key, &record, State::BackingOff));
        }
        let lease = Lease { owner: self.owner.clone(), until: now + LEASE_LIFE };
        let Some(record) = self.store.lease(key, &lease, record.version(), now).await? else {
            let record = self.store.read(key, Consistency::Strong).await?.unwrap_or_default();
            return Ok(self.entry(key, &record, State::Leased));
        };
        let asked_at = self.clock.now();
        let force = demand == Demand::Force;
        match self.fetch(account, key, &record, reason, force).await {
            Ok(issued) => self.publish(key, &record, issued, asked_at).await,
            Err(Unfetched::Failed(failure)) => {
                self.store.fail(key, &self.owner, &failure).await?;
                let record = Record { failure: Some(failure), ..record };
                Ok(self.entry(key, &record, State::Failed))
            }
            Err(Unfetched::NoAccessToken) => {
                let failure = RefreshFailure {
                    at: now,
                    count: 0,
                    retry_at: now,
                    errcode: None,
                    message: "waits for the access token".to_owned(),
                };
                self.store.fail(key, &self.owner, &failure).await?;
                let record = Record { failure: Some(failure), ..record };
                Ok(self.entry(key, &record, State::Waiting))
            }
            Err(Unfetched::LostLease) => Ok(self.entry(key, &record, State::Superseded)),
        }
    }

    fn reason(
        &self,
        kind: CredentialKind,
        record: &Record,
        refused: bool,
        demand: Demand,
        now: u64,
    ) -> Option<Reason> {
        if demand != Demand::Due {
            return Some(Reason::Demand);
        }
        if refused && record.credential.is_some() {
            return Some(Reason::Refused);
        }
        let left = record.credential.as_ref().map_or(0, |credential| credential.seconds_left(now));
        let due = left <= margin(kind, self.mode) || record.failure.is_some();
        due.then_some(Reason::Time)
    }

    async fn fetch(
        &self,
        account: &Account,
        key: &CredentialKey,
        record: &Record,
        reason: Reason,
        force: bool,
    ) -> std::result::Result<Issued, Unfetched> {
        if key.kind == CredentialKind::AccessToken {
            return self.fetch_access_token(account, key, record, reason, force).await;
        }
        let token_key = CredentialKey::new(&account.appid, CredentialKind::AccessToken);
        let token = self.store.read(&token_key, Consistency::Strong).await;
        let token = token.map_err(|error| self.failed(record, &error))?.unwrap_or_default();
        let live = |token: Record| {
            token.credential.filter(|token| token.seconds_left(self.clock.now()) > 0)
        };
        let token = live(token).ok_or(Unfetched::NoAccessToken)?;
        match self.source.ticket(account, key.kind, &token.value).await {
            // The token itself is refused: renew it as if a handler had said so, and try once more.
            Err(error) if error.wechat_errcode().is_some_and(is_stale_token) => {
                let signal = Signal {
                    kind: CredentialKind::AccessToken,
                    version: token.version,
                    reason: "refused for a ticket".to_owned(),
                };
                let renewed =
                    Box::pin(self.attempt(account, &token_key, Some(&signal), Demand::Due)).await;
                renewed.map_err(|error| self.failed(record, &error))?;
                let token = self.store.read(&token_key, Consistency::Strong).await;
                let token = token.map_err(|error| self.failed(record, &error))?;
                let token = token.and_then(live).ok_or(Unfetched::NoAccessToken)?;
                self.source.ticket(account, key.kind, &token.value).await
            }
            outcome => outcome,
        }
        .map_err(|error| self.failed(record, &error))
    }

    async fn fetch_access_token(
        &self,
        account: &Account,
        key: &CredentialKey,
        record: &Record,
        reason: Reason,
        force: bool,
    ) -> std::result::Result<Issued, Unfetched> {
        let ask = async |force| {
            let issued = self.source.access_token(account, self.mode, force).await;
            issued.map_err(|error| self.failed(record, &error))
        };
        let unwanted = reason == Reason::Refused || force;
        if self.mode == TokenMode::Legacy {
            // Every call makes a new token and retires the old one.
            if unwanted {
                self.remember_forced(key, record).await?;
            }
            return ask(false).await;
        }
        if !force {
            let issued = ask(false).await?;
            let same = record.credential.as_ref().is_some_and(|known| known.value == issued.value);
            if !(unwanted && same) {
                return Ok(issued);
            }
        }
        self.remember_forced(key, record).await?;
        ask(true).await
    }

    /// Counts a forced refresh before it is asked for, or says when the next one is allowed.
    async fn remember_forced(
        &self,
        key: &CredentialKey,
        record: &Record,
    ) -> std::result::Result<(), Unfetched> {
        let now = self.clock.now();
        let forced: Forced = record.forced.on(now);
        if forced.next_at() > now {
            return Err(Unfetched::Failed(RefreshFailure {
                at: now,
                count: record.failure.as_ref().map_or(0, |failure| failure.count) + 1,
                retry_at: forced.next_at(),
                errcode: None,
                message: format!(
                    "WeChat refuses the token and still returns it; it was forced {} times today, \
                     the next time is in {} s. If it goes on, look for another system that uses \
                     this app's secret.",
                    forced.count,
                    forced.next_at() - now
                ),
            }));
        }
        match self.store.remember_forced(key, &self.owner, forced.and_one(now)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unfetched::LostLease),
            Err(error) => Err(self.failed(record, &error)),
        }
    }

    async fn publish(
        &self,
        key: &CredentialKey,
        record: &Record,
        issued: Issued,
        asked_at: u64,
    ) -> Result<Entry> {
        let expires_at = asked_at + issued.expires_in;
        let known = record.credential.as_ref().filter(|known| known.value == issued.value);
        let credential = match known {
            // A repeated ticket comes with a full life whatever its age: the first word counts,
            // unless WeChat still hands it out after that.
            Some(known) if key.kind != CredentialKind::AccessToken => Credential {
                expires_at: if known.expires_at > asked_at {
                    known.expires_at.min(expires_at)
                } else {
                    expires_at.min(asked_at + margin(key.kind, self.mode))
                },
                ..known.clone()
            },
            Some(known) => Credential { expires_at, ..known.clone() },
            None => Credential {
                value: issued.value,
                version: record.version() + 1,
                issued_at: asked_at,
                expires_at,
            },
        };
        let state = if known.is_some() { State::Unchanged } else { State::Renewed };
        let won = self.store.publish(key, &self.owner, record.version(), &credential).await?;
        if !won {
            let record = self.store.read(key, Consistency::Strong).await?.unwrap_or_default();
            return Ok(self.entry(key, &record, State::Superseded));
        }
        let record = Record { credential: Some(credential), failure: None, ..record.clone() };
        Ok(self.entry(key, &record, state))
    }

    fn failed(&self, record: &Record, error: &Error) -> Unfetched {
        let now = self.clock.now();
        let count = record.failure.as_ref().map_or(0, |failure| failure.count) + 1;
        let pause = match error.problem() {
            Problem::WechatBusy | Problem::WechatUnreachable | Problem::TableUnavailable => {
                NEXT_TICK
            }
            Problem::QuotaExceeded => {
                error.retry_after_seconds().unwrap_or(NEXT_TICK).min(LONGEST_PAUSE)
            }
            _ => (NEXT_TICK << (count - 1).min(5)).min(LONGEST_PAUSE),
        };
        Unfetched::Failed(RefreshFailure {
            at: now,
            count,
            retry_at: now + pause,
            errcode: error.wechat_errcode(),
            message: explain(error),
        })
    }

    fn entry(&self, key: &CredentialKey, record: &Record, state: State) -> Entry {
        let now = self.clock.now();
        let credential = record.credential.as_ref();
        let failure = record.failure.as_ref();
        Entry {
            appid: key.appid.clone(),
            kind: key.kind,
            state,
            version: record.version(),
            seconds_left: credential.map_or(0, |credential| credential.seconds_left(now)),
            errcode: failure.and_then(|failure| failure.errcode),
            message: failure.map(|failure| failure.message.clone()),
            retry_in: failure.map(|failure| failure.retry_at.saturating_sub(now)),
        }
    }
}

/// Why a leased credential was not fetched.
enum Unfetched {
    /// Recorded, and tried again later.
    Failed(RefreshFailure),
    /// A ticket needs an access token that is not there.
    NoAccessToken,
    /// Somebody else has the lease by now.
    LostLease,
}

/// A credential with no more life than this is fetched anew, in seconds.
pub fn margin(kind: CredentialKind, mode: TokenMode) -> u64 {
    match (kind, mode) {
        // In normal mode WeChat returns the old token until 300 s before its end.
        (CredentialKind::AccessToken, TokenMode::Stable) => 300,
        (CredentialKind::AccessToken, TokenMode::Legacy) => 900,
        (CredentialKind::JsapiTicket | CredentialKind::WxCardTicket, _) => 600,
    }
}

/// What went wrong, for an operator; for 40164 the address to allow.
fn explain(error: &Error) -> String {
    let refused_address = || {
        let errmsg = error.cause()?;
        let address = errmsg.split_once("invalid ip ")?.1.split([' ', ',']).next()?;
        address.parse::<std::net::IpAddr>().ok()
    };
    match error.wechat_errcode() {
        Some(40164) => match refused_address() {
            Some(address) => format!(
                "WeChat refuses calls from {address}: add it to the IP allow-list of the account \
                 in the WeChat console."
            ),
            None => error.detail().to_owned(),
        },
        Some(errcode) => format!("{} (errcode {errcode})", error.detail()),
        None => match error.cause() {
            Some(cause) => format!("{} ({cause})", error.detail()),
            None => error.detail().to_owned(),
        },
    }
}
