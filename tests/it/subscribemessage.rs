//! Messages that a user has asked for in the mini program.

use serde_json::{Value, json};
use simulator::{Effect, Fault, LONG_TERM_TEMPLATE, ONE_TIME_TEMPLATE, User};

use crate::{Bundle, MINI};

const PATH: &str = "/subscribeMessage/send";
const UPSTREAM: &str = "/cgi-bin/message/subscribe/send";

/// The seed's own example.
fn order(template_id: &str) -> Value {
    json!({
        "template_id": template_id, "page": "pages/index/index", "miniprogram_state": "formal",
        "data": {
            "character_string1": { "value": "202103040830158485629163994677" },
            "name2": { "value": "中通快递" },
            "character_string3": { "value": "ZT2015215125352511" },
            "thing6": { "value": "雪花秀滋盈😀生人生焕颜" },
            "thing8": { "value": "杭州市xxxxxxxxx号" },
        },
    })
}

#[tokio::test]
async fn a_user_gets_the_message_they_consented_to() {
    let bundle = Bundle::start().await;
    let (session, alice) = (bundle.session("alice").await, User::new("alice"));
    bundle.wechat().subscribe(MINI, &alice, ONE_TIME_TEMPLATE, 1);
    bundle.wechat().clear_journal();

    let answer = bundle.post_as(Some(&session), PATH, order(ONE_TIME_TEMPLATE)).await;

    // 19 digits, which a double would round.
    let sent = json!({ "sent": true, "msgid": "4674045479742390277" });
    assert_eq!((answer.status, answer.json()), (200, sent));
    let mut request = order(ONE_TIME_TEMPLATE);
    request["touser"] = alice.openid(MINI).into();
    bundle.only_call("POST", UPSTREAM, &request);
    assert!(bundle.wechat().journal()[0].body.contains("雪花秀滋盈😀生人生焕颜"), "raw UTF-8");

    let again = bundle.post_as(Some(&session), PATH, order(ONE_TIME_TEMPLATE)).await;
    assert_eq!(again.problem(409, "receiver-state")["errcode"], 43101);
}

#[tokio::test]
async fn users_send_to_themselves_and_services_to_anybody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let to = |touser: &str| {
        let mut input = order(LONG_TERM_TEMPLATE);
        input["touser"] = touser.into();
        input
    };
    let (alice, bob) = (User::new("alice").openid(MINI), User::new("bob").openid(MINI));
    let post = |input| bundle.post_as(Some(&session), PATH, input);
    let invoke = |input| bundle.invoke("subscribemessage-send", input);

    assert_eq!(post(to(&alice)).await.status, 200);
    assert_eq!(post(to(&bob)).await.problem(403, "forbidden")["field"], "touser");
    bundle.post(PATH, to(&alice)).await.problem(401, "unauthenticated");
    assert_eq!(bundle.calls(UPSTREAM), 1);

    assert_eq!(invoke(to(&bob)).await.unwrap()["sent"], true);
    let mut input = order(LONG_TERM_TEMPLATE);
    assert_eq!(invoke(input.clone()).await.unwrap_err()["field"], "touser");
    input["openid"] = bob.clone().into();
    assert_eq!(invoke(input.clone()).await.unwrap()["sent"], true);
    input["touser"] = alice.into();
    assert_eq!(invoke(input).await.unwrap_err()["field"], "touser");
    assert_eq!(invoke(to("o-nobody")).await.unwrap_err()["errcode"], 40003);
}

#[tokio::test]
async fn bad_input_is_named_and_reaches_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let with = |name: &str, value: Value| {
        let mut input = order(LONG_TERM_TEMPLATE);
        input[name] = value;
        input
    };
    let data = |key: &str, value: Value| {
        let mut input = order(LONG_TERM_TEMPLATE);
        input["data"][key] = value;
        input
    };
    for (input, field) in [
        (json!({ "template_id": "x" }), "data"),
        (with("template_id", json!("")), "template_id"),
        (with("template_id", json!("a b")), "template_id"),
        (with("page", json!("x".repeat(1025))), "page"),
        (with("miniprogram_state", json!("release")), "miniprogram_state"),
        (with("lang", json!("zh")), "lang"),
        (with("data", json!({})), "data"),
        (with("data", json!("x")), "data"),
        (data("thing6", json!("text")), "data.thing6"),
        (data("thing6", json!({ "value": "中".repeat(21) })), "data.thing6.value"),
        (data("thing6", json!({ "value": "" })), "data.thing6.value"),
        (data("thing6", json!({ "value": true })), "data.thing6.value"),
        (data("thing6", json!({})), "data.thing6.value"),
        (data("thing6", json!({ "value": "a", "colour": "b" })), "data.thing6.colour"),
        (data("character_string1", json!({ "value": "单号" })), "data.character_string1.value"),
        (data("a b", json!({ "value": "x" })), "data.a?b"),
    ] {
        let answer = bundle.post_as(Some(&session), PATH, input.clone()).await;
        let problem = answer.problem(400, "invalid-input");
        assert_eq!(problem["field"], field, "{input} {problem}");
    }
    let state = bundle.post_as(Some(&session), PATH, with("miniprogram_state", json!("x"))).await;
    for name in ["developer", "trial", "formal"] {
        assert!(state.json()["detail"].as_str().unwrap().contains(name), "{}", state.json());
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
}

#[tokio::test]
async fn the_edges_are_accepted() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let mut input = order(LONG_TERM_TEMPLATE);
    input["data"]["thing6"] = json!({ "value": "😀".repeat(20) });
    input["data"]["character_string1"] = json!({ "value": 12 });
    input["lang"] = "zh_TW".into();
    input["miniprogram_state"] = "developer".into();
    input["page"] = "".into();
    let answer = bundle.post_as(Some(&session), PATH, input).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let journal = bundle.wechat().journal();
    let body: Value = serde_json::from_str(&journal.last().unwrap().body).unwrap();
    assert_eq!(body["data"]["character_string1"]["value"], "12");
    assert_eq!(body.get("page"), None);
}

#[tokio::test]
async fn refusals_are_documented_problems_and_nothing_is_sent_twice() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let ask = async || bundle.post_as(Some(&session), PATH, order(LONG_TERM_TEMPLATE)).await;
    // The simulator names the key as WeChat does.
    let mut incomplete = order(LONG_TERM_TEMPLATE);
    incomplete["data"].as_object_mut().unwrap().remove("thing8");
    let answer = bundle.post_as(Some(&session), PATH, incomplete).await;
    let problem = answer.problem(400, "invalid-input");
    assert_eq!(
        (&problem["errcode"], &problem["field"]),
        (&json!(47003), &json!("data.thing8.value"))
    );
    for effect in [
        Effect::DropAfter,
        Effect::Truncated,
        Effect::Status { status: 502, body: String::new() },
        Effect::Errcode { code: -1, errmsg: "system error".to_owned() },
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(UPSTREAM, effect));
        assert!(ask().await.status >= 500);
        assert_eq!(bundle.calls(UPSTREAM), 1);
    }
    bundle
        .refusals(
            UPSTREAM,
            ask,
            &[
                (-1, 503, "wechat-busy", None),
                (40003, 400, "invalid-input", Some("touser")),
                (40037, 400, "invalid-input", Some("template_id")),
                (41030, 400, "invalid-input", Some("page")),
                (43101, 409, "receiver-state", None),
                (43107, 403, "account-not-permitted", None),
                (43108, 409, "receiver-state", None),
                (45168, 400, "invalid-input", Some("data")),
                (47003, 400, "invalid-input", Some("data")),
                (45009, 429, "quota-exceeded", None),
            ],
        )
        .await;
}
