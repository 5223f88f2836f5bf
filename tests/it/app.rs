//! What a native app shows and sends through WeChat.

use local::wechat::User;
use serde_json::{Value, json};

use crate::{Bench, MINI, MOBILE, OFFICIAL};

impl Bench {
    /// Asks for parameters as a user of the native app.
    async fn app(&self, session: &str, operation: &str, input: Value) -> crate::Answer {
        self.post_as(Some(session), &format!("/app/{operation}"), input).await
    }
}

#[tokio::test]
async fn a_mini_program_is_launched_in_its_released_version() {
    let bench = Bench::start().await;
    let session = bench.oauth_session(MOBILE, "alice").await;

    let input = json!({ "userName": "gh_d43f693ca31f", "path": "pages/中?a=🌸", "apiKey": MOBILE });
    let answer = bench.app(&session, "launchMiniProgram", input).await;
    assert_eq!(
        answer.json(),
        json!({ "method": "launchMiniProgram", "params": {
            "apiKey": MOBILE, "miniProgramType": "release",
            "userName": "gh_d43f693ca31f", "path": "pages/中?a=🌸",
        } })
    );
    let input = json!({ "userName": "gh_d43f693ca31f", "path": "", "miniProgramType": "test" });
    let params = bench.app(&session, "launchMiniProgram", input).await.json()["params"].take();
    assert_eq!((&params["miniProgramType"], params.get("path")), (&json!("test"), None));

    for (input, field) in [
        (json!({}), "userName"),
        (json!({ "userName": MINI }), "userName"),
        (json!({ "userName": "gh_" }), "userName"),
        (json!({ "userName": format!("gh_{}", "a".repeat(61)) }), "userName"),
        (json!({ "userName": "gh_1", "path": "https://example.com" }), "path"),
        (json!({ "userName": "gh_1", "path": "a".repeat(1025) }), "path"),
        (json!({ "userName": "gh_1", "miniProgramType": "develop" }), "miniProgramType"),
        (json!({ "userName": "gh_1", "apiKey": OFFICIAL }), "apiKey"),
        (json!({ "userName": "gh_1", "user": "x" }), "user"),
    ] {
        let answer = bench.app(&session, "launchMiniProgram", input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field);
    }
    let edge = json!({ "userName": format!("gh_{}", "a".repeat(60)), "path": "a".repeat(1024) });
    assert_eq!(bench.app(&session, "launchMiniProgram", edge).await.status, 200);
}

#[tokio::test]
async fn a_chat_is_opened_with_an_unchanged_link() {
    let bench = Bench::start().await;
    let session = bench.oauth_session(MOBILE, "alice").await;
    let input = json!({
        "corpId": "ww0123456789abcdef", "url": "https://work.weixin.qq.com/kfid/kfc0123",
    });

    let answer = bench.app(&session, "openCustomerService", input.clone()).await;
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
        let answer = bench.app(&session, "openCustomerService", input).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], name);
    }
}

#[tokio::test]
async fn a_confirmation_is_a_page_or_parameters() {
    let bench = Bench::start().await;
    let back = "https%3A%2F%2Fh5.example.com%2Fa%3Fb%3D1";

    let page = format!("scene=0&templateId=T_1-2&redirect_url={back}&reserved=abc123");
    let answer = bench.get(&format!("/app/subscribeMsg?{page}")).await.json();
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
    let answer = bench.get("/app/subscribeMsg?scene=10000&templateId=T").await.json();
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
        ("scene=1&templateId=T&reserved=a-b".to_owned(), "reserved"),
        (format!("scene=1&templateId=T&reserved={}", "a".repeat(129)), "reserved"),
        ("scene=1&templateId=T&redirect_url=h5.example.com".to_owned(), "redirect_url"),
    ] {
        let answer = bench.get(&format!("/app/subscribeMsg?{query}")).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field, "{query}");
    }
    let edge = format!("scene=1&templateId={}&reserved={}", "T".repeat(1024), "a".repeat(128));
    assert_eq!(bench.get(&format!("/app/subscribeMsg?{edge}")).await.status, 200);
    let other = format!("scene=1&templateId=T&redirect_url={back}&appid={MOBILE}");
    bench.get(&format!("/app/subscribeMsg?{other}")).await.problem(400, "unknown-app");
}

#[tokio::test]
async fn only_users_of_the_app_get_parameters() {
    let bench = Bench::start().await;
    let mini = bench.session("alice").await;
    let input = json!({ "userName": "gh_1" });
    bench.app(&mini, "launchMiniProgram", input.clone()).await.problem(400, "unknown-app");
    let mut service = input;
    service["openid"] = User::new("alice").openid(MOBILE).into();
    assert!(bench.invoke("app-launchminiprogram", service).await.is_ok());
}
