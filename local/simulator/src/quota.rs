//! How often an app may call what.

use std::collections::{BTreeMap, HashMap};

use model::china;

use super::call::{Call, Refusal, Route, refuse};
use super::{Account, Simulator};

const CLEARS_PER_MONTH: u32 = 10;

/// Counts a call, unless the app has none left today or this minute.
pub(super) fn spend(call: &Call, account: &Account) -> Result<(), Refusal> {
    let (route, now) = (call.route(), call.now_ms());
    let daily = daily_limit(account, route);
    call.simulator.state(|quotas: &mut Quotas| {
        let used = quotas.used(&account.appid, route.path, now);
        if used.today >= daily {
            return Err(exhausted());
        }
        if route.per_minute.is_some_and(|limit| used.this_minute >= limit) {
            return Err(too_fast());
        }
        used.today += 1;
        used.this_minute += 1;
        Ok(())
    })
}

/// What an app called today, and how often.
pub(super) fn calls_today(simulator: &Simulator, appid: &str) -> BTreeMap<&'static str, u32> {
    let today = day(simulator.clock().now_ms());
    simulator.state(|quotas: &mut Quotas| {
        let mine = quotas.used.iter().filter(|((app, _), used)| app == appid && used.day == today);
        mine.map(|((_, path), used)| (*path, used.today)).collect()
    })
}

/// The refusal until midnight.
pub(super) fn exhausted() -> Refusal {
    refuse(45009, "reach max api daily quota limit")
}

/// The refusal until the next minute, in WeChat's own English.
pub(super) fn too_fast() -> Refusal {
    refuse(45011, "api minute-quota reach limit mustslower retry next minute")
}

/// How often an app may call a path, and how often it did.
pub(super) struct Usage {
    pub(super) daily: u32,
    pub(super) today: u32,
    pub(super) this_minute: u32,
}

/// What an app used of a path's quota.
pub(super) fn usage(call: &Call, account: &Account, route: &Route) -> Usage {
    let (daily, now) = (daily_limit(account, route), call.now_ms());
    call.simulator.state(|quotas: &mut Quotas| {
        let used = quotas.used(&account.appid, route.path, now);
        Usage { daily, today: used.today, this_minute: used.this_minute }
    })
}

/// Forgets what an app used, ten times a month.
pub(super) fn clear(call: &Call, account: &Account) -> Result<(), Refusal> {
    let this_month = month(call.now_ms());
    call.simulator.state(|quotas: &mut Quotas| {
        let (month, clears) = quotas.clears.entry(account.appid.clone()).or_default();
        if *month != this_month {
            (*month, *clears) = (this_month, 0);
        }
        if *clears >= CLEARS_PER_MONTH {
            return Err(refuse(48006, "forbid to clear quota because of reaching the limit"));
        }
        *clears += 1;
        quotas.used.retain(|(appid, _), _| *appid != account.appid);
        Ok(())
    })
}

/// The day in China, where all counters start again at midnight.
fn day(now_ms: u64) -> u64 {
    china::day(now_ms / 1_000)
}

/// The month in China, counted from March of the year 0 as in Howard Hinnant's
/// [`civil_from_days`](https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
fn month(now_ms: u64) -> u64 {
    let days = day(now_ms) + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153
}

#[derive(Default)]
struct Quotas {
    used: HashMap<(String, &'static str), Used>,
    /// The month of an app's last clear, and the clears in it.
    clears: HashMap<String, (u64, u32)>,
}

#[derive(Default)]
struct Used {
    day: u64,
    today: u32,
    minute: u64,
    this_minute: u32,
}

impl Quotas {
    fn used(&mut self, appid: &str, path: &'static str, now: u64) -> &mut Used {
        let used = self.used.entry((appid.to_owned(), path)).or_default();
        if used.day != day(now) {
            (used.day, used.today) = (day(now), 0);
        }
        if used.minute != now / 60_000 {
            (used.minute, used.this_minute) = (now / 60_000, 0);
        }
        used
    }
}

fn daily_limit(account: &Account, route: &Route) -> u32 {
    account.daily_limits.get(route.path).copied().unwrap_or(route.daily)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days_turn_at_midnight_in_china() {
        // 2024-02-29T16:00:00Z, when March begins in China.
        let march = 1_709_222_400_000;

        assert_eq!(day(march), day(march - 1) + 1);
        assert_eq!(month(march), month(march - 1) + 1);
        assert_eq!(month(march), month(march + 31 * 86_400_000 - 1));
        assert_eq!(month(march) + 1, month(march + 31 * 86_400_000));
    }
}
