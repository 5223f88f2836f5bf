//! Paths whose quota of today is used up, so that a loop in a caller asks WeChat no more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use shared::{App, Caller, Capability, Error, Problem, Result, capability::Facts, china};

/// What WeChat answers when the quota of a day is used up.
const USED_UP: i64 = 45_009;

/// Paths whose quota of today is used up, as far as this environment has met them.
pub struct Exhausted;

/// By app and path, when the quota begins again, in seconds since 1970.
#[derive(Default)]
pub struct Paths(Mutex<HashMap<(String, &'static str), u64>>);

impl Paths {
    /// Refuses a path until midnight in China after WeChat has.
    pub(super) fn check(&self, appid: &str, path: &'static str, now: u64) -> Result<()> {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paths.retain(|_, until| now < *until);
        match paths.get(&(appid.to_owned(), path)) {
            None => Ok(()),
            Some(until) => Err(Error::new(
                Problem::QuotaExceeded,
                [
                    "WeChat's limit for today is reached; wait for Retry-After.",
                    "已达到微信的当日调用上限，请在 Retry-After 之后重试。",
                ],
            )
            .errcode(USED_UP, None)
            .retry_after(until - now)),
        }
    }

    /// Remembers a path that WeChat refuses for today.
    pub(super) fn note(&self, appid: &str, path: &'static str, error: &Error, now: u64) {
        if error.wechat_errcode() == Some(USED_UP) {
            let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            paths.insert((appid.to_owned(), path), china::next_midnight(now));
        }
    }
}

impl Capability for Exhausted {
    type Handle<'a> = Arc<Paths>;

    /// Memory needs no policy; its refusals are WeChat's.
    fn describe(_into: &mut Vec<Facts>) {}

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> Arc<Paths> {
        app.state()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_refused_until_midnight_in_china_for_its_app() {
        let (paths, noon) = (Paths::default(), 1_795_147_200);
        let path = "/cgi-bin/user/get";
        let used_up = Error::new(Problem::QuotaExceeded, ["", ""]).errcode(USED_UP, None);
        let busy = Error::new(Problem::QuotaExceeded, ["", ""]).errcode(45_011, None);

        paths.note("wx1", path, &busy, noon);
        assert!(paths.check("wx1", path, noon).is_ok());
        paths.note("wx1", path, &used_up, noon);
        let error = paths.check("wx1", path, noon + 1).unwrap_err();
        assert_eq!(error.retry_after_seconds(), Some(12 * 3_600 - 1));
        assert!(paths.check("wx2", path, noon).is_ok());
        assert!(paths.check("wx1", "/cgi-bin/user/info", noon).is_ok());
        assert!(paths.check("wx1", path, noon + 12 * 3_600).is_ok());
    }
}
