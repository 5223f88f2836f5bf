//! One-time subscription messages.

use http::Request;
use serde_json::{Value, json};
use simulator::{Effect, Fault, User};

use crate::{Bundle, MINI, MOBILE, OFFICIAL, WEBSITE};

const SEND: &str = "/cgi-bin/message/template/subscribe";

fn message(bundle: &Bundle, appid: &str, name: &str) -> Value {
    json!({
        "appid": appid,
        "touser": User::new(name).openid(appid),
        "template_id": bundle.wechat().one_time_template(appid),
        "scene": 7,
        "title": "预约成功 🌸",
        "data": { "content": { "value": "您预约的号 👩‍⚕️ 已放出", "color": "#FF0000" } },
    })
}

#[tokio::test]
async fn a_confirmed_message_is_sent_once() {
    let bundle = Bundle::start().await;
    for appid in [OFFICIAL, MOBILE] {
        bundle.wechat().confirm_once(appid, &User::new("bob"), 7);
        let mut input = message(&bundle, appid, "bob");
        input["url"] = "https://h5.example.com/a?b=1".into();
        input["miniprogram"] = json!({ "appid": MINI, "pagepath": "pages/a?b=1" });

        let answer = bundle.invoke("templatemessage-subscribe", input.clone()).await;
        assert_eq!(answer, Ok(json!({ "sent": true })));

        let call = bundle.wechat().journal().into_iter().rfind(|call| call.path == SEND).unwrap();
        let sent: Value = serde_json::from_str(&call.body).unwrap();
        let mut expected = input.clone();
        expected.as_object_mut().unwrap().remove("appid");
        expected["scene"] = "7".into();
        assert_eq!((call.method.as_str(), sent), ("POST", expected));
        assert!(call.body.contains("🌸") && !call.body.contains("\\u"), "raw UTF-8");
        assert!(call.query.starts_with("access_token=") && !call.query.contains('&'));

        let problem = bundle.invoke("templatemessage-subscribe", input).await.unwrap_err();
        assert_eq!(
            (&problem["type"], &problem["errcode"]),
            (&json!("receiver-state"), &json!(43101))
        );
    }
}

#[tokio::test]
async fn the_page_leads_to_a_message() {
    let bundle = Bundle::start().await;
    let template = bundle.wechat().one_time_template(OFFICIAL);
    let query = format!(
        "scene=42&templateId={template}&redirect_url=https%3A%2F%2Fh5.example.com%2Fdone%3Fa%3D1"
    );
    let page = bundle.get(&format!("/app/subscribeMsg?{query}")).await.json();
    let url = page["url"].as_str().unwrap();
    let url = url.replace("https://mp.weixin.qq.com", &bundle.stack.wechat_url);
    let url = url.strip_suffix("#wechat_redirect").unwrap();

    let back = bundle.send(Request::get(url).body(String::new()).unwrap()).await;

    let location = back.header("location");
    let reserved = page["params"]["reserved"].as_str().unwrap();
    assert!(location.starts_with("https://h5.example.com/done?a=1&openid="), "{location}");
    assert!(
        location.ends_with(&format!("&action=confirm&scene=42&reserved={reserved}")),
        "{location}"
    );
    let mut input = message(&bundle, OFFICIAL, "alice");
    input["scene"] = "42".into();
    assert!(bundle.invoke("templatemessage-subscribe", input).await.is_ok());
}

#[tokio::test]
async fn every_refusal_is_a_problem_and_nothing_is_sent_twice() {
    let bundle = Bundle::start().await;
    bundle.wechat().fault(Fault::on(SEND, Effect::DropAfter));
    let input = message(&bundle, OFFICIAL, "bob");
    let problem = bundle.invoke("templatemessage-subscribe", input).await.unwrap_err();
    assert_eq!((&problem["type"], bundle.calls(SEND)), (&json!("wechat-unreachable"), 1));
    for (code, slug, field) in [
        (-1, "wechat-busy", None),
        (40003, "invalid-input", Some("touser")),
        (40036, "invalid-input", Some("template_id")),
        (40037, "invalid-input", Some("template_id")),
        (40165, "invalid-input", Some("miniprogram.pagepath")),
        (40166, "invalid-input", Some("miniprogram.appid")),
        (43101, "receiver-state", None),
        (45002, "invalid-input", Some("data.content.value")),
        (45003, "invalid-input", Some("title")),
        (45014, "invalid-input", Some("data")),
        (45051, "invalid-input", Some("url")),
        (47001, "internal", None),
        (48001, "account-not-permitted", None),
        (45009, "quota-exceeded", None),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        let effect = Effect::Errcode { code, errmsg: "as told".to_owned() };
        bundle.wechat().fault(Fault::on(SEND, effect));
        let input = message(&bundle, OFFICIAL, "bob");
        let problem = bundle.invoke("templatemessage-subscribe", input).await.unwrap_err();
        assert_eq!(
            (problem["type"].as_str(), problem["field"].as_str(), &problem["errcode"]),
            (Some(slug), field, &json!(code))
        );
        assert_eq!(bundle.calls(SEND), 1, "{code}");
    }
}

#[tokio::test]
async fn bad_input_names_the_field_and_reaches_nobody() {
    let bundle = Bundle::start().await;
    let content = |value: String| json!({ "content": { "value": value } });
    for (name, value, field) in [
        ("touser", json!(""), "touser"),
        ("touser", json!("o b"), "touser"),
        ("template_id", json!(""), "template_id"),
        ("template_id", json!("x".repeat(1025)), "template_id"),
        ("scene", json!(10_001), "scene"),
        ("scene", json!(-1), "scene"),
        ("scene", json!("home"), "scene"),
        ("title", json!("字".repeat(16)), "title"),
        ("title", json!(" "), "title"),
        ("data", content("🌸".repeat(201)), "data.content.value"),
        ("data", content(String::new()), "data.content.value"),
        ("data", json!({ "text": { "value": "x" } }), "data.text"),
        ("data", json!({ "content": { "value": "x", "color": "red" } }), "data.content.color"),
        ("url", json!("weixin://dl"), "url"),
        ("miniprogram", json!({ "appid": "wx1" }), "miniprogram.pagepath"),
        ("miniprogram", json!({ "appid": "", "pagepath": "a" }), "miniprogram.appid"),
        ("topcolor", json!("#FF0000"), "topcolor"),
    ] {
        let mut input = message(&bundle, OFFICIAL, "bob");
        input[name] = value;
        let problem = bundle.invoke("templatemessage-subscribe", input).await.unwrap_err();
        assert_eq!(
            (problem["type"].as_str(), problem["field"].as_str()),
            (Some("invalid-input"), Some(field)),
            "{problem}"
        );
    }
    let mut input = message(&bundle, OFFICIAL, "bob");
    input["appid"] = WEBSITE.into();
    let problem = bundle.invoke("templatemessage-subscribe", input).await.unwrap_err();
    assert_eq!(problem["type"], "unknown-app");
    assert_eq!(bundle.calls(SEND), 0);

    // At the edge of every limit.
    bundle.wechat().confirm_once(OFFICIAL, &User::new("bob"), 10_000);
    let mut input = message(&bundle, OFFICIAL, "bob");
    input["scene"] = 10_000.into();
    input["title"] = "字".repeat(15).into();
    input["data"] = content("🌸".repeat(200));
    assert!(bundle.invoke("templatemessage-subscribe", input).await.is_ok());
}
