//! Paths whose quota is used up, so that a loop in a caller does not ask WeChat again and again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{Error, Problem, Result};

/// What WeChat answers when the quota of a path is used up, mostly that of a day.
///
/// WeChat: [quotas](https://developers.weixin.qq.com/doc/oplatform/developers/manage_tools/api_rate_limit.html).
const USED_UP: i64 = 45_009;

/// How often one call is let through: someone may have had the quota cleared at WeChat.
const ASK_AGAIN: u64 = 300;

/// By app and path, as far as this environment has met them.
#[derive(Debug, Default)]
pub(super) struct Exhausted(Mutex<HashMap<(String, &'static str), Quota>>);

/// A quota that is used up; times are in seconds since 1970.
#[derive(Debug)]
struct Quota {
    /// When it begins again.
    until: u64,
    /// When WeChat may be asked whether it was cleared.
    ask_at: u64,
}

impl Exhausted {
    /// Refuses a call if WeChat has said of its path that the quota is used up.
    pub(super) fn check(&self, appid: &str, path: &'static str, now: u64) -> Result<()> {
        let mut quotas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        quotas.retain(|_, quota| now < quota.until);
        let Some(quota) = quotas.get_mut(&(appid.to_owned(), path)) else { return Ok(()) };
        if quota.ask_at <= now {
            quota.ask_at = now + ASK_AGAIN;
            return Ok(());
        }
        Err(Error::new(
            Problem::QuotaExceeded,
            [
                "WeChat's limit for this interface is reached; wait for Retry-After.",
                "已达到微信对该接口的调用上限，请在 Retry-After 之后重试。",
            ],
        )
        .errcode(USED_UP, None)
        .retry_after(quota.until - now))
    }

    /// Remembers what a call has shown.
    pub(super) fn note(&self, appid: &str, path: &'static str, error: Option<&Error>, now: u64) {
        let mut quotas = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = error
            .filter(|error| error.wechat_errcode() == Some(USED_UP))
            .and_then(Error::retry_after_seconds);
        match wait {
            Some(wait) => {
                let quota = Quota { until: now + wait, ask_at: now + ASK_AGAIN };
                quotas.insert((appid.to_owned(), path), quota);
            }
            None if error.is_none() && !quotas.is_empty() => {
                quotas.remove(&(appid.to_owned(), path));
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/cgi-bin/user/get";
    const NOON: u64 = 1_795_147_200;
    const HALF_A_DAY: u64 = 12 * 3_600;

    fn refusal(errcode: i64, wait: u64) -> Error {
        Error::new(Problem::QuotaExceeded, ["", ""]).errcode(errcode, None).retry_after(wait)
    }

    #[test]
    fn a_path_is_refused_for_its_app_until_its_quota_begins_again() {
        let quotas = Exhausted::default();
        quotas.note("wx1", PATH, Some(&refusal(45_011, 60)), NOON);
        assert!(quotas.check("wx1", PATH, NOON).is_ok());

        quotas.note("wx1", PATH, Some(&refusal(USED_UP, HALF_A_DAY)), NOON);
        let error = quotas.check("wx1", PATH, NOON + 1).unwrap_err();
        assert_eq!(error.retry_after_seconds(), Some(HALF_A_DAY - 1));
        assert_eq!(error.wechat_errcode(), Some(USED_UP));
        assert!(quotas.check("wx2", PATH, NOON + 1).is_ok());
        assert!(quotas.check("wx1", "/cgi-bin/user/info", NOON + 1).is_ok());
        assert!(quotas.check("wx1", PATH, NOON + HALF_A_DAY).is_ok());
    }

    #[test]
    fn once_in_five_minutes_a_call_finds_out_whether_it_was_cleared() {
        let quotas = Exhausted::default();
        quotas.note("wx1", PATH, Some(&refusal(USED_UP, HALF_A_DAY)), NOON);

        let later = NOON + ASK_AGAIN;
        assert!(quotas.check("wx1", PATH, later - 1).is_err());
        assert!(quotas.check("wx1", PATH, later).is_ok());
        assert!(quotas.check("wx1", PATH, later).is_err(), "one call only");

        quotas.note("wx1", PATH, None, later);
        assert!(quotas.check("wx1", PATH, later).is_ok());
    }
}
