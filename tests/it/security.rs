//! Content checks.

use std::{io::Cursor, time::Duration};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::Request;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use simulator::{CheckedImage, User};

use crate::{Answer, Bundle, MINI};

const TEXT: &str = "/security/msgSecCheck";
const TEXT_UPSTREAM: &str = "/wxa/msg_sec_check";
const IMAGE: &str = "/security/imgSecCheck";
const IMAGE_UPSTREAM: &str = "/wxa/img_sec_check";

/// WeChat's own texts to test with.
const RISKY: &str = "特3456书yuuo莞6543李zxcz蒜7782法fgnv级";
const DOUBTFUL: &str = "完2347全dfji试3726测asad感3847知qwez到";

#[tokio::test]
async fn a_users_text_is_judged_by_the_second_version() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    bundle.wechat().clear_journal();
    let ask = |input: Value| bundle.post_as(Some(&session), TEXT, input);

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
    bundle.only_call("POST", TEXT_UPSTREAM, &sent);
    assert!(bundle.wechat().journal()[0].body.contains("今天天气真好 👩‍👧"), "raw UTF-8");
    assert!(!bundle.log().contains("今天天气"));

    let verdict = ask(json!({ "content": RISKY, "scene": 3 })).await.json();
    assert_eq!((&verdict["suggest"], &verdict["label"]), (&json!("risky"), &json!(20_001)));
    let all =
        json!({ "content": "a", "scene": 1, "title": "b", "nickname": "c", "signature": DOUBTFUL });
    assert_eq!(ask(all).await.json()["suggest"], "review");
}

#[tokio::test]
async fn a_service_without_a_user_gets_the_first_version() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    let ask = |input: Value| bundle.invoke("security-msgseccheck", input);

    let pass = ask(json!({ "content": "hello" })).await;
    assert_eq!(pass, Ok(json!({ "suggest": "pass", "label": 100, "detail": [] })));
    bundle.only_call("POST", TEXT_UPSTREAM, &json!({ "content": "hello" }));
    let risky = ask(json!({ "content": RISKY })).await;
    assert_eq!(risky, Ok(json!({ "suggest": "risky", "detail": [] })));
    assert_eq!(ask(json!({ "content": "x".repeat(500 << 10) })).await.unwrap()["suggest"], "pass");
    let long = ask(json!({ "content": "x".repeat((500 << 10) + 1) })).await.unwrap_err();
    assert_eq!(long["field"], "content");
    let scene = ask(json!({ "content": "x", "scene": 2 })).await.unwrap_err();
    assert_eq!(scene["field"], "scene");
    // With a user it is the second version, whoever asks.
    bundle.log_in("alice").await;
    let user = json!({ "content": "x", "openid": User::new("alice").openid(MINI) });
    assert!(ask(user).await.unwrap()["trace_id"].is_string());
}

#[tokio::test]
async fn texts_that_cannot_be_checked_reach_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let ask = |input: Value| bundle.post_as(Some(&session), TEXT, input);
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
    bundle.post(TEXT, json!({ "content": "a" })).await.problem(401, "unauthenticated");
    assert_eq!(bundle.calls(TEXT_UPSTREAM), 0);
    assert_eq!(ask(json!({ "content": "😀".repeat(2500) })).await.status, 200);
}

#[tokio::test]
async fn refusals_of_texts_are_documented_problems() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let ask = async || bundle.post_as(Some(&session), TEXT, json!({ "content": "a" })).await;
    let nobody = json!({ "content": "a", "openid": User::new("nobody").openid(MINI) });
    let problem = bundle.invoke("security-msgseccheck", nobody).await.unwrap_err();
    assert_eq!(problem["errcode"], 61010);
    bundle
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
                (47001, 500, "internal", None),
                (61010, 409, "receiver-state", None),
                (45009, 429, "quota-exceeded", None),
            ],
        )
        .await;
}

/// An image of one color; the simulator holds red for risky.
fn png(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbImage::from_pixel(width, height, Rgb(color));
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

const GREEN: [u8; 3] = [0, 200, 0];
const RED: [u8; 3] = [250, 0, 0];

impl Bundle {
    /// Posts bytes of some type.
    async fn upload(&self, session: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(format!("{}{IMAGE}", self.stack.url))
            .header("authorization", format!("Bearer {session}"))
            .header("content-type", content_type)
            .body(body.into())
            .unwrap();
        let response = self.client.send(request, Duration::from_secs(20), 8 << 20).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes: body.to_vec() }
    }

    fn last_image(&self) -> CheckedImage {
        self.wechat().last_image().unwrap()
    }
}

/// A form as `wx.uploadFile` sends it.
fn form(name: &str, file: &[u8], others: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in others {
        let part =
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"wx_猫.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    body
}

const FORM: &str = "multipart/form-data; boundary=b";

#[tokio::test]
async fn an_image_comes_as_form_body_or_base64_and_arrives_as_it_was() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let pass = json!({ "suggest": "pass" });
    for (color, suggest) in [(GREEN, pass), (RED, json!({ "suggest": "risky" }))] {
        let image = png(750, 134, color);
        let base64 = BASE64_STANDARD.encode(&image);
        let data_uri = format!("data:image/png;base64,{base64}");
        bundle.wechat().clear_journal();
        let post = |text: &str| bundle.post_as(Some(&session), IMAGE, json!({ "base64": text }));
        let answers = [
            bundle.upload(&session, FORM, form("media", &image, &[("appid", MINI)])).await,
            bundle.upload(&session, "image/png", image.clone()).await,
            bundle.upload(&session, "application/octet-stream", image.clone()).await,
            post(&base64).await,
            post(&data_uri).await,
        ];
        for answer in answers {
            assert_eq!((answer.status, answer.json()), (200, suggest.clone()));
        }
        let sent = bundle.last_image();
        assert_eq!(sent.bytes, image, "small enough: not a byte is changed");
        assert_eq!((&*sent.file_name, &*sent.content_type), ("image.png", "image/png"));
        let journal = bundle.wechat().journal();
        assert_eq!(journal.len(), 5);
        for entry in journal {
            assert_eq!((entry.method.as_str(), entry.path.as_str()), ("POST", IMAGE_UPSTREAM));
            assert!(entry.query.starts_with("access_token=") && !entry.query.contains('&'));
        }
    }
    let answer = bundle
        .invoke(
            "security-imgseccheck",
            json!({ "base64": BASE64_STANDARD.encode(png(1, 1, GREEN)) }),
        )
        .await;
    assert_eq!(answer, Ok(json!({ "suggest": "pass" })));
}

#[tokio::test]
async fn a_large_image_is_scaled_down_and_still_judged() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    for (size, color, suggest, expected) in [
        ((751, 100), GREEN, "pass", (750, 100)),
        ((1334, 75), RED, "risky", (750, 42)),
        ((30, 2668), RED, "risky", (15, 1334)),
    ] {
        let answer = bundle.upload(&session, "image/png", png(size.0, size.1, color)).await;
        assert_eq!((answer.status, &answer.json()["suggest"]), (200, &json!(suggest)));
        let sent = bundle.last_image();
        let image = image::load_from_memory(&sent.bytes).unwrap();
        assert_eq!((image.width(), image.height()), expected);
        assert_eq!((&*sent.file_name, &*sent.content_type), ("image.jpg", "image/jpeg"));
    }
}

#[tokio::test]
async fn what_is_no_image_reaches_nobody() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let small = png(1, 1, GREEN);
    let upload =
        |content_type: &'static str, body: Vec<u8>| bundle.upload(&session, content_type, body);

    let problem = upload("image/png", b"%PDF-1.7".to_vec()).await;
    assert_eq!(problem.problem(415, "unsupported-media-type")["field"], "base64");
    let problem = upload("image/webp", b"RIFF0000WEBPVP8 ".to_vec()).await;
    problem.problem(415, "unsupported-media-type");
    let mut broken = png(800, 80, GREEN);
    broken.truncate(100);
    assert_eq!(upload("image/png", broken).await.problem(400, "invalid-input")["field"], "base64");
    let problem = upload("image/png", Vec::new()).await.problem(400, "invalid-input");
    assert_eq!(problem["field"], "base64");
    let problem = upload(FORM, form("file", &small, &[])).await.problem(400, "invalid-input");
    assert_eq!(problem["field"], "media");
    upload(FORM, b"media=1".to_vec()).await.problem(400, "malformed-body");
    upload("multipart/form-data", small.clone()).await.problem(400, "malformed-body");
    let problem = upload(FORM, form("media", &small, &[("size", "1")])).await;
    assert_eq!(problem.problem(400, "invalid-input")["field"], "size");
    upload(FORM, form("media", &small, &[("session_token", &session)]))
        .await
        .problem(400, "invalid-input");
    upload("text/html", small.clone()).await.problem(415, "unsupported-media-type");
    upload("image/png", vec![0; (6 << 20) + 1]).await;
    for (input, field) in [
        (json!({}), "base64"),
        (json!({ "base64": "" }), "base64"),
        (json!({ "base64": "https://example.com/a.png" }), "base64"),
        (json!({ "url": "https://example.com/a.png" }), "url"),
    ] {
        let answer = bundle.post_as(Some(&session), IMAGE, input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    bundle.upload("x.y.z", "image/png", small.clone()).await.problem(401, "unauthenticated");
    // Other operations take no files.
    let request = Request::post(format!("{}{TEXT}", bundle.stack.url))
        .header("authorization", format!("Bearer {session}"))
        .header("content-type", FORM);
    let answer = bundle.send(request.body("--b--".to_owned()).unwrap()).await;
    answer.problem(415, "unsupported-media-type");
    assert_eq!(bundle.calls(IMAGE_UPSTREAM), 0);
}

#[tokio::test]
async fn refusals_of_images_are_documented_problems() {
    let bundle = Bundle::start().await;
    let session = bundle.session("alice").await;
    let image = png(1, 1, GREEN);
    let ask = async || bundle.upload(&session, "image/png", image.clone()).await;
    bundle
        .refusals(
            IMAGE_UPSTREAM,
            ask,
            &[
                (-1, 503, "wechat-busy", None),
                (40006, 400, "invalid-input", Some("base64")),
                (41005, 400, "invalid-input", Some("base64")),
                (45011, 429, "quota-exceeded", None),
                (47001, 500, "internal", None),
                (87015, 503, "wechat-busy", None),
                (45009, 429, "quota-exceeded", None),
            ],
        )
        .await;
}
