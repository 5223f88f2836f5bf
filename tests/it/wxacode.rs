//! Codes that open the mini program.

use http::Request;
use serde_json::{Value, json};
use simulator::{Effect, Fault};

use crate::{Bundle, MINI, OFFICIAL};

const UNLIMITED: &str = "/wxacode/getUnlimited";
const UPSTREAM: &str = "/wxa/getwxacodeunlimit";
const TWINS: [(&str, &str); 2] = [
    ("/wxacode/get", "/wxa/getwxacode"),
    ("/wxacode/createQRCode", "/cgi-bin/wxaapp/createwxaqrcode"),
];

#[tokio::test]
async fn a_code_is_bytes_of_the_right_type() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let input = json!({
        "scene": "id=42&from=a", "page": "pages/index/index", "check_path": false,
        "env_version": "trial", "width": 280, "auto_color": false,
        "line_color": { "r": "1", "g": 2, "b": 3 }, "is_hyaline": false,
    });

    let answer = bundle.post_as(Some(&session), UNLIMITED, input.clone()).await;

    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"wxacode.jpg\"");
    assert!(answer.bytes.starts_with(b"\xff\xd8\xff"));
    let mut sent = input;
    sent["line_color"]["r"] = 1.into();
    bundle.only_call("POST", UPSTREAM, &sent);
    let clear = json!({ "scene": "a", "is_hyaline": true });
    let answer = bundle.post_as(Some(&session), UNLIMITED, clear).await;
    assert_eq!(answer.header("content-type"), "image/png");
    assert!(answer.bytes.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn an_address_is_an_image() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let query = "scene=id%3D42&width=430&check_path=false&is_hyaline=true&line_color=%23ff8000";

    let answer = bundle.get(&format!("{UNLIMITED}?{query}&session_token={session}")).await;

    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"), "{answer:?}");
    let sent = json!({
        "scene": "id=42", "width": 430, "check_path": false, "is_hyaline": true,
        "line_color": { "r": 255, "g": 128, "b": 0 },
    });
    bundle.only_call("POST", UPSTREAM, &sent);
    assert!(!bundle.log().contains(&session));

    let request = Request::get(format!("{}{UNLIMITED}?{query}", bundle.stack.url))
        .header("authorization", format!("Bearer {session}"));
    assert_eq!(bundle.send(request.body(String::new()).unwrap()).await.status, 200);
    bundle.get(&format!("{UNLIMITED}?{query}")).await.problem(401, "unauthenticated");
    let forged = format!("{UNLIMITED}?{query}&session_token=x.y.z");
    bundle.get(&forged).await.problem(401, "unauthenticated");
    // In a body the token is no input.
    let input = json!({ "scene": "a", "session_token": session });
    bundle.post(UNLIMITED, input).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_service_gets_base64() {
    let bundle = Bundle::start().await;
    let answer = bundle.invoke("wxacode-getunlimited", json!({ "scene": "a" })).await.unwrap();
    assert_eq!(answer["headers"]["content-type"], "image/jpeg");
    assert_eq!(answer["isBase64Encoded"], true);
    assert!(answer["body"].as_str().unwrap().starts_with("/9j/"));
}

#[tokio::test]
async fn codes_with_a_path() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, upstream) in TWINS {
        bundle.wechat().clear_journal();
        let input = json!({ "path": "pages/index/index?名=值😀", "width": 1280 });
        let answer = bundle.post_as(Some(&session), path, input.clone()).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
        bundle.only_call("POST", upstream, &input);
        assert!(bundle.wechat().journal()[0].body.contains("名=值😀"), "raw UTF-8");
    }
}

#[tokio::test]
async fn bad_input_reaches_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let ask = async |path: &str, input: Value, field: &str| {
        let answer = bundle.post_as(Some(&session), path, input.clone()).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field, "{input}");
    };
    for (input, field) in [
        (json!({}), "scene"),
        (json!({ "scene": "" }), "scene"),
        (json!({ "scene": "x".repeat(33) }), "scene"),
        (json!({ "scene": "a%20b" }), "scene"),
        (json!({ "scene": "中文" }), "scene"),
        (json!({ "scene": "a b" }), "scene"),
        (json!({ "scene": 42 }), "scene"),
        (json!({ "scene": "a", "page": "/pages/index/index" }), "page"),
        (json!({ "scene": "a", "page": "pages/index/index?a=1" }), "page"),
        (json!({ "scene": "a", "page": "p".repeat(1025) }), "page"),
        (json!({ "scene": "a", "width": 279 }), "width"),
        (json!({ "scene": "a", "width": 1281 }), "width"),
        (json!({ "scene": "a", "width": "430" }), "width"),
        (json!({ "scene": "a", "check_path": "false" }), "check_path"),
        (json!({ "scene": "a", "is_hyaline": 1 }), "is_hyaline"),
        (json!({ "scene": "a", "env_version": "beta" }), "env_version"),
        (json!({ "scene": "a", "line_color": "red" }), "line_color"),
        (json!({ "scene": "a", "line_color": { "r": 256, "g": 0, "b": 0 } }), "line_color"),
        (json!({ "scene": "a", "token": "t" }), "token"),
    ] {
        ask(UNLIMITED, input, field).await;
    }
    for (path, _) in TWINS {
        ask(path, json!({}), "path").await;
        ask(path, json!({ "path": "" }), "path").await;
        ask(path, json!({ "path": "a", "width": 1 }), "width").await;
    }
    ask("/wxacode/get", json!({ "path": "中".repeat(1025) }), "path").await;
    ask("/wxacode/createQRCode", json!({ "path": "中".repeat(129) }), "path").await;
    ask("/wxacode/createQRCode", json!({ "path": "a", "is_hyaline": true }), "is_hyaline").await;
    assert_eq!(bundle.wechat().journal().len(), 0);
    let problem = bundle.invoke("wxacode-get", json!({ "path": "a", "appid": OFFICIAL })).await;
    assert_eq!(problem.unwrap_err()["type"], "unknown-app");
}

#[tokio::test]
async fn the_longest_inputs_are_accepted() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (path, input) in [
        (UNLIMITED, json!({ "scene": "x".repeat(32) })),
        (UNLIMITED, json!({ "scene": "!#$&'()*+,/:;=?@-._~" })),
        ("/wxacode/get", json!({ "path": "中".repeat(1024) })),
        ("/wxacode/createQRCode", json!({ "path": "中".repeat(42) })),
    ] {
        assert_eq!(bundle.post_as(Some(&session), path, input).await.status, 200);
    }
}

#[tokio::test]
async fn refusals_are_problems_and_never_images() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let unlimited =
        async || bundle.post_as(Some(&session), UNLIMITED, json!({ "scene": "a" })).await;
    bundle
        .refusals(
            UPSTREAM,
            unlimited,
            &[
                (-1, 503, "wechat-busy", None),
                (40097, 400, "invalid-input", None),
                (40129, 400, "invalid-input", Some("scene")),
                (40169, 400, "invalid-input", Some("scene")),
                (41030, 400, "invalid-input", Some("page")),
                (45011, 429, "quota-exceeded", None),
                (47001, 500, "internal", None),
                (85096, 400, "invalid-input", None),
                (45009, 429, "quota-exceeded", None),
            ],
        )
        .await;
    for (path, upstream) in TWINS {
        let ask = async || bundle.post_as(Some(&session), path, json!({ "path": "a" })).await;
        bundle
            .refusals(
                upstream,
                ask,
                &[
                    (-1, 503, "wechat-busy", None),
                    (40097, 400, "invalid-input", None),
                    (40159, 400, "invalid-input", Some("path")),
                    (45029, 403, "account-not-permitted", None),
                    (85096, 400, "invalid-input", None),
                ],
            )
            .await;
    }
    // The limit of a minute is remembered for a minute.
    bundle.advance(60);
    // What WeChat itself refuses.
    let missing = json!({ "scene": "a", "page": "pages/none" });
    let answer = bundle.post_as(Some(&session), UNLIMITED, missing).await;
    assert_eq!(answer.problem(400, "invalid-input")["errcode"], 41030);
    bundle.wechat().change_account(MINI, |account| account.code_limit = 0);
    let answer = bundle.post_as(Some(&session), "/wxacode/get", json!({ "path": "a" })).await;
    answer.problem(403, "account-not-permitted");
    // Neither image nor JSON.
    bundle.wechat().fault(Fault::on(UPSTREAM, Effect::Garbage));
    unlimited().await.problem(502, "wechat-unreachable");
}
