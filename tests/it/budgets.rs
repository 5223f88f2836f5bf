//! What is finite is not spent by one caller: budgets, refused codes, deadlines.

use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use simulator::{Effect, Fault};

use crate::Bundle;

#[tokio::test]
async fn one_user_draws_thirty_codes_of_the_account_for_life_a_day() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let draw = || bundle.post_as(Some(&session), "/wxacode/get", json!({ "path": "a" }));
    for _ in 0..30 {
        assert_eq!(draw().await.status, 200);
    }

    let refused = draw().await.problem(429, "quota-exceeded");

    assert_eq!(bundle.calls("/wxa/getwxacode"), 30);
    assert_eq!(refused["retry_after"], 20 * 3600, "until midnight in UTC");
    // Another user and another operation have budgets of their own.
    let bob = bundle.session("bob").await;
    let answer = bundle.post_as(Some(&bob), "/wxacode/get", json!({ "path": "a" })).await;
    assert_eq!(answer.status, 200);
    bundle.advance(20 * 3600);
    let session = bundle.session("alice").await;
    let answer = bundle.post_as(Some(&session), "/wxacode/get", json!({ "path": "a" })).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_service_has_no_budget() {
    let bundle = Bundle::start().await;
    for _ in 0..35 {
        bundle.invoke("wxacode-get", json!({ "openid": "oAlice", "path": "a" })).await.unwrap();
    }
    assert_eq!(bundle.calls("/wxa/getwxacode"), 35);
}

#[tokio::test]
async fn bad_codes_from_one_address_soon_reach_nobody() {
    let bundle = Bundle::start().await;
    for number in 0..60 {
        let input = json!({ "js_code": format!("made-up-{number}") });
        let answer = bundle.post("/auth/code2Session", input).await;
        match number {
            0..20 => drop(answer.problem(400, "invalid-code")),
            _ => drop(answer.problem(429, "quota-exceeded")),
        }
    }
    assert!(bundle.calls("/sns/jscode2session") <= 21, "{}", bundle.calls("/sns/jscode2session"));

    bundle.advance(60);

    bundle.session("alice").await;
}

#[tokio::test]
async fn a_crowd_with_one_bad_code_asks_wechat_once() {
    let bundle = Bundle::start().await;
    let input = json!({ "js_code": "made-up" });
    let ask = || bundle.post("/auth/code2Session", input.clone());
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    for answer in [a, b, c, d] {
        assert_eq!(answer.problem(400, "invalid-code")["errcode"], 40029);
    }
    assert_eq!(bundle.calls("/sns/jscode2session"), 1);
}

#[tokio::test]
async fn an_outage_or_one_code_again_and_again_does_not_block_an_address() {
    let bundle = Bundle::start().await;
    let lost = Fault::on("/sns/jscode2session", Effect::DropAfter).times(25);
    bundle.wechat().fault(lost);
    for _ in 0..25 {
        let input = json!({ "js_code": bundle.code("alice") });
        let problem = bundle.post("/auth/code2Session", input).await.problem(400, "code-used");
        assert_eq!(problem.get("errcode"), None, "WeChat has said nothing");
    }
    let calls = bundle.calls("/sns/jscode2session");
    for _ in 0..25 {
        let input = json!({ "js_code": "made-up" });
        bundle.post("/auth/code2Session", input).await.problem(400, "invalid-code");
    }
    assert_eq!(bundle.calls("/sns/jscode2session"), calls + 1);

    bundle.session("alice").await;
}

#[tokio::test]
async fn a_hundred_calls_a_minute_of_one_user_pass_and_no_table_counts_them() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let input = json!({ "content": "hello" });
    bundle.post_as(Some(&session), "/security/msgSecCheck", input.clone()).await;
    let lines = bundle.log().lines().count();
    for _ in 0..100 {
        let answer = bundle.post_as(Some(&session), "/security/msgSecCheck", input.clone()).await;
        assert_eq!(answer.status, 200);
    }
    for line in bundle.log().lines().skip(lines) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["table_reads"], &line["table_writes"]), (&json!(0), &json!(0)), "{line}");
    }
}

#[tokio::test]
async fn budgets_of_the_setting_replace_those_of_the_code() {
    let budgets =
        r#"{"security.msgSecCheck":{"user":"2/m"},"auth.code2Session":{"address":"off"}}"#;
    let bundle = Bundle::with(|options| options.budgets = budgets.to_owned()).await;
    let session = bundle.session("alice").await;
    let check =
        || bundle.post_as(Some(&session), "/security/msgSecCheck", json!({ "content": "hello" }));
    assert_eq!((check().await.status, check().await.status), (200, 200));
    check().await.problem(429, "quota-exceeded");
    for number in 0..30 {
        let input = json!({ "js_code": format!("made-up-{number}") });
        bundle.post("/auth/code2Session", input).await.problem(400, "invalid-code");
    }
}

#[tokio::test]
async fn an_anonymous_body_is_not_read() {
    let bundle = Bundle::start().await;
    let request = Request::post(format!("{}/security/imgSecCheck", bundle.stack.url))
        .header("content-type", "application/json")
        .body("not JSON".to_owned());
    bundle.send(request.unwrap()).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn every_request_counts_and_names_its_user_by_a_hash() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let lines = bundle.log().lines().count();
    bundle.get("/oauth/authorizeUrl").await.problem(400, "invalid-input");
    let slow = Effect::Status { status: 500, body: String::new() };
    bundle.wechat().fault(Fault::on("/wxa/msg_sec_check", slow));
    bundle.post_as(Some(&session), "/security/msgSecCheck", json!({ "content": "hello" })).await;
    let lines: Vec<Value> = bundle
        .log()
        .lines()
        .skip(lines)
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["operation"].is_string())
        .collect();
    let counted = |line: &Value| (line["Requests"].clone(), line["ServerErrors"].clone());
    assert_eq!(counted(&lines[0]), (json!(1), json!(0)), "{}", lines[0]);
    assert_eq!(counted(&lines[1]), (json!(1), json!(1)), "{}", lines[1]);
    assert_eq!(lines[0]["user"], Value::Null);
    assert_eq!(lines[1]["user"].as_str().map(str::len), Some(16));
}

#[tokio::test]
async fn a_request_ends_before_lambda_ends_it() {
    let bundle = Bundle::start().await;
    let event = json!({ "openid": "oAlice", "media_id": "demo-image" });
    let hang = Effect::Delay { ms: 60_000 };
    bundle.wechat().fault(Fault::on("/cgi-bin/media/get", hang));
    let started = std::time::Instant::now();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
    let outcome = bundle
        .stack
        .host
        .invoke_until("media-get", event.to_string().as_bytes(), deadline)
        .await
        .unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let shared::invoke::Outcome::Failure { error_message, .. } = outcome else {
        panic!("{outcome:?}")
    };
    let problem: Value = serde_json::from_str(&error_message).unwrap();
    assert!(problem["status"].as_u64().unwrap() >= 502, "{problem}");
    assert!(problem["retry_after"].is_u64(), "{problem}");
}
