//! The module `wxPlus` of APICloud: calls of a native app.

use serde_json::{Value, json};
use simulator::User;

use crate::{Answer, Bundle, MOBILE, OFFICIAL};

/// A picture of one pixel.
pub(super) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A user of the native app.
pub(super) struct App {
    pub(super) bundle: Bundle,
    session: String,
}

impl App {
    pub(super) async fn start() -> App {
        let bundle = Bundle::start().await;
        let session = bundle.oauth_session(MOBILE, "alice").await;
        App { bundle, session }
    }

    pub(super) async fn call(&self, operation: &str, input: Value) -> Answer {
        self.bundle.post_as(Some(&self.session), operation, input).await
    }

    /// The module's parameters for a share; `kind` stands for the method.
    pub(super) async fn share(&self, kind: &str, mut input: Value) -> Answer {
        input["kind"] = kind.into();
        self.call("/app/share", input).await
    }

    /// Asserts that a share's parameters are the document's, with the app's id.
    #[track_caller]
    pub(super) fn assert_unchanged(answer: &Answer, method: &str, mut input: Value) {
        input["apiKey"] = MOBILE.into();
        let call = answer.json();
        assert_eq!((&call["method"], &call["params"]), (&json!(method), &input), "{call}");
    }
}

#[tokio::test]
async fn share_text() {
    let app = App::start().await;
    let input = json!({ "apiKey": "", "scene": "timeline", "text": "我分享的文本" });
    App::assert_unchanged(&app.share("text", input.clone()).await, "shareText", input);
}

#[tokio::test]
async fn share_image() {
    let app = App::start().await;
    let input = json!({
        "apiKey": "", "scene": "session", "thumb": "widget://a.jpg", "contentUrl": "widget://b.jpg",
    });
    App::assert_unchanged(&app.share("image", input.clone()).await, "shareImage", input);
}

#[tokio::test]
async fn share_music() {
    let app = App::start().await;
    let input = json!({
        "apiKey": "", "scene": "timeline", "title": "测试标题", "description": "分享内容的描述",
        "thumb": "widget://a.jpg", "contentUrl": "https://developer.yonyou.com/docs/test/m.mp3",
    });
    let answer = app.share("music", input.clone()).await;
    App::assert_unchanged(&answer, "shareMusic", input);
    let warnings = answer.json()["warnings"].to_string();
    assert!(warnings.contains("weixin-open@qq.com"), "{warnings}");
}

#[tokio::test]
async fn share_video() {
    let app = App::start().await;
    let input = json!({
        "apiKey": "", "scene": "timeline", "title": "测试标题", "description": "分享内容的描述",
        "thumb": "widget://a.jpg", "contentUrl": "http://resource.apicloud.com/video/apicloud.mp4",
    });
    App::assert_unchanged(&app.share("video", input.clone()).await, "shareVideo", input);
}

#[tokio::test]
async fn share_webpage() {
    let app = App::start().await;
    let input = json!({
        "apiKey": "", "scene": "timeline", "title": "测试标题", "description": "分享内容的描述",
        "thumb": "widget://a.jpg", "contentUrl": "http://apicloud.com",
    });
    App::assert_unchanged(&app.share("webpage", input.clone()).await, "shareWebpage", input);
}

#[tokio::test]
async fn share_program() {
    let app = App::start().await;
    let input = json!({
        "apiKey": "", "scene": "session", "title": "测试标题", "description": "分享内容的描述",
        "thumb": "widget://a.jpg", "webpageUrl": "http://apicloud.com", "userName": "", "path": "",
    });
    // WeChat shares no mini program without its original id.
    let problem = app.share("program", input.clone()).await.problem(400, "invalid-input");
    assert_eq!((&problem["field"], &problem["code"]), (&json!("userName"), &json!(-1)));
    let mut named = input;
    named["userName"] = "gh_d43f693ca31f".into();
    let answer = app.share("program", named.clone()).await;
    named.as_object_mut().unwrap().remove("path");
    named["miniProgramType"] = "release".into();
    App::assert_unchanged(&answer, "shareProgram", named);
}

#[tokio::test]
async fn share_music_video() {
    let app = App::start().await;
    // The document's call is empty; the module needs four fields of it and says so one by one.
    app.share("musicVideo", json!({})).await.problem(400, "invalid-input");
    let input = json!({
        "scene": "session", "title": "歌", "singerName": "歌手", "duration": 1000,
        "musicUrl": "https://music.example.com/1", "musicDataUrl": "https://music.example.com/1.mp3",
    });
    let call = app.share("musicVideo", input.clone()).await.json();
    assert_eq!((&call["method"], &call["params"]), (&json!("shareMusicVideo"), &input));
    let warnings = call["warnings"].to_string();
    assert!(warnings.contains("weixin-open@qq.com") && warnings.contains("hansenxu@tencent.com"));
}

#[tokio::test]
async fn send_get_message_resp() {
    let app = App::start().await;
    for (number, media) in [
        (0, json!({ "imageUrl": "widget://a.jpg" })),
        (
            1,
            json!({ "musicUrl": "https://a.example.com", "musicDataUrl": "https://a.example.com/m" }),
        ),
        (2, json!({ "videoUrl": "https://a.example.com" })),
        (3, json!({ "webpageUrl": "https://a.example.com" })),
        (
            4,
            json!({
                "webpageUrl": "https://a.example.com", "userName": "gh_d43f693ca31f",
                "hdImageData": "widget://b.jpg", "withShareTicket": true,
                "miniProgramType": "preview",
            }),
        ),
    ] {
        let mut media = media;
        media["type"] = number.into();
        let input = json!({
            "type": 1, "errCode": 0, "errStr": "", "message": {
                "title": "标题", "description": "描述", "thumb": "widget://a.jpg",
                "mediaTagName": "t", "messageExt": "e", "messageAction": "a", "media": media,
            },
        });
        let call = app.share("message", input.clone()).await.json();
        assert_eq!((&call["method"], &call["params"]), (&json!("sendGetMessageResp"), &input));
    }
}

#[tokio::test]
async fn launch_mini_program() {
    let app = App::start().await;
    let input = json!({ "apiKey": "", "miniProgramType": "test", "userName": "", "path": "" });
    let answer = app.call("/app/launchMiniProgram", input.clone()).await;
    let problem = answer.problem(400, "invalid-input");
    assert_eq!((&problem["field"], &problem["code"]), (&json!("userName"), &json!(-1)));
    let mut named = input;
    named["userName"] = "gh_d43f693ca31f".into();
    let call = app.call("/app/launchMiniProgram", named).await.json();
    let params = json!({
        "apiKey": MOBILE, "miniProgramType": "test", "userName": "gh_d43f693ca31f",
    });
    assert_eq!((&call["method"], &call["params"]), (&json!("launchMiniProgram"), &params));

    // The module's number for an `apiKey` that is not the app's.
    let other = json!({ "apiKey": OFFICIAL, "userName": "gh_d43f693ca31f" });
    let problem = app.call("/app/launchMiniProgram", other).await.problem(403, "forbidden");
    assert_eq!(problem["code"], 1);
}

#[tokio::test]
async fn subscribe_msg() {
    let app = App::start().await;
    let query = "apiKey=&scene=2&templateId=测试标题&reserved=分享内容的描述";
    let query: String = query.split('&').map(encode).collect::<Vec<_>>().join("&");
    let call = app.bundle.get(&format!("/app/subscribeMsg?{query}")).await.json();
    assert_eq!(
        call,
        json!({ "method": "subscribeMsg", "params": {
            "apiKey": MOBILE, "scene": 2, "templateId": "测试标题", "reserved": "分享内容的描述",
        } })
    );
    let answer = app.bundle.get("/app/subscribeMsg?scene=2&templateId=").await;
    let problem = answer.problem(400, "invalid-input");
    assert_eq!((&problem["code"], &problem["errcode"]), (&json!(1), &json!(40037)));
    let longest = encode(&format!("reserved={}a", "分".repeat(341)));
    let query = format!("/app/subscribeMsg?scene=2&templateId=t&{longest}");
    assert_eq!(app.bundle.get(&query).await.status, 200);
    let answer = app.bundle.get(&format!("{query}a")).await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "reserved");
}

/// A pair of a query with its value encoded.
fn encode(pair: &str) -> String {
    let (name, value) = pair.split_once('=').unwrap();
    format!("{name}={}", shared::percent::encode(value))
}

#[tokio::test]
async fn open_customer_service() {
    let app = App::start().await;
    let answer = app.call("/app/openCustomerService", json!({ "corpId": 2, "url": " " })).await;
    let problem = answer.problem(400, "invalid-input");
    assert_eq!((&problem["field"], &problem["code"]), (&json!("corpId"), &json!(-1)));
    let input = json!({
        "corpId": "ww0123456789abcdef", "url": "https://work.weixin.qq.com/kfid/kfc0123",
    });
    let call = app.call("/app/openCustomerService", input.clone()).await.json();
    assert_eq!((&call["method"], &call["params"]), (&json!("openCustomerService"), &input));
}

#[tokio::test]
async fn auth() {
    let app = App::start().await;
    let answer = app.bundle.get("/oauth/authorizeUrl?apiKey=&kind=mobile_app").await.json();
    let params = &answer["params"];
    assert_eq!((&params["apiKey"], &params["scope"]), (&json!(MOBILE), &json!("snsapi_userinfo")));

    // The state of a native app may be any text of a kilobyte, and comes back unchanged.
    let state = format!("订单 1&x=🌸{}", "分".repeat(334));
    let query =
        format!("/oauth/authorizeUrl?apiKey={MOBILE}&{}", encode(&format!("state={state}")));
    assert_eq!(state.len(), 1017);
    let answer = app.bundle.get(&query).await.json();
    assert_eq!((&answer["params"]["state"], answer.get("verifier")), (&json!(state), None));
    assert_eq!(app.bundle.get(&format!("{query}{}", "a".repeat(7))).await.status, 200);
    let answer = app.bundle.get(&format!("{query}{}", "a".repeat(8))).await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "state");
}

#[tokio::test]
async fn get_token() {
    let app = App::start().await;
    let input = json!({ "apiKey": "", "apiSecret": "", "code": "12346857684" });
    let problem = app.bundle.post("/oauth/getToken", input).await.problem(400, "invalid-code");
    assert_eq!((&problem["errcode"], &problem["code"]), (&json!(40029), &json!(3)));

    let code = app.bundle.oauth_code(MOBILE, "bob");
    let input = json!({ "apiKey": MOBILE, "apiSecret": "a354f72a", "code": code });
    let token = app.bundle.post("/oauth/getToken", input).await.json();
    assert_eq!((&token["status"], &token["expires"]), (&json!(true), &json!(7200)), "{token}");
    assert_eq!(token["openId"], User::new("bob").openid(MOBILE));
    let warnings = token["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].as_str().unwrap().starts_with("apiSecret: "), "{token}");
    assert!(!app.bundle.log().contains("a354f72a"), "the secret");

    let input = json!({ "apiKey": "wx9999999999999999", "apiSecret": "", "code": "1" });
    let problem = app.bundle.post("/oauth/getToken", input).await.problem(400, "unknown-app");
    assert_eq!(problem["code"], 1);
}

#[tokio::test]
async fn get_user_info() {
    let app = App::start().await;
    let openid = User::new("alice").openid(MOBILE);
    let profile = "/oauth/getUserInfo";

    let answer = app.call(profile, json!({ "accessToken": "", "openId": "" })).await.json();
    assert_eq!((&answer["status"], &answer["openid"]), (&json!(true), &json!(openid)));
    let input =
        json!({ "accessToken": "OezXcEiiBSKSxW0eoylIeAsR0GmYd1", "openId": openid, "lang": "en" });
    let answer = app.call(profile, input).await.json();
    let lines = answer["warnings"].as_array().unwrap();
    for (line, name) in lines.iter().zip(["accessToken: ", "openId: "]) {
        assert!(line.as_str().unwrap().starts_with(name), "{answer}");
    }
    assert_eq!(lines.len(), 2);
    assert!(!app.bundle.log().contains("OezXcEii"));

    // The module's numbers: 1 expired, 2 another's openId, 3 none, 4 no token, 5 a wrong one.
    let other = json!({ "openId": User::new("bob").openid(MOBILE) });
    assert_eq!(app.call(profile, other).await.problem(403, "forbidden")["code"], 2);
    let nobody = app.bundle.invoke("oauth-getuserinfo", json!({ "appid": MOBILE })).await;
    assert_eq!(nobody.unwrap_err()["code"], 3);
    let ask = |token: Option<&'static str>| app.bundle.post_as(token, profile, json!({}));
    assert_eq!(ask(None).await.problem(401, "unauthenticated")["code"], 4);
    assert_eq!(ask(Some("a.b.c")).await.problem(401, "unauthenticated")["code"], 5);
    app.bundle.advance(7200);
    let expired = app.call(profile, json!({})).await.problem(401, "unauthenticated");
    assert_eq!(expired["code"], 1);
    // A service acts for the user its `openId` names.
    let input = json!({ "appid": MOBILE, "openId": openid });
    let answer = app.bundle.invoke("oauth-getuserinfo", input).await.unwrap();
    assert_eq!((&answer["openid"], answer.get("warnings")), (&json!(openid), None));
}

#[tokio::test]
async fn refresh_token() {
    let app = App::start().await;
    let input = json!({ "apiKey": "", "dynamicToken": "" });
    let problem = app.call("/oauth/refreshToken", input).await.problem(400, "invalid-input");
    assert_eq!((&problem["field"], &problem["code"]), (&json!("dynamicToken"), &json!(2)));

    // `getUserInfo` has said that the session expired: the call works without one.
    let code = app.bundle.oauth_code(MOBILE, "bob");
    let input = json!({ "apiKey": MOBILE, "code": code });
    let login = app.bundle.post("/oauth/getToken", input).await.json();
    app.bundle.advance(7201);
    let input = json!({ "apiKey": MOBILE, "dynamicToken": login["dynamicToken"] });
    let token = app.bundle.post("/oauth/refreshToken", input.clone()).await.json();
    assert_eq!((&token["status"], &token["expires"]), (&json!(true), &json!(7200)), "{token}");
    assert_eq!(token["openId"], User::new("bob").openid(MOBILE));
    assert_ne!(token["dynamicToken"], login["dynamicToken"]);
    // Once used, it is not the next one.
    let problem = app.bundle.post("/oauth/refreshToken", input).await;
    assert_eq!(problem.problem(401, "unauthenticated")["code"], 3);
}

#[tokio::test]
async fn start_weixin_card() {
    let app = App::start().await;
    // The module opens the list; a native app that calls WeChat's SDK itself signs the choice.
    let choice = app.call("/jssdk/chooseInvoice", json!({})).await;
    let choice = match choice.status {
        // The first call asks for the ticket, which only few apps have a use for.
        503 => {
            app.bundle.stack.refresh(&json!({})).await;
            app.call("/jssdk/chooseInvoice", json!({})).await
        }
        _ => choice,
    };
    let choice = choice.json();
    assert_eq!((&choice["appId"], &choice["signType"]), (&json!(MOBILE), &json!("SHA1")));
    let ticket = app.bundle.wechat().ticket(MOBILE, "wx_card").unwrap();
    let (timestamp, nonce) =
        (choice["timestamp"].as_str().unwrap(), choice["nonceStr"].as_str().unwrap());
    let mut values = [ticket.as_str(), MOBILE, timestamp, nonce, "INVOICE"];
    values.sort_unstable();
    assert_eq!(choice["cardSign"], shared::crypto::sha1_hex(values.concat()));
}
