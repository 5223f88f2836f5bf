//! How often an operation may be called: what it spends is finite.
//!
//! WeChat counts some calls for the life of an account, others a day or a minute. One user, or one
//! address without a user, must not spend what belongs to all. Services are not limited.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use model::{Error, Problem, Result, crypto::sha256_hex};
use serde::Deserialize;

use crate::{App, Caller, Identity};

/// How often an operation may be called by one user and from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls of one user.
    pub user: Option<Rate>,
    /// Calls from one address by callers who are not known.
    pub address: Option<Rate>,
    /// Codes from one address that WeChat refuses.
    pub bad_codes: Option<Rate>,
    /// Where calls are counted.
    pub counted: Counted,
}

impl Budget {
    /// What an ordinary operation has, counted in memory: a warm call costs no table call.
    pub const USUAL: Budget = Budget {
        user: Some(Rate::per_minute(240)),
        address: Some(Rate::per_minute(600)),
        bad_codes: None,
        counted: Counted::Memory,
    };
    /// For what WeChat counts for the life of an account.
    pub const LIFELONG: Budget = Budget {
        user: Some(Rate { calls: 30, window: Window::Day }),
        counted: Counted::Table,
        ..Budget::USUAL
    };
    /// For logins.
    pub const LOGIN: Budget = Budget {
        user: None,
        address: Some(Rate::per_minute(300)),
        bad_codes: Some(Rate::per_minute(20)),
        counted: Counted::Table,
    };
    /// For operations that verify their only caller by signature.
    pub const NONE: Budget =
        Budget { user: None, address: None, bad_codes: None, counted: Counted::Memory };
}

/// Where calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// In the memory of this environment: cheap, and enough against one loop.
    Memory,
    /// In the table, for all environments together.
    Table,
}

/// So many calls in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub calls: u32,
    /// In which time.
    pub window: Window,
}

/// Times in which calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 60 seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
    /// A day in UTC.
    Day,
}

impl Window {
    const fn seconds(self) -> u64 {
        match self {
            Window::Minute => 60,
            Window::Hour => 3_600,
            Window::Day => 86_400,
        }
    }
}

impl Rate {
    const fn per_minute(calls: u32) -> Rate {
        Rate { calls, window: Window::Minute }
    }

    /// Reads `60/d`, `300/m` or `10/h`.
    fn parse(text: &str) -> Option<Rate> {
        let (calls, window) = text.split_once('/')?;
        let window = match window {
            "m" => Window::Minute,
            "h" => Window::Hour,
            "d" => Window::Day,
            _ => return None,
        };
        Some(Rate { calls: calls.parse().ok().filter(|calls| *calls > 0)?, window })
    }
}

/// `BUDGETS`: other rates than those in the code, by operation; `*` is every operation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Overrides(HashMap<String, Override>);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    user: Option<Changed>,
    address: Option<Changed>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Changed(Option<Rate>);

impl TryFrom<String> for Changed {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Changed, &'static str> {
        match text.as_str() {
            "off" => Ok(Changed(None)),
            rate => match Rate::parse(rate) {
                Some(rate) => Ok(Changed(Some(rate))),
                None => Err("must be like 60/d, 300/m, 10/h or off"),
            },
        }
    }
}

impl Overrides {
    /// A valid value, for messages.
    pub const EXAMPLE: &str =
        r#"{"wxacode.get":{"user":"60/d"},"auth.code2Session":{"address":"off"}}"#;

    /// Reads the setting.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Overrides, String> {
        serde_json::from_str(text).map_err(|error| format!("is not valid: {error}"))
    }

    fn apply(&self, operation: &str, mut budget: Budget) -> Budget {
        for changes in [self.0.get("*"), self.0.get(operation)].into_iter().flatten() {
            if let Some(Changed(rate)) = changes.user {
                budget.user = rate;
            }
            if let Some(Changed(rate)) = changes.address {
                budget.address = rate;
                budget.bad_codes = budget.bad_codes.filter(|_| rate.is_some());
            }
        }
        budget
    }
}

/// Beyond so many counters, those of ended windows are dropped.
const COUNTERS: usize = 10_000;

/// The counters of this environment.
#[derive(Default)]
pub struct Counters(Mutex<HashMap<String, (u64, u32)>>);

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counters")
    }
}

impl Counters {
    /// Refuses an address until a time.
    fn block(&self, network: String, until: u64) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.insert(network, (until, 0));
    }

    fn blocked_until(&self, network: &str) -> Option<u64> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.get(network).map(|(until, _)| *until)
    }

    /// Counts one call in a window that ends at `ends_at`; `false` if there were enough.
    fn count(&self, key: String, calls: u32, ends_at: u64, now: u64) -> bool {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counters.len() >= COUNTERS {
            counters.retain(|_, (ends_at, _)| *ends_at > now);
            if counters.len() >= COUNTERS {
                counters.clear();
            }
        }
        let counter = counters.entry(key).or_insert((ends_at, 0));
        if counter.0 != ends_at {
            *counter = (ends_at, 0);
        }
        counter.1 += 1;
        counter.1 <= calls
    }
}

/// One call's budget at one operation.
pub(crate) struct Spending<'a> {
    app: &'a App,
    operation: &'static str,
    budget: Budget,
    address: Option<&'a str>,
}

impl<'a> Spending<'a> {
    pub(crate) fn new(
        app: &'a App,
        operation: &'static str,
        budget: Budget,
        address: Option<&'a str>,
    ) -> Spending<'a> {
        let budget = app.config.budgets.apply(operation, budget);
        Spending { app, operation, budget, address }
    }

    /// Counts this call.
    ///
    /// # Errors
    /// [`Problem::QuotaExceeded`] with the time until the window ends; the table out of reach where
    /// it counts.
    pub(crate) async fn spend(&self, caller: &Caller) -> Result<()> {
        match &caller.identity {
            Identity::Service { .. } => Ok(()),
            Identity::User(session) => match self.budget.user {
                Some(rate) => {
                    let who = format!("{}#{}", session.appid, session.openid);
                    self.count("user", &who, rate).await
                }
                None => Ok(()),
            },
            Identity::Anyone => {
                if self.budget.bad_codes.is_some()
                    && let Some(address) = self.address
                {
                    self.refuse_blocked(&network(address))?;
                }
                match (self.budget.address, self.address) {
                    (Some(rate), Some(address)) => {
                        self.count("address", &network(address), rate).await
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Counts a code that WeChat refused. Beyond the budget, this environment refuses the address
    /// until the window ends, without a call.
    ///
    /// # Errors
    /// As [`Spending::spend`].
    pub(crate) async fn spend_bad_code(&self) -> Result<()> {
        let (Some(rate), Some(address)) = (self.budget.bad_codes, self.address) else {
            return Ok(());
        };
        let network = network(address);
        let outcome = self.count("code", &network, rate).await;
        if let Err(error) = &outcome
            && let Some(seconds) = error.retry_after_seconds()
            && error.problem() == Problem::QuotaExceeded
        {
            self.app.counters.block(network, self.app.clock.now() + seconds);
        }
        outcome
    }

    fn refuse_blocked(&self, network: &str) -> Result<()> {
        let now = self.app.clock.now();
        match self.app.counters.blocked_until(network) {
            Some(until) if until > now => Err(exceeded(until - now)),
            _ => Ok(()),
        }
    }

    async fn count(&self, what: &str, who: &str, rate: Rate) -> Result<()> {
        let now = self.app.clock.now();
        let seconds = rate.window.seconds();
        let ends_at = (now / seconds + 1) * seconds;
        let left = match self.budget.counted {
            Counted::Memory => {
                let key = format!("{}#{what}#{who}", self.operation);
                self.app.counters.count(key, rate.calls, ends_at, now)
            }
            Counted::Table => {
                // The table keeps neither openid nor address.
                let who = &sha256_hex(format!("{what}#{who}"))[..32];
                let key = format!("limit#{}#{who}#{ends_at}", self.operation);
                self.app.table.count(key, rate.calls, ends_at).await?
            }
        };
        if left { Ok(()) } else { Err(exceeded(ends_at - now)) }
    }
}

fn exceeded(seconds: u64) -> Error {
    let detail = [
        "Too many calls of this operation; try again after Retry-After.",
        "该接口调用过于频繁，请在 Retry-After 之后重试。",
    ];
    Error::new(Problem::QuotaExceeded, detail).retry_after(seconds)
}

/// An IPv6 client owns a whole /64.
fn network(address: &str) -> String {
    match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_the_one_before() {
        let counters = Counters::default();
        let count = |ends_at| counters.count("k".to_owned(), 2, ends_at, ends_at - 1);
        assert_eq!([count(60), count(60), count(60)], [true, true, false]);
        assert!(count(120));
    }

    #[test]
    fn the_number_of_counters_is_bounded() {
        let counters = Counters::default();
        for key in 0..3 * COUNTERS {
            counters.count(key.to_string(), 1, 60, 0);
        }
        assert!(counters.0.lock().unwrap().len() <= COUNTERS);
    }

    #[test]
    fn budgets_are_overridden_by_operation_and_for_all() {
        let overrides = Overrides::parse(Overrides::EXAMPLE).unwrap();
        let hour = Rate { calls: 60, window: Window::Day };
        assert_eq!(overrides.apply("wxacode.get", Budget::LIFELONG).user, Some(hour));
        let login = overrides.apply("auth.code2Session", Budget::LOGIN);
        assert_eq!((login.address, login.bad_codes), (None, None));
        let all = Overrides::parse(r#"{"*":{"user":"off"}}"#).unwrap();
        assert_eq!(all.apply("media.get", Budget::USUAL).user, None);
        for wrong in ["[]", r#"{"a":{"user":"60"}}"#, r#"{"a":{"user":"0/d"}}"#, r#"{"a":{"x":1}}"#]
        {
            assert!(Overrides::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("203.0.113.7"), "203.0.113.7");
    }
}
