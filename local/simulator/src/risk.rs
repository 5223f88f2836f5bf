//! How risky a user is: `wxa/getuserriskrank`.

use serde::Deserialize;
use serde_json::json;

use super::AccountKind;
use super::account::is_openid_of;
use super::call::{Answer, Call, Reply, Route, refuse};

/// A user must have been in the app within this time.
const RECENT_MS: u64 = 2 * 3_600_000;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/wxa/getuserriskrank", getuserriskrank).only(&[AccountKind::MiniProgram])]
}

#[derive(Deserialize)]
struct Input {
    appid: String,
    openid: String,
    scene: u8,
    client_ip: String,
}

/// `POST /wxa/getuserriskrank`
fn getuserriskrank(call: &Call) -> Answer {
    let account = call.account()?;
    let Input { appid, openid, scene, client_ip } = call.json()?;
    if appid != account.appid || scene > 2 || client_ip.parse::<std::net::IpAddr>().is_err() {
        return Err(refuse(40129, "invalid args"));
    }
    if !is_openid_of(&appid, &openid) {
        return Err(refuse(40003, "invalid openid"));
    }
    let visited = call.simulator.visited_at(&appid, &openid);
    if visited.is_none_or(|at| at + RECENT_MS < call.now_ms()) {
        return Err(refuse(61010, "user access record timeout"));
    }
    let rank = if account.blocked.contains(&openid) { 4 } else { 0 };
    // Its name is misspelled at WeChat.
    let id = 4_674_045_479_000_000_000_u64 + u64::from(openid.as_bytes()[27]);
    Ok(Reply::ok(json!({ "risk_rank": rank, "unoin_id": id })))
}
