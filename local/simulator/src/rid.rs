//! What a request was, by the id at the end of its refusal: `cgi-bin/openapi/rid/get`.

use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Call, Reply, Route, refuse};
use super::journal::Journal;

const LIFE_MS: u64 = 7 * 86_400_000;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/cgi-bin/openapi/rid/get", rid_get)]
}

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    rid: String,
}

/// `POST /cgi-bin/openapi/rid/get`: with the query and all that is in it.
fn rid_get(call: &Call) -> Answer {
    let account = call.account()?;
    let Input { rid } = call.json()?;
    if rid.len() != 26 {
        return Err(refuse(76002, "rid is invalid"));
    }
    let entries = call.simulator.state(|journal: &mut Journal| journal.entries("", 0));
    let ending = format!("rid: {rid}");
    let found = entries.into_iter().find(|entry| entry.answer.contains(&ending));
    let entry = found.ok_or(refuse(76001, "rid not found"))?;
    if entry.appid.is_some_and(|appid| appid != account.appid) {
        return Err(refuse(76003, "no permission to query this rid"));
    }
    if call.now_ms() > entry.at_ms + LIFE_MS {
        return Err(refuse(76004, "rid has expired"));
    }
    Ok(Reply::ok(json!({ "request": {
        "invoke_time": entry.at_ms / 1_000,
        "cost_in_ms": entry.took_ms,
        "request_url": entry.query,
        "request_body": entry.body,
        "response_body": entry.answer,
        "client_ip": call.caller.to_string(),
    } })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, errcode, simulator};

    #[tokio::test]
    async fn a_refusal_is_found_by_its_rid_with_the_token_in_its_query() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);
        let path = format!("/cgi-bin/openapi/quota/get?access_token={token}");
        let reply = simulator.send("POST", &path, r#"{"cgi_path":"x"}"#).await.unwrap();
        let refusal: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let (_, rid) = refusal["errmsg"].as_str().unwrap().split_once("rid: ").unwrap();
        let get = |rid: &str| {
            let path = format!("/cgi-bin/openapi/rid/get?access_token={token}");
            simulator.post(&path, &json!({ "rid": rid }).to_string())
        };

        let request = get(rid)["request"].clone();

        assert!(request["request_url"].as_str().unwrap().contains(&token));
        assert_eq!(request["request_body"], r#"{"cgi_path":"x"}"#);
        assert_eq!(errcode(&get("61725984-6126f6f9-040f19c4")), 76001);
        assert_eq!(errcode(&get("x")), 76002);
    }
}
