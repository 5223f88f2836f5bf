//! IAM's part on one machine: a function may do to table and secrets what its policy grants.
//!
//! A function's access key is its name; any other key is a person's, who may do everything.

use std::{collections::HashMap, sync::LazyLock, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
};
use functions::{JOBS, OPERATIONS};
use serde_json::{Value, json};
use shared::{
    grant::{self, Action, Grant, SecretName},
    transport::Transport,
};

use crate::{
    guard, shards,
    trouble::{TableTrouble, Trouble},
};

/// What DynamoDB takes of a request and gives in an answer.
const LIMIT: usize = 16 << 20;

static GRANTS: LazyLock<HashMap<String, Vec<Grant>>> = LazyLock::new(|| {
    let operations = OPERATIONS.iter().map(|op| (op.binary(), grant::of(&op.capabilities())));
    let jobs = JOBS.iter().map(|job| (job.name.to_owned(), grant::of(&job.capabilities())));
    operations.chain(jobs).collect()
});

/// The function that signed a request, and what it may do.
fn function(headers: &HeaderMap) -> Option<(&str, &[Grant])> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let key = authorization.split("Credential=").nth(1)?.split('/').next()?;
    Some((key, GRANTS.get(key)?))
}

/// Whether the policies deny reading a secret; says so on standard error.
pub(crate) fn denies_secret(headers: &HeaderMap, parameter: &str) -> bool {
    let Some((function, grants)) = function(headers) else { return false };
    let name = parameter.rsplit('/').next().unwrap_or_default();
    let granted = grants.iter().any(|grant| match grant {
        Grant::Secret(secret) => grant::matches(secret.pattern(), name),
        Grant::Item(..) | Grant::PutEvents => false,
    });
    if !granted {
        let secret = match name {
            _ if name == SecretName::SigningKey.pattern() => name,
            _ if grant::matches(SecretName::Merchant.pattern(), name) => "a merchant's key",
            _ => "an app secret",
        };
        explain(function, &format!("read {secret}"));
    }
    !granted
}

/// Whether the policies deny publishing on the bus; says so on standard error.
pub(crate) fn denies_events(headers: &HeaderMap) -> bool {
    let Some((function, grants)) = function(headers) else { return false };
    let denied = !grants.contains(&Grant::PutEvents);
    if denied {
        explain(function, "publish events");
    }
    denied
}

/// Whether the policies deny a call of DynamoDB; says so on standard error.
fn denies_call(headers: &HeaderMap, body: &[u8]) -> bool {
    let Some((function, grants)) = function(headers) else { return false };
    let call = call(headers);
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts = parts(call, &request);
    let denied = parts.iter().find(|(action, key)| {
        !grants.iter().any(|grant| match grant {
            Grant::Item(granted, pattern) => {
                Some(*granted) == *action && grant::matches(pattern, key)
            }
            Grant::Secret(_) | Grant::PutEvents => false,
        })
    });
    match denied {
        Some((action, key)) => {
            let call = action.map_or(call, |action| action.as_str());
            // The rest of a key may name a person.
            let kind = key.split('#').next().unwrap_or_default();
            explain(function, &format!("{call} {kind}#…"));
            true
        }
        None => false,
    }
}

/// The name of a call of DynamoDB.
fn call(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    target.and_then(|target| target.split('.').nth(1)).unwrap_or_default()
}

/// The single-item calls that a call consists of, and their keys.
fn parts<'a>(call: &str, request: &'a Value) -> Vec<(Option<Action>, &'a str)> {
    fn key(item: &Value) -> &str {
        item["pk"]["S"].as_str().unwrap_or_default()
    }
    match call {
        "GetItem" => vec![(Some(Action::Get), key(&request["Key"]))],
        "PutItem" => vec![(Some(Action::Put), key(&request["Item"]))],
        "UpdateItem" => vec![(Some(Action::Update), key(&request["Key"]))],
        "DeleteItem" => vec![(Some(Action::Delete), key(&request["Key"]))],
        "Query" => {
            let shard = request["ExpressionAttributeValues"][":due"]["S"].as_str();
            vec![(Some(Action::Query), shard.unwrap_or_default())]
        }
        "TransactWriteItems" => {
            let items = request["TransactItems"].as_array().into_iter().flatten();
            items
                .map(|item| match (item.get("Put"), item.get("Update"), item.get("Delete")) {
                    (Some(put), ..) => (Some(Action::Put), key(&put["Item"])),
                    (_, Some(update), _) => (Some(Action::Update), key(&update["Key"])),
                    (.., Some(delete)) => (Some(Action::Delete), key(&delete["Key"])),
                    _ => (None, ""),
                })
                .collect()
        }
        _ => vec![(None, "")],
    }
}

fn explain(function: &str, what: &str) {
    eprintln!("denied: {function} may not {what}; its operation must declare it in TOUCHES");
}

/// DynamoDB at `inner`, as far as the policies allow, with this trouble on the way.
pub(crate) fn router(inner: String, trouble: TableTrouble) -> Result<Router, String> {
    let transport = Transport::new(None)?;
    let door = Door { transport, inner, trouble };
    let router = Router::new().fallback(forward).with_state(door);
    Ok(router.layer(middleware::from_fn(guard::programs_here)))
}

#[derive(Clone)]
struct Door {
    transport: Transport,
    inner: String,
    trouble: TableTrouble,
}

async fn forward(State(door): State<Door>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LIMIT).await else {
        let why = format!("The request must be at most {LIMIT} bytes.");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", &why);
    };
    if denies_call(&parts.headers, &body) {
        return denied(StatusCode::BAD_REQUEST, "Denied by the function's policy.");
    }
    let trouble = door.trouble.meet().await;
    let failed = || {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        refusal(status, "InternalServerError", "The table was told to fail.")
    };
    match trouble {
        Some(Trouble::Throttled) => {
            let code = "ThrottlingException";
            return refusal(StatusCode::BAD_REQUEST, code, "The table was told to throttle.");
        }
        Some(Trouble::Failed) => return failed(),
        Some(Trouble::Lost) | None => {}
    }
    let call = call(&parts.headers).to_owned();
    let body = shards::inward(&call, body);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("{}{path}", door.inner).parse::<Uri>() else {
        return refusal(StatusCode::BAD_REQUEST, "ValidationException", "The path is not one.");
    };
    parts.uri = uri;
    // The body may be another now. The engine answers an origin by opening itself to every page.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::ORIGIN);
    let request = Request::from_parts(parts, body);
    let answer = door.transport.send(request, Duration::from_secs(10), LIMIT).await;
    if trouble == Some(Trouble::Lost) {
        return failed();
    }
    match answer {
        Ok(response) => {
            let (mut parts, mut body) = response.into_parts();
            parts.headers.remove(header::TRANSFER_ENCODING);
            if let Some(changed) = shards::outward(&call, &body) {
                parts.headers.remove(header::CONTENT_LENGTH);
                parts.headers.remove("x-amz-crc32");
                body = changed;
            }
            Response::from_parts(parts, body.into())
        }
        Err(_) => {
            let why = "The embedded DynamoDB does not answer.";
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", why)
        }
    }
}

/// What must not be done, in the shape of AWS's JSON protocols.
pub(crate) fn denied(status: StatusCode, why: &str) -> Response {
    refusal(status, "AccessDeniedException", why)
}

/// An error in the shape of AWS's JSON protocols.
pub(crate) fn refusal(status: StatusCode, code: &str, why: &str) -> Response {
    let answer = json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": why });
    let content_type = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    (status, content_type, answer.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(function: &str, call: &str) -> HeaderMap {
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={function}/20261120/local/dynamodb/aws4_request");
        let headers = [
            ("authorization", authorization),
            ("x-amz-target", format!("DynamoDB_20120810.{call}")),
        ];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        headers.into_iter().collect()
    }

    fn denied(function: &str, call: &str, request: Value) -> bool {
        denies_call(&signed(function, call), request.to_string().as_bytes())
    }

    #[test]
    fn a_function_reaches_its_items_and_no_others() {
        let read = |pk: &str| json!({ "Key": { "pk": { "S": pk } } });
        assert!(!denied("jssdk-config", "GetItem", read("credential#wx02#jsapi_ticket")));
        for pk in ["credential#wx02#access_token", "session#wx02#o", "signal#wx02", ""] {
            assert!(denied("jssdk-config", "GetItem", read(pk)), "{pk}");
        }
        let ticket = "credential#wx02#jsapi_ticket";
        for call in ["UpdateItem", "DeleteItem", "Scan", "Query", "BatchGetItem"] {
            assert!(denied("jssdk-config", call, read(ticket)), "{call}");
        }
        // What decrypts a user's data cannot read the user's tokens, and the other way round.
        assert!(!denied("decrypt-getuserdata", "GetItem", read("session#wx02#o")));
        assert!(denied("decrypt-getuserdata", "GetItem", read("sns#wx02#o")));
        assert!(!denied("oauth-getuserinfo", "GetItem", read("sns#wx02#o")));
        assert!(denied("oauth-getuserinfo", "GetItem", read("session#wx02#o")));
        assert!(!denied("refresh-credentials", "UpdateItem", read(ticket)));
        assert!(!denied("person", "Scan", json!({})));
    }

    #[test]
    fn a_transaction_is_denied_for_any_part() {
        let update = |pk: &str| json!({ "Update": { "Key": { "pk": { "S": pk } } } });
        let write = |parts: Value| json!({ "TransactItems": parts });
        let good = write(json!([update("sns#wx01#o"), update("unionid#u")]));
        let bad = write(json!([update("sns#wx01#o"), update("credential#wx01#access_token")]));
        assert!(!denied("auth-code2session", "TransactWriteItems", good));
        assert!(denied("auth-code2session", "TransactWriteItems", bad));
    }

    #[test]
    fn secrets_are_for_the_refresher_and_logins() {
        for (function, name, expected) in [
            ("refresh-credentials", "/wechat/local/wx01", false),
            ("refresh-credentials", "/wechat/local/session-key", true),
            ("auth-code2session", "/wechat/local/session-key", false),
            ("auth-getaccesstoken", "/wechat/local/wx01", true),
            ("person", "/wechat/local/wx01", false),
        ] {
            let headers = signed(function, "");
            assert_eq!(denies_secret(&headers, name), expected, "{function} {name}");
        }
    }
}
