//! What pages and users uploaded.

use http::Request;
use local::runtime_api::{Answer as Answered, Environment};
use serde_json::{Value, json};
use shared::Clock;
use simulator::{Effect, Fault, Upload, User};

use crate::{Answer, Bundle, MINI, OFFICIAL, binaries::build};

const PATH: &str = "/cgi-bin/media/get";

impl Bundle {
    async fn media(&self, appid: &str, query: &str) -> Answer {
        let session = self.stack.session(appid, &User::new("alice").openid(appid));
        let request = Request::get(format!("{}/media/get?{query}", self.stack.url));
        let request = request.header("authorization", format!("Bearer {session}"));
        self.send(request.body(String::new()).unwrap()).await
    }
}

/// A JPEG's beginning, and bytes that are no text.
fn image(size: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.extend((0..size - 4).map(|index| (index % 251) as u8));
    bytes
}

#[tokio::test]
async fn an_image_comes_with_its_type_and_name() {
    let bundle = Bundle::start().await;
    let media_id = bundle.wechat().upload(OFFICIAL, Upload::Image(image(100_000).into()));

    let answer = bundle.media(OFFICIAL, &format!("media_id={media_id}")).await;

    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    let name = format!("inline; filename=\"{media_id}.jpg\"");
    assert_eq!(answer.header("content-disposition"), name);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.bytes, image(100_000));
    let call = bundle.wechat().journal().pop().unwrap();
    assert_eq!((call.method.as_str(), call.path.as_str()), ("GET", PATH));
    let token = bundle.wechat().access_token(OFFICIAL).unwrap();
    assert_eq!(call.query, format!("media_id={media_id}&access_token={token}"));
    assert!(!bundle.log().contains(&media_id));
}

#[tokio::test]
async fn ten_megabytes_pass() {
    let bundle = Bundle::start().await;
    let bytes = image(10 << 20);
    let media_id = bundle.wechat().upload(MINI, Upload::Image(bytes.clone().into()));

    let answer = bundle.media(MINI, &format!("media_id={media_id}")).await;

    assert_eq!(answer.status, 200);
    assert!(answer.bytes == bytes, "the bytes differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_function_streams_what_lambda_would_not_buffer() {
    // The function's process has the system's clock.
    let bundle = Bundle::with(|options| options.clock = Clock::system()).await;
    let bytes = image(10 << 20);
    let media_id = bundle.wechat().upload(OFFICIAL, Upload::Image(bytes.clone().into()));
    let binary = build(&["media-get"]);
    let mut function =
        Environment::start(&binary("media-get"), bundle.stack.environment()).await.unwrap();
    let session = bundle.stack.session(OFFICIAL, "oAlice");
    let event = |media_id: &str| {
        json!({
            "version": "2.0", "rawPath": "/", "rawQueryString": format!("media_id={media_id}"),
            "headers": { "authorization": format!("Bearer {session}") },
            "requestContext": {
                "domainName": "abc.lambda-url.ap-east-1.on.aws", "http": { "method": "GET" },
            },
        })
        .to_string()
    };

    let Answered::Streamed { prelude, body } = function.invoke(event(&media_id)).await else {
        panic!("no stream");
    };
    let prelude: Value = serde_json::from_slice(&prelude).unwrap();
    assert_eq!(prelude["statusCode"], 200);
    assert_eq!(prelude["headers"]["content-type"], "image/jpeg");
    assert!(body == bytes, "the bytes differ");

    // A problem comes the same way: the URL would not understand another.
    let Answered::Streamed { prelude, body } = function.invoke(event("nothing")).await else {
        panic!("no stream");
    };
    let prelude: Value = serde_json::from_slice(&prelude).unwrap();
    assert_eq!(prelude["headers"]["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&prelude["statusCode"], &problem["errcode"]), (&json!(404), &json!(40007)));

    let direct = json!({ "media_id": media_id, "openid": "oAlice" }).to_string();
    let Answered::Error(error) = function.invoke(direct).await else { panic!("no error") };
    let error: Value = serde_json::from_slice(&error).unwrap();
    assert_eq!(error["errorType"], "body-too-large");
}

#[tokio::test]
async fn what_lambda_cannot_hand_over_is_explained() {
    let bundle = Bundle::start().await;
    let upload = |size: usize| bundle.wechat().upload(OFFICIAL, Upload::Image(image(size).into()));
    let input = |media_id: String| json!({ "media_id": media_id, "openid": "oAlice" });

    let small = bundle.invoke("media-get", input(upload(4 << 20))).await.unwrap();
    assert_eq!((&small["statusCode"], &small["isBase64Encoded"]), (&json!(200), &json!(true)));
    assert_eq!(small["headers"]["content-type"], "image/jpeg");
    assert!(small["headers"]["content-disposition"].as_str().unwrap().contains(".jpg"));
    assert!(small.to_string().len() < 6_291_556);

    let largest = (6 << 20) / 4 * 3 - (8 << 10);
    let fits = bundle.invoke("media-get", input(upload(largest))).await.unwrap();
    assert!(fits.to_string().len() < 6_291_556, "Lambda would refuse it");
    let problem = bundle.invoke("media-get", input(upload(largest + 1))).await.unwrap_err();
    assert_eq!((&problem["type"], &problem["status"]), (&json!("body-too-large"), &json!(413)));
    assert!(problem["detail"].as_str().unwrap().contains("URL"), "{problem}");

    // An HTTP API cannot pass a stream on either.
    let event = |domain: &str, media_id: String| {
        json!({
            "version": "2.0", "rawPath": "/", "headers": {},
            "rawQueryString": format!("media_id={media_id}&openid=oAlice"),
            "requestContext": {
                "domainName": domain, "http": { "method": "GET" },
                "authorizer": { "iam": { "userArn": "arn:aws:iam::000000000000:role/back-end" } },
            },
        })
    };
    let answer =
        bundle.invoke("media-get", event("api.example.com", upload(5 << 20))).await.unwrap();
    assert_eq!(answer["statusCode"], 413);
    let answer =
        bundle.invoke("media-get", event("api.example.com", upload(1 << 20))).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(200), &json!(true)));
}

#[tokio::test]
async fn voices_and_videos_come_as_what_they_are() {
    let bundle = Bundle::start().await;

    let amr = bundle.media(MINI, "media_id=demo-voice").await;
    assert_eq!((amr.status, amr.header("content-type")), (200, "audio/amr"));
    assert!(amr.bytes.starts_with(b"#!AMR"));

    let speex = bundle.media(OFFICIAL, "media_id=demo-voice&hd_voice=true").await;
    assert_eq!((speex.status, speex.header("content-type")), (200, "audio/speex"));
    assert_eq!(speex.header("content-disposition"), "inline; filename=\"demo-voice.speex\"");
    assert_eq!(bundle.calls("/cgi-bin/media/get/jssdk"), 1);
    // Speex may begin with any byte, a brace as well.
    let upload =
        Upload::Voice { amr: b"#!AMR".as_slice().into(), speex: b"{\xff\x01".as_slice().into() };
    let media_id = bundle.wechat().upload(OFFICIAL, upload);
    let speex = bundle.media(OFFICIAL, &format!("media_id={media_id}&hd_voice=true")).await;
    assert_eq!((speex.status, &speex.bytes[..]), (200, &b"{\xff\x01"[..]));

    let video = bundle.media(OFFICIAL, "media_id=demo-video").await;
    assert_eq!(video.header("content-type"), "application/json");
    assert_eq!(video.json(), json!({ "video_url": "http://example.com/video.mp4" }));
}

#[tokio::test]
async fn every_refusal_is_a_documented_problem() {
    let bundle = Bundle::start().await;
    for effect in [Effect::Garbage, Effect::Truncated, Effect::DropAfter] {
        bundle.wechat().clear_faults();
        bundle.wechat().fault(Fault::on(PATH, effect));
        let answer = bundle.media(OFFICIAL, "media_id=demo-image").await;
        answer.problem(502, "wechat-unreachable");
    }
    for (code, status, slug, field) in [
        (40007, 404, "not-found", json!("media_id")),
        (46001, 404, "not-found", json!("media_id")),
        (41006, 400, "invalid-input", json!("media_id")),
        (48001, 403, "account-not-permitted", json!(null)),
        (-1, 503, "wechat-busy", json!(null)),
        (45009, 429, "quota-exceeded", json!(null)),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().fault(Fault::on(PATH, Effect::Errcode { code, errmsg: "no".to_owned() }));
        let problem = bundle.media(OFFICIAL, "media_id=demo-image").await.problem(status, slug);
        assert_eq!(problem["field"], field);
    }
}

#[tokio::test]
async fn a_forgotten_token_is_renewed_within_the_request() {
    let bundle = Bundle::start().await;
    assert_eq!(bundle.media(OFFICIAL, "media_id=demo-image").await.status, 200);
    bundle.wechat().clear_journal();
    bundle.wechat().invalidate_token(OFFICIAL);
    assert_eq!(bundle.media(OFFICIAL, "media_id=demo-image").await.status, 200);
    assert_eq!((bundle.calls(PATH), bundle.calls("/cgi-bin/stable_token")), (2, 1));
}

#[tokio::test]
async fn uploads_of_others_and_of_last_week_are_gone() {
    let bundle = Bundle::start().await;
    let media_id = bundle.wechat().upload(OFFICIAL, Upload::Image(image(10).into()));
    let query = format!("media_id={media_id}");
    assert_eq!(bundle.media(OFFICIAL, &query).await.status, 200);
    let problem = bundle.media(MINI, &query).await.problem(404, "not-found");
    assert_eq!((&problem["errcode"], &problem["field"]), (&json!(40007), &json!("media_id")));

    let hd = bundle.media(MINI, "media_id=demo-voice&hd_voice=true").await;
    hd.problem(403, "account-not-permitted");
    bundle.get(&format!("/media/get?{query}")).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn bad_input_costs_no_call() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    let long = format!("media_id={}", "a".repeat(257));
    for (query, field) in [
        ("", "media_id"),
        ("media_id=", "media_id"),
        ("media_id=a%2Fb", "media_id"),
        (long.as_str(), "media_id"),
        ("media_id=a&hd_voice=yes", "hd_voice"),
    ] {
        let problem = bundle.media(OFFICIAL, query).await.problem(400, "invalid-input");
        assert_eq!(problem["field"], field, "{query}");
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
    let edge = format!("media_id={}", "a".repeat(256));
    bundle.media(OFFICIAL, &edge).await.problem(404, "not-found");
}
