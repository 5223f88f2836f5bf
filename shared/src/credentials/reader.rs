//! The read side: a cache per environment, and recovery after WeChat refused a token.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{Consistency, Credential, CredentialKey, Record, Signal, Store};
use crate::{Clock, Error, Problem, Result, crypto, trace, wechat::is_stale_token};

/// A cached copy is read again after this time, in seconds.
const REREAD_AFTER: u64 = 240;

/// A copy with less life than this is read again, in seconds.
const REREAD_BELOW: u64 = 300;

/// … but not more often than this, while the refresher is about to act.
const REREAD_PAUSE: u64 = 60;

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
    copy: tokio::sync::Mutex<Copy>,
}

/// What this environment knows of one credential.
#[derive(Debug, Default)]
struct Copy {
    credential: Option<Credential>,
    read_at: u64,
    /// The last recovery that gave nothing: the version that failed, and when it ended.
    gave_up: Option<GaveUp>,
}

#[derive(Clone, Copy, Debug)]
struct GaveUp {
    version: u64,
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
        let cell = self.cell(key);
        let mut copy = cell.copy.lock().await;
        let now = self.clock.now();
        if let Some(credential) = copy.fresh(now) {
            return Ok(credential.clone());
        }
        match self.store.read(key, Consistency::Eventual).await {
            Ok(record) => {
                let record = record.unwrap_or_default();
                self.keep(&mut copy, &record);
                match &copy.credential {
                    Some(credential) if credential.seconds_left(now) > 0 => Ok(credential.clone()),
                    _ => self.recover(key, &mut copy, &record, 0, "missing or expired").await,
                }
            }
            // A table in trouble does not take a live copy away.
            Err(error) => {
                let live = copy.credential.clone().filter(|known| known.seconds_left(now) > 0);
                live.ok_or(error)
            }
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
        let mut copy = cell.copy.lock().await;
        let now = self.clock.now();
        if let Some(credential) = &copy.credential
            && credential.version > refused.version
            && credential.seconds_left(now) > 0
        {
            return Ok(credential.clone());
        }
        // Whoever queued behind a recovery that failed shares its outcome.
        if let Some(gave_up) = copy.gave_up
            && gave_up.version == refused.version
            && gave_up.at_ms >= asked_at_ms
        {
            return Err(unavailable(gave_up.retry_after));
        }
        let record = self.store.read(key, Consistency::Strong).await?.unwrap_or_default();
        self.keep(&mut copy, &record);
        if let Some(credential) = &copy.credential
            && credential.version > refused.version
            && credential.seconds_left(now) > 0
        {
            return Ok(credential.clone());
        }
        let reason = format!("errcode {errcode}");
        self.recover(key, &mut copy, &record, refused.version, &reason).await
    }

    /// Signals the refresher and waits, bounded, for a version above the one in `record`.
    async fn recover(
        &self,
        key: &CredentialKey,
        copy: &mut Copy,
        record: &Record,
        refused: u64,
        reason: &str,
    ) -> Result<Credential> {
        let failed = record.version().max(refused);
        if let Some(retry_at) = gives_up_until(record, self.clock.now()) {
            return self.give_up(copy, refused, retry_at - self.clock.now());
        }
        let signal = Signal { kind: key.kind, version: failed, reason: reason.to_owned() };
        if self.store.raise(&key.appid, &signal, self.clock.now()).await? {
            trace::signal_raised();
        }
        for pause in LOOKS {
            tokio::time::sleep(Duration::from_millis(pause + (self.jitter)(50))).await;
            let Ok(Some(record)) = self.store.read(key, Consistency::Strong).await else {
                continue;
            };
            self.keep(copy, &record);
            let now = self.clock.now();
            if let Some(credential) = &copy.credential
                && credential.version > failed
            {
                return Ok(credential.clone());
            }
            if let Some(retry_at) = gives_up_until(&record, now) {
                return self.give_up(copy, refused, retry_at - now);
            }
        }
        self.give_up(copy, refused, 5)
    }

    fn give_up(&self, copy: &mut Copy, version: u64, retry_after: u64) -> Result<Credential> {
        copy.gave_up = Some(GaveUp { version, at_ms: self.clock.now_ms(), retry_after });
        Err(unavailable(retry_after))
    }

    fn keep(&self, copy: &mut Copy, record: &Record) {
        copy.read_at = self.clock.now();
        // An eventually consistent read may be behind what this environment knows already.
        if record.version() >= copy.credential.as_ref().map_or(0, |known| known.version) {
            copy.credential.clone_from(&record.credential);
        }
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
        "WeChat's access token or ticket is being renewed; try again after Retry-After.",
    )
    .retry_after(retry_after)
}
