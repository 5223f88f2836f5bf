//! Logging in, sessions, and credentials for back ends.

use serde_json::{Value, json};
use shared::crypto::sha256_hex;
use simulator::{Effect, Fault, User};

use crate::{Bench, MINI, MOBILE, NOON, OFFICIAL};

#[tokio::test]
async fn a_login_returns_a_session_and_keeps_the_session_key() {
    let bench = Bench::start().await;
    let alice = User::new("alice");

    let answer = bench.post("/auth/code2Session", json!({ "js_code": bench.code("alice") })).await;

    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(body["openid"], alice.openid(MINI));
    assert_eq!(body["unionid"], alice.unionid());
    assert_eq!(body["expires_in"], 7200);
    assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
    let session_key = bench.wechat().session_key(MINI, &alice).unwrap();
    assert!(!body.to_string().contains(&session_key));
    let session = bench.item(&format!("session#{MINI}#{}", alice.openid(MINI))).await;
    assert_eq!(session["session_key"], session_key);
    assert_eq!(session["ttl"], NOON + 30 * 86_400);
    let unionid = bench.item(&format!("unionid#{}", alice.unionid())).await;
    assert_eq!(unionid[MINI], alice.openid(MINI));
}

#[tokio::test]
async fn the_same_code_gives_the_first_answer_for_five_minutes() {
    let bench = Bench::start().await;
    let input = json!({ "js_code": bench.code("alice") });
    let first = bench.post("/auth/code2Session", input.clone()).await.json();

    bench.advance(290);
    let second = bench.post("/auth/code2Session", input.clone()).await.json();

    assert_eq!(second["session_token"], first["session_token"]);
    assert_eq!(second["expires_in"], 7200 - 290);
    assert_eq!(bench.calls("/sns/jscode2session"), 1);
    bench.advance(15);
    bench.post("/auth/code2Session", input).await.problem(400, "invalid-code");
    assert_eq!(bench.calls("/sns/jscode2session"), 2);
}

#[tokio::test]
async fn simultaneous_logins_with_one_code_share_one_exchange() {
    let bench = Bench::start().await;
    let fault = Fault::on("/sns/jscode2session", Effect::Delay { ms: 300 });
    bench.wechat().fault(fault);
    let input = json!({ "js_code": bench.code("alice") });
    let log_in = || bench.post("/auth/code2Session", input.clone());

    let (a, b, c) = tokio::join!(log_in(), log_in(), log_in());

    assert_eq!([a.status, b.status, c.status], [200; 3]);
    assert_eq!(a.json()["session_token"], b.json()["session_token"]);
    assert_eq!(a.json()["session_token"], c.json()["session_token"]);
    assert_eq!(bench.calls("/sns/jscode2session"), 1);
}

#[tokio::test]
async fn refused_codes_say_what_to_do_and_leave_nothing_behind() {
    let bench = Bench::start().await;
    let old = bench.code("bob");
    bench.advance(301);
    let used = bench.code("alice");
    exchange_elsewhere(&bench, &used).await;
    let blocked = bench.wechat().mint_code(MINI, &User::new("carol").blocked());
    let foreign = bench.code("dave");

    for (code, status, slug, errcode) in [
        (used.as_str(), 400, "code-used", 40163),
        (old.as_str(), 400, "invalid-code", 40029),
        ("nonsense", 400, "invalid-code", 40029),
        (blocked.as_str(), 403, "login-blocked", 40226),
    ] {
        let answer = bench.post("/auth/code2Session", json!({ "js_code": code })).await;
        let problem = answer.problem(status, slug);
        assert_eq!(problem["errcode"], errcode);
        assert!(problem["rid"].is_string());
        let left = bench.item(&format!("code#{}", sha256_hex(format!("{MINI}#{code}")))).await;
        assert_eq!(left, Value::Null, "{code}");
    }
    let input = json!({ "js_code": foreign, "appid": OFFICIAL });
    let problem = bench.post("/auth/code2Session", input).await.problem(400, "unknown-app");
    assert_eq!(problem["field"], "appid");
}

#[tokio::test]
async fn bad_input_names_the_field_and_reaches_nobody() {
    let bench = Bench::start().await;
    for (body, field) in [
        (json!({}), "js_code"),
        (json!({ "js_code": 7 }), "js_code"),
        (json!({ "js_code": "" }), "js_code"),
        (json!({ "js_code": "x".repeat(129) }), "js_code"),
        (json!({ "js_code": "a b" }), "js_code"),
        (json!({ "js_code": "a", "jscode": "a" }), "jscode"),
        (json!({ "js_code": "a", "appid": 1 }), "appid"),
    ] {
        let problem = bench.post("/auth/code2Session", body).await.problem(400, "invalid-input");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let problem = bench
        .post("/auth/code2Session", json!({ "js_code": "a", "appid": "wx9999999999999999" }))
        .await
        .problem(400, "unknown-app");
    assert_eq!(problem["field"], "appid");
    assert_eq!(bench.calls("/sns/jscode2session"), 0);
}

#[tokio::test]
async fn a_login_whose_answer_is_lost_is_not_sent_twice() {
    let bench = Bench::start().await;
    let fault = Fault::on("/sns/jscode2session", Effect::DropAfter).times(1);
    bench.wechat().fault(fault);
    let input = json!({ "js_code": bench.code("alice") });

    bench.post("/auth/code2Session", input.clone()).await.problem(502, "wechat-unreachable");

    assert_eq!(bench.calls("/sns/jscode2session"), 1);
    bench.post("/auth/code2Session", input).await.problem(400, "code-used");
}

#[tokio::test]
async fn a_session_opens_what_is_closed_until_it_ends() {
    let bench = Bench::start().await;
    let token = bench.session("alice").await;

    let answer = bench.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "valid": true })));

    let other = json!({ "openid": User::new("bob").openid(MINI) });
    let problem = bench.post_as(Some(&token), "/auth/checkSession", other).await;
    assert_eq!(problem.problem(403, "forbidden")["field"], "openid");
    let elsewhere = json!({ "appid": OFFICIAL });
    let problem = bench.post_as(Some(&token), "/auth/checkSession", elsewhere).await;
    assert_eq!(problem.problem(403, "forbidden")["field"], "appid");

    bench.advance(7200);
    bench.stack.refresh(&json!({})).await;
    let ended = bench.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    ended.problem(401, "unauthenticated");
    assert_eq!(ended.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn check_session_sees_a_session_key_that_was_replaced() {
    let bench = Bench::start().await;
    let token = bench.session("alice").await;
    exchange_elsewhere(&bench, &bench.code("alice")).await;

    let answer = bench.post_as(Some(&token), "/auth/checkSession", json!({})).await;

    assert_eq!((answer.status, answer.json()), (200, json!({ "valid": false })));
    let stranger = json!({ "openid": User::new("nobody").openid(MINI) });
    let answer = bench.invoke("auth-checksession", stranger).await;
    assert_eq!(answer, Ok(json!({ "valid": false })));
    let problem = bench.invoke("auth-checksession", json!({})).await.unwrap_err();
    assert_eq!(problem["field"], "openid");
}

/// Another system exchanges a code: WeChat knows of it, our table does not.
async fn exchange_elsewhere(bench: &Bench, code: &str) {
    let url = format!(
        "{}/sns/jscode2session?appid={MINI}&secret=secret-of-{MINI}&js_code={code}&grant_type=authorization_code",
        bench.stack.wechat_url,
    );
    let answer = bench.send(http::Request::get(url).body(String::new()).unwrap()).await;
    assert!(answer.json()["session_key"].is_string());
}

#[tokio::test]
async fn a_back_end_gets_the_token_and_tickets_that_wechat_accepts() {
    let bench = Bench::start().await;

    for appid in [MINI, OFFICIAL, MOBILE] {
        let answer = bench.invoke("auth-getaccesstoken", json!({ "appid": appid })).await.unwrap();
        assert_eq!(answer["access_token"], bench.wechat().access_token(appid).unwrap());
        assert_eq!((&answer["expires_in"], &answer["version"]), (&json!(7200), &json!(1)));
    }
    for (name, kind) in [("jsapi", "jsapi"), ("wx_card", "wx_card")] {
        let answer = bench.invoke("auth-getticket", json!({ "type": name })).await.unwrap();
        assert_eq!(answer["ticket"], bench.wechat().ticket(OFFICIAL, kind).unwrap());
    }
    let problem = bench.invoke("auth-getticket", json!({ "type": "lottery" })).await.unwrap_err();
    assert_eq!(problem["field"], "type");
    let problem = bench.invoke("auth-getticket", json!({ "type": "jsapi", "appid": MINI })).await;
    assert_eq!(problem.unwrap_err()["type"], "unknown-app");
}

#[tokio::test]
async fn service_operations_are_closed_to_http() {
    let bench = Bench::start().await;
    let token = bench.session("alice").await;
    bench.post("/auth/getAccessToken", json!({})).await.problem(401, "unauthenticated");
    let answer = bench.post_as(Some(&token), "/auth/getAccessToken", json!({})).await;
    answer.problem(403, "forbidden");
}

#[tokio::test]
async fn no_operation_touches_a_token_endpoint() {
    let bench = Bench::start().await;
    // One access token per app, and two tickets for the official account: the refresher's.
    assert_eq!(bench.token_calls(), 5);
    bench.wechat().clear_journal();

    let token = bench.session("alice").await;
    bench.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    bench.invoke("auth-getaccesstoken", json!({})).await.unwrap();
    bench.invoke("auth-getticket", json!({ "type": "jsapi" })).await.unwrap();
    bench.get("/jssdk/config?url=https%3A%2F%2Fexample.com%2F").await;

    assert_eq!(bench.token_calls(), 0);
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let bench = Bench::start().await;
    let code = bench.code("alice");
    let login = bench.post("/auth/code2Session", json!({ "js_code": code })).await.json();
    let token = login["session_token"].as_str().unwrap();
    bench.post_as(Some(token), "/auth/checkSession", json!({})).await;
    bench.invoke("auth-getaccesstoken", json!({})).await.unwrap();
    bench.wechat().fault(Fault::on("/wxa/checksession", Effect::DropBefore));
    bench
        .post_as(Some(token), "/auth/checkSession", json!({}))
        .await
        .problem(502, "wechat-unreachable");

    let log = bench.log();
    let alice = User::new("alice");
    for (what, secret) in [
        ("the login code", code.as_str()),
        ("the session token", token),
        ("the openid", &alice.openid(MINI)),
        ("the unionid", &alice.unionid()),
        ("the session key", &bench.wechat().session_key(MINI, &alice).unwrap()),
        ("an access token", &bench.wechat().access_token(MINI).unwrap()),
        ("a ticket", &bench.wechat().ticket(OFFICIAL, "jsapi").unwrap()),
        ("an app secret", &format!("secret-of-{MINI}")),
    ] {
        assert!(!log.contains(secret), "the log has {what}");
    }
    assert!(log.contains("\"operation\":\"auth.checkSession\""), "{log}");
}
