//! How often an app may call what: the counters, and the calls that show and clear them.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, Simulator};

const CLEARS_PER_MONTH: u32 = 10;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/cgi-bin/clear_quota", clear_quota),
        Route::post("/cgi-bin/clear_quota/v2", clear_quota_by_secret),
        Route::post("/cgi-bin/openapi/quota/get", quota_get),
    ]
}

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

/// The day in China, where all counters start anew at midnight.
pub(super) fn day(now_ms: u64) -> u64 {
    (now_ms / 1_000 + 8 * 3_600) / 86_400
}

/// The month in China, counted from a March long ago.
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

#[derive(Deserialize)]
struct ClearQuota {
    appid: Option<String>,
    appsecret: Option<String>,
}

/// `POST /cgi-bin/clear_quota`: with the token of the very app.
fn clear_quota(call: &Call) -> Answer {
    let account = call.account()?;
    let input: ClearQuota = call.json()?;
    if input.appid.as_ref() != Some(&account.appid) {
        return Err(refuse(40013, "invalid appid"));
    }
    clear(call, &account)
}

/// `POST /cgi-bin/clear_quota/v2`: with the secret, for when even tokens are used up.
fn clear_quota_by_secret(call: &Call) -> Answer {
    let input: ClearQuota = call.json()?;
    let appid = input.appid.ok_or(refuse(41002, "appid missing"))?;
    let secret = input.appsecret.ok_or(refuse(41004, "appsecret missing"))?;
    let account = call.account_by_secret(&appid, &secret)?;
    clear(call, &account)
}

fn clear(call: &Call, account: &Account) -> Answer {
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
        Ok(Reply::ok(json!({})))
    })
}

#[derive(Deserialize)]
struct QuotaGet {
    #[serde(default)]
    cgi_path: String,
}

/// `POST /cgi-bin/openapi/quota/get`
fn quota_get(call: &Call) -> Answer {
    let account = call.account()?;
    let input: QuotaGet = call.json()?;
    let Some(route) = call.simulator.route(&input.cgi_path) else {
        return Err(refuse(76021, "cgi_path not found, please check"));
    };
    if !route.granted_to(account.kind) {
        return Err(refuse(76022, "no permission to use this cgi_path"));
    }
    let (limit, now) = (daily_limit(&account, route), call.now_ms());
    let (today, this_minute) = call.simulator.state(|quotas: &mut Quotas| {
        let used = quotas.used(&account.appid, route.path, now);
        (used.today, used.this_minute)
    });
    let mut answer = json!({
        "quota": {
            "daily_limit": limit, "used": today, "remain": limit.saturating_sub(today),
        },
    });
    if route.per_minute.is_some() {
        answer["rate_limit"] = json!({ "call_count": this_minute, "refresh_second": 60 });
    }
    Ok(Reply::ok(answer))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::bench::{MINI, OFFICIAL, SECRET, errcode, simulator};
    use super::*;

    fn quota_of(simulator: &Simulator, path: &str) -> Value {
        let token = simulator.token(MINI);
        let body = json!({ "cgi_path": path }).to_string();
        simulator.post(&format!("/cgi-bin/openapi/quota/get?access_token={token}"), &body)
    }

    #[test]
    fn quota_get_tells_what_is_used() {
        let (_, simulator) = simulator();

        let answer = quota_of(&simulator, "/cgi-bin/stable_token");

        let quota = json!({ "daily_limit": 500_000, "used": 1, "remain": 499_999 });
        assert_eq!((&answer["errcode"], &answer["quota"]), (&json!(0), &quota));
        assert_eq!(answer["rate_limit"]["call_count"], 1);
    }

    #[test]
    fn quota_get_knows_its_own_paths_only() {
        let (_, simulator) = simulator();

        assert_eq!(errcode(&quota_of(&simulator, "cgi-bin/stable_token")), 76021);
        assert_eq!(errcode(&quota_of(&simulator, "/cgi-bin/ticket/getticket")), 76022);
    }

    #[test]
    fn clear_quota_wants_the_app_of_the_token() {
        let (_, simulator) = simulator();
        let path = format!("/cgi-bin/clear_quota?access_token={}", simulator.token(MINI));
        let code =
            |appid: &str| errcode(&simulator.post(&path, &json!({ "appid": appid }).to_string()));

        assert_eq!(code(OFFICIAL), 40013);
        assert_eq!(code(MINI), 0);
        assert_eq!(calls_today(&simulator, MINI), BTreeMap::new());
    }

    #[test]
    fn an_app_clears_its_quota_ten_times_a_month_by_either_way() {
        let (clock, simulator) = simulator();
        let path = format!("/cgi-bin/clear_quota?access_token={}", simulator.token(MINI));
        let by_token = simulator.post(&path, &json!({ "appid": MINI }).to_string());
        let by_secret = || {
            let body = json!({ "appid": MINI, "appsecret": SECRET }).to_string();
            errcode(&simulator.post("/cgi-bin/clear_quota/v2", &body))
        };

        assert_eq!(errcode(&by_token), 0);
        assert!((0..9).all(|_| by_secret() == 0));
        assert_eq!(by_secret(), 48006);
        clock.advance_ms(31 * 86_400_000);
        assert_eq!(by_secret(), 0);
    }

    #[test]
    fn clear_quota_by_secret_checks_it() {
        let (_, simulator) = simulator();
        let code =
            |input: Value| errcode(&simulator.post("/cgi-bin/clear_quota/v2", &input.to_string()));

        assert_eq!(code(json!({})), 41002);
        assert_eq!(code(json!({ "appid": MINI })), 41004);
        assert_eq!(code(json!({ "appid": "wx0", "appsecret": SECRET })), 40013);
        assert_eq!(code(json!({ "appid": MINI, "appsecret": "x" })), 40125);
    }

    #[test]
    fn a_cleared_quota_lets_calls_through_again() {
        let (_, simulator) = simulator();
        simulator.change_account(MINI, |account| {
            account.daily_limits.insert("/cgi-bin/stable_token".into(), 1);
        });
        let body = json!({ "grant_type": "client_credential", "appid": MINI, "secret": SECRET });
        let token = || errcode(&simulator.post("/cgi-bin/stable_token", &body.to_string()));

        assert_eq!((token(), token()), (0, 45009));
        let clear = json!({ "appid": MINI, "appsecret": SECRET }).to_string();
        simulator.post("/cgi-bin/clear_quota/v2", &clear);
        assert_eq!(token(), 0);
    }

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
