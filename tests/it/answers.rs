//! WeChat's answers and callers' inputs as they really come: odd members, spellings, encodings.

use http::Request;
use serde_json::{Value, json};
use simulator::{Effect, Fault, HISTORY_TEMPLATE, LONG_TERM_TEMPLATE, User};

use crate::{Answer, Bundle, MINI, NOON, OFFICIAL};

impl Bundle {
    /// Has WeChat answer with this JSON at a path.
    fn answer_with(&self, path: &str, answer: Value) {
        self.wechat().clear_faults();
        self.wechat()
            .fault(Fault::on(path, Effect::Status { status: 200, body: answer.to_string() }));
    }

    /// Posts a body as it is.
    async fn post_text(&self, token: &str, path: &str, body: &str) -> Answer {
        let request = Request::post(format!("{}{path}", self.stack.url))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        self.send(request.body(body.to_owned()).unwrap()).await
    }
}

#[tokio::test]
async fn a_canceled_invoice_is_read_and_does_not_take_its_batch_along() {
    let bundle = Bundle::start().await;
    let key =
        json!({ "card_id": "pjZ8YtinvoiceAlice", "encrypt_code": "aW52b2ljZS1vZi1hbGljZQ==" });
    let canceled = json!({
        "card_id": "p1", "openid": null, "begin_time": 1.5,
        "user_info": { "fee": "12.5", "tax": null, "reimburse_status": "INVOICE_REIMBURSE_CANCEL" },
    });
    let answer = json!({
        "errcode": 0, "errmsg": "ok",
        "item_list": [canceled, null, { "card_id": "p2", "user_info": null, "odd": [1] }],
    });
    bundle.answer_with("/card/invoice/reimburse/getinvoicebatch", answer);

    let input = json!({ "item_list": [key, key, key] });
    let batch = bundle.invoke("invoice-getinvoicebatch", input).await.unwrap();

    let content = json!({ "reimburse_status": "INVOICE_REIMBURSE_CANCEL" });
    assert_eq!(batch["item_list"][0], json!({ "card_id": "p1", "user_info": content }));
    assert_eq!(batch["item_list"][1], json!({ "user_info": {} }));
    assert_eq!(batch["item_list"][2], json!({ "card_id": "p2", "user_info": {} }));
}

#[tokio::test]
async fn an_encrypted_code_whose_plus_became_a_space_finds_its_invoice() {
    let bundle = Bundle::start().await;
    bundle.wechat().put_invoice("a+b/c==", "p-1", simulator::InvoiceState::Usable);
    for code in ["a b/c==", "a%2Bb%2Fc%3D%3D"] {
        let input = json!({ "card_id": "p-1", "encrypt_code": code });
        assert!(bundle.invoke("invoice-getinvoiceinfo", input).await.is_ok(), "{code}");
    }
}

#[tokio::test]
async fn a_template_message_answered_without_msgid_is_sent() {
    let bundle = Bundle::start().await;
    let message = json!({
        "touser": User::new("alice").openid(OFFICIAL), "template_id": HISTORY_TEMPLATE,
        "data": { "first": { "value": "a" } },
    });
    let path = "/cgi-bin/message/template/send";
    for msgid in [Value::Null, json!([1])] {
        bundle.answer_with(path, json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid }));
        let sent = bundle.invoke("h5-templatemessage-send", message.clone()).await;
        assert_eq!(sent, Ok(json!({ "sent": true })));
    }
    bundle.answer_with(path, json!({ "msgid": 1 }));
    let problem = bundle.invoke("h5-templatemessage-send", message).await.unwrap_err();
    assert_eq!(problem["type"], "wechat-unreachable", "success is proven by errcode 0");
}

#[tokio::test]
async fn codes_that_occur_at_a_template_send_say_what_to_do() {
    let bundle = Bundle::start().await;
    let message = json!({
        "touser": User::new("alice").openid(OFFICIAL), "template_id": HISTORY_TEMPLATE,
        "data": { "first": { "value": "a" } }, "client_msg_id": "order-42",
    });
    let refused = async |code: i64| {
        bundle.wechat().clear_faults();
        let effect = Effect::Errcode { code, errmsg: "no".to_owned() };
        bundle.wechat().fault(Fault::on("/cgi-bin/message/template/send", effect));
        bundle.invoke("h5-templatemessage-send", message.clone()).await.unwrap_err()
    };

    let often = refused(43117).await;
    assert_eq!((&often["status"], &often["retry_after"]), (&json!(429), &json!(300)));
    let twice = refused(45067).await;
    assert_eq!((&twice["status"], &twice["field"]), (&json!(400), &json!("client_msg_id")));
}

#[tokio::test]
async fn what_is_used_up_for_good_has_no_retry_after() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, upstream, code, input) in [
        ("/wxacode/get", "/wxa/getwxacode", 45029, json!({ "path": "a" })),
        (
            "/shortlink/generate",
            "/wxa/genwxashortlink",
            85400,
            json!({ "page_url": "a", "is_permanent": true }),
        ),
    ] {
        let effect = Effect::Errcode { code, errmsg: "no".to_owned() };
        bundle.wechat().fault(Fault::on(upstream, effect));
        let answer = bundle.post_as(Some(&session), path, input).await;
        answer.problem(403, "account-not-permitted");
        assert_eq!(answer.header("retry-after"), "");
    }
}

#[tokio::test]
async fn odd_members_of_an_answer_do_not_fail_a_call() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let text = json!({ "content": "a" });
    bundle.answer_with(
        "/wxa/msg_sec_check",
        json!({
            "errcode": 0, "trace_id": null, "result": { "suggest": "pass", "label": "x" },
            "detail": [{ "strategy": "new", "suggest": "maybe", "level": null, "prob": "1" }, 7],
        }),
    );
    let verdict = bundle.post_as(Some(&session), "/security/msgSecCheck", text).await;
    assert_eq!(verdict.status, 200, "{verdict:?}");
    assert_eq!(verdict.json(), json!({ "suggest": "pass", "detail": [{ "strategy": "new" }] }));

    bundle.answer_with(
        "/wxa/business/getliveinfo",
        json!({
            "errcode": 0, "total": "1", "room_info": [
                { "roomid": 1, "name": null, "live_status": 101.0, "goods": null, "new": {} }, null,
            ],
        }),
    );
    let rooms = bundle.post_as(Some(&session), "/livebroadcast/getLiveInfo", json!({})).await;
    let rooms = rooms.json();
    assert_eq!((&rooms["total"], &rooms["room_info"][0]["live_status"]), (&json!(1), &json!(101)));
    bundle.answer_with(
        "/wxa/business/getliveinfo",
        json!({ "errcode": 0, "errmsg": "ok", "live_replay": null }),
    );
    let none = bundle.post_as(Some(&session), "/livebroadcast/getReplay", json!({ "room_id": 1 }));
    let none = none.await;
    assert_eq!((none.status, none.json()), (200, json!({ "total": 0, "live_replay": [] })));
}

#[tokio::test]
async fn a_profile_with_odd_members_is_read() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(OFFICIAL, "alice").await;
    let openid = User::new("alice").openid(OFFICIAL);
    bundle.answer_with(
        "/sns/userinfo",
        json!({ "openid": openid, "nickname": "a", "sex": "1", "privilege": null, "unionid": "" }),
    );
    let profile = bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({})).await.json();
    assert_eq!((&profile["sex"], &profile["privilege"]), (&json!(1), &json!([])), "{profile}");
    assert_eq!(profile.get("unionid"), None);
}

#[tokio::test]
async fn message_data_keeps_the_digits_of_numbers_beyond_64_bits() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().subscribe(MINI, &User::new("alice"), LONG_TERM_TEMPLATE, 1);
    bundle.wechat().clear_journal();
    let digits = "4200000000000000000000000001";
    let body = format!(
        r#"{{"template_id":"{LONG_TERM_TEMPLATE}","data":{{"character_string1":{{"value":{digits}}},"name2":{{"value":"中通快递"}},"character_string3":{{"value":"a"}},"thing6":{{"value":"a"}},"thing8":{{"value":"b"}}}}}}"#
    );

    let answer = bundle.post_text(&session, "/subscribeMessage/send", &body).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let sent: Value = serde_json::from_str(&bundle.wechat().journal()[0].body).unwrap();
    assert_eq!(sent["data"]["character_string1"]["value"], digits);
}

#[tokio::test]
async fn a_body_with_half_a_character_is_named_as_such() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let path = "/security/msgSecCheck";

    let halved = bundle.post_text(&session, path, r#"{"content":"\ud83d"}"#).await;
    let problem = halved.problem(400, "malformed-body");
    assert!(problem["detail"].as_str().unwrap().contains("cut in two"), "{problem}");
    let marked =
        bundle.post_text(&session, path, "\u{feff}{\"content\":\"a\",\"version\":2}").await;
    assert_eq!(marked.status, 200, "{marked:?}");
}

#[tokio::test]
async fn a_back_end_that_asks_again_within_seconds_gets_past_the_copy() {
    let bundle = Bundle::start().await;
    let ask = async |input: Value| {
        let answer = bundle.invoke("auth-getaccesstoken", input).await.unwrap();
        answer["version"].as_u64().unwrap()
    };
    let renew = async || {
        let demand = json!({ "appid": MINI, "kind": "access_token", "refresh": "force" });
        bundle.invoke("refresh-credentials", demand).await.unwrap();
    };
    assert_eq!(ask(json!({})).await, 1);
    renew().await;
    // Within seconds of the last answer, because WeChat refused it.
    assert_eq!(ask(json!({})).await, 2);
    bundle.advance(60);
    renew().await;
    assert_eq!(ask(json!({})).await, 2, "a copy is good for four minutes");
    bundle.advance(60);
    assert_eq!(ask(json!({ "cache": false })).await, 3);
}

#[tokio::test]
async fn a_ticket_is_never_told_to_live_longer_than_wechat_said() {
    let bundle = Bundle::start().await;
    let ask = || bundle.invoke("auth-getticket", json!({ "type": "jsapi" }));
    assert_eq!(ask().await.unwrap()["expires_in"], 7200);
    bundle.advance(7199);
    assert_eq!(ask().await.unwrap()["expires_in"], 1);
    bundle.advance(1);
    let problem = ask().await.unwrap_err();
    assert_eq!((&problem["status"], &problem["retry_after"]), (&json!(503), &json!(3)));
}

#[tokio::test]
async fn a_link_to_cloud_hosting_is_made() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let cloud_base = json!({
        "env": "prod-1a2b", "domain": "www.example.com", "path": "/jump-wxa.html", "query": "a=1",
    });

    let input = json!({ "cloud_base": cloud_base, "expire_interval": 1 });
    let answer = bundle.post_as(Some(&session), "/urllink/generate", input).await;

    assert_eq!((answer.status, &answer.json()["expire_time"]), (200, &json!(NOON + 86_400)));
    let sent: Value = serde_json::from_str(&bundle.wechat().journal()[0].body).unwrap();
    assert_eq!(sent["cloud_base"], cloud_base);
}

#[tokio::test]
async fn a_short_links_page_loses_the_slash_that_wechat_refuses() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for input in [
        json!({ "page_url": "/pages/index/index?a=1" }),
        json!({ "jump_wxa": { "path": "/pages/index/index", "query": "a=1" } }),
    ] {
        bundle.wechat().clear_journal();
        let answer = bundle.post_as(Some(&session), "/shortlink/generate", input).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let sent: Value = serde_json::from_str(&bundle.wechat().journal()[0].body).unwrap();
        assert_eq!(sent["page_url"], "pages/index/index?a=1");
    }
}

#[tokio::test]
async fn a_plus_in_a_codes_path_comes_out_the_same_however_a_gateway_delivers_it() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for plus in ["+", "%2B", "%20"] {
        bundle.wechat().clear_journal();
        let query = format!("path=pages/index/index%3Fa%3D1{plus}2&session_token={session}");
        assert_eq!(bundle.get(&format!("/wxacode/get?{query}")).await.status, 200);
        let sent: Value = serde_json::from_str(&bundle.wechat().journal()[0].body).unwrap();
        assert_eq!(sent["path"], "pages/index/index?a=1+2", "{plus}");
    }
}

#[tokio::test]
async fn the_use_of_a_quota_for_life_is_passed_on() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for used in ["1", "2"] {
        let answer = bundle.post_as(Some(&session), "/wxacode/get", json!({ "path": "a" })).await;
        assert_eq!((answer.status, answer.header("num-used")), (200, used));
    }
    assert!(bundle.log().contains("\"QuotaLeft\":99998"));
}
