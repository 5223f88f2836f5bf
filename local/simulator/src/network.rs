//! WeChat's own addresses: `getcallbackip`, `get_api_domain_ip`.

use serde_json::json;

use super::call::{Answer, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/cgi-bin/get_api_domain_ip", addresses),
        Route::get("/cgi-bin/getcallbackip", addresses),
    ]
}

fn addresses(call: &Call) -> Answer {
    call.account()?;
    Ok(Reply::json(&json!({ "ip_list": ["127.0.0.1", "101.226.103.0/25"] })))
}
