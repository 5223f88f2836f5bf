//! Template messages of the official account.

use serde_json::{Value, json};
use simulator::{CATEGORY_TEMPLATE, Effect, Fault, HISTORY_TEMPLATE, User};

use crate::{Bundle, MINI, OFFICIAL};

const FUNCTION: &str = "h5-templatemessage-send";
const UPSTREAM: &str = "/cgi-bin/message/template/send";

fn message(template_id: &str, data: Value) -> Value {
    json!({
        "touser": User::new("alice").openid(OFFICIAL), "template_id": template_id, "data": data,
    })
}

fn order() -> Value {
    let data = json!({
        "first": { "value": "您购买的订单已经发货啦😀", "color": "#173177" },
        "keyword1": { "value": "D201803111235825", "color": "#173177" },
        "remark": { "value": "欢迎\n再次购买!" },
    });
    let mut order = message(HISTORY_TEMPLATE, data);
    order["url"] = "https://www.baidu.com".into();
    order["miniprogram"] = json!({ "appid": MINI, "pagepath": "pages/order/order?id=aaa" });
    order
}

#[tokio::test]
async fn a_message_as_the_seed_sends_it() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();

    let answer = bundle.invoke(FUNCTION, order()).await;

    assert_eq!(answer, Ok(json!({ "sent": true, "msgid": "4674045479742390277" })));
    let mut request = order();
    for entry in request["data"].as_object_mut().unwrap().values_mut() {
        entry.as_object_mut().unwrap().remove("color");
    }
    bundle.only_call("POST", UPSTREAM, &request);
    assert!(bundle.wechat().journal()[0].body.contains("发货啦😀"), "raw UTF-8");
}

#[tokio::test]
async fn an_id_of_ones_own_keeps_a_message_from_going_out_twice() {
    let bundle = Bundle::start().await;
    let mut input = order();
    input["client_msg_id"] = "order-42".into();
    let first = bundle.invoke(FUNCTION, input.clone()).await.unwrap();
    assert_eq!(bundle.invoke(FUNCTION, input).await.unwrap(), first);
    assert_ne!(bundle.invoke(FUNCTION, order()).await.unwrap(), first);
}

#[tokio::test]
async fn it_is_for_services_only() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.post("/h5/templateMessage/send", order()).await.problem(401, "unauthenticated");
    let answer = bundle.post_as(Some(&session), "/h5/templateMessage/send", order()).await;
    answer.problem(403, "forbidden");
    assert_eq!(bundle.calls(UPSTREAM), 0);
}

#[tokio::test]
async fn bad_input_is_named_and_reaches_nobody() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    let with = |name: &str, value: Value| {
        let mut input = order();
        input[name] = value;
        input
    };
    for (input, field) in [
        (json!({}), "touser"),
        (with("touser", json!("")), "touser"),
        (with("touser", json!("o/../x")), "touser"),
        (with("toUser", json!("o")), "toUser"),
        (with("template_id", json!("")), "template_id"),
        (with("url", json!("ftp://a")), "url"),
        (with("url", json!(format!("https://a/{}", "x".repeat(2039)))), "url"),
        (with("miniprogram", json!({ "appid": "1" })), "miniprogram.appid"),
        (with("miniprogram", json!({ "pagepath": "a" })), "miniprogram.appid"),
        (
            with("miniprogram", json!({ "appid": MINI, "pagepath": "x".repeat(1025) })),
            "miniprogram.pagepath",
        ),
        (with("client_msg_id", json!("")), "client_msg_id"),
        (with("client_msg_id", json!("x".repeat(65))), "client_msg_id"),
        (with("data", json!({})), "data"),
        (with("data", json!({ "thing1": { "value": "x".repeat(21) } })), "data.thing1.value"),
        (with("data", json!({ "time2": { "value": "今天" } })), "data.time2.value"),
        (with("openid", json!("o")), "openid"),
    ] {
        let problem = bundle.invoke(FUNCTION, input.clone()).await.unwrap_err();
        assert_eq!(
            (&problem["type"], &problem["field"]),
            (&json!("invalid-input"), &json!(field)),
            "{problem}"
        );
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
    let edge = with("url", json!(format!("https://a/{}", "x".repeat(2038))));
    assert!(bundle.invoke(FUNCTION, edge).await.is_ok());
}

#[tokio::test]
async fn typed_values_reach_wechat() {
    let bundle = Bundle::start().await;
    let data = json!({
        "thing1": { "value": "中".repeat(20) }, "time2": { "value": "2026年11月20日 12:00" },
        "amount3": { "value": "￥1234567890" },
    });
    assert!(bundle.invoke(FUNCTION, message(CATEGORY_TEMPLATE, data.clone())).await.is_ok());
    let mut missing = data;
    missing.as_object_mut().unwrap().remove("amount3");
    let problem = bundle.invoke(FUNCTION, message(CATEGORY_TEMPLATE, missing)).await.unwrap_err();
    assert_eq!(
        (&problem["errcode"], &problem["field"]),
        (&json!(47003), &json!("data.amount3.value"))
    );
}

#[tokio::test]
async fn refusals_are_documented_problems_and_nothing_is_sent_twice() {
    let bundle = Bundle::start().await;
    let busy = Effect::Errcode { code: -1, errmsg: "system error".to_owned() };
    for effect in [Effect::DropAfter, busy] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(UPSTREAM, effect));
        bundle.invoke(FUNCTION, order()).await.unwrap_err();
        assert_eq!(bundle.calls(UPSTREAM), 1);
    }
    for (code, kind, field) in [
        (-1, "wechat-busy", None),
        (40003, "invalid-input", Some("touser")),
        (40013, "invalid-input", Some("miniprogram.appid")),
        (40036, "invalid-input", Some("template_id")),
        (40037, "invalid-input", Some("template_id")),
        (40165, "invalid-input", Some("miniprogram.pagepath")),
        (40166, "invalid-input", Some("miniprogram.appid")),
        (43004, "receiver-state", None),
        (43019, "receiver-state", None),
        (43101, "receiver-state", None),
        (43106, "account-not-permitted", None),
        (43107, "account-not-permitted", None),
        (45014, "invalid-input", Some("data")),
        (45051, "invalid-input", Some("url")),
        (45103, "account-not-permitted", None),
        (45109, "account-not-permitted", None),
        (47001, "internal", None),
        (47003, "invalid-input", Some("data")),
        (48001, "account-not-permitted", None),
        (50005, "receiver-state", None),
        (45009, "quota-exceeded", None),
    ] {
        bundle.wechat().clear_faults();
        let effect = Effect::Errcode { code, errmsg: "refused".to_owned() };
        bundle.wechat().fault(Fault::on(UPSTREAM, effect));
        let problem = bundle.invoke(FUNCTION, order()).await.unwrap_err();
        assert_eq!((&problem["type"], problem["field"].as_str()), (&json!(kind), field), "{code}");
        assert_eq!(problem["errcode"], code);
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_costs_no_call_until_it_begins_again_or_is_cleared() {
    let bundle = Bundle::start().await;
    let used_up = Effect::Errcode { code: 45009, errmsg: "reach max api daily quota".to_owned() };
    bundle.wechat().fault(Fault::on(UPSTREAM, used_up).times(1));

    for _ in 0..3 {
        let refused = bundle.invoke(FUNCTION, order()).await.unwrap_err();
        assert_eq!(
            (&refused["errcode"], &refused["retry_after"]),
            (&json!(45009), &json!(12 * 3600))
        );
    }
    assert_eq!(bundle.calls(UPSTREAM), 1);

    // The operator has it cleared at WeChat.
    bundle.advance(300);
    bundle.invoke(FUNCTION, order()).await.unwrap();
    bundle.invoke(FUNCTION, order()).await.unwrap();
}
