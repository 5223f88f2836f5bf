//! Logging in, sessions, and credentials for back ends.

use serde_json::{Value, json};
use shared::crypto::sha256_hex;
use simulator::{Effect, Fault, User};

use crate::{Bundle, MINI, MOBILE, NOON, OFFICIAL};

#[tokio::test]
async fn a_login_returns_a_session_and_keeps_the_session_key() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");

    let answer =
        bundle.post("/auth/code2Session", json!({ "js_code": bundle.code("alice") })).await;

    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(body["openid"], alice.openid(MINI));
    assert_eq!(body["unionid"], alice.unionid());
    assert_eq!(body["expires_in"], 7200);
    assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
    let session_key = bundle.wechat().session_key(MINI, &alice).unwrap();
    assert!(!body.to_string().contains(&session_key));
    let session = bundle.item(&format!("session#{MINI}#{}", alice.openid(MINI))).await;
    assert_eq!(session["session_key"], session_key);
    assert_eq!(session["ttl"], NOON + 30 * 86_400);
    let unionid = bundle.item(&format!("unionid#{}", alice.unionid())).await;
    assert_eq!(unionid[MINI], alice.openid(MINI));
}

#[tokio::test]
async fn the_same_code_gives_the_first_answer_for_five_minutes() {
    let bundle = Bundle::start().await;
    let input = json!({ "js_code": bundle.code("alice") });
    let first = bundle.post("/auth/code2Session", input.clone()).await.json();

    bundle.advance(290);
    let second = bundle.post("/auth/code2Session", input.clone()).await.json();

    assert_eq!(second["session_token"], first["session_token"]);
    assert_eq!(second["expires_in"], 7200 - 290);
    assert_eq!(bundle.calls("/sns/jscode2session"), 1);
    bundle.advance(15);
    bundle.post("/auth/code2Session", input).await.problem(400, "invalid-code");
    assert_eq!(bundle.calls("/sns/jscode2session"), 2);
}

#[tokio::test]
async fn simultaneous_logins_with_one_code_share_one_exchange() {
    let bundle = Bundle::start().await;
    let fault = Fault::on("/sns/jscode2session", Effect::Delay { ms: 300 });
    bundle.wechat().fault(fault);
    let input = json!({ "js_code": bundle.code("alice") });
    let log_in = || bundle.post("/auth/code2Session", input.clone());

    let (a, b, c) = tokio::join!(log_in(), log_in(), log_in());

    assert_eq!([a.status, b.status, c.status], [200; 3]);
    assert_eq!(a.json()["session_token"], b.json()["session_token"]);
    assert_eq!(a.json()["session_token"], c.json()["session_token"]);
    assert_eq!(bundle.calls("/sns/jscode2session"), 1);
}

#[tokio::test]
async fn refused_codes_say_what_to_do_and_are_remembered_for_a_minute() {
    let bundle = Bundle::start().await;
    let old = bundle.code("bob");
    bundle.advance(301);
    let used = bundle.code("alice");
    exchange_elsewhere(&bundle, &used).await;
    let blocked = bundle.wechat().mint_code(MINI, &User::new("carol").blocked());
    let foreign = bundle.code("dave");

    for (code, status, slug, errcode) in [
        (used.as_str(), 400, "code-used", 40163),
        (old.as_str(), 400, "invalid-code", 40029),
        ("nonsense", 400, "invalid-code", 40029),
        (blocked.as_str(), 403, "login-blocked", 40226),
    ] {
        let answer = bundle.post("/auth/code2Session", json!({ "js_code": code })).await;
        let problem = answer.problem(status, slug);
        assert_eq!(problem["errcode"], errcode);
        assert!(problem["rid"].is_string());
        let calls = bundle.calls("/sns/jscode2session");
        let again = bundle.post("/auth/code2Session", json!({ "js_code": code })).await;
        assert_eq!(again.problem(status, slug)["errcode"], errcode);
        // A risk is the user's and passes; a code stays what it is.
        let asked = usize::from(slug == "login-blocked");
        assert_eq!(bundle.calls("/sns/jscode2session"), calls + asked, "{code}");
        let left = bundle.item(&format!("code#{}", sha256_hex(format!("{MINI}#{code}")))).await;
        match asked {
            0 => assert_eq!(left["ttl"], bundle.stack.clock.now() + 60),
            _ => assert_eq!(left, Value::Null, "{code}"),
        }
    }
    bundle.advance(61);
    let calls = bundle.calls("/sns/jscode2session");
    bundle.post("/auth/code2Session", json!({ "js_code": used })).await.problem(400, "code-used");
    assert_eq!(bundle.calls("/sns/jscode2session"), calls + 1);
    let input = json!({ "js_code": foreign, "appid": OFFICIAL });
    let problem = bundle.post("/auth/code2Session", input).await.problem(400, "unknown-app");
    assert_eq!(problem["field"], "appid");
}

#[tokio::test]
async fn bad_input_names_the_field_and_reaches_nobody() {
    let bundle = Bundle::start().await;
    for (body, field) in [
        (json!({}), "js_code"),
        (json!({ "js_code": 7 }), "js_code"),
        (json!({ "js_code": "" }), "js_code"),
        (json!({ "js_code": "x".repeat(129) }), "js_code"),
        (json!({ "js_code": "a b" }), "js_code"),
        (json!({ "js_code": "a", "jscode": "a" }), "jscode"),
        (json!({ "js_code": "a", "appid": 1 }), "appid"),
    ] {
        let problem = bundle.post("/auth/code2Session", body).await.problem(400, "invalid-input");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let problem = bundle
        .post("/auth/code2Session", json!({ "js_code": "a", "appid": "wx9999999999999999" }))
        .await
        .problem(400, "unknown-app");
    assert_eq!(problem["field"], "appid");
    assert_eq!(bundle.calls("/sns/jscode2session"), 0);
}

#[tokio::test]
async fn a_login_whose_answer_is_lost_is_not_sent_twice() {
    let bundle = Bundle::start().await;
    let fault = Fault::on("/sns/jscode2session", Effect::DropAfter).times(1);
    bundle.wechat().fault(fault);
    let input = json!({ "js_code": bundle.code("alice") });

    // The code may be spent: trying again with it is of no use.
    let problem = bundle.post("/auth/code2Session", input.clone()).await.problem(400, "code-used");
    assert!(problem["detail"].as_str().unwrap().contains("get a new code"), "{problem}");

    assert_eq!(bundle.calls("/sns/jscode2session"), 1);
    bundle.post("/auth/code2Session", input).await.problem(400, "code-used");
}

#[tokio::test]
async fn a_session_opens_what_is_closed_until_it_ends() {
    let bundle = Bundle::start().await;
    let token = bundle.session("alice").await;

    let answer = bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "valid": true })));

    let other = json!({ "openid": User::new("bob").openid(MINI) });
    let problem = bundle.post_as(Some(&token), "/auth/checkSession", other).await;
    assert_eq!(problem.problem(403, "forbidden")["field"], "openid");
    let elsewhere = json!({ "appid": OFFICIAL });
    let problem = bundle.post_as(Some(&token), "/auth/checkSession", elsewhere).await;
    assert_eq!(problem.problem(403, "forbidden")["field"], "appid");

    bundle.advance(7200);
    bundle.stack.refresh(&json!({})).await;
    let ended = bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    ended.problem(401, "unauthenticated");
    assert_eq!(ended.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn check_session_sees_a_session_key_that_was_replaced() {
    let bundle = Bundle::start().await;
    let token = bundle.session("alice").await;
    exchange_elsewhere(&bundle, &bundle.code("alice")).await;

    let answer = bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;

    assert_eq!((answer.status, answer.json()), (200, json!({ "valid": false })));
    let stranger = json!({ "openid": User::new("nobody").openid(MINI) });
    let answer = bundle.invoke("auth-checksession", stranger).await;
    assert_eq!(answer, Ok(json!({ "valid": false })));
    let problem = bundle.invoke("auth-checksession", json!({})).await.unwrap_err();
    assert_eq!(problem["field"], "openid");
}

impl Bundle {
    async fn check_session(&self, token: &str) -> u16 {
        self.post_as(Some(token), "/auth/checkSession", json!({})).await.status
    }

    async fn log_out(&self, token: &str, input: Value) {
        let answer = self.post_as(Some(token), "/auth/logout", input).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})));
    }
}

#[tokio::test]
async fn after_a_logout_the_session_gets_no_keys() {
    let bundle = Bundle::start().await;
    let token = bundle.session("alice").await;
    let other = bundle.session("alice").await;
    assert_eq!(bundle.check_session(&token).await, 200);
    let sealed = bundle.wechat().seal(MINI, &User::new("alice"), &json!({ "a": 1 })).unwrap();
    let input = json!({ "encryptedData": sealed.encrypted_data, "iv": sealed.iv });
    let decrypt = || bundle.post_as(Some(&token), "/decrypt/getUserData", input.clone());
    assert_eq!(decrypt().await.status, 200);

    bundle.log_out(&token, json!({})).await;

    decrypt().await.problem(401, "unauthenticated");
    assert_eq!(bundle.check_session(&token).await, 401);
    assert_eq!(bundle.check_session(&other).await, 200, "another device stays logged in");
    // With the last login, the keys go.
    bundle.log_out(&other, json!({})).await;
    let alice = User::new("alice").openid(MINI);
    assert_eq!(bundle.item(&format!("session#{MINI}#{alice}")).await, Value::Null);
}

#[tokio::test]
async fn a_logout_everywhere_ends_every_login() {
    let bundle = Bundle::start().await;
    let tokens = [bundle.session("alice").await, bundle.session("alice").await];
    let stranger = bundle.session("bob").await;

    bundle.log_out(&tokens[0], json!({ "everywhere": true })).await;

    for token in &tokens {
        assert_eq!(bundle.check_session(token).await, 401);
    }
    assert_eq!(bundle.check_session(&stranger).await, 200);
    // A service ends every login of the user it names.
    let bob = json!({ "openid": User::new("bob").openid(MINI) });
    assert_eq!(bundle.invoke("auth-logout", bob).await, Ok(json!({})));
    assert_eq!(bundle.check_session(&stranger).await, 401);
}

#[tokio::test]
async fn erasing_a_person_removes_their_items() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    let mini = bundle.session("alice").await;
    let official = bundle.oauth_session(OFFICIAL, "alice").await;
    let items = |appid: &str| {
        let openid = alice.openid(appid);
        ["session", "sns", "unionid"].map(|kind| format!("{kind}#{appid}#{openid}"))
    };

    bundle.log_out(&official, json!({ "erase": true })).await;

    for pk in items(OFFICIAL) {
        assert_eq!(bundle.item(&pk).await, Value::Null, "{pk}");
    }
    let person = format!("unionid#{}", alice.unionid());
    let left = bundle.item(&person).await;
    assert_eq!(left[MINI], alice.openid(MINI), "another app's are its own");
    assert!(left.get(OFFICIAL).is_none(), "{left}");
    assert_eq!(bundle.check_session(&mini).await, 200);
    bundle.log_out(&mini, json!({ "erase": true })).await;
    for pk in items(MINI).into_iter().chain([person]) {
        assert_eq!(bundle.item(&pk).await, Value::Null, "{pk}");
    }
}

#[tokio::test]
async fn the_previous_session_key_has_an_end_of_its_own() {
    let bundle = Bundle::start().await;
    bundle.session("alice").await;
    let alice = User::new("alice");
    let pk = format!("session#{MINI}#{}", alice.openid(MINI));
    let first = bundle.item(&pk).await;
    assert!(first.get("previous_session_key").is_none(), "{first}");
    let token = bundle.session("alice").await;

    let second = bundle.item(&pk).await;
    assert_eq!(second["previous_session_key"], first["session_key"]);
    assert_eq!(second["previous_session_key_until"], NOON + 300);
    // Whatever writes the item drops a key that has ended.
    bundle.advance(300);
    bundle.log_out(&token, json!({})).await;
    let third = bundle.item(&pk).await;
    assert_eq!(third["session_key"], second["session_key"]);
    assert!(third.get("previous_session_key").is_none(), "{third}");
}

#[tokio::test]
async fn an_empty_unionid_is_none_and_an_empty_openid_is_a_failure() {
    let bundle = Bundle::start().await;
    let answer = |openid: &str| Effect::Status {
        status: 200,
        body: json!({ "openid": openid, "session_key": "tiihtNczf5v6AKRyjwEUhQ==", "unionid": "" })
            .to_string(),
    };
    let log_in = || bundle.post("/auth/code2Session", json!({ "js_code": bundle.code("alice") }));

    bundle.wechat().fault(Fault::on("/sns/jscode2session", answer("oAlice")).times(1));
    let login = log_in().await.json();
    bundle.wechat().fault(Fault::on("/sns/jscode2session", answer("")).times(1));
    let nobody = log_in().await;

    assert_eq!(login["openid"], "oAlice");
    assert!(login.get("unionid").is_none(), "{login}");
    assert_eq!(bundle.item("unionid#").await, Value::Null);
    nobody.problem(400, "code-used");
    assert_eq!(bundle.item(&format!("session#{MINI}#")).await, Value::Null);
}

#[tokio::test]
async fn an_openid_that_no_user_can_have_is_refused_at_the_edge() {
    let bundle = Bundle::start().await;
    for openid in [String::new(), "a b".to_owned(), "a#b".to_owned(), "o".repeat(3000)] {
        let input = json!({ "openid": openid });
        let problem = bundle.invoke("auth-checksession", input).await.unwrap_err();
        assert_eq!(
            (&problem["type"], &problem["field"], &problem["errcode"]),
            (&json!("invalid-input"), &json!("openid"), &json!(40003))
        );
    }
}

/// Another system exchanges a code: WeChat knows of it, our table does not.
async fn exchange_elsewhere(bundle: &Bundle, code: &str) {
    let url = format!(
        "{}/sns/jscode2session?appid={MINI}&secret=secret-of-{MINI}&js_code={code}&grant_type=authorization_code",
        bundle.stack.wechat_url,
    );
    let answer = bundle.send(http::Request::get(url).body(String::new()).unwrap()).await;
    assert!(answer.json()["session_key"].is_string());
}

#[tokio::test]
async fn a_back_end_gets_the_token_and_tickets_that_wechat_accepts() {
    let bundle = Bundle::start().await;

    for appid in [MINI, OFFICIAL, MOBILE] {
        let answer = bundle.invoke("auth-getaccesstoken", json!({ "appid": appid })).await.unwrap();
        assert_eq!(answer["access_token"], bundle.wechat().access_token(appid).unwrap());
        assert_eq!((&answer["expires_in"], &answer["version"]), (&json!(7200), &json!(1)));
    }
    for (name, kind) in [("jsapi", "jsapi"), ("wx_card", "wx_card")] {
        let answer = bundle.invoke("auth-getticket", json!({ "type": name })).await.unwrap();
        assert_eq!(answer["ticket"], bundle.wechat().ticket(OFFICIAL, kind).unwrap());
    }
    let problem = bundle.invoke("auth-getticket", json!({ "type": "lottery" })).await.unwrap_err();
    assert_eq!(problem["field"], "type");
    let problem = bundle.invoke("auth-getticket", json!({ "type": "jsapi", "appid": MINI })).await;
    assert_eq!(problem.unwrap_err()["type"], "unknown-app");
}

#[tokio::test]
async fn service_operations_are_closed_to_http() {
    let bundle = Bundle::start().await;
    let token = bundle.session("alice").await;
    bundle.post("/auth/getAccessToken", json!({})).await.problem(401, "unauthenticated");
    let answer = bundle.post_as(Some(&token), "/auth/getAccessToken", json!({})).await;
    answer.problem(403, "forbidden");
}

#[tokio::test]
async fn no_operation_touches_a_token_endpoint() {
    let bundle = Bundle::start().await;
    // One access token per app, and two tickets for the official account: the refresher's.
    assert_eq!(bundle.token_calls(), 5);
    bundle.wechat().clear_journal();

    let token = bundle.session("alice").await;
    bundle.post_as(Some(&token), "/auth/checkSession", json!({})).await;
    bundle.invoke("auth-getaccesstoken", json!({})).await.unwrap();
    bundle.invoke("auth-getticket", json!({ "type": "jsapi" })).await.unwrap();
    bundle.get("/jssdk/config?url=https%3A%2F%2Fexample.com%2F").await;

    assert_eq!(bundle.token_calls(), 0);
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let bundle = Bundle::start().await;
    let code = bundle.code("alice");
    let login = bundle.post("/auth/code2Session", json!({ "js_code": code })).await.json();
    let token = login["session_token"].as_str().unwrap();
    bundle.post_as(Some(token), "/auth/checkSession", json!({})).await;
    bundle.invoke("auth-getaccesstoken", json!({})).await.unwrap();
    bundle.wechat().fault(Fault::on("/wxa/checksession", Effect::DropBefore));
    bundle
        .post_as(Some(token), "/auth/checkSession", json!({}))
        .await
        .problem(502, "wechat-unreachable");

    let log = bundle.log();
    let alice = User::new("alice");
    for (what, secret) in [
        ("the login code", code.as_str()),
        ("the session token", token),
        ("the openid", &alice.openid(MINI)),
        ("the unionid", &alice.unionid()),
        ("the session key", &bundle.wechat().session_key(MINI, &alice).unwrap()),
        ("an access token", &bundle.wechat().access_token(MINI).unwrap()),
        ("a ticket", &bundle.wechat().ticket(OFFICIAL, "jsapi").unwrap()),
        ("an app secret", &format!("secret-of-{MINI}")),
    ] {
        assert!(!log.contains(secret), "the log has {what}");
    }
    assert!(log.contains("\"operation\":\"auth.checkSession\""), "{log}");
}
