//! When to fetch, who fetches, and what becomes of it: the same code in Lambda and in the fleet
//! simulation.

use std::future::Future;

use serde::{Deserialize, Serialize};
use shared::{
    Account, Clock, CredentialKind, Error, Problem, Result, Secret,
    config::TokenMode,
    credentials::{
        Consistency, Credential, CredentialKey, Forced, Lease, Record, RefreshFailure, Signal,
        Store,
    },
    wechat::is_stale_token,
};

/// Longer than the function may run (30 s), so that a frozen owner cannot wake inside its lease.
const LEASE_LIFE: u64 = 40;

/// The next tick comes after a minute; a failure that may pass is tried again then. In seconds.
const NEXT_TICK: u64 = 55;

/// A failure that an operator must fix is tried again at least this often, in seconds.
const LONGEST_PAUSE: u64 = 600;

/// A ticket that WeChat returns after it should have expired is kept this long at a time, in
/// seconds. Less than 300 s, because handlers then read it again every minute.
const TICKET_EXTENSION: u64 = 240;

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
    /// Seconds until it expires.
    pub expires_in: u64,
}

impl Issued {
    /// Checks that an answer can be a credential.
    ///
    /// # Errors
    /// [`Problem::WechatUnreachable`] for an empty value or no life.
    pub fn checked(value: Secret, expires_in: u64, appid: &str) -> Result<Issued> {
        if value.expose().is_empty() || value.expose().len() > 2048 || expires_in == 0 {
            let why = format!("an empty or expired credential for {appid}");
            return Err(Error::new(
                Problem::WechatUnreachable,
                [
                    "WeChat returned an unexpected response; try again.",
                    "微信返回了意外的应答，请重试。",
                ],
            )
            .because(why));
        }
        Ok(Issued { value, expires_in: expires_in.min(Credential::LONGEST_LIFE) })
    }
}

/// How much is asked of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// What is due.
    #[default]
    Due,
    /// Also what is not due; WeChat may return the same value.
    Now,
    /// A new value even if the current one is valid, within WeChat's limits.
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
    /// Seconds until the credential in force expires.
    pub seconds_left: u64,
    /// WeChat's code, where WeChat refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// What went wrong and how to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Seconds until the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_in: Option<u64>,
}

impl Entry {
    /// Whether an operator should look at it.
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
    /// Another run is refreshing it.
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
    /// There is none, it expires soon, or the last attempt failed.
    Time,
    /// WeChat refuses the one in force.
    Refused,
    /// An operator asked.
    Demand,
}

/// One run of the refresher.
#[derive(Clone, Debug)]
pub struct Refresher<S, U> {
    /// Where credentials are kept.
    pub store: S,
    /// Where they are fetched.
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
        let mut entries = Vec::new();
        for kind in wanted {
            let asleep = only.is_none() && account.kind.is_on_demand(kind);
            if asleep && !self.is_asked_for(&CredentialKey::new(&account.appid, kind)).await {
                continue;
            }
            entries.push(self.refresh_one(account, kind, demand).await);
        }
        entries
    }

    /// Whether a call has ever asked for a credential; also if the table cannot tell.
    async fn is_asked_for(&self, key: &CredentialKey) -> bool {
        let signal = self.store.signal(key).await;
        let record = self.store.read(key, Consistency::Strong).await;
        !matches!((signal, record), (Ok(None), Ok(None)))
    }

    async fn refresh_one(&self, account: &Account, kind: CredentialKind, demand: Demand) -> Entry {
        let key = CredentialKey::new(&account.appid, kind);
        // A tick honors a pending signal too, in case the stream is late or fails.
        let signal = self.store.signal(&key).await.unwrap_or_default();
        match self.attempt(account, &key, signal.as_ref(), demand).await {
            Ok(entry) => entry,
            // The table is not available: nothing is known, and nothing was changed.
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
            .is_some_and(|signal| signal.kind == key.kind && signal.version == record.version());
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
        let force = demand == Demand::Force;
        let asked_at = self.clock.now();
        let work = Work { account, key, record: &record, asked_at };
        let (failure, state) = match self.fetch(&work, reason, force).await {
            Ok(issued) => return self.publish(&work, issued).await,
            Err(Unfetched::Failed(failure)) => (failure, State::Failed),
            Err(Unfetched::NoAccessToken(failure)) => (failure, State::Waiting),
            Err(Unfetched::LostLease) => return Ok(self.entry(key, &record, State::Superseded)),
        };
        self.store.fail(key, &self.owner, &failure).await?;
        let record = Record { failure: Some(failure), ..record };
        Ok(self.entry(key, &record, state))
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
        let left = record.credential.as_ref().map_or(0, |credential| credential.seconds_left(now));
        // WeChat replaces an expiring token without force, refused or not.
        if left <= margin(kind, self.mode) {
            return Some(Reason::Time);
        }
        if refused {
            return Some(Reason::Refused);
        }
        record.failure.is_some().then_some(Reason::Time)
    }

    async fn fetch(
        &self,
        work: &Work<'_>,
        reason: Reason,
        force: bool,
    ) -> std::result::Result<Issued, Unfetched> {
        if work.key.kind == CredentialKind::AccessToken {
            return self.fetch_access_token(work, reason, force).await;
        }
        let token_key = CredentialKey::new(&work.key.appid, CredentialKind::AccessToken);
        let token = self.access_token(work, &token_key).await?;
        match self.source.ticket(work.account, work.key.kind, &token.value).await {
            // The token itself is refused: renew it as if a handler had said so, and try once more.
            Err(error) if error.wechat_errcode().is_some_and(is_stale_token) => {
                let signal = Signal {
                    kind: CredentialKind::AccessToken,
                    version: token.version,
                    reason: "refused for a ticket".to_owned(),
                };
                let renewed =
                    Box::pin(self.attempt(work.account, &token_key, Some(&signal), Demand::Due));
                renewed.await.map_err(|error| work.failed(&error))?;
                let token = self.access_token(work, &token_key).await?;
                self.source.ticket(work.account, work.key.kind, &token.value).await
            }
            outcome => outcome,
        }
        .map_err(|error| work.failed(&error))
    }

    /// The live access token that a ticket is fetched with.
    async fn access_token(
        &self,
        work: &Work<'_>,
        key: &CredentialKey,
    ) -> std::result::Result<Credential, Unfetched> {
        let token = self.store.read(key, Consistency::Strong).await;
        let token = token.map_err(|error| work.failed(&error))?.unwrap_or_default();
        let live = token.credential.filter(|token| token.seconds_left(self.clock.now()) > 0);
        live.ok_or_else(|| {
            // A caller waiting for the ticket should retry when the token is next due. It is not
            // the ticket's own failure, and does not count as one.
            let retry_at = token.failure.map_or(0, |failure| failure.retry_at).max(work.asked_at);
            Unfetched::NoAccessToken(RefreshFailure {
                at: work.asked_at,
                count: work.failures(),
                retry_at,
                errcode: None,
                message: "waits for the access token".to_owned(),
            })
        })
    }

    async fn fetch_access_token(
        &self,
        work: &Work<'_>,
        reason: Reason,
        force: bool,
    ) -> std::result::Result<Issued, Unfetched> {
        let ask = async |force| {
            let issued = self.source.access_token(work.account, self.mode, force).await;
            issued.map_err(|error| work.failed(&error))
        };
        let unwanted = reason == Reason::Refused || force;
        if self.mode == TokenMode::Legacy {
            // Every call makes a new token and retires the old one.
            if unwanted {
                self.remember_forced(work, force).await?;
            }
            return ask(false).await;
        }
        if !force {
            let issued = ask(false).await?;
            let known = work.record.credential.as_ref();
            let same = known.is_some_and(|known| known.value == issued.value);
            if !(unwanted && same) {
                return Ok(issued);
            }
        }
        self.remember_forced(work, force).await?;
        ask(true).await
    }

    /// Counts a forced refresh before WeChat is asked for it, or says when the next one is allowed.
    async fn remember_forced(
        &self,
        work: &Work<'_>,
        by_hand: bool,
    ) -> std::result::Result<(), Unfetched> {
        let now = work.asked_at;
        let forced: Forced = work.record.forced.on(now);
        if forced.next_at() > now {
            // WeChat is asked again without force long before: if another system replaced the
            // token meanwhile, that alone fixes it. The pause is well under the margin too, so
            // that no token expires while force has to wait.
            let pause = NEXT_TICK << work.failures().min(2);
            let retry_at = forced.next_at().min(now + pause);
            return Err(Unfetched::Failed(RefreshFailure {
                at: now,
                count: work.failures() + 1,
                retry_at,
                errcode: None,
                message: {
                    let (count, wait) = (forced.count, forced.next_at() - now);
                    let allowed = format!(
                        "{count} refreshes were forced today; the next is possible in {wait} s."
                    );
                    match by_hand {
                        true => format!("WeChat allows 20 a day, 30 s apart. {allowed}"),
                        false => format!(
                            "WeChat refuses the token and still returns it. {allowed} If this \
                             continues, look for another system that uses this app's secret."
                        ),
                    }
                },
            }));
        }
        match self.store.remember_forced(work.key, &self.owner, forced.and_one(now)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unfetched::LostLease),
            Err(error) => Err(work.failed(&error)),
        }
    }

    async fn publish(&self, work: &Work<'_>, issued: Issued) -> Result<Entry> {
        let Work { key, record, asked_at, .. } = *work;
        let is_token = key.kind == CredentialKind::AccessToken;
        let expires_at = if is_token {
            asked_at + issued.expires_in
        } else {
            self.clock.now() + issued.expires_in + Credential::TICKET_GRACE
        };
        let known = record.credential.as_ref().filter(|known| known.value == issued.value);
        let credential = match known {
            Some(known) if is_token => Credential { expires_at, ..known.clone() },
            // WeChat tells the full life of a repeated ticket, whatever its age: the first answer
            // counts, unless WeChat still returns the ticket after that.
            Some(known) if known.expires_at > asked_at => {
                Credential { expires_at: known.expires_at.min(expires_at), ..known.clone() }
            }
            Some(known) => {
                let expires_at = expires_at.min(asked_at + TICKET_EXTENSION);
                Credential { expires_at, ..known.clone() }
            }
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
            // The SDK repeats a write whose answer was lost, and then finds its own.
            let own = record.credential.as_ref() == Some(&credential);
            return Ok(self.entry(key, &record, if own { state } else { State::Superseded }));
        }
        let record = Record { credential: Some(credential), failure: None, ..record.clone() };
        Ok(self.entry(key, &record, state))
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

/// A leased credential.
struct Work<'a> {
    account: &'a Account,
    key: &'a CredentialKey,
    record: &'a Record,
    /// When WeChat was asked. Pauses count from here and not from the failure: an attempt that
    /// took ten seconds to fail must not miss the next tick.
    asked_at: u64,
}

impl Work<'_> {
    /// Attempts that failed before this one.
    fn failures(&self) -> u32 {
        self.record.failure.as_ref().map_or(0, |failure| failure.count)
    }

    fn failed(&self, error: &Error) -> Unfetched {
        let count = self.failures() + 1;
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
            at: self.asked_at,
            count,
            retry_at: self.asked_at + pause,
            errcode: error.wechat_errcode(),
            message: explain(error),
        })
    }
}

/// Why a leased credential was not fetched.
enum Unfetched {
    /// Recorded, and tried again later.
    Failed(RefreshFailure),
    /// A ticket needs an access token and there is none; recorded too.
    NoAccessToken(RefreshFailure),
    /// Another run has the lease now.
    LostLease,
}

/// A credential that expires within this time is replaced, in seconds.
pub fn margin(kind: CredentialKind, mode: TokenMode) -> u64 {
    match (kind, mode) {
        // In normal mode WeChat returns the old token until 300 s before it expires.
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
