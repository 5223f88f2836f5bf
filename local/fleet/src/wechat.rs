//! WeChat as a model: the token and ticket endpoints, and whether a credential is good.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use functions::refresh_credentials::{Issued, Source};
use shared::{
    Account, Clock, Error, Problem, Result, Secret,
    config::TokenMode,
    credentials::{CredentialKey, CredentialKind},
};

use super::{
    fault::{Faults, Trouble},
    random::Random,
};

/// Life of a token or ticket.
const LIFE_MS: u64 = 7_200_000;
/// How long two tokens overlap.
const OVERLAP_MS: u64 = 300_000;
/// A forced refresh sooner than this after the last one does nothing.
const FORCE_INTERVAL_MS: u64 = 30_000;
const FORCES_PER_DAY: u32 = 20;
const LEGACY_PER_DAY: u64 = 2_000;
/// The refresher's patience.
const TIMEOUT_MS: u64 = 5_000;

/// WeChat, for handlers and for the refresher.
#[derive(Clone, Debug)]
pub struct Wechat {
    clock: Clock,
    faults: Faults,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: Random,
    serial: u64,
    issued: HashMap<String, Token>,
    /// What a family would hand out now: stable and legacy tokens do not touch one another.
    current: HashMap<(CredentialKey, bool), String>,
    forced: HashMap<String, Forces>,
    legacy: HashMap<String, (u64, u64)>,
    in_flight: BTreeMap<CredentialKey, u64>,
    log: WechatLog,
}

#[derive(Debug)]
struct Token {
    of: (CredentialKey, bool),
    expires_at: u64,
    void_at: u64,
    /// Refused although it lives.
    poisoned_at: Option<u64>,
}

impl Token {
    fn dies_at(&self) -> u64 {
        self.expires_at.min(self.void_at).min(self.poisoned_at.unwrap_or(u64::MAX))
    }
}

#[derive(Clone, Copy, Debug)]
struct Forces {
    at: u64,
    count: u32,
}

/// What WeChat saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WechatLog {
    /// Calls of the token endpoints, refused ones included.
    pub token_calls: u64,
    /// Calls of the ticket endpoint, refused ones included.
    pub ticket_calls: u64,
    /// Token calls that asked for a forced refresh.
    pub forced: u64,
    /// Most calls for one credential at the same time.
    pub most_in_flight: u64,
    /// Most token calls within one minute of the clock.
    pub most_in_a_minute: u64,
    minute: (u64, u64),
}

impl Wechat {
    pub(super) fn new(clock: Clock, faults: Faults, seed: u64) -> Wechat {
        let state = State {
            random: Random::new(seed),
            serial: 0,
            issued: HashMap::new(),
            current: HashMap::new(),
            forced: HashMap::new(),
            legacy: HashMap::new(),
            in_flight: BTreeMap::new(),
            log: WechatLog::default(),
        };
        Wechat { clock, faults, state: Arc::new(Mutex::new(state)) }
    }

    /// Any operation that needs an access token.
    ///
    /// # Errors
    /// 42001 for an expired token, 40001 for one that is void.
    pub fn operation(&self, token: &Secret) -> Result<()> {
        let now = self.clock.now_ms();
        match self.state().issued.get(token.expose()) {
            Some(token) if token.expires_at <= now => Err(refusal(42001, now)),
            Some(token) if now < token.dies_at() => Ok(()),
            _ => Err(refusal(40001, now)),
        }
    }

    /// Milliseconds since a credential died; `None` while it lives.
    pub fn dead_for(&self, value: &Secret) -> Option<u64> {
        let now = self.clock.now_ms();
        let state = self.state();
        let dies_at = state.issued.get(value.expose()).map_or(0, |token| token.dies_at());
        (dies_at <= now).then(|| now - dies_at)
    }

    /// Somebody else forced a refresh.
    pub fn invalidate(&self, appid: &str) {
        let now = self.clock.now_ms();
        let mut state = self.state();
        for legacy in [false, true] {
            let key = (CredentialKey::new(appid, CredentialKind::AccessToken), legacy);
            if let Some(value) = state.current.get(&key).cloned() {
                state.void(&value, now);
                state.issue(key, now);
            }
        }
    }

    /// The token is refused from now on, and still returned.
    pub fn poison(&self, appid: &str) {
        let now = self.clock.now_ms();
        let mut state = self.state();
        for legacy in [false, true] {
            let key = (CredentialKey::new(appid, CredentialKind::AccessToken), legacy);
            if let Some(value) = state.current.get(&key).cloned()
                && let Some(token) = state.issued.get_mut(&value)
            {
                token.poisoned_at = Some(now);
            }
        }
    }

    /// What WeChat saw.
    pub fn log(&self) -> WechatLog {
        self.state().log.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call, with a moment before and a moment after WeChat acts at which the caller may die.
    async fn call(
        &self,
        key: CredentialKey,
        act: impl FnOnce(&mut State, u64) -> Result<Issued> + Send,
    ) -> Result<Issued> {
        let _flight = Flight::begin(self, key);
        if self.faults.has(Trouble::Down) {
            tokio::time::sleep(Duration::from_millis(TIMEOUT_MS)).await;
            return Err(Error::new(Problem::WechatUnreachable, "WeChat does not answer."));
        }
        let slow = self.faults.find(|trouble| match trouble {
            Trouble::Slow(ms) => Some(ms),
            _ => None,
        });
        let way = slow.unwrap_or(40) / 2 + self.state().random.below(40);
        tokio::time::sleep(Duration::from_millis(way)).await;
        let now = self.clock.now_ms();
        let refused = self.faults.find(|trouble| match trouble {
            Trouble::Refuses(errcode) => Some(errcode),
            _ => None,
        });
        let outcome = match refused {
            Some(errcode) => Err(refusal(errcode, now)),
            None => act(&mut self.state(), now),
        };
        tokio::time::sleep(Duration::from_millis(way)).await;
        outcome
    }
}

impl Source for Wechat {
    async fn access_token(
        &self,
        account: &Account,
        mode: TokenMode,
        force: bool,
    ) -> Result<Issued> {
        self.state().log.token_call(self.clock.now(), force);
        let key = CredentialKey::new(&account.appid, CredentialKind::AccessToken);
        let appid = account.appid.clone();
        self.call(key.clone(), move |state, now| match mode {
            TokenMode::Legacy => state.legacy_token(appid, key, now),
            TokenMode::Stable => state.stable_token(appid, key, force, now),
        })
        .await
    }

    async fn ticket(
        &self,
        account: &Account,
        kind: CredentialKind,
        access_token: &Secret,
    ) -> Result<Issued> {
        self.state().log.ticket_calls += 1;
        let key = CredentialKey::new(&account.appid, kind);
        let token = access_token.expose().to_owned();
        self.call(key.clone(), move |state, now| {
            if state.issued.get(&token).is_none_or(|token| token.dies_at() <= now) {
                return Err(refusal(40001, now));
            }
            let key = (key, false);
            let live = state.live(&key, now).map(|(value, _)| value);
            let value = live.unwrap_or_else(|| state.issue(key, now));
            // The age of a repeated ticket is not told.
            Ok(Issued { value: Secret::new(value), expires_in: LIFE_MS / 1000 })
        })
        .await
    }
}

impl State {
    fn issue(&mut self, key: (CredentialKey, bool), now: u64) -> String {
        self.serial += 1;
        let value = format!("{}-{}", key.0.kind, self.serial);
        let token = Token {
            of: key.clone(),
            expires_at: now + LIFE_MS,
            void_at: u64::MAX,
            poisoned_at: None,
        };
        self.issued.insert(value.clone(), token);
        self.current.insert(key, value.clone());
        value
    }

    fn void(&mut self, value: &str, at: u64) {
        if let Some(token) = self.issued.get_mut(value) {
            token.void_at = token.void_at.min(at);
        }
    }

    /// What would be handed out again, and when it expires.
    fn live(&self, key: &(CredentialKey, bool), now: u64) -> Option<(String, u64)> {
        let value = self.current.get(key)?;
        let token = self.issued.get(value)?;
        (now < token.expires_at.min(token.void_at)).then(|| (value.clone(), token.expires_at))
    }

    /// The same until five minutes before its end; forced, a new one that voids the old.
    fn stable_token(
        &mut self,
        appid: String,
        key: CredentialKey,
        force: bool,
        now: u64,
    ) -> Result<Issued> {
        let key = (key, false);
        let live = self.live(&key, now);
        if force && self.force(appid, now)? {
            if let Some((old, _)) = live {
                self.void(&old, now);
            }
            return Ok(self.issue_token(key, now));
        }
        match live {
            Some((value, expires_at)) if force || expires_at - now > OVERLAP_MS => {
                Ok(Issued { value: Secret::new(value), expires_in: (expires_at - now) / 1000 })
            }
            _ => Ok(self.issue_token(key, now)),
        }
    }

    /// A new one on each call; only the one just replaced is spared for a while.
    fn legacy_token(&mut self, appid: String, key: CredentialKey, now: u64) -> Result<Issued> {
        let today = china_day(now);
        let (day, count) = self.legacy.get(&appid).copied().unwrap_or_default();
        let count = if day == today { count } else { 0 };
        if count >= LEGACY_PER_DAY {
            return Err(refusal(45009, now));
        }
        self.legacy.insert(appid, (today, count + 1));
        let key = (key, true);
        let spared = self.current.get(&key).cloned();
        for (value, token) in &mut self.issued {
            if token.of == key {
                let end = if spared.as_ref() == Some(value) { now + OVERLAP_MS } else { now };
                token.void_at = token.void_at.min(end);
            }
        }
        Ok(self.issue_token(key, now))
    }

    fn issue_token(&mut self, key: (CredentialKey, bool), now: u64) -> Issued {
        Issued { value: Secret::new(self.issue(key, now)), expires_in: LIFE_MS / 1000 }
    }

    /// `false`: too soon after the last one, so nothing happens.
    fn force(&mut self, appid: String, now: u64) -> Result<bool> {
        let mut count = 0;
        if let Some(last) = self.forced.get(&appid) {
            if now < last.at + FORCE_INTERVAL_MS {
                return Ok(false);
            }
            count = if china_day(last.at) == china_day(now) { last.count } else { 0 };
        }
        if count >= FORCES_PER_DAY {
            return Err(refusal(45009, now));
        }
        self.forced.insert(appid, Forces { at: now, count: count + 1 });
        Ok(true)
    }
}

impl WechatLog {
    fn token_call(&mut self, now: u64, force: bool) {
        self.token_calls += 1;
        self.forced += u64::from(force);
        let minute = now / 60;
        let so_far = if self.minute.0 == minute { self.minute.1 } else { 0 };
        self.minute = (minute, so_far + 1);
        self.most_in_a_minute = self.most_in_a_minute.max(so_far + 1);
    }
}

/// A call under way; over when it is dropped, whether it was answered or not.
struct Flight<'a> {
    wechat: &'a Wechat,
    key: CredentialKey,
}

impl<'a> Flight<'a> {
    fn begin(wechat: &'a Wechat, key: CredentialKey) -> Flight<'a> {
        let mut state = wechat.state();
        let flying = state.in_flight.entry(key.clone()).or_default();
        *flying += 1;
        let flying = *flying;
        state.log.most_in_flight = state.log.most_in_flight.max(flying);
        drop(state);
        Flight { wechat, key }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some(flying) = self.wechat.state().in_flight.get_mut(&self.key) {
            *flying -= 1;
        }
    }
}

/// When WeChat issued a value, in the order of all it issued.
pub(super) fn serial(value: &Secret) -> u64 {
    let serial = value.expose().rsplit('-').next();
    serial.and_then(|serial| serial.parse().ok()).unwrap_or_default()
}

fn china_day(at_ms: u64) -> u64 {
    (at_ms / 1000 + 8 * 3600) / 86_400
}

/// A refusal as the client in `shared::wechat` tells it.
fn refusal(errcode: i64, now_ms: u64) -> Error {
    let now = now_ms / 1000;
    let (problem, retry_after) = match errcode {
        -1 => (Problem::WechatBusy, None),
        40001 | 40014 | 42001 => (Problem::CredentialUnavailable, None),
        45009 | 44993 => (Problem::QuotaExceeded, Some(86_400 - (now + 8 * 3600) % 86_400)),
        44990 => (Problem::QuotaExceeded, Some(1)),
        45011 | 44991 => (Problem::QuotaExceeded, Some(60 - now % 60)),
        48001 => (Problem::AccountNotPermitted, None),
        _ => (Problem::Misconfigured, None),
    };
    let error = Error::new(problem, "WeChat refused.").errcode(errcode, None);
    match retry_after {
        Some(seconds) => error.retry_after(seconds),
        None => error,
    }
}
