//! A sample event for every function: its example in the envelope it arrives in.

use serde_json::{Value, json};
use shared::{Access, Endpoint, registry::Registry};

/// Where they are.
pub(crate) const DIRECTORY: &str = "events";

/// The session of whoever replays the event.
const SESSION: &str = "Bearer {{session}}";

/// The host of a function URL.
const HOST: &str = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.ap-east-1.on.aws";

/// WeChat's browser on a phone.
const USER_AGENT: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.49";

/// The files by path.
pub(crate) fn files(registry: &Registry) -> Vec<(String, String)> {
    let operations = registry.operations().map(|endpoint| (endpoint.binary(), event(endpoint)));
    let jobs = registry.jobs.iter().map(|job| &job.endpoint);
    let jobs = jobs.map(|job| (job.name.to_owned(), example(job.example)));
    let file = |(name, event)| (format!("{DIRECTORY}/{name}.json"), format!("{event:#}\n"));
    operations.chain(jobs).map(file).collect()
}

fn event(endpoint: &Endpoint) -> Value {
    match endpoint.handler.access {
        Access::Service => example(endpoint.example),
        Access::Public | Access::User => request(endpoint),
    }
}

fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A request as a function URL hands it over, in the payload format 2.0.
fn request(endpoint: &Endpoint) -> Value {
    let gets = endpoint.handler.http.method.names()[0] == "get";
    let method = if gets { "GET" } else { "POST" };
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": if gets { query(&example(endpoint.example)) } else { String::new() },
        "headers": { "accept": "application/json", "host": HOST, "user-agent": USER_AGENT },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghijklmnopqrstuvwxyz012345",
            "domainName": HOST,
            "domainPrefix": "abcdefghijklmnopqrstuvwxyz012345",
            "http": {
                "method": method,
                "path": "/",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": USER_AGENT,
            },
            "requestId": "5f1c2a9e-0000-4000-8000-000000000000",
            "routeKey": "$default",
            "stage": "$default",
            "time": "20/Nov/2026:04:00:00 +0000",
            "timeEpoch": 1_795_147_200_000_u64,
        },
        "isBase64Encoded": false,
    });
    if endpoint.handler.access == Access::User {
        event["headers"]["authorization"] = SESSION.into();
    }
    if !gets {
        event["headers"]["content-type"] = "application/json".into();
        event["body"] = endpoint.example.into();
    }
    if endpoint.handler.http.raw {
        let mut request = example(endpoint.example);
        event["rawPath"] = request["path"].clone();
        event["requestContext"]["http"]["path"] = request["path"].take();
        event["rawQueryString"] = request["query"].as_str().unwrap_or_default().into();
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            event["headers"][name] = value.clone();
        }
        if let Some(body) = request["body"].as_str() {
            event["body"] = body.into();
        }
    }
    event
}

/// An input as a query: a list is its name repeated.
fn query(input: &Value) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in input.as_object().into_iter().flatten() {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            query.append_pair(name, &text);
        }
    }
    query.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_repeats_the_name_of_a_list_and_escapes() {
        let input = json!({ "a": "1&2", "list": ["x", "y"], "n": 3 });
        assert_eq!(query(&input), "a=1%262&list=x&list=y&n=3");
    }
}
