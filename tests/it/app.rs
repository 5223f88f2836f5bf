//! What a native app shows and sends through WeChat.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use shared::fetch::{Connecting, Network};
use simulator::User;

use crate::{Bundle, MINI, MOBILE, OFFICIAL};

impl Bundle {
    /// Asks for parameters as a user of the native app.
    async fn app(&self, session: &str, operation: &str, input: Value) -> crate::Answer {
        self.post_as(Some(session), &format!("/app/{operation}"), input).await
    }
}

#[tokio::test]
async fn a_mini_program_is_launched_in_its_released_version() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(MOBILE, "alice").await;

    let input = json!({ "userName": "gh_d43f693ca31f", "path": "pages/中?a=🌸", "apiKey": MOBILE });
    let answer = bundle.app(&session, "launchMiniProgram", input).await;
    assert_eq!(
        answer.json(),
        json!({ "method": "launchMiniProgram", "params": {
            "apiKey": MOBILE, "miniProgramType": "release",
            "userName": "gh_d43f693ca31f", "path": "pages/中?a=🌸",
        } })
    );
    let input = json!({ "userName": "gh_d43f693ca31f", "path": "", "miniProgramType": "test" });
    let params = bundle.app(&session, "launchMiniProgram", input).await.json()["params"].take();
    assert_eq!((&params["miniProgramType"], params.get("path")), (&json!("test"), None));

    for (input, field) in [
        (json!({}), "userName"),
        (json!({ "userName": MINI }), "userName"),
        (json!({ "userName": "gh_" }), "userName"),
        (json!({ "userName": format!("gh_{}", "a".repeat(61)) }), "userName"),
        (json!({ "userName": "gh_1", "path": "https://example.com" }), "path"),
        (json!({ "userName": "gh_1", "path": "a".repeat(1025) }), "path"),
        (json!({ "userName": "gh_1", "miniProgramType": "develop" }), "miniProgramType"),
        (json!({ "userName": "gh_1", "user": "x" }), "user"),
    ] {
        let answer = bundle.app(&session, "launchMiniProgram", input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    let other = json!({ "userName": "gh_1", "apiKey": OFFICIAL });
    let problem = bundle.app(&session, "launchMiniProgram", other).await.problem(403, "forbidden");
    assert_eq!((&problem["field"], &problem["code"]), (&json!("appid"), &json!(1)));
    let edge = json!({ "userName": format!("gh_{}", "a".repeat(60)), "path": "a".repeat(1024) });
    assert_eq!(bundle.app(&session, "launchMiniProgram", edge).await.status, 200);
}

#[tokio::test]
async fn a_chat_is_opened_with_an_unchanged_link() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(MOBILE, "alice").await;
    let input = json!({
        "corpId": "ww0123456789abcdef", "url": "https://work.weixin.qq.com/kfid/kfc0123",
    });

    let answer = bundle.app(&session, "openCustomerService", input.clone()).await;
    assert_eq!(answer.json(), json!({ "method": "openCustomerService", "params": input }));

    for (name, value) in [
        ("corpId", json!("")),
        ("corpId", json!(2)),
        ("corpId", json!("ww-1 2")),
        ("url", json!(" ")),
        ("url", json!("https://work.weixin.qq.com.example.com/kfid/kfc0123")),
    ] {
        let mut input = input.clone();
        input[name] = value;
        let answer = bundle.app(&session, "openCustomerService", input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], name);
    }
}

#[tokio::test]
async fn a_confirmation_is_a_page_or_parameters() {
    let bundle = Bundle::start().await;
    let back = "https%3A%2F%2Fh5.example.com%2Fa%3Fb%3D1";

    let page = format!("scene=0&templateId=T_1-2&redirect_url={back}&reserved=abc123");
    let answer = bundle.get(&format!("/app/subscribeMsg?{page}")).await.json();
    assert_eq!(
        answer,
        json!({
            "url": format!(
                "https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid={OFFICIAL}\
                 &scene=0&template_id=T_1-2&redirect_url={back}&reserved=abc123#wechat_redirect"
            ),
            "params": {
                "apiKey": OFFICIAL, "scene": 0, "templateId": "T_1-2", "reserved": "abc123",
            },
        })
    );
    let answer = bundle.get("/app/subscribeMsg?scene=10000&templateId=T").await.json();
    assert_eq!((&answer["method"], answer.get("url")), (&json!("subscribeMsg"), None));
    assert_eq!(answer["params"]["apiKey"], MOBILE);
    assert_eq!(answer["params"]["reserved"].as_str().unwrap().len(), 32);

    for (query, field) in [
        ("templateId=T".to_owned(), "scene"),
        ("scene=10001&templateId=T".to_owned(), "scene"),
        ("scene=one&templateId=T".to_owned(), "scene"),
        ("scene=1".to_owned(), "templateId"),
        ("scene=1&templateId=".to_owned(), "templateId"),
        (format!("scene=1&templateId={}", "T".repeat(1025)), "templateId"),
        (format!("scene=1&templateId={}&redirect_url={back}", "T".repeat(129)), "templateId"),
        (format!("scene=1&templateId=T&reserved={}", "a".repeat(1025)), "reserved"),
        (format!("scene=1&templateId=T&reserved=a-b&redirect_url={back}"), "reserved"),
        (
            format!("scene=1&templateId=T&reserved={}&redirect_url={back}", "a".repeat(129)),
            "reserved",
        ),
        ("scene=1&templateId=T&redirect_url=h5.example.com".to_owned(), "redirect_url"),
    ] {
        let answer = bundle.get(&format!("/app/subscribeMsg?{query}")).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field, "{query}");
    }
    let edge = format!("scene=1&templateId={}&reserved={}", "T".repeat(1024), "a".repeat(1024));
    assert_eq!(bundle.get(&format!("/app/subscribeMsg?{edge}")).await.status, 200);
    let other = format!("scene=1&templateId=T&redirect_url={back}&appid={MOBILE}");
    bundle.get(&format!("/app/subscribeMsg?{other}")).await.problem(400, "unknown-app");
}

#[tokio::test]
async fn only_users_of_the_app_get_parameters() {
    let bundle = Bundle::start().await;
    let mini = bundle.session("alice").await;
    let input = json!({ "userName": "gh_1" });
    bundle.app(&mini, "launchMiniProgram", input.clone()).await.problem(401, "unauthenticated");
    let mut service = input;
    service["openid"] = User::new("alice").openid(MOBILE).into();
    assert!(bundle.invoke("app-launchminiprogram", service).await.is_ok());
}

/// A picture of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const PAGE: &str = "https://h5.example.com/中?a=🌸";

#[tokio::test]
async fn every_kind_has_its_method_and_its_parameters() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(MOBILE, "alice").await;
    for (input, method, params) in [
        (
            json!({ "kind": "text", "text": "分享 🌸" }),
            "shareText",
            json!({ "apiKey": MOBILE, "scene": "timeline", "text": "分享 🌸" }),
        ),
        (
            json!({ "kind": "image", "scene": "session", "contentUrl": "widget://b.jpg", "apiKey": MOBILE }),
            "shareImage",
            json!({ "apiKey": MOBILE, "scene": "session", "contentUrl": "widget://b.jpg" }),
        ),
        (
            json!({ "kind": "music", "title": "t", "contentUrl": PAGE, "musicDataUrl": PAGE }),
            "shareMusic",
            json!({
                "apiKey": MOBILE, "scene": "timeline", "title": "t", "contentUrl": PAGE,
                "musicDataUrl": PAGE,
            }),
        ),
        (
            json!({ "kind": "video", "scene": "favorite", "contentUrl": PAGE }),
            "shareVideo",
            json!({ "apiKey": MOBILE, "scene": "favorite", "contentUrl": PAGE }),
        ),
        (
            json!({ "kind": "webpage", "contentUrl": PAGE, "description": "d", "thumb": "fs://a.png" }),
            "shareWebpage",
            json!({
                "apiKey": MOBILE, "scene": "timeline", "contentUrl": PAGE, "description": "d",
                "thumb": "fs://a.png",
            }),
        ),
        (
            json!({
                "kind": "program", "title": "t", "webpageUrl": PAGE, "userName": "gh_1",
                "path": "pages/a?b=1", "withShareTicket": true,
            }),
            "shareProgram",
            json!({
                "apiKey": MOBILE, "scene": "session", "title": "t", "webpageUrl": PAGE,
                "userName": "gh_1", "path": "pages/a?b=1", "withShareTicket": true,
                "miniProgramType": "release",
            }),
        ),
        (
            json!({
                "kind": "musicVideo", "title": "歌", "musicUrl": PAGE, "musicDataUrl": PAGE,
                "singerName": "s", "duration": 1, "issueDate": 4_102_444_800u64, "scene": "session",
            }),
            "shareMusicVideo",
            json!({
                "scene": "session", "title": "歌", "musicUrl": PAGE, "musicDataUrl": PAGE,
                "singerName": "s", "duration": 1, "issueDate": 4_102_444_800u64,
            }),
        ),
        (
            json!({ "kind": "message", "type": 1, "message": {
                "title": "t", "media": { "type": 4, "webpageUrl": PAGE, "userName": "gh_1" },
            } }),
            "sendGetMessageResp",
            json!({ "type": 1, "message": {
                "title": "t", "media": { "type": 4, "webpageUrl": PAGE, "userName": "gh_1" },
            } }),
        ),
    ] {
        let answer = bundle.app(&session, "share", input).await.json();
        assert_eq!((&answer["method"], &answer["params"]), (&json!(method), &params), "{answer}");
        assert!(answer["warnings"].is_array() && answer.get("thumb").is_none());
    }
}

#[tokio::test]
async fn every_limit_is_kept_in_bytes() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(MOBILE, "alice").await;
    let text = || json!({ "kind": "text", "text": "t" });
    let page = || json!({ "kind": "webpage", "contentUrl": "https://a.b" });
    let program = || json!({ "kind": "program", "webpageUrl": "https://a.b", "userName": "gh_1" });
    let music = || {
        json!({
            "kind": "musicVideo", "title": "t", "musicUrl": "https://a.b",
            "musicDataUrl": "https://a.b", "singerName": "s", "duration": 1,
        })
    };
    let url = |bytes: usize| format!("https://a.b/{}", "a".repeat(bytes - 12));
    // 3 bytes a character, and what is left over.
    let bytes = |count: usize| format!("{}{}", "字".repeat(count / 3), "a".repeat(count % 3));
    for (base, field, fits, breaks) in [
        (text(), "text", bytes(10_239), bytes(10_240)),
        (page(), "title", bytes(512), bytes(513)),
        (page(), "contentUrl", url(10_240), url(10_241)),
        (program(), "webpageUrl", url(1024), url(1025)),
        (program(), "path", bytes(1024), bytes(1025)),
        (program(), "userName", format!("gh_{}", "a".repeat(60)), format!("gh_{}", "a".repeat(61))),
        (music(), "musicUrl", url(10_240), url(10_241)),
        (music(), "musicDataUrl", url(10_240), url(10_241)),
        (music(), "singerName", bytes(1024), bytes(1025)),
        (music(), "songLyric", bytes(32_768), bytes(32_769)),
        (music(), "albumName", bytes(1024), bytes(1025)),
        (music(), "musicGenre", bytes(1024), bytes(1025)),
        (music(), "messageExt", bytes(2048), bytes(2049)),
    ] {
        let mut input = base;
        input[field] = fits.clone().into();
        let answer = bundle.app(&session, "share", input.clone()).await;
        assert_eq!(answer.status, 200, "{field}: {answer:?}");
        assert_eq!(answer.json()["params"][field], fits);
        input[field] = breaks.into();
        let answer = bundle.app(&session, "share", input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    let mut long = page();
    long["scene"] = "session".into();
    long["description"] = "字".repeat(342).into();
    let answer = bundle.app(&session, "share", long.clone()).await.json();
    assert_eq!(answer["params"]["description"], "字".repeat(341));
    assert!(answer["warnings"][0].as_str().unwrap().contains("1026"), "{answer}");
    long["description"] = bytes(1024).into();
    let answer = bundle.app(&session, "share", long).await.json();
    assert_eq!(
        (&answer["params"]["description"], &answer["warnings"]),
        (&json!(bytes(1024)), &json!([]))
    );
}

#[tokio::test]
async fn what_a_kind_has_not_or_lacks_is_named() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(MOBILE, "alice").await;
    for (input, field) in [
        (json!({}), "kind"),
        (json!({ "kind": "file" }), "kind"),
        (json!({ "kind": "text" }), "text"),
        (json!({ "kind": "text", "text": " " }), "text"),
        (json!({ "kind": "text", "text": "t", "title": "t" }), "title"),
        (json!({ "kind": "text", "text": "t", "scene": "status" }), "scene"),
        (json!({ "kind": "image" }), "contentUrl"),
        (json!({ "kind": "image", "contentUrl": "b.jpg" }), "contentUrl"),
        (json!({ "kind": "music", "contentUrl": "widget://a.mp3" }), "contentUrl"),
        (json!({ "kind": "webpage", "contentUrl": "javascript:alert(1)" }), "contentUrl"),
        (json!({ "kind": "program", "userName": "gh_1" }), "webpageUrl"),
        (json!({ "kind": "program", "webpageUrl": PAGE }), "userName"),
        (json!({ "kind": "program", "webpageUrl": PAGE, "userName": MINI }), "userName"),
        (
            json!({ "kind": "program", "webpageUrl": PAGE, "userName": "gh_1", "scene": "timeline" }),
            "scene",
        ),
        (
            json!({ "kind": "musicVideo", "title": "t", "musicUrl": PAGE, "musicDataUrl": PAGE, "singerName": "s" }),
            "duration",
        ),
        (
            json!({ "kind": "musicVideo", "title": "t", "musicUrl": PAGE, "musicDataUrl": PAGE, "singerName": "s", "duration": 0 }),
            "duration",
        ),
        (json!({ "kind": "message", "type": 1 }), "message"),
        (json!({ "kind": "message", "message": { "media": { "type": 5 } } }), "message.media.type"),
        (
            json!({ "kind": "message", "message": { "media": { "type": 3 } } }),
            "message.media.webpageUrl",
        ),
        (
            json!({ "kind": "message", "message": { "mediaTagName": "x".repeat(65) } }),
            "message.mediaTagName",
        ),
        (json!({ "kind": "message", "message": { "titel": "t" } }), "message.titel"),
        (json!({ "kind": "webpage", "contentUrl": PAGE, "thumb": "fs://thumb" }), "thumb"),
        (json!({ "kind": "webpage", "contentUrl": PAGE, "thumb": "no picture" }), "thumb"),
        (json!({ "kind": "webpage", "contentUrl": PAGE, "thumb": "aGVsbG8=" }), "thumb"),
    ] {
        let answer = bundle.app(&session, "share", input.clone()).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field, "{input}");
    }
}

#[tokio::test]
async fn pictures_become_files_for_the_module() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(MOBILE, "alice").await;
    let input = json!({
        "kind": "program", "webpageUrl": PAGE, "userName": "gh_1", "thumb": PIXEL,
        "hdImageData": format!("data:image/png;base64,{PIXEL}"), "miniProgramType": "preview",
    });

    let answer = bundle.app(&session, "share", input).await.json();

    for field in ["thumb", "hdImageData"] {
        let picture = &answer[field];
        assert_eq!(answer["params"][field], picture["path"], "{answer}");
        let path = picture["path"].as_str().unwrap();
        assert!(path.starts_with("fs://share/") && path.ends_with(".jpg"), "{path}");
        assert_eq!((&picture["type"], &picture["width"]), (&json!("image/jpeg"), &json!(1)));
        assert!(picture["base64"].as_str().unwrap().starts_with("/9j/"), "{picture}");
    }
    let warnings = answer["warnings"].to_string();
    assert!(warnings.contains("Android") && warnings.contains("members"), "{warnings}");
    let input = json!({ "kind": "message", "message": { "thumb": PIXEL } });
    let answer = bundle.app(&session, "share", input).await.json();
    assert_eq!(answer["params"]["message"]["thumb"], answer["thumb"]["path"]);
}

/// Resolves every name to one address, and counts who tries to connect.
#[derive(Debug)]
struct Hostile {
    address: IpAddr,
    connections: Mutex<Vec<SocketAddr>>,
}

impl Network for Hostile {
    fn resolve<'a>(&'a self, _host: &'a str) -> Connecting<'a, Vec<IpAddr>> {
        Box::pin(async { Ok(vec![self.address]) })
    }

    fn route(&self, address: SocketAddr) -> SocketAddr {
        self.connections.lock().unwrap().push(address);
        address
    }
}

#[tokio::test]
async fn a_thumbnail_never_comes_from_inside() {
    for address in ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "fd00:ec2::254"] {
        let hostile =
            Arc::new(Hostile { address: address.parse().unwrap(), connections: Mutex::default() });
        let network = Arc::clone(&hostile) as Arc<dyn Network>;
        let bundle = Bundle::with(|options| options.network = network).await;
        let session = bundle.oauth_session(MOBILE, "alice").await;
        for thumb in [
            "https://pictures.example.com/a.png",
            "https://127.0.0.1/a.png",
            "https://[::1]/a.png",
            "https://169.254.169.254/latest/meta-data/",
            "http://pictures.example.com/a.png",
            "https://pictures.example.com:9000/a.png",
            "https://user@pictures.example.com/a.png",
            "file:///etc/passwd",
            "gopher://pictures.example.com/",
        ] {
            let input = json!({ "kind": "webpage", "contentUrl": PAGE, "thumb": thumb });
            let answer = bundle.app(&session, "share", input).await;
            let problem = answer.problem(400, "invalid-input");
            assert_eq!(problem["field"], "thumb", "{thumb}");
            assert!(!problem.to_string().contains(address), "{problem}");
        }
        assert_eq!(hostile.connections.lock().unwrap().len(), 0, "{address}");
    }
}
