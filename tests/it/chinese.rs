//! What is told in English is told in Chinese, to whoever asks for it.

use functions::OPERATIONS;
use http::Request;
use serde_json::{Value, json};
use shared::{Endpoint, Refusal, wechat::REFUSALS};

use crate::Bundle;

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

/// Whether a sentence is Chinese to its end: names of inputs and of WeChat's things stay.
fn assert_chinese(sentence: &str, of: &str) {
    assert!(sentence.chars().any(is_chinese), "{of}: {sentence}");
    assert!(sentence.ends_with('。'), "{of}: {sentence}");
    // What stands in backticks and quotes came from the caller, or is a name.
    let prose: String = sentence.split(['`', '"']).step_by(2).collect();
    let mut words = 0;
    for word in prose.split(' ') {
        let is_english = word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
        words = if is_english { words + 1 } else { 0 };
        assert!(words < 3, "{of}: {sentence}");
    }
}

#[test]
fn every_refusal_is_told_in_both_languages() {
    let rows = OPERATIONS
        .iter()
        .flat_map(|endpoint| endpoint.refusals.iter().map(|row| (endpoint.id(), row)));
    for (id, Refusal { errcode, detail: [english, chinese], .. }) in
        rows.chain(REFUSALS.iter().map(|row| ("everywhere", row)))
    {
        let of = format!("{id} {errcode}");
        assert!(english.ends_with('.') && !english.chars().any(is_chinese), "{of}: {english}");
        assert_chinese(chinese, &of);
    }
}

/// Values of every kind that JSON has, and texts that break most rules.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!(99_999_999_999_u64),
        json!(""),
        json!("\u{1} x"),
        json!("九".repeat(40_000)),
        json!([]),
        json!([{}]),
        json!({}),
    ]
}

/// The example with one member after the other replaced, left out, and joined by a stranger.
fn variants(example: &Value, change: &dyn Fn(Value) -> Value, found: &mut Vec<Value>) {
    for odd in odd_values() {
        found.push(change(odd));
    }
    match example {
        Value::Object(members) => {
            for (name, member) in members {
                let with = |value: Value| {
                    let mut members = members.clone();
                    members.insert(name.clone(), value);
                    change(members.into())
                };
                variants(member, &with, found);
                let mut fewer = members.clone();
                fewer.remove(name);
                found.push(change(fewer.into()));
            }
            let mut more = members.clone();
            more.insert("nonsense".into(), 1.into());
            found.push(change(more.into()));
        }
        Value::Array(items) => {
            if let Some(first) = items.first() {
                variants(first, &|value| change(json!([value])), found);
            }
        }
        _ => {}
    }
}

/// What a function answers an IAM principal over HTTP whose language is Chinese.
async fn ask(bundle: &Bundle, endpoint: &Endpoint, body: &str) -> Value {
    let event = json!({
        "version": "2.0",
        "rawPath": endpoint.path(),
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "accept-language": "zh-CN" },
        "requestContext": {
            "http": { "method": "POST", "sourceIp": "127.0.0.1" },
            "authorizer": { "iam": {} },
        },
        "body": body,
        "isBase64Encoded": false,
    });
    let binary = endpoint.binary();
    let url = format!("{}/2015-03-31/functions/{binary}/invocations", bundle.stack.url);
    bundle.send(Request::post(url).body(event.to_string()).unwrap()).await.json()
}

#[tokio::test]
async fn whatever_is_wrong_is_told_in_chinese_to_whoever_asks_for_it() {
    let bundle = Bundle::start().await;
    let mut told = 0;
    for endpoint in OPERATIONS.iter().filter(|endpoint| !endpoint.handler.http.raw) {
        let example: Value = serde_json::from_str(endpoint.example).unwrap_or(json!({}));
        let mut inputs = Vec::new();
        variants(&example, &|value| value, &mut inputs);
        let bodies = inputs.iter().map(Value::to_string);
        for body in bodies.chain(["{".to_owned(), r#"{"a":"\ud83d"}"#.to_owned()]) {
            let answer = ask(&bundle, endpoint, &body).await;
            let Some(400..) = answer["statusCode"].as_u64() else { continue };
            let of = format!("{} {}", endpoint.id(), body.chars().take(300).collect::<String>());
            assert_eq!(answer["headers"]["content-language"], "zh-CN", "{of}");
            let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_chinese(problem["detail"].as_str().unwrap(), &of);
            told += 1;
        }
    }
    assert!(told > 1000, "{told}");
}
