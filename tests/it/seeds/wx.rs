//! The module `wx` of APICloud, the forerunner of `wxPlus`: calls of a native app.

use serde_json::json;
use simulator::User;

use super::wx_plus::App;
use crate::{MOBILE, OFFICIAL};

#[tokio::test]
async fn shares() {
    let app = App::start().await;
    let described = json!({
        "scene": "timeline", "title": "测试标题", "description": "分享内容的描述",
        "thumb": "widget://a.jpg",
    });
    let with = |api_key: bool, content: &str| {
        let mut input = described.clone();
        input["contentUrl"] = content.into();
        if api_key {
            input["apiKey"] = "".into();
        }
        input
    };
    for (kind, method, input) in [
        ("text", "shareText", json!({ "apiKey": "", "scene": "timeline", "text": "我分享的文本" })),
        (
            "image",
            "shareImage",
            json!({
                "apiKey": "", "scene": "session", "thumb": "widget://a.jpg",
                "contentUrl": "widget://b.jpg",
            }),
        ),
        ("music", "shareMusic", with(true, "http://docs.apicloud.com/test/m.mp3")),
        // This one has no `apiKey` in the document.
        ("video", "shareVideo", with(false, "http://resource.apicloud.com/video/apicloud.mp4")),
        ("webpage", "shareWebpage", with(true, "http://apicloud.com")),
    ] {
        App::assert_unchanged(&app.share(kind, input.clone()).await, method, input);
    }
    let input = json!({
        "apiKey": "", "scene": "session", "title": "测试标题", "description": "分享内容的描述",
        "thumb": "widget://a.jpg", "webpageUrl": "http://apicloud.com", "userName": "", "path": "",
    });
    let problem = app.share("program", input).await.problem(400, "invalid-input");
    assert_eq!((&problem["field"], &problem["code"]), (&json!("userName"), &json!(-1)));
}

#[tokio::test]
async fn launch_mini_program_and_subscribe_msg() {
    let app = App::start().await;
    let input = json!({ "apiKey": "", "miniProgramType": "test", "userName": "", "path": "" });
    let answer = app.call("/app/launchMiniProgram", input).await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "userName");
    let input = json!({
        "apiKey": "", "scene": 2, "templateId": "测试标题", "reserved": "分享内容的描述",
    });
    let call = app.bundle.invoke("app-subscribemsg", input).await.unwrap();
    let params = &call["params"];
    assert_eq!((&call["method"], &params["apiKey"]), (&json!("subscribeMsg"), &json!(MOBILE)));
    assert_eq!(
        (&params["templateId"], &params["reserved"]),
        (&json!("测试标题"), &json!("分享内容的描述"))
    );
}

#[tokio::test]
async fn a_login() {
    let app = App::start().await;
    let begun = app.bundle.get("/oauth/authorizeUrl?apiKey=&kind=mobile_app").await.json();
    assert_eq!(begun["params"]["apiKey"], MOBILE);

    let input = json!({ "apiKey": "", "apiSecret": "", "code": "12346857684" });
    let problem = app.bundle.post("/oauth/getToken", input).await.problem(400, "invalid-code");
    assert_eq!(problem["code"], 3);
    // An empty `apiKey` is the default app's, as the module reads its own from `config.xml`.
    let code = app.bundle.oauth_code(OFFICIAL, "alice");
    let input = json!({ "apiKey": "", "apiSecret": "", "code": code });
    let token = app.bundle.post("/oauth/getToken", input).await.json();
    assert_eq!(token["openId"], User::new("alice").openid(OFFICIAL));

    let profile = app.call("/oauth/getUserInfo", json!({ "accessToken": "", "openId": "" })).await;
    assert_eq!(profile.json()["openid"], User::new("alice").openid(MOBILE));
}
