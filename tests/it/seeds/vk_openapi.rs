//! `vk.openapi.weixin.*` of the vk framework for uniCloud: calls of a back end.

use serde_json::{Value, json};
use simulator::{HISTORY_TEMPLATE, ONE_TIME_TEMPLATE, User};

use crate::{Bundle, MINI, NOON, OFFICIAL};

/// The lines of `warnings`, each as the name of its input.
fn ignored(answer: &Value) -> Vec<&str> {
    let lines = answer["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.iter().map(|line| line.as_str().unwrap().split(':').next().unwrap()).collect()
}

#[tokio::test]
async fn get_access_token() {
    let bundle = Bundle::start().await;

    let token = bundle.invoke("auth-getaccesstoken", json!({})).await.unwrap();
    assert_eq!(token["access_token"], bundle.wechat().access_token(MINI).unwrap());
    assert_eq!(token.get("warnings"), None);

    let input = json!({ "appid": MINI, "appsecret": "a354f72a", "cache": true });
    let documented = bundle.invoke("auth-getaccesstoken", input).await.unwrap();
    assert_eq!(documented["access_token"], token["access_token"]);
    assert_eq!(ignored(&documented), ["appsecret"]);
    assert!(!bundle.log().contains("a354f72a"), "the secret");

    for cache in [json!(false), json!("false")] {
        let reads = || bundle.log().matches("\"table_reads\":1").count();
        let before = reads();
        let fresh = bundle.invoke("auth-getaccesstoken", json!({ "cache": cache })).await.unwrap();
        assert_eq!(fresh["access_token"], token["access_token"]);
        assert_eq!(reads(), before + 1, "the copy was not read past");
    }
    let problem = bundle.invoke("auth-getaccesstoken", json!({ "cache": 1 })).await.unwrap_err();
    assert_eq!(problem["field"], "cache");
}

#[tokio::test]
async fn code2_session() {
    let bundle = Bundle::start().await;
    let input = json!({ "js_code": bundle.code("alice") });
    let answer = bundle.invoke("auth-code2session", input).await.unwrap();
    assert_eq!(answer["openid"], User::new("alice").openid(MINI));
    assert_eq!(answer.get("session_key"), None);

    // Its callers decrypt by themselves, and ask for the key; the same code gives the same key.
    let input = json!({
        "appid": MINI, "appsecret": "a354f72a", "js_code": bundle.code("alice"),
        "expose_session_key": true,
    });
    for _ in 0..2 {
        let answer = bundle.invoke("auth-code2session", input.clone()).await.unwrap();
        let key = bundle.wechat().session_key(MINI, &User::new("alice")).unwrap();
        assert_eq!(answer["session_key"], key);
        assert_eq!(ignored(&answer), ["appsecret"]);
    }
    let input = json!({ "js_code": bundle.code("alice"), "expose_session_key": true });
    let problem = bundle.post("/auth/code2Session", input).await.problem(403, "forbidden");
    assert_eq!(problem["field"], "expose_session_key");
}

#[tokio::test]
async fn decrypt_get_phone_number() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    bundle.log_in("alice").await;
    let phone = json!({
        "phoneNumber": "13800138000", "purePhoneNumber": "13800138000", "countryCode": "86",
    });
    let sealed = bundle.wechat().seal(MINI, &alice, &phone).unwrap();
    let key = bundle.wechat().session_key(MINI, &alice).unwrap();
    let input = json!({
        "encryptedData": sealed.encrypted_data, "iv": sealed.iv, "sessionKey": key,
    });

    let answer = bundle.invoke("decrypt-getphonenumber", input.clone()).await.unwrap();
    assert_eq!(answer["phoneNumber"], "13800138000");

    let mut named = input;
    named["appId"] = MINI.into();
    let answer = bundle.invoke("decrypt-getphonenumber", named.clone()).await.unwrap();
    assert_eq!((&answer["watermark"]["timestamp"], answer.get("warnings")), (&json!(NOON), None));
    named["appId"] = OFFICIAL.into();
    let problem = bundle.invoke("decrypt-getphonenumber", named).await.unwrap_err();
    assert_eq!(problem["type"], "unknown-app");
}

#[tokio::test]
async fn wxacode_get_unlimited() {
    let bundle = Bundle::start().await;
    let input = json!({ "scene": "", "page": "" });
    let problem = bundle.invoke("wxacode-getunlimited", input).await.unwrap_err();
    assert_eq!((&problem["field"], &problem["errcode"]), (&json!("scene"), &json!(40169)));

    // An empty page is the first one. The answer is bytes, so the log tells what was ignored.
    bundle.wechat().clear_journal();
    let input = json!({ "scene": "id=1", "page": "", "access_token": "TOKEN-OF-A-CALLER" });
    let answer = bundle.invoke("wxacode-getunlimited", input).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(200), &json!(true)));
    bundle.only_call("POST", "/wxa/getwxacodeunlimit", &json!({ "scene": "id=1" }));
    let log = bundle.log();
    assert_eq!(log.matches("access_token: ignored").count(), 1, "{log}");
    assert!(!log.contains("TOKEN-OF-A-CALLER"));

    // Every other name is still refused.
    let input = json!({ "scene": "id=1", "appsecret": "x" });
    let problem = bundle.invoke("wxacode-getunlimited", input).await.unwrap_err();
    assert_eq!(problem["field"], "appsecret");
    let input = json!({ "scene": "id=1", "page": "/pages/index/index" });
    let problem = bundle.invoke("wxacode-getunlimited", input).await.unwrap_err();
    assert_eq!((&problem["field"], &problem["errcode"]), (&json!("page"), &json!(41030)));
}

#[tokio::test]
async fn urlscheme_generate() {
    let bundle = Bundle::start().await;
    let input = json!({
        "jump_wxa": { "path": "pages/index/index", "query": "id=1" },
        "is_expire": true,
        "expire_time": 3600 * 24 * 30,
    });
    let answer = bundle.invoke("urlscheme-generate", input.clone()).await.unwrap();
    assert!(answer["openlink"].as_str().unwrap().starts_with("weixin://"), "{answer}");

    let mut documented = input;
    documented["access_token"] = "TOKEN".into();
    let answer = bundle.invoke("urlscheme-generate", documented).await.unwrap();
    assert_eq!(ignored(&answer), ["access_token"]);
}

#[tokio::test]
async fn security_checks() {
    let bundle = Bundle::start().await;
    let content = json!({ "content": "今天天气真好" });
    let answer = bundle.invoke("security-msgseccheck", content).await.unwrap();
    assert_eq!(answer["suggest"], "pass");
    let content = json!({ "content": "今天天气真好", "access_token": "" });
    let answer = bundle.invoke("security-msgseccheck", content).await.unwrap();
    assert_eq!(ignored(&answer), ["access_token"]);

    let pixel = super::wx_plus::PIXEL;
    let answer = bundle.invoke("security-imgseccheck", json!({ "base64": pixel })).await.unwrap();
    assert_eq!(answer["suggest"], "pass");
    let image = json!({ "base64": pixel, "access_token": "TOKEN" });
    let answer = bundle.invoke("security-imgseccheck", image).await.unwrap();
    assert_eq!(ignored(&answer), ["access_token"]);
}

/// The document's subscription message.
fn order(touser: &str, template_id: &str) -> Value {
    json!({
        "touser": touser,
        "template_id": template_id,
        "page": "pages/index/index",
        "data": {
            "character_string1": { "value": "202103040830158485629163994677" },
            "name2": { "value": "中通快递" },
            "character_string3": { "value": "ZT2015215125352511" },
            "thing6": { "value": "雪花秀滋盈生人生焕颜精华露" },
            "thing8": { "value": "杭州市xxxxxxxxx号" },
        },
        "miniprogram_state": "formal",
    })
}

/// `errcode` and `code`, which this document's callers compare, and the field.
fn numbers(problem: &Value) -> (i64, i64, &str) {
    let number = |name: &str| problem[name].as_i64().unwrap_or_default();
    (number("errcode"), number("code"), problem["field"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn subscribe_message_send() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    let openid = alice.openid(MINI);
    let send = |input: Value| bundle.invoke("subscribemessage-send", input);
    bundle.wechat().clear_journal();

    let placeholder = send(order(&openid, "订阅模板ID")).await.unwrap_err();
    assert_eq!(numbers(&placeholder), (40037, 40037, "template_id"));
    let without = |name: &str| {
        let mut input = order(&openid, ONE_TIME_TEMPLATE);
        input.as_object_mut().unwrap().remove(name);
        input
    };
    let with = |name: &str, value: Value| {
        let mut input = order(&openid, ONE_TIME_TEMPLATE);
        input[name] = value;
        input
    };
    // The document's table of codes, each found before the call.
    for (input, code, field) in [
        (with("touser", json!("")), 40003, "touser"),
        (without("touser"), 40003, "touser"),
        (with("template_id", json!("")), 40037, "template_id"),
        (without("template_id"), 40037, "template_id"),
        (with("data", json!({ "thing6": { "value": "" } })), 47003, "data.thing6.value"),
        (with("data", json!({})), 47003, "data"),
        (without("data"), 47003, "data"),
        (with("page", json!("x".repeat(1025))), 41030, "page"),
    ] {
        let problem = send(input).await.unwrap_err();
        assert_eq!(numbers(&problem), (code, code, field), "{problem}");
    }
    assert_eq!(bundle.wechat().journal().len(), 0);

    // The last one of the table comes from WeChat.
    let problem = send(order(&openid, ONE_TIME_TEMPLATE)).await.unwrap_err();
    assert_eq!(numbers(&problem), (43101, 43101, ""));
    bundle.wechat().subscribe(MINI, &alice, ONE_TIME_TEMPLATE, 2);
    assert_eq!(send(order(&openid, ONE_TIME_TEMPLATE)).await.unwrap()["sent"], true);
    // Without a page the message opens none.
    bundle.wechat().clear_journal();
    assert_eq!(send(with("page", json!(""))).await.unwrap()["sent"], true);
    bundle.only_call("POST", "/cgi-bin/message/subscribe/send", &without("page"));
}

/// The document's template message, as it stands.
fn notice() -> Value {
    json!({
        "touser": "",
        "template_id": "",
        "url": "https://www.baidu.com",
        "miniprogram": { "appid": "", "pagepath": "pages/order/order?id=aaa" },
        "data": {
            "first": {
                "value": "您购买的订单已经发货啦,正快马加鞭向您飞奔而去。", "color": "#173177",
            },
            "keyword1": { "value": "D201803111235825", "color": "#173177" },
            "keyword2": { "value": "2018-03-11 19:56", "color": "#173177" },
            "keyword3": { "value": "顺丰快递", "color": "#173177" },
            "keyword4": { "value": "980456952123", "color": "#173177" },
            "keyword5": {
                "value": "王先生 135xxxxxxxx 广东省深圳市龙华区建设东路", "color": "#173177",
            },
            "remark": { "value": "欢迎再次购买!", "color": "#173177" },
        },
    })
}

#[tokio::test]
async fn template_messages() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice").openid(OFFICIAL);
    for function in ["uniformmessage-send", "h5-templatemessage-send"] {
        bundle.wechat().clear_journal();
        let placeholders = bundle.invoke(function, notice()).await.unwrap_err();
        let (errcode, code, field) = numbers(&placeholders);
        assert_eq!(errcode, code);
        assert!([(40003, "touser"), (40037, "template_id")].contains(&(errcode, field)));
        let mut input = notice();
        input["touser"] = alice.clone().into();
        let problem = bundle.invoke(function, input.clone()).await.unwrap_err();
        assert_eq!(numbers(&problem), (40037, 40037, "template_id"));
        assert_eq!(bundle.wechat().journal().len(), 0);

        // An app that is not named is not opened; the link is.
        input["template_id"] = HISTORY_TEMPLATE.into();
        let sent = bundle.invoke(function, input.clone()).await.unwrap();
        assert!(sent["msgid"].is_string(), "{sent}");
        let journal = bundle.wechat().journal();
        let request: Value = serde_json::from_str(&journal[0].body).unwrap();
        assert_eq!(request["url"], "https://www.baidu.com");
        assert_eq!(request.get("miniprogram"), None);
        assert_eq!(request["data"]["keyword3"], json!({ "value": "顺丰快递" }));

        input["miniprogram"]["appid"] = MINI.into();
        bundle.wechat().clear_journal();
        bundle.invoke(function, input).await.unwrap();
        let request: Value = serde_json::from_str(&bundle.wechat().journal()[0].body).unwrap();
        assert_eq!(request["miniprogram"]["pagepath"], "pages/order/order?id=aaa");
    }
}

#[tokio::test]
async fn livebroadcast_get_live_info() {
    let bundle = Bundle::start().await;
    bundle.wechat().open_rooms(MINI, &["a"]);
    let input = json!({ "pageIndex": 1, "pageSize": 100 });
    let answer = bundle.invoke("livebroadcast-getliveinfo", input).await.unwrap();
    assert_eq!((&answer["total"], &answer["room_info"][0]["name"]), (&json!(1), &json!("a")));
}
