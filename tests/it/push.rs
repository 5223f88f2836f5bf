//! Messages in: from WeChat's push to a consumer, and answers out.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::{Value, json};
use shared::invoke::Outcome;
use simulator::{Act, Format, PushMode, User};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::{
    Bundle, MINI, OFFICIAL,
    table_trouble::{Trouble, Troubled},
};

fn text() -> Value {
    let alice = User::new("alice").openid(MINI);
    json!({ "FromUserName": alice, "CreateTime": 1_795_147_200, "Content": "你好 😀",
        "MsgId": 24_123_456_789_012_345_u64 })
}

/// A consumer that refuses its first event once, and shows what it got.
async fn consumer() -> (String, mpsc::UnboundedReceiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (got, shown) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for at in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let body = loop {
                let mut buffer = [0; 4096];
                let read = stream.read(&mut buffer).await.unwrap();
                request.extend(&buffer[..read]);
                let text = String::from_utf8_lossy(&request);
                let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
                if let Ok(body) = serde_json::from_str::<Value>(body) {
                    break body;
                }
            };
            let status = if at == 0 { "500 Internal Server Error" } else { "204 No Content" };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            if at > 0 {
                got.send(body).unwrap();
            }
        }
    });
    (url, shown)
}

#[tokio::test]
async fn a_push_travels_to_a_consumer_in_every_mode_and_format() {
    let (url, mut got) = consumer().await;
    let bundle = Bundle::with(|options| options.events = vec![url]).await;
    let mut count = 0;
    for mode in [PushMode::Safe, PushMode::Compatible] {
        for format in [Format::Json, Format::Xml] {
            bundle.wechat().change_account(MINI, |account| {
                let push = account.push.as_mut().unwrap();
                (push.mode, push.format) = (mode, format);
            });
            let mut message = text();
            message["MsgId"] = (24_123_456_789_012_345_u64 + count).into();
            count += 1;
            let pushed = bundle.wechat().push(MINI, message.clone()).await.unwrap();
            assert!(pushed.taken, "{pushed:?}");
            assert_eq!(pushed.attempts[0].answer, "success");
            let event = got.recv().await.unwrap();
            assert_eq!(
                (&event["source"], &event["detail-type"]),
                (&json!("wechat"), &json!("message.text"))
            );
            let detail = &event["detail"];
            assert_eq!(detail["appid"], MINI);
            assert_eq!(detail["openid"], User::new("alice").openid(MINI));
            assert_eq!(detail["created_at"], 1_795_147_200);
            assert_eq!(detail["type"], "message.text");
            assert_eq!(detail["data"]["Content"], "你好 😀");
            assert_eq!(detail["data"]["MsgId"], message["MsgId"].to_string());
        }
    }
    assert_eq!(bundle.stack.bus.events().len(), 4);
    let log = bundle.log();
    assert!(!log.contains("你好") && !log.contains(&User::new("alice").openid(MINI)), "{log}");
}

#[tokio::test]
async fn thirty_two_copies_at_once_are_one_event() {
    let bundle = Bundle::start().await;
    let ids: Vec<u64> = (0..32).map(|_| bundle.wechat().send_push(MINI, text()).unwrap()).collect();
    for id in ids {
        assert!(bundle.wechat().pushed(id).await.taken);
    }
    // Another message, behind which no copy can come.
    bundle.wechat().push(OFFICIAL, json!({ "Event": "CLICK", "EventKey": "last" })).await.unwrap();
    let events = bundle.stack.bus.wait_for(2).await;
    let types: Vec<&Value> = events.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(types, ["message.text", "event.CLICK"]);
}

#[tokio::test]
async fn forged_requests_cost_no_table_call() {
    let bundle = Bundle::start().await;
    bundle.lines.lock().unwrap().clear();
    for at in 0..10_000 {
        let event = json!({
            "version": "2.0", "rawPath": format!("/push/receive/{MINI}"),
            "rawQueryString": format!("signature={at}&msg_signature={at}&timestamp=1795147200&nonce={at}"),
            "requestContext": { "http": { "method": "POST" }, "domainName": "example.com" },
            "body": r#"{"ToUserName":"gh_1","Encrypt":"iQONpVaZdLDBySLeZ0JKpQ=="}"#,
        });
        let outcome = bundle.stack.host.invoke("push-receive", event.to_string().as_bytes()).await;
        let Ok(Outcome::Http(response)) = outcome else { panic!() };
        assert_eq!(response.status_code, 403);
    }
    let lines = bundle.lines.lock().unwrap();
    assert_eq!(lines.len(), 10_000);
    for line in lines.iter() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["table_reads"], &line["table_writes"]), (&json!(0), &json!(0)));
        assert_eq!(line["cause"], "push: msg_signature");
    }
}

#[tokio::test]
async fn without_a_table_wechat_comes_again_and_delivers() {
    let bundle = Bundle::start().await;
    let table = &bundle.stack.table;
    table.client().delete_table().table_name(table.name()).send().await.unwrap();
    let id = bundle.wechat().send_push(MINI, text()).unwrap();
    while bundle.wechat().pushes()[0].attempts.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(bundle.wechat().pushes()[0].attempts[0].status, Some(503));
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder().attribute_name("pk");
    let attribute = attribute.attribute_type(ScalarAttributeType::S);
    let create = table.client().create_table().table_name(table.name());
    let create = create.billing_mode(BillingMode::PayPerRequest);
    let create = create.key_schema(key.build().unwrap());
    create.attribute_definitions(attribute.build().unwrap()).send().await.unwrap();
    bundle.wechat().clock().advance(std::time::Duration::from_secs(5));
    let pushed = bundle.wechat().pushed(id).await;
    assert!(pushed.taken && pushed.attempts.len() == 2, "{pushed:?}");
}

/// As if the function were killed after its put: it never learns that the put was done, and
/// WeChat never hears of it.
#[tokio::test]
async fn a_function_that_ends_after_its_put_makes_one_event() {
    let troubled = Troubled::start().await;
    let wechat = troubled.bundle.wechat();
    troubled.meet("PutItem", "event#", Trouble::LoseAnswer, u32::MAX);
    let id = wechat.send_push(MINI, text()).unwrap();
    troubled.engine.stack.bus.wait_for(1).await;
    while wechat.pushes()[0].attempts.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_ne!(wechat.pushes()[0].attempts[0].status, Some(200));
    troubled.relieve();
    wechat.clock().advance(std::time::Duration::from_secs(5));
    let pushed = wechat.pushed(id).await;
    assert!(pushed.taken && pushed.attempts.len() == 2, "{pushed:?}");
    // Another message, behind which no copy can come.
    wechat.push(OFFICIAL, json!({ "Event": "CLICK", "EventKey": "last" })).await.unwrap();
    let events = troubled.engine.stack.bus.wait_for(2).await;
    let types: Vec<&Value> = events.iter().map(|event| &event["detail-type"]).collect();
    assert_eq!(types, ["message.text", "event.CLICK"]);
}

#[tokio::test]
async fn the_url_passes_the_check_of_wechats_console() {
    let bundle = Bundle::start().await;
    for appid in [MINI, OFFICIAL] {
        let mut push = None;
        bundle.wechat().change_account(appid, |account| push = account.push.take());
        let checked = bundle.wechat().submit_push_url(appid, push.unwrap()).await;
        assert!(checked.taken, "{checked:?}");
    }
}

#[tokio::test]
async fn plain_messages_are_refused_unless_they_are_configured() {
    let bundle = Bundle::start().await;
    bundle.wechat().change_account(MINI, |account| {
        account.push.as_mut().unwrap().mode = PushMode::Plain;
    });
    let id = bundle.wechat().send_push(MINI, text()).unwrap();
    for _ in 0..3 {
        bundle.wechat().clock().advance(std::time::Duration::from_secs(5));
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let pushed = bundle.wechat().pushed(id).await;
    assert!(!pushed.taken);
    assert!(pushed.attempts.iter().all(|attempt| attempt.status == Some(403)), "{pushed:?}");
}

#[tokio::test]
async fn events_are_published_once_more_on_request() {
    let bundle = Bundle::start().await;
    bundle.wechat().push(MINI, text()).await.unwrap();
    let events = bundle.stack.bus.wait_for(1).await;
    let id = events[0]["detail"]["id"].as_str().unwrap();
    let answer = bundle.invoke("events-redeliver", json!({ "ids": [id, "nothing"] })).await;
    assert_eq!(answer, Ok(json!({ "delivered": 1, "unknown": ["nothing"] })));
    let events = bundle.stack.bus.wait_for(2).await;
    assert_eq!(events[0], events[1]);
    for (since, delivered) in [(super::NOON, 1), (super::NOON + 1, 0)] {
        let answer = bundle.invoke("events-redeliver", json!({ "since": since })).await;
        assert_eq!(answer, Ok(json!({ "delivered": delivered, "unknown": [] })));
    }
    bundle.stack.bus.wait_for(3).await;
    let problem = bundle.invoke("events-redeliver", json!({})).await.unwrap_err();
    assert_eq!(problem["field"], "ids");
}

#[tokio::test]
async fn a_media_check_comes_back_to_its_owner_alone() {
    let bundle = Bundle::start().await;
    let (alice, bob) = (bundle.session("alice").await, bundle.session("bob").await);
    for (picture, suggest) in [("risky", "risky"), ("nice", "pass"), ("missing", "unknown")] {
        let input = json!({ "media_url": format!("https://example.com/{picture}.jpg"),
            "media_type": 2, "scene": 1 });
        let started = bundle.post_as(Some(&alice), "/security/mediaCheckAsync", input).await;
        assert_eq!(started.status, 200, "{started:?}");
        let check = json!({ "trace_id": started.json()["trace_id"] });
        let pending = bundle.post_as(Some(&alice), "/security/getMediaCheck", check.clone()).await;
        assert_eq!(pending.json(), json!({ "status": "pending" }));
        bundle.wechat().clock().advance(std::time::Duration::from_secs(2));
        let id = bundle.wechat().pushes().last().unwrap().id;
        assert!(bundle.wechat().pushed(id).await.taken);
        let done = bundle.post_as(Some(&alice), "/security/getMediaCheck", check.clone()).await;
        let done = done.json();
        assert_eq!((&done["status"], &done["suggest"]), (&json!("done"), &json!(suggest)));
        let other = bundle.post_as(Some(&bob), "/security/getMediaCheck", check).await;
        other.problem(404, "not-found");
    }
    let events = bundle.stack.bus.wait_for(3).await;
    assert_eq!(events[0]["detail-type"], "event.wxa_media_check");
    assert_eq!(events[0]["detail"].get("openid"), None);
}

#[tokio::test]
async fn users_who_wrote_are_answered_within_wechats_limits() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    let input = json!({ "touser": alice.openid(MINI), "msgtype": "text",
        "text": { "content": "Your parcel is on its way." } });
    let send = async || bundle.invoke("customerservicemessage-send", input.clone()).await;
    let refused = send().await.unwrap_err();
    assert_eq!((&refused["type"], &refused["errcode"]), (&json!("receiver-state"), &json!(45015)));
    bundle.wechat().act(MINI, &alice, Act::Write { content: "Where is it?".into() }).unwrap();
    let typing = json!({ "touser": alice.openid(MINI), "command": "Typing" });
    let shown = bundle.invoke("customerservicemessage-settyping", typing).await;
    assert_eq!(shown, Ok(json!({ "done": true })));
    for _ in 0..5 {
        assert_eq!(send().await, Ok(json!({ "sent": true })));
    }
    let refused = send().await.unwrap_err();
    assert_eq!((&refused["type"], &refused["errcode"]), (&json!("receiver-state"), &json!(45047)));
    for (wrong, field) in [
        (json!({ "touser": alice.openid(MINI), "msgtype": "text" }), "text"),
        (
            json!({ "touser": alice.openid(MINI), "msgtype": "voice", "voice": { "media_id": "m" } }),
            "msgtype",
        ),
    ] {
        let problem = bundle.invoke("customerservicemessage-send", wrong).await.unwrap_err();
        assert_eq!(problem["field"], field);
    }
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
    let uploaded = bundle.invoke("customerservicemessage-uploadtempmedia", json!({ "media": png }));
    let uploaded = uploaded.await.unwrap();
    assert_eq!(uploaded["type"], "image");
    bundle.wechat().act(MINI, &alice, Act::Write { content: "Show me.".into() }).unwrap();
    let picture = json!({ "touser": alice.openid(MINI), "msgtype": "image",
        "image": { "media_id": uploaded["media_id"] } });
    let sent = bundle.invoke("customerservicemessage-send", picture).await;
    assert_eq!(sent, Ok(json!({ "sent": true })));
}
