//! The table as a model: the conditions of `shared::table`, in memory, on virtual time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use shared::{
    Clock, Error, Problem, Result,
    credentials::{
        Consistency, Credential, CredentialKey, Forced, Lease, Record, RefreshFailure, Signal,
        Store,
    },
};
use simulator::Simulator;
use tokio::sync::mpsc::UnboundedSender;

use super::{
    fault::{Faults, Trouble},
    lock,
    random::Random,
};

/// An eventually consistent read may be this far behind, in milliseconds.
const LAG_MS: u64 = 1000;

/// How long a signal counts, in seconds.
const SIGNAL_LIFE: u64 = 3600;

/// One caller's access to the table.
#[derive(Clone, Debug)]
pub struct Table {
    shared: Arc<Shared>,
    reads: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    faults: Faults,
    stream: UnboundedSender<CredentialKey>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    random: Random,
    /// Knows which of two values is older.
    simulator: Simulator,
    credentials: BTreeMap<CredentialKey, Kept>,
    signals: BTreeMap<CredentialKey, (Signal, u64)>,
    log: TableLog,
}

#[derive(Debug, Default)]
struct Kept {
    record: Record,
    /// What a read may still see.
    before: Option<Record>,
    changed_at_ms: u64,
}

/// What the table saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableLog {
    /// New values per credential.
    pub rotations: BTreeMap<CredentialKey, u64>,
    /// Signals per credential and version.
    pub signals: BTreeMap<(CredentialKey, u64), u64>,
    /// Writes that put an older value over a newer one.
    pub older_over_newer: u64,
    /// Writes that gave a version a second value, or skipped one.
    pub second_winners: u64,
}

impl Table {
    pub(super) fn new(
        clock: Clock,
        faults: Faults,
        simulator: Simulator,
        stream: UnboundedSender<CredentialKey>,
        seed: u64,
    ) -> Table {
        let state = Mutex::new(State {
            random: Random::new(seed),
            simulator,
            credentials: BTreeMap::new(),
            signals: BTreeMap::new(),
            log: TableLog::default(),
        });
        Table { shared: Arc::new(Shared { clock, faults, stream, state }), reads: Arc::default() }
    }

    /// The same table for another caller, whose reads are counted on their own.
    pub fn for_another(&self) -> Table {
        Table { shared: Arc::clone(&self.shared), reads: Arc::default() }
    }

    /// Items this caller read.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// What the table saw.
    pub fn log(&self) -> TableLog {
        self.state().log.clone()
    }

    /// What is kept of a credential at this moment.
    pub fn record(&self, key: &CredentialKey) -> Record {
        self.state().credentials.get(key).map(|kept| kept.record.clone()).unwrap_or_default()
    }

    /// Puts an item as a restored backup does, whatever is there.
    pub fn restore(&self, key: &CredentialKey, record: Record) {
        let kept = Kept { record, ..Kept::default() };
        self.state().credentials.insert(key.clone(), kept);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }

    fn fails(&self) -> bool {
        let chance = self.shared.faults.find(|trouble| match trouble {
            Trouble::TableErrors(percent) => Some(percent),
            _ => None,
        });
        chance.is_some_and(|percent| self.state().random.percent(percent))
    }

    async fn pause(&self) {
        let pause = 2 + self.state().random.below(4);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// A write, with a moment before and a moment after it at which the caller may die.
    async fn write<T>(&self, mut apply: impl FnMut(&mut State, u64) -> T + Send) -> Result<T>
    where
        T: Send,
    {
        self.pause().await;
        let fate = if self.fails() { self.state().random.below(3) } else { 3 };
        let now_ms = self.shared.clock.now_ms();
        let outcome = match fate {
            0 => Err(unavailable()),
            1 => {
                apply(&mut self.state(), now_ms);
                Err(unavailable())
            }
            // The answer was lost, so the SDK asked again.
            2 => {
                apply(&mut self.state(), now_ms);
                Ok(apply(&mut self.state(), now_ms))
            }
            _ => Ok(apply(&mut self.state(), now_ms)),
        };
        self.pause().await;
        outcome
    }
}

impl Store for Table {
    async fn read(&self, key: &CredentialKey, consistency: Consistency) -> Result<Option<Record>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        // An eventual read takes no time: of the millions in a day only their outcome matters.
        if consistency == Consistency::Strong {
            self.pause().await;
        }
        if self.fails() {
            return Err(unavailable());
        }
        let now_ms = self.shared.clock.now_ms();
        let mut state = self.state();
        let State { random, credentials, .. } = &mut *state;
        let Some(kept) = credentials.get(key) else { return Ok(None) };
        let behind = consistency == Consistency::Eventual
            && now_ms < kept.changed_at_ms + LAG_MS
            && random.percent(50);
        Ok(if behind { kept.before.clone() } else { Some(kept.record.clone()) })
    }

    async fn lease(
        &self,
        key: &CredentialKey,
        lease: &Lease,
        version: u64,
        now: u64,
    ) -> Result<Option<Record>> {
        self.write(|state, now_ms| {
            let record = state.record(key);
            let free = record
                .lease
                .as_ref()
                .is_none_or(|held| held.until < now || held.owner == lease.owner);
            (free && record.version() == version).then(|| {
                state.change(key, now_ms, |record| record.lease = Some(lease.clone()));
                state.record(key)
            })
        })
        .await
    }

    async fn remember_forced(
        &self,
        key: &CredentialKey,
        owner: &str,
        forced: Forced,
    ) -> Result<bool> {
        self.write(|state, now_ms| {
            let owned = state.is_owned(key, owner);
            if owned {
                state.change(key, now_ms, |record| record.forced = forced);
            }
            owned
        })
        .await
    }

    async fn publish(
        &self,
        key: &CredentialKey,
        owner: &str,
        version: u64,
        credential: &Credential,
    ) -> Result<bool> {
        self.write(|state, now_ms| {
            let won = state.is_owned(key, owner) && state.record(key).version() == version;
            if won {
                state.audit(key, credential);
                state.change(key, now_ms, |record| {
                    *record = Record {
                        credential: Some(credential.clone()),
                        lease: None,
                        forced: record.forced,
                        failure: None,
                    };
                });
            }
            won
        })
        .await
    }

    async fn fail(&self, key: &CredentialKey, owner: &str, failure: &RefreshFailure) -> Result<()> {
        self.write(|state, now_ms| {
            if state.is_owned(key, owner) {
                state.change(key, now_ms, |record| {
                    record.lease = None;
                    record.failure = Some(failure.clone());
                });
            }
        })
        .await
    }

    async fn raise(&self, appid: &str, signal: &Signal, now: u64) -> Result<bool> {
        let key = CredentialKey::new(appid, signal.kind);
        self.write(|state, _| {
            let known = state.signals.get(&key);
            let new = known.is_none_or(|(known, ttl)| known.version < signal.version || *ttl < now);
            if new {
                state.signals.insert(key.clone(), (signal.clone(), now + SIGNAL_LIFE));
                *state.log.signals.entry((key.clone(), signal.version)).or_default() += 1;
                // The receiver is gone once the simulation has ended.
                let _ = self.shared.stream.send(key.clone());
            }
            new
        })
        .await
    }

    async fn signal(&self, key: &CredentialKey) -> Result<Option<Signal>> {
        self.pause().await;
        if self.fails() {
            return Err(unavailable());
        }
        Ok(self.state().signals.get(key).map(|(signal, _)| signal.clone()))
    }
}

impl State {
    fn record(&self, key: &CredentialKey) -> Record {
        self.credentials.get(key).map(|kept| kept.record.clone()).unwrap_or_default()
    }

    fn is_owned(&self, key: &CredentialKey, owner: &str) -> bool {
        self.record(key).lease.is_some_and(|lease| lease.owner == owner)
    }

    fn change(&mut self, key: &CredentialKey, now_ms: u64, change: impl FnOnce(&mut Record)) {
        let fresh = !self.credentials.contains_key(key);
        let kept = self.credentials.entry(key.clone()).or_default();
        kept.before = (!fresh).then(|| kept.record.clone());
        kept.changed_at_ms = now_ms;
        change(&mut kept.record);
    }

    /// Looks at a write that is about to be made.
    fn audit(&mut self, key: &CredentialKey, new: &Credential) {
        let old = self.record(key).credential;
        let same = old.as_ref().is_some_and(|old| old.value == new.value);
        let version = old.as_ref().map_or(0, |old| old.version);
        if new.version != version + u64::from(!same) {
            self.log.second_winners += 1;
        }
        let issued_at = |of: &Credential| {
            self.simulator.life(of.value.expose()).map_or(0, |life| life.issued_at_ms)
        };
        if old.is_some_and(|old| issued_at(&old) > issued_at(new)) {
            self.log.older_over_newer += 1;
        }
        if !same {
            *self.log.rotations.entry(key.clone()).or_default() += 1;
        }
    }
}

fn unavailable() -> Error {
    Error::new(
        Problem::TableUnavailable,
        ["The table cannot be reached; try again.", "无法连接数据表，请重试。"],
    )
}
