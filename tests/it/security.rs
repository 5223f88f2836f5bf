//! Content checks.

use local::wechat::User;
use serde_json::{Value, json};

use crate::{Bench, MINI};

const TEXT: &str = "/security/msgSecCheck";
const TEXT_UPSTREAM: &str = "/wxa/msg_sec_check";

/// WeChat's own texts to test with.
const RISKY: &str = "特3456书yuuo莞6543李zxcz蒜7782法fgnv级";
const DOUBTFUL: &str = "完2347全dfji试3726测asad感3847知qwez到";

#[tokio::test]
async fn a_users_text_is_judged_by_the_second_version() {
    let bench = Bench::start().await;
    let session = bench.session("alice").await;
    bench.wechat().clear_journal();
    let ask = |input: Value| bench.post_as(Some(&session), TEXT, input);

    let answer = ask(json!({ "content": "今天天气真好 👩‍👧" })).await;

    let verdict = answer.json();
    assert_eq!(
        (answer.status, &verdict["suggest"], &verdict["label"]),
        (200, &json!("pass"), &json!(100))
    );
    assert_eq!(verdict["detail"][1], json!({ "strategy": "keyword", "errcode": 0 }));
    assert!(verdict["trace_id"].is_string());
    let openid = User::new("alice").openid(MINI);
    let sent = json!({ "content": "今天天气真好 👩‍👧", "version": 2, "scene": 2, "openid": openid });
    bench.only_call("POST", TEXT_UPSTREAM, &sent);
    assert!(bench.wechat().journal()[0].body.contains("今天天气真好 👩‍👧"), "raw UTF-8");
    assert!(!bench.log().contains("今天天气"));

    let verdict = ask(json!({ "content": RISKY, "scene": 3 })).await.json();
    assert_eq!((&verdict["suggest"], &verdict["label"]), (&json!("risky"), &json!(20_001)));
    let all =
        json!({ "content": "a", "scene": 1, "title": "b", "nickname": "c", "signature": DOUBTFUL });
    assert_eq!(ask(all).await.json()["suggest"], "review");
}

#[tokio::test]
async fn a_service_without_a_user_gets_the_first_version() {
    let bench = Bench::start().await;
    bench.wechat().clear_journal();
    let ask = |input: Value| bench.invoke("security-msgseccheck", input);

    let pass = ask(json!({ "content": "hello" })).await;
    assert_eq!(pass, Ok(json!({ "suggest": "pass", "label": 100, "detail": [] })));
    bench.only_call("POST", TEXT_UPSTREAM, &json!({ "content": "hello" }));
    let risky = ask(json!({ "content": RISKY })).await;
    assert_eq!(risky, Ok(json!({ "suggest": "risky", "detail": [] })));
    assert_eq!(ask(json!({ "content": "x".repeat(500 << 10) })).await.unwrap()["suggest"], "pass");
    let long = ask(json!({ "content": "x".repeat((500 << 10) + 1) })).await.unwrap_err();
    assert_eq!(long["field"], "content");
    let scene = ask(json!({ "content": "x", "scene": 2 })).await.unwrap_err();
    assert_eq!(scene["field"], "scene");
    // With a user it is the second version, whoever asks.
    bench.log_in("alice").await;
    let user = json!({ "content": "x", "openid": User::new("alice").openid(MINI) });
    assert!(ask(user).await.unwrap()["trace_id"].is_string());
}

#[tokio::test]
async fn texts_that_cannot_be_checked_reach_nobody() {
    let bench = Bench::start().await;
    let session = bench.session("alice").await;
    let ask = |input: Value| bench.post_as(Some(&session), TEXT, input);
    for (input, field) in [
        (json!({}), "content"),
        (json!({ "content": "" }), "content"),
        (json!({ "content": " \n" }), "content"),
        (json!({ "content": 1 }), "content"),
        (json!({ "content": "中".repeat(2501) }), "content"),
        (json!({ "content": "a", "title": "中".repeat(2501) }), "title"),
        (json!({ "content": "a", "scene": 0 }), "scene"),
        (json!({ "content": "a", "scene": 5 }), "scene"),
        (json!({ "content": "a", "scene": "2" }), "scene"),
        (json!({ "content": "a", "signature": "b" }), "signature"),
        (json!({ "content": "a", "version": 1 }), "version"),
    ] {
        assert_eq!(ask(input).await.problem(400, "invalid-input")["field"], field);
    }
    let bob = json!({ "content": "a", "openid": User::new("bob").openid(MINI) });
    ask(bob).await.problem(403, "forbidden");
    bench.post(TEXT, json!({ "content": "a" })).await.problem(401, "unauthenticated");
    assert_eq!(bench.calls(TEXT_UPSTREAM), 0);
    assert_eq!(ask(json!({ "content": "😀".repeat(2500) })).await.status, 200);
}

#[tokio::test]
async fn refusals_of_texts_are_documented_problems() {
    let bench = Bench::start().await;
    let session = bench.session("alice").await;
    let ask = async || bench.post_as(Some(&session), TEXT, json!({ "content": "a" })).await;
    bench
        .refusals(
            TEXT_UPSTREAM,
            ask,
            &[
                (-1, 503, "wechat-busy", None),
                (40003, 400, "invalid-input", Some("openid")),
                (40004, 400, "invalid-input", Some("content")),
                (40129, 400, "invalid-input", Some("scene")),
                (43104, 400, "invalid-input", Some("openid")),
                (44002, 400, "invalid-input", Some("content")),
                (44991, 429, "quota-exceeded", None),
                (45002, 400, "invalid-input", Some("content")),
                (45009, 429, "quota-exceeded", None),
                (47001, 500, "internal", None),
                (61010, 409, "receiver-state", None),
            ],
        )
        .await;
    let nobody = json!({ "content": "a", "openid": User::new("nobody").openid(MINI) });
    let problem = bench.invoke("security-msgseccheck", nobody).await.unwrap_err();
    assert_eq!(problem["errcode"], 61010);
}
