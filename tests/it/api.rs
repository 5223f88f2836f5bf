//! `api.call`: the whole of WeChat's API, closed by default.

use functions::api::instead;
use http::Request;
use model::surface::{Answer as Kind, Body, Method, Policy, ROWS, Row};
use proptest::prelude::*;
use serde_json::{Value, json};
use simulator::{Effect, Fault, Script};

use crate::{Bundle, MINI, OFFICIAL};

const FUNCTION: &str = "api-call";

async fn bundle(allow: &str) -> Bundle {
    Bundle::with(|options| options.api_call_allow = allow.to_owned()).await
}

/// The text of an answer, digit by digit.
async fn invoke_text(bundle: &Bundle, input: &str) -> String {
    let url = format!("{}/2015-03-31/functions/{FUNCTION}/invocations", bundle.stack.url);
    let answer = bundle.send(Request::post(url).body(input.to_owned()).unwrap()).await;
    assert_eq!(answer.header("x-amz-function-error"), "", "{answer:?}");
    String::from_utf8(answer.bytes).unwrap()
}

#[tokio::test]
async fn nothing_is_enabled_by_default_and_the_refusal_says_what_to_add() {
    let bundle = bundle("").await;
    bundle.wechat().clear_journal();

    let closed = bundle.invoke(FUNCTION, json!({ "path": "/cgi-bin/menu/get" })).await.unwrap_err();
    assert_eq!((&closed["type"], &closed["field"]), (&json!("forbidden"), &json!("path")));
    assert!(closed["detail"].as_str().unwrap().contains("`/cgi-bin/menu/get` to API_CALL_ALLOW"));

    let typed = json!({ "path": "/wxa/getwxacode", "body": {} });
    let typed = bundle.invoke(FUNCTION, typed).await.unwrap_err();
    assert!(typed["detail"].as_str().unwrap().contains("`wxacode.get`"), "{typed}");

    let typo = bundle.invoke(FUNCTION, json!({ "path": "/cgi-bin/menu/gett" })).await.unwrap_err();
    assert_eq!((&typo["type"], &typo["field"]), (&json!("invalid-input"), &json!("path")));
    assert!(typo["detail"].as_str().unwrap().contains("/cgi-bin/menu/get"), "{typo}");
    assert_eq!(bundle.wechat().journal().len(), 0);
}

#[tokio::test]
async fn what_is_never_called_is_refused_with_the_operation_that_does_it_right() {
    let bundle = bundle("area:users-tags").await;
    bundle.wechat().clear_journal();
    for (path, named) in [
        ("/cgi-bin/token", "auth.getAccessToken"),
        ("/cgi-bin/ticket/getticket", "auth.getTicket"),
        ("/sns/jscode2session", "auth.code2Session"),
        ("/cgi-bin/clear_quota", "openapi.clearQuota"),
        ("/cgi-bin/openapi/rid/get", "openapi.getRidInfo"),
        ("/wxa/business/getuserencryptkey", "internet.getUserEncryptKey"),
        ("/xpay/query_order", "signed"),
        ("/tcb/getqcloudtoken", "keys"),
    ] {
        let refused = bundle.invoke(FUNCTION, json!({ "path": path })).await.unwrap_err();
        assert_eq!(refused["type"], "forbidden", "{path}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(named) && !detail.contains("API_CALL_ALLOW"), "{detail}");
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
}

#[tokio::test]
async fn only_services_reach_it() {
    let bundle = bundle("/cgi-bin/menu/get").await;
    let session = bundle.session("alice").await;
    let input = json!({ "path": "/cgi-bin/menu/get" });

    bundle.post("/api/call", input.clone()).await.problem(401, "unauthenticated");
    bundle.post_as(Some(&session), "/api/call", input).await.problem(403, "forbidden");
    assert_eq!(bundle.calls("/cgi-bin/menu/get"), 0);
}

#[tokio::test]
async fn every_attack_on_the_path_is_refused_before_anything_is_sent() {
    let bundle = bundle("/cgi-bin/user/info,/cgi-bin/menu/create").await;
    bundle.wechat().clear_journal();
    for path in [
        "//evil.example/cgi-bin/user/info",
        "@evil.example/cgi-bin/user/info",
        "https://evil.example/cgi-bin/user/info",
        "https://api.weixin.qq.com/cgi-bin/user/info",
        "\\cgi-bin\\user\\info",
        "/cgi-bin/user/../token",
        "/cgi-bin/%2e%2e/cgi-bin/user/info",
        "/cgi-bin/user%2finfo",
        "/cgi-bin/user/info;a=b",
        "/cgi-bin/user/info?access_token=x",
        "/cgi-bin/user/info#",
        "/cgi-bin/user/info/",
        "/cgi-bin//user/info",
        "/CGI-BIN/user/info",
        "/cgi-bin/us\u{0435}r/info",
        "/cgi-bin/user/info\r\nHost: evil.example",
        "/cgi-bin/user/info\0",
        " /cgi-bin/user/info",
        "",
    ] {
        let refused = bundle.invoke(FUNCTION, json!({ "path": path })).await.unwrap_err();
        assert_eq!(refused["field"], "path", "{path:?}: {refused}");
        assert!(!refused.to_string().contains("evil"), "{refused}");
    }
    for (input, field) in [
        (json!({ "path": "/cgi-bin/user/info", "query": { "access_token": "x" } }), "query"),
        (json!({ "path": "/cgi-bin/user/info", "query": { "openid&access_token": "x" } }), "query"),
        (json!({ "path": "/cgi-bin/user/info", "query": { "next": "x" } }), "query"),
        (json!({ "path": "/cgi-bin/menu/create", "body": { "access_token": "x" } }), "body"),
        (json!({ "path": "/cgi-bin/menu/create", "body": [] }), "body"),
        (json!({ "path": "/cgi-bin/menu/create" }), "body"),
        (json!({ "path": "/cgi-bin/menu/create", "method": "GET", "body": {} }), "method"),
        (json!({ "path": "/cgi-bin/user/info", "body": {} }), "body"),
        (json!({ "path": "/cgi-bin/user/info", "headers": {} }), "headers"),
        (json!({ "path": "/cgi-bin/user/info", "host": "evil.example" }), "host"),
    ] {
        let refused = bundle.invoke(FUNCTION, input.clone()).await.unwrap_err();
        assert_eq!(
            (&refused["type"], &refused["field"]),
            (&json!("invalid-input"), &json!(field)),
            "{input}"
        );
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
}

#[test]
fn no_text_reaches_wechat_as_a_path_unless_it_is_a_row() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bundle = runtime.block_on(bundle("area:users-tags,/datacube/,/cgi-bin/menu/create"));
    let seen = "(/(cgi-bin|wxa|datacube|sns|\\.\\.|%2e)){0,3}/?[a-z_/.;?#%@\\\\]{0,16}|\\PC{0,24}";
    proptest!(ProptestConfig::with_cases(96), |(path in seen)| {
        let input = json!({ "path": path, "body": {} });
        let _ = runtime.block_on(bundle.invoke(FUNCTION, input));
        for entry in bundle.wechat().journal() {
            prop_assert!(ROWS.iter().any(|row| row.path == entry.path), "{}", entry.path);
        }
    });
}

#[tokio::test]
async fn numbers_keep_their_digits_both_ways_and_text_is_plain() {
    let bundle = bundle("/cgi-bin/menu/create").await;
    bundle.wechat().clear_journal();

    let answer = invoke_text(
        &bundle,
        r#"{"path":"/cgi-bin/menu/create","body":{"id":9007199254740993123456789,"f":1.10,"t":"\u4e2d"}}"#,
    )
    .await;

    let body = r#"{"id":9007199254740993123456789,"f":1.10,"t":"中"}"#;
    assert_eq!(bundle.wechat().journal()[0].body, body);
    assert!(answer.starts_with(r#"{"status":"ok","answer":{"errcode":0"#), "{answer}");
    assert!(answer.contains(&format!(r#""json":{body}"#)), "{answer}");
}

#[tokio::test]
async fn a_query_and_the_right_account_are_chosen_by_the_row() {
    let bundle = bundle("area:users-tags,/customservice/kfaccount/del").await;
    bundle.wechat().clear_journal();

    let query = json!({ "path": "/cgi-bin/user/get", "query": { "next_openid": "o&x=1" } });
    let answer = bundle.invoke(FUNCTION, query).await.unwrap();
    assert_eq!(answer["answer"]["echo"]["query"], json!({ "next_openid": "o&x=1" }));
    assert_eq!(bundle.wechat().journal()[0].appid.as_deref(), Some(OFFICIAL));

    let other = json!({ "path": "/cgi-bin/user/get", "appid": MINI });
    let refused = bundle.invoke(FUNCTION, other).await.unwrap_err();
    assert_eq!((&refused["type"], &refused["field"]), (&json!("unknown-app"), &json!("appid")));

    let both = json!({ "path": "/customservice/kfaccount/del", "body": {} });
    assert_eq!(bundle.invoke(FUNCTION, both).await.unwrap_err()["field"], "method");
    let number = json!({ "path": "/customservice/kfaccount/del", "method": "GET", "query": { "kf_openid": 7 } });
    assert_eq!(
        bundle.invoke(FUNCTION, number).await.unwrap()["answer"]["echo"]["query"]["kf_openid"],
        "7"
    );
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let bundle = bundle("area:media,/wxa/get_qrcode,/cv/ocr/idcard").await;
    bundle.wechat().clear_journal();

    let upload = json!({
        "path": "/cgi-bin/media/uploadimg",
        "file": { "base64": "/9j/4AAQSkZJRg==", "name": "图.jpg", "fields": { "note": "a" } },
    });
    let answer = bundle.invoke(FUNCTION, upload).await.unwrap();
    let content_type = answer["answer"]["echo"]["content_type"].as_str().unwrap();
    assert!(content_type.starts_with("multipart/form-data; boundary="));
    let body = &bundle.wechat().journal()[0].body;
    assert!(body.contains(r#"name="note""#), "{body}");
    assert!(body.contains(r#"name="media"; filename="_.jpg""#), "{body}");
    assert!(body.contains("Content-Type: image/jpeg"), "{body}");

    let file = bundle.invoke(FUNCTION, json!({ "path": "/wxa/get_qrcode" })).await.unwrap();
    assert_eq!((&file["status"], &file["isBase64Encoded"]), (&json!("ok"), &json!(true)));
    assert_eq!(file["content_type"], "image/jpeg");
    assert!(file["body"].as_str().unwrap().starts_with("/9j/"));

    let by_url = json!({ "path": "/cv/ocr/idcard", "query": { "img_url": "https://example.com/a.jpg", "type": "photo" } });
    assert_eq!(bundle.invoke(FUNCTION, by_url).await.unwrap()["status"], "ok");
}

#[tokio::test]
async fn an_answer_that_holds_a_secret_is_withheld_whole() {
    let bundle =
        bundle("/cgi-bin/menu/get,/cgi-bin/qrcode/create,/wxaapi/broadcast/room/getpushurl").await;
    for answer in [
        r#"{"errcode":0,"a":[{"b":{"access_token":"hush-hush"}}]}"#,
        r#"{"errcode":0,"session\u005fkey":"hush-hush"}"#,
        r#"{"errcode":0,"data":"{\"appsecret\":\"hush-hush\"}"}"#,
        r#"{"errcode":0,"url":"https://x/?access_token=hush-hush"}"#,
    ] {
        bundle.wechat().script("/cgi-bin/menu/get", Script::json(answer).times(1));
        let refused =
            bundle.invoke(FUNCTION, json!({ "path": "/cgi-bin/menu/get" })).await.unwrap_err();
        assert_eq!(refused["type"], "forbidden", "{answer}");
        assert!(!refused.to_string().contains("hush"), "{refused}");
    }
    assert!(!bundle.log().contains("hush-hush"));

    bundle.wechat().script(
        "/wxaapi/broadcast/room/getpushurl",
        Script::json(r#"{"errcode":0,"pushAddr":"rtmp://x"}"#),
    );
    let live = json!({ "path": "/wxaapi/broadcast/room/getpushurl" });
    assert_eq!(bundle.invoke(FUNCTION, live).await.unwrap_err()["type"], "forbidden");
    let code = json!({ "path": "/cgi-bin/qrcode/create", "body": { "action_name": "QR_SCENE", "action_info": { "scene": { "scene_id": 1 } } } });
    assert!(bundle.invoke(FUNCTION, code).await.unwrap()["answer"]["ticket"].is_string());
}

#[tokio::test]
async fn a_reviewed_member_leaves_where_the_deployment_says_so() {
    let bundle = bundle("/wxaapi/broadcast/room/getpushurl!pushAddr").await;
    let answer = r#"{"errcode":0,"pushAddr":"rtmp://x"}"#;
    bundle.wechat().script("/wxaapi/broadcast/room/getpushurl", Script::json(answer));

    let live = json!({ "path": "/wxaapi/broadcast/room/getpushurl" });
    assert_eq!(bundle.invoke(FUNCTION, live).await.unwrap()["answer"]["pushAddr"], "rtmp://x");
}

#[tokio::test]
async fn refusals_are_the_usual_problems_and_only_reads_are_repeated() {
    let bundle = bundle("/cgi-bin/menu/get,/cgi-bin/menu/create").await;
    let (get, create) = ("/cgi-bin/menu/get", "/cgi-bin/menu/create");
    let busy = |path: &str| {
        Fault::on(path, Effect::Errcode { code: -1, errmsg: "system error".to_owned() })
    };

    bundle.wechat().fault(busy(get).times(1));
    assert!(bundle.invoke(FUNCTION, json!({ "path": get })).await.is_ok());
    assert_eq!(bundle.calls(get), 2);
    bundle.wechat().fault(busy(get).times(1));
    let once = json!({ "path": get, "idempotent": false });
    assert_eq!(bundle.invoke(FUNCTION, once).await.unwrap_err()["type"], "wechat-busy");
    bundle.wechat().fault(busy(create).times(1));
    let change = json!({ "path": create, "body": {}, "idempotent": true });
    assert_eq!(bundle.invoke(FUNCTION, change).await.unwrap_err()["errcode"], -1);
    assert_eq!(bundle.calls(create), 1);

    let odd = Effect::Errcode { code: 46_003, errmsg: "menu no exist".to_owned() };
    bundle.wechat().fault(Fault::on(get, odd).times(1));
    let refused = bundle.invoke(FUNCTION, json!({ "path": get })).await.unwrap_err();
    assert_eq!((&refused["type"], &refused["errcode"]), (&json!("wechat-refused"), &json!(46_003)));
}

#[tokio::test]
async fn a_refused_token_is_recovered_from_even_where_nothing_may_be_repeated() {
    let bundle = bundle("/cgi-bin/menu/create").await;
    let create = json!({ "path": "/cgi-bin/menu/create", "body": {} });
    bundle.invoke(FUNCTION, create.clone()).await.unwrap();
    bundle.wechat().invalidate_token(OFFICIAL);

    bundle.invoke(FUNCTION, create).await.unwrap();

    assert_eq!(bundle.calls("/cgi-bin/menu/create"), 3);
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_not_asked_again_before_midnight_in_china() {
    let bundle = bundle("/cgi-bin/menu/get").await;
    let get = json!({ "path": "/cgi-bin/menu/get" });
    let used_up =
        Effect::Errcode { code: 45_009, errmsg: "reach max api daily quota limit".to_owned() };
    bundle.wechat().fault(Fault::on("/cgi-bin/menu/get", used_up).times(1));

    for _ in 0..3 {
        let refused = bundle.invoke(FUNCTION, get.clone()).await.unwrap_err();
        assert_eq!(
            (&refused["type"], &refused["errcode"]),
            (&json!("quota-exceeded"), &json!(45_009))
        );
        assert_eq!(refused["retry_after"], 12 * 3_600);
    }
    assert_eq!(bundle.calls("/cgi-bin/menu/get"), 1);
    bundle.advance(12 * 3_600);
    bundle.invoke("refresh-credentials", json!({})).await.unwrap();
    bundle.invoke(FUNCTION, get).await.unwrap();
}

/// A hundred rows, other ones wherever the inventory changes, and the same on every run.
fn hundred() -> Vec<&'static Row> {
    let callable =
        |row: &&Row| row.policy != Policy::Never && instead::operation(row.path).is_none();
    let callable: Vec<&Row> = ROWS.iter().filter(callable).collect();
    (0..100_u64).map(|n| &*callable[(n * 2_654_435_761 % callable.len() as u64) as usize]).collect()
}

#[tokio::test]
async fn a_hundred_rows_are_called_with_their_kinds_of_body() {
    let mut rows = hundred();
    let one_of = |body: Body| {
        let found = |row: &&Row| {
            row.body == body
                && row.policy != Policy::Never
                && instead::operation(row.path).is_none()
        };
        ROWS.iter().find(found)
    };
    rows.extend(
        [
            Body::Multipart,
            Body::MultipartOrQuery,
            Body::MultipartOrJson,
            Body::Bytes,
            Body::JsonEmpty,
        ]
        .into_iter()
        .filter_map(one_of),
    );
    let paths: Vec<&str> = rows.iter().map(|row| row.path).collect();
    let bundle = bundle(&paths.join(",")).await;
    for row in rows {
        let mut input = json!({ "path": row.path, "method": row.method.as_str() });
        let queries = row.query_names().map(|name| (name.to_owned(), Value::from("1")));
        input["query"] = Value::Object(queries.collect());
        match row.body {
            Body::Json | Body::RawJson | Body::MultipartOrJson => {
                input["body"] = json!({ "n": 9_007_199_254_740_993_u64 })
            }
            Body::Multipart | Body::MultipartOrQuery | Body::Bytes => {
                input["file"] = json!({ "base64": "/9j/4A==" })
            }
            Body::JsonEmpty | Body::Query => {}
        }

        let answer = bundle
            .invoke(FUNCTION, input)
            .await
            .unwrap_or_else(|why| panic!("{}: {why}", row.path));

        assert_eq!(answer["status"], "ok", "{}", row.path);
        if row.answer == Kind::Bytes {
            assert_eq!(answer["isBase64Encoded"], true, "{}", row.path);
            continue;
        }
        let echo = &answer["answer"]["echo"];
        if echo.is_null() {
            continue;
        }
        assert_eq!(
            (&echo["path"], &echo["method"]),
            (&json!(row.path), &json!(row.method.as_str()))
        );
        if row.body == Body::Json {
            assert_eq!(echo["json"]["n"], 9_007_199_254_740_993_u64, "{}", row.path);
        }
        if row.method == Method::Get {
            assert_eq!(echo["query"].as_object().unwrap().len(), row.query_names().count());
        }
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_ends_the_start_with_its_name_and_an_example() {
    use local::{Options, Stack};
    for allow in ["*", "/cgi-bin/token", "area:nothing", "/xpay/"] {
        let options = Options { api_call_allow: allow.to_owned(), ..Options::default() };
        let Err(error) = Stack::start(options).await else { panic!("{allow} was taken") };
        let complaint = error.to_string();
        assert!(
            complaint.contains("API_CALL_ALLOW") && complaint.contains("area:users-tags"),
            "{complaint}"
        );
    }
}
