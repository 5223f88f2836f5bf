//! The read side: a cache per environment, and recovery after WeChat refused a token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use model::credential::{
    Consistency, Credential, CredentialKey, CredentialKind, Forced, Lease, Record, RefreshFailure,
    Signal, Store,
};

use crate::{Clock, Error, Problem, Result, crypto, deadline, trace, wechat::is_stale_token};

/// A cached copy is read again after this time, in seconds.
const REREAD_AFTER: u64 = 240;

/// A copy with less life than this is read again, in seconds.
const REREAD_BELOW: u64 = 300;

/// … but not more often than this, while the refresher is about to act.
const REREAD_PAUSE: u64 = 60;

/// Asked again within this time, in seconds, the last answer was of no use to the caller.
const ASKED_AGAIN: u64 = 10;

/// How long a handler waits for a newer version, in milliseconds between looks: 2.5 s in all.
const LOOKS: [u64; 5] = [200, 300, 500, 700, 800];

/// Hands out valid credentials.
///
/// Clones share one cache. A table read in flight serves everyone who waits for it.
#[derive(Clone, Debug)]
pub struct Credentials<S> {
    store: S,
    clock: Clock,
    /// A number below the given one, to spread the looks of many environments.
    jitter: fn(u64) -> u64,
    cells: Arc<Mutex<HashMap<CredentialKey, Arc<Cell>>>>,
}

#[derive(Debug, Default)]
struct Cell {
    copy: Mutex<Copy>,
    /// Held while the table is read or a newer version is waited for. A warm request never waits
    /// behind one that recovers.
    flight: tokio::sync::Mutex<()>,
}

/// What this environment knows of one credential.
#[derive(Debug, Default)]
struct Copy {
    credential: Option<Credential>,
    read_at: u64,
    /// When it was last given to a caller who keeps it.
    handed_out_at: Option<u64>,
    /// The last recovery that gave nothing.
    gave_up: Option<GaveUp>,
}

#[derive(Clone, Copy, Debug)]
struct GaveUp {
    /// The version that WeChat refused; none if there was none to use.
    refused: Option<u64>,
    at_ms: u64,
    retry_after: u64,
}

impl Copy {
    /// The cached credential, if it need not be read again.
    fn fresh(&self, now: u64) -> Option<&Credential> {
        let credential = self.credential.as_ref()?;
        let age = now.saturating_sub(self.read_at);
        let left = credential.seconds_left(now);
        let left_at_read = credential.seconds_left(self.read_at);
        let fresh = age < REREAD_AFTER
            && left > 0
            && (left >= REREAD_BELOW || (left_at_read < REREAD_BELOW && age < REREAD_PAUSE));
        fresh.then_some(credential)
    }

    /// The cached credential, if it lives and is another than the refused one.
    fn usable(&self, refused: Option<u64>, now: u64) -> Option<&Credential> {
        let credential = self.credential.as_ref()?;
        let usable = credential.seconds_left(now) > 0 && Some(credential.version) != refused;
        usable.then_some(credential)
    }

    fn keep(&mut self, record: &Record, consistency: Consistency, now: u64) {
        self.read_at = now;
        // An eventually consistent read may be behind what this environment knows already. A
        // strong one is the truth, even if a restored backup made it older.
        let behind = consistency == Consistency::Eventual
            && self.credential.as_ref().is_some_and(|known| record.version() < known.version);
        if !behind {
            self.credential.clone_from(&record.credential);
        }
    }
}

impl Cell {
    fn copy(&self) -> MutexGuard<'_, Copy> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Store> Credentials<S> {
    /// A reader with an empty cache.
    pub fn new(store: S, clock: Clock) -> Credentials<S> {
        Credentials { store, clock, jitter: crypto::jitter, cells: Arc::default() }
    }

    /// The same with other randomness, for a simulation that is to repeat itself.
    pub fn jitter(self, jitter: fn(u64) -> u64) -> Credentials<S> {
        Credentials { jitter, ..self }
    }

    /// Calls WeChat with a credential.
    ///
    /// If WeChat refuses the credential, a newer one is waited for, bounded, and the call is made
    /// once more: never a third time, whatever WeChat answers.
    ///
    /// # Errors
    /// As `call`, and as [`Credentials::get`].
    pub async fn with<T, F>(&self, key: &CredentialKey, call: impl Fn(Credential) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let credential = self.get(key).await?;
        let error = match call(credential.clone()).await {
            Err(error) => error,
            answer => return answer,
        };
        match error.wechat_errcode().filter(|errcode| is_stale_token(*errcode)) {
            Some(errcode) => call(self.renew(key, &credential, errcode).await?).await,
            None => Err(error),
        }
    }

    /// A credential that is valid as far as this environment knows.
    ///
    /// Warm, that costs nothing; otherwise one read of the table. If there is none, the
    /// refresher is woken and given 2.5 s.
    ///
    /// # Errors
    /// [`Problem::CredentialUnavailable`] with `Retry-After`, or
    /// [`Problem::TableUnavailable`].
    pub async fn get(&self, key: &CredentialKey) -> Result<Credential> {
        let asked_at_ms = self.clock.now_ms();
        let cell = self.cell(key);
        if let Some(credential) = cell.copy().fresh(self.clock.now()) {
            return Ok(credential.clone());
        }
        let _flight = cell.flight.lock().await;
        if let Some(credential) = cell.copy().fresh(self.clock.now()) {
            return Ok(credential.clone());
        }
        let read = self.store.read(key, Consistency::Eventual).await;
        let now = self.clock.now();
        if let Ok(record) = &read {
            cell.copy().keep(&record.clone().unwrap_or_default(), Consistency::Eventual, now);
        }
        // A table in trouble does not take a live copy away.
        if let Some(credential) = cell.copy().usable(None, now) {
            return Ok(credential.clone());
        }
        read?;
        self.recover(key, &cell, None, asked_at_ms, "missing or expired").await
    }

    /// The same for a caller who uses the credential elsewhere, and asks again when WeChat refuses
    /// it: asked again within seconds, or with `read`, the table is read consistently, because a
    /// newer version may be there.
    ///
    /// # Errors
    /// As [`Credentials::get`].
    pub async fn hand_out(&self, key: &CredentialKey, read: bool) -> Result<Credential> {
        let cell = self.cell(key);
        let now = self.clock.now();
        let last = cell.copy().handed_out_at.replace(now);
        if read || last.is_some_and(|last| now.saturating_sub(last) < ASKED_AGAIN) {
            let _flight = cell.flight.lock().await;
            // A table in trouble does not take a live copy away.
            let _ = self.look(key, &cell).await;
        }
        self.get(key).await
    }

    /// The credential in the store, read consistently; a missing one is not asked for.
    ///
    /// # Errors
    /// [`Problem::TableUnavailable`].
    pub async fn stored(&self, key: &CredentialKey) -> Result<Option<Credential>> {
        let record = self.store.read(key, Consistency::Strong).await?;
        Ok(record.and_then(|record| record.credential))
    }

    /// Reads a credential before anybody asks for it, once the store is `ready`; whoever asks
    /// meanwhile waits for this read.
    ///
    /// What goes wrong is left to the request that needs the credential.
    pub(crate) async fn read_early(&self, key: &CredentialKey, ready: impl Future<Output = ()>) {
        let cell = self.cell(key);
        let _flight = cell.flight.lock().await;
        ready.await;
        if let Ok(Some(record)) = self.store.read(key, Consistency::Eventual).await {
            cell.copy().keep(&record, Consistency::Eventual, self.clock.now());
        }
    }

    /// A newer credential than the one WeChat refused.
    ///
    /// Reads consistently first: often another handler was there before. Only if the version
    /// is still the failed one is the refresher signalled, once per version whoever asks, and
    /// given 2.5 s.
    ///
    /// # Errors
    /// As [`Credentials::get`].
    pub async fn renew(
        &self,
        key: &CredentialKey,
        refused: &Credential,
        errcode: i64,
    ) -> Result<Credential> {
        let asked_at_ms = self.clock.now_ms();
        let cell = self.cell(key);
        let _flight = cell.flight.lock().await;
        let refused = Some(refused.version);
        if let Some(credential) = cell.copy().usable(refused, self.clock.now()) {
            return Ok(credential.clone());
        }
        let reason = format!("errcode {errcode}");
        self.recover(key, &cell, refused, asked_at_ms, &reason).await
    }

    /// Reads consistently, and if that gives nothing signals the refresher and waits, bounded.
    async fn recover(
        &self,
        key: &CredentialKey,
        cell: &Cell,
        refused: Option<u64>,
        asked_at_ms: u64,
        reason: &str,
    ) -> Result<Credential> {
        // Whoever queued behind a recovery that failed shares its outcome.
        if let Some(gave_up) = cell.copy().gave_up
            && gave_up.refused == refused
            && gave_up.at_ms >= asked_at_ms
        {
            return Err(unavailable(gave_up.retry_after));
        }
        let record = self.look(key, cell).await?;
        let now = self.clock.now();
        if let Some(credential) = cell.copy().usable(refused, now) {
            return Ok(credential.clone());
        }
        if let Some(retry_at) = gives_up_until(&record, now) {
            return self.give_up(cell, refused, retry_at - now);
        }
        let signal =
            Signal { kind: key.kind, version: record.version(), reason: reason.to_owned() };
        if self.store.raise(&key.appid, &signal, now).await? {
            trace::signal_raised();
        }
        for pause in LOOKS {
            // An answer in time is worth more than another look.
            if deadline::left() < Duration::from_millis(2 * pause) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(pause + (self.jitter)(50))).await;
            let Ok(record) = self.look(key, cell).await else { continue };
            let now = self.clock.now();
            if let Some(credential) = cell.copy().usable(refused, now) {
                return Ok(credential.clone());
            }
            if let Some(retry_at) = gives_up_until(&record, now) {
                return self.give_up(cell, refused, retry_at - now);
            }
        }
        self.give_up(cell, refused, 5)
    }

    async fn look(&self, key: &CredentialKey, cell: &Cell) -> Result<Record> {
        let record = self.store.read(key, Consistency::Strong).await?.unwrap_or_default();
        cell.copy().keep(&record, Consistency::Strong, self.clock.now());
        Ok(record)
    }

    fn give_up(&self, cell: &Cell, refused: Option<u64>, retry_after: u64) -> Result<Credential> {
        let at_ms = self.clock.now_ms();
        cell.copy().gave_up = Some(GaveUp { refused, at_ms, retry_after });
        Err(unavailable(retry_after))
    }

    fn cell(&self, key: &CredentialKey) -> Arc<Cell> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        match cells.get(key) {
            Some(cell) => Arc::clone(cell),
            None => Arc::clone(cells.entry(key.clone()).or_default()),
        }
    }
}

/// When the refresher itself will not act before a later time, waiting for it is in vain.
fn gives_up_until(record: &Record, now: u64) -> Option<u64> {
    let retry_at = record.failure.as_ref()?.retry_at;
    (record.lease.is_none() && retry_at > now).then_some(retry_at)
}

fn unavailable(retry_after: u64) -> Error {
    Error::new(
        Problem::CredentialUnavailable,
        [
            "WeChat's access token or ticket is being renewed; try again after Retry-After.",
            "微信的 access_token 或 ticket 正在更新，请在 Retry-After 之后重试。",
        ],
    )
    .retry_after(retry_after)
}
