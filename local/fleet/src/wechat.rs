//! WeChat for handlers and for the refresher: the simulator on virtual time, with the fleet's
//! troubles in front of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use functions::refresh_credentials::{Issued, Source};
use http::Request;
use serde::Deserialize;
use serde_json::json;
use shared::{
    Account, Clock, Error, Problem, Result, Secret, china,
    config::TokenMode,
    credentials::{CredentialKey, CredentialKind},
};
use simulator::Simulator;

use super::{
    fault::{Faults, Trouble},
    lock,
    random::Random,
};

/// The secret of every app.
pub(super) const SECRET: &str = "secret";

/// The refresher's patience.
const TIMEOUT_MS: u64 = 5_000;

/// WeChat, for handlers and for the refresher.
#[derive(Clone, Debug)]
pub struct Wechat {
    clock: Clock,
    faults: Faults,
    simulator: Simulator,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: Random,
    in_flight: BTreeMap<CredentialKey, u64>,
    log: WechatLog,
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

/// What the token and ticket endpoints answer.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errcode: i64,
    #[serde(alias = "access_token", alias = "ticket")]
    value: Option<Secret>,
    #[serde(default)]
    expires_in: u64,
}

impl Wechat {
    pub(super) fn new(simulator: Simulator, clock: Clock, faults: Faults, seed: u64) -> Wechat {
        let state = State {
            random: Random::new(seed),
            in_flight: BTreeMap::new(),
            log: WechatLog::default(),
        };
        Wechat { clock, faults, simulator, state: Arc::new(Mutex::new(state)) }
    }

    /// Any operation that needs an access token.
    ///
    /// # Errors
    /// 42001 for an expired token, 40001 for one that is void.
    pub fn operation(&self, token: &Secret) -> Result<()> {
        match self.simulator.check_token(token.expose()) {
            0 => Ok(()),
            errcode => Err(refusal(errcode, self.clock.now())),
        }
    }

    /// Milliseconds since a credential died; `None` while it lives.
    pub fn dead_for(&self, value: &Secret) -> Option<u64> {
        let now = self.clock.now_ms();
        let dies_at = self.simulator.life(value.expose()).map_or(0, |life| life.dies_at_ms);
        (dies_at <= now).then(|| now - dies_at)
    }

    /// Voids the token, as a refresh elsewhere does.
    pub fn invalidate(&self, appid: &str) {
        self.simulator.invalidate_token(appid);
    }

    /// Refuses the token from now on, and still returns it.
    pub fn poison(&self, appid: &str) {
        self.simulator.poison_token(appid);
    }

    /// What WeChat saw.
    pub fn log(&self) -> WechatLog {
        self.state().log.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// One call, with a moment before and a moment after WeChat acts at which the caller may die.
    async fn call(&self, key: CredentialKey, request: Request<String>) -> Result<Issued> {
        let _flight = Flight::begin(self, key);
        if self.faults.has(Trouble::Down) {
            tokio::time::sleep(Duration::from_millis(TIMEOUT_MS)).await;
            return Err(Error::new(
                Problem::WechatUnreachable,
                ["WeChat does not answer.", "微信没有应答。"],
            ));
        }
        let slow = self.faults.find(|trouble| match trouble {
            Trouble::Slow(ms) => Some(ms),
            _ => None,
        });
        let way = slow.unwrap_or(40) / 2 + self.state().random.below(40);
        tokio::time::sleep(Duration::from_millis(way)).await;
        let refused = self.faults.find(|trouble| match trouble {
            Trouble::Refuses(errcode) => Some(errcode),
            _ => None,
        });
        let outcome = match refused {
            Some(errcode) => Err(refusal(errcode, self.clock.now())),
            None => self.answer(request),
        };
        tokio::time::sleep(Duration::from_millis(way)).await;
        outcome
    }

    fn answer(&self, request: Request<String>) -> Result<Issued> {
        let response = self.simulator.answer(request);
        let answer: Answer = serde_json::from_slice(response.body())
            .expect("the token and ticket endpoints answer in JSON");
        match answer {
            Answer { errcode: 0, value: Some(value), expires_in } => {
                Ok(Issued { value, expires_in })
            }
            Answer { errcode, .. } => Err(refusal(errcode, self.clock.now())),
        }
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
        let appid = &account.appid;
        let request = match mode {
            TokenMode::Legacy => get(format!(
                "/cgi-bin/token?grant_type=client_credential&appid={appid}&secret={SECRET}"
            )),
            TokenMode::Stable => {
                let body = json!({
                    "grant_type": "client_credential",
                    "appid": appid,
                    "secret": SECRET,
                    "force_refresh": force,
                });
                Request::post("/cgi-bin/stable_token").body(body.to_string()).expect("a valid path")
            }
        };
        self.call(CredentialKey::new(appid, CredentialKind::AccessToken), request).await
    }

    async fn ticket(
        &self,
        account: &Account,
        kind: CredentialKind,
        access_token: &Secret,
    ) -> Result<Issued> {
        self.state().log.ticket_calls += 1;
        let kind_of_ticket = if kind == CredentialKind::WxCardTicket { "wx_card" } else { "jsapi" };
        let token = access_token.expose();
        let uri = format!("/cgi-bin/ticket/getticket?type={kind_of_ticket}&access_token={token}");
        self.call(CredentialKey::new(&account.appid, kind), get(uri)).await
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

/// A call under way; it ends when it is dropped, answered or not.
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

fn get(uri: String) -> Request<String> {
    Request::get(uri).body(String::new()).expect("ids and tokens need no escaping")
}

/// A refusal as the client in `shared::wechat` reports it.
fn refusal(errcode: i64, now: u64) -> Error {
    let (problem, retry_after) = match errcode {
        -1 => (Problem::WechatBusy, None),
        40001 | 40014 | 42001 => (Problem::CredentialUnavailable, None),
        45009 | 44993 => (Problem::QuotaExceeded, Some(china::next_midnight(now) - now)),
        44990 => (Problem::QuotaExceeded, Some(1)),
        45011 | 44991 => (Problem::QuotaExceeded, Some(60 - now % 60)),
        48001 => (Problem::AccountNotPermitted, None),
        _ => (Problem::Misconfigured, None),
    };
    let error = Error::new(problem, ["WeChat refused.", "微信返回错误。"]).errcode(errcode, None);
    match retry_after {
        Some(seconds) => error.retry_after(seconds),
        None => error,
    }
}
