//! The calls that show and clear quotas, and WeChat's addresses: `cgi-bin/clear_quota`,
//! `cgi-bin/openapi/quota/get`, `cgi-bin/getcallbackip`, `cgi-bin/get_api_domain_ip`.

use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Call, Reply, Route, refuse};
use super::quota::{self, Usage};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/cgi-bin/clear_quota", clear_quota),
        Route::post("/cgi-bin/clear_quota/v2", clear_quota_by_secret),
        Route::post("/cgi-bin/openapi/quota/get", quota_get),
        Route::get("/cgi-bin/getcallbackip", addresses),
        Route::get("/cgi-bin/get_api_domain_ip", addresses),
    ]
}

/// `GET /cgi-bin/getcallbackip`, `GET /cgi-bin/get_api_domain_ip`: this machine, and addresses of
/// the documentation's.
fn addresses(call: &Call) -> Answer {
    call.account()?;
    Ok(Reply::json(&json!({ "ip_list": ["127.0.0.1", "203.0.113.0/25"] })))
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
    quota::clear(call, &account)?;
    Ok(Reply::ok(json!({})))
}

/// `POST /cgi-bin/clear_quota/v2`: with the secret, for when even tokens are used up.
fn clear_quota_by_secret(call: &Call) -> Answer {
    let input: ClearQuota = call.json()?;
    let appid = input.appid.ok_or(refuse(41002, "appid missing"))?;
    let secret = input.appsecret.ok_or(refuse(41004, "appsecret missing"))?;
    let account = call.account_by_secret(&appid, &secret)?;
    quota::clear(call, &account)?;
    Ok(Reply::ok(json!({})))
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
    let Usage { daily, today, this_minute } = quota::usage(call, &account, route);
    let mut answer = json!({
        "quota": { "daily_limit": daily, "used": today, "remain": daily.saturating_sub(today) },
    });
    if route.per_minute.is_some() {
        answer["rate_limit"] = json!({ "call_count": this_minute, "refresh_second": 60 });
    }
    Ok(Reply::ok(answer))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Simulator;
    use crate::fixture::{MINI, OFFICIAL, SECRET, errcode, simulator};
    use std::collections::BTreeMap;

    fn quota_of(simulator: &Simulator, path: &str) -> Value {
        let token = simulator.token(MINI);
        let body = json!({ "cgi_path": path }).to_string();
        simulator.post(&format!("/cgi-bin/openapi/quota/get?access_token={token}"), &body)
    }

    #[test]
    fn wechats_addresses_are_told() {
        let (_, simulator) = simulator();
        for path in ["getcallbackip", "get_api_domain_ip"] {
            let token = simulator.token(MINI);
            let answer = simulator.get(&format!("/cgi-bin/{path}?access_token={token}"));
            assert_eq!(answer["ip_list"][0], "127.0.0.1", "{path}");
        }
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
        assert_eq!(quota::calls_today(&simulator, MINI), BTreeMap::new());
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
}
