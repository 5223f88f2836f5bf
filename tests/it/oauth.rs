//! OAuth: where to send a user, the tokens a code gives, and what is done with them.

use http::Request;
use serde_json::{Value, json};
use shared::crypto::sha256_hex;
use simulator::{Effect, Fault, User};

use crate::{Answer, Bundle, MINI, MOBILE, NOON, OFFICIAL, WEBSITE};

const TRADE: &str = "/sns/oauth2/access_token";
const RENEW: &str = "/sns/oauth2/refresh_token";
const PROFILE: &str = "/sns/userinfo";

impl Bundle {
    /// A code of somebody who consented to show the profile.
    pub(crate) fn oauth_code(&self, appid: &str, name: &str) -> String {
        self.wechat().mint_oauth_code(appid, &User::new(name), "snsapi_userinfo")
    }

    async fn get_token(&self, code: &str) -> Answer {
        self.post("/oauth/getToken", json!({ "code": code })).await
    }

    /// Logs somebody in at an app and returns the answer.
    pub(crate) async fn oauth_login(&self, appid: &str, name: &str) -> Value {
        let input = json!({ "code": self.oauth_code(appid, name), "appid": appid });
        let answer = self.post("/oauth/getToken", input).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Logs somebody in at an app and returns the session token.
    pub(crate) async fn oauth_session(&self, appid: &str, name: &str) -> String {
        self.oauth_login(appid, name).await["session_token"].as_str().unwrap().to_owned()
    }

    /// Renews a login with the `dynamicToken` of an answer.
    pub(crate) async fn renew(&self, login: &Value) -> Answer {
        let input = json!({ "dynamicToken": login["dynamicToken"] });
        self.post("/oauth/refreshToken", input).await
    }

    async fn session_item(&self, appid: &str, name: &str) -> Value {
        self.item(&format!("session#{appid}#{}", User::new(name).openid(appid))).await
    }

    async fn sns_item(&self, appid: &str, name: &str) -> Value {
        self.item(&format!("sns#{appid}#{}", User::new(name).openid(appid))).await
    }
}

fn errcode(code: i64) -> Effect {
    Effect::Errcode { code, errmsg: "as told".to_owned() }
}

#[tokio::test]
async fn a_login_keeps_the_tokens_and_returns_a_session() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");

    let answer = bundle.get_token(&bundle.oauth_code(OFFICIAL, "alice")).await;

    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!((&body["status"], &body["expires"]), (&json!(true), &json!(7200)));
    assert_eq!(
        (&body["openId"], &body["scope"]),
        (&json!(alice.openid(OFFICIAL)), &json!("snsapi_userinfo"))
    );
    assert_eq!(body["unionid"], alice.unionid());
    assert_eq!(body.as_object().unwrap().len(), 7, "{body}");
    let session = bundle.session_item(OFFICIAL, "alice").await;
    assert_eq!(session["ttl"], NOON + 30 * 86_400);
    let item = bundle.sns_item(OFFICIAL, "alice").await;
    assert_eq!(item["ttl"], NOON + 30 * 86_400);
    // What renews the session is kept as a hash only, and WeChat's tokens are kept apart.
    let credential = body["dynamicToken"].as_str().unwrap();
    assert!(!session.to_string().contains(credential));
    assert!(session.to_string().contains(&sha256_hex(credential)), "{session}");
    for name in ["sns_access_token", "sns_refresh_token"] {
        assert!(!session.to_string().contains(item[name].as_str().unwrap()), "{name}");
    }
    assert_eq!((&item["sns_version"], &item["sns_expires_at"]), (&json!(1), &json!(NOON + 7200)));
    let unionid = bundle.item(&format!("unionid#{}", alice.unionid())).await;
    assert_eq!(unionid[OFFICIAL], alice.openid(OFFICIAL));
    let call = bundle.wechat().journal().into_iter().find(|call| call.path == TRADE).unwrap();
    let code = call.query.split("code=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(call.method, "GET");
    assert_eq!(
        call.query,
        format!(
            "appid={OFFICIAL}&secret=secret-of-{OFFICIAL}&code={code}&grant_type=authorization_code"
        )
    );
}

#[tokio::test]
async fn a_callback_that_is_fetched_twice_gets_one_answer() {
    let bundle = Bundle::start().await;
    bundle.wechat().fault(Fault::on(TRADE, Effect::Delay { ms: 200 }));
    let code = bundle.oauth_code(OFFICIAL, "alice");

    let (a, b) = tokio::join!(bundle.get_token(&code), bundle.get_token(&code));
    bundle.advance(290);
    let late = bundle.get_token(&code).await.json();

    assert_eq!([a.status, b.status], [200; 2]);
    assert_eq!(a.json()["session_token"], b.json()["session_token"]);
    assert_eq!(late["session_token"], a.json()["session_token"]);
    assert_eq!(late["expires"], 7200 - 290);
    assert_eq!(bundle.calls(TRADE), 1);
    bundle.advance(15);
    bundle.get_token(&code).await.problem(400, "invalid-code");
}

#[tokio::test]
async fn every_refusal_of_a_code_is_a_problem_with_the_modules_number() {
    let bundle = Bundle::start().await;
    for (code, status, slug, number) in [
        (-1, 503, "wechat-busy", 4),
        (40002, 500, "internal", -1),
        (40013, 500, "misconfigured", 1),
        (40029, 400, "invalid-code", 3),
        (40125, 500, "misconfigured", 2),
        (40163, 400, "code-used", 3),
        (41002, 500, "internal", -1),
        (41004, 500, "misconfigured", 2),
        (41008, 400, "invalid-code", 3),
        (42003, 400, "invalid-code", 3),
        (42007, 401, "unauthenticated", -1),
        (45011, 429, "quota-exceeded", -1),
        (50002, 403, "account-not-permitted", -1),
        (99_999, 502, "wechat-refused", -1),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(TRADE, errcode(code)));
        let oauth_code = bundle.oauth_code(OFFICIAL, "alice");
        let problem = bundle.get_token(&oauth_code).await.problem(status, slug);
        assert_eq!(
            (&problem["errcode"], &problem["code"]),
            (&json!(code), &json!(number)),
            "{code}"
        );
        assert_eq!(bundle.calls(TRADE), 1, "{code}: a code is never sent twice");
        bundle.wechat().clear_faults();
        let again = bundle.get_token(&oauth_code).await;
        if ["invalid-code", "code-used"].contains(&slug) {
            // It is not sent again for a minute.
            assert_eq!(again.problem(status, slug)["code"], number, "{code}");
            assert_eq!(bundle.calls(TRADE), 1, "{code}");
        } else {
            // Whatever was wrong, it was not the code.
            assert_eq!(again.status, 200, "{code}");
        }
    }
    bundle.wechat().fault(Fault::on(TRADE, Effect::DropAfter).times(1));
    let code = bundle.oauth_code(OFFICIAL, "alice");
    // The code may be spent: trying again with it is of no use.
    let problem = bundle.get_token(&code).await.problem(400, "code-used");
    assert!(problem["detail"].as_str().unwrap().contains("get a new code"), "{problem}");
    assert_eq!(problem["code"], 3);
    assert_eq!(bundle.get_token(&code).await.problem(400, "code-used")["code"], 3);
}

#[tokio::test]
async fn a_bad_code_reaches_nobody_and_names_its_field() {
    let bundle = Bundle::start().await;
    for (input, field, number) in [
        (json!({}), "code", 3),
        (json!({ "code": "" }), "code", 3),
        (json!({ "code": 7 }), "code", 3),
        (json!({ "code": "a b" }), "code", 3),
        (json!({ "code": "x".repeat(513) }), "code", 3),
        (json!({ "code": "a", "appsecret": "s" }), "appsecret", -1),
        (json!({ "code": "a", "state": "abc" }), "verifier", -1),
        (json!({ "code": "a", "verifier": "abc" }), "state", -1),
        (json!({ "code": "a", "state": "a-c", "verifier": "v" }), "state", -1),
    ] {
        let problem = bundle.post("/oauth/getToken", input).await.problem(400, "invalid-input");
        assert_eq!((&problem["field"], &problem["code"]), (&json!(field), &json!(number)));
    }
    for appid in [MINI, "wx9999999999999999"] {
        let input = json!({ "code": "a", "appid": appid });
        let problem = bundle.post("/oauth/getToken", input).await.problem(400, "unknown-app");
        assert_eq!(problem["code"], 1);
    }
    assert_eq!(bundle.calls(TRADE), 0);
    let longest = bundle.get_token(&"x".repeat(512)).await;
    longest.problem(400, "invalid-code");
    assert_eq!(bundle.calls(TRADE), 1);
    // Other operations have no such numbers.
    let other = bundle.post("/auth/code2Session", json!({})).await.problem(400, "invalid-input");
    assert!(other.get("code").is_none());
}

#[tokio::test]
async fn only_the_browser_that_began_a_login_can_end_it() {
    let bundle = Bundle::start().await;
    let begin =
        "/oauth/authorizeUrl?scope=snsapi_userinfo&redirect_uri=https%3A%2F%2Fh5.example.com";
    let begun = bundle.get(begin).await.json();
    let other = bundle.get(begin).await.json();
    let end = async |state: &Value, verifier: &Value| {
        let code = bundle.oauth_code(OFFICIAL, "alice");
        let input = json!({ "code": code, "state": state, "verifier": verifier });
        bundle.post("/oauth/getToken", input).await
    };

    assert_eq!(begun["state"], sha256_hex(begun["verifier"].as_str().unwrap()));
    assert_ne!(begun["verifier"], other["verifier"]);
    assert_eq!(end(&begun["state"], &begun["verifier"]).await.status, 200);
    for (state, verifier) in [
        (&other["state"], &begun["verifier"]),
        (&begun["state"], &begun["state"]),
        (&begun["verifier"], &begun["verifier"]),
    ] {
        end(state, verifier).await.problem(403, "forbidden");
    }
    assert_eq!(bundle.calls(TRADE), 1);
}

#[tokio::test]
async fn the_address_is_what_wechats_pattern_wants() {
    let bundle = Bundle::start().await;
    let back = "https%3A%2F%2Fh5.example.com%2Fa%2520b%3Fx%3D%E4%B8%AD%26y%3D1%23%2Fhome";
    let inside = format!("redirect_uri={back}&scope=snsapi_base&state=abc123");

    let answer = bundle.get(&format!("/oauth/authorizeUrl?{inside}&forcePopup=true")).await.json();
    assert_eq!(
        answer,
        json!({
            "url": format!(
                "https://open.weixin.qq.com/connect/oauth2/authorize?appid={OFFICIAL}\
                 &redirect_uri={back}&response_type=code&scope=snsapi_base&state=abc123\
                 &forcePopup=true#wechat_redirect"
            ),
            "state": "abc123",
        })
    );
    let website = format!("redirect_uri={back}&kind=website&lang=en");
    let answer = bundle.get(&format!("/oauth/authorizeUrl?{website}")).await.json();
    let (url, state) = (answer["url"].as_str().unwrap(), answer["state"].as_str().unwrap());
    assert_eq!(
        url,
        format!(
            "https://open.weixin.qq.com/connect/qrconnect?appid={WEBSITE}&redirect_uri={back}\
             &response_type=code&scope=snsapi_login&state={state}&lang=en#wechat_redirect"
        )
    );
    let answer = bundle.get(&format!("/oauth/authorizeUrl?appid={MOBILE}")).await.json();
    assert_eq!(answer["params"]["apiKey"], MOBILE);
    assert_eq!(answer["params"]["scope"], "snsapi_userinfo");
    assert_eq!(answer["params"]["state"], answer["state"]);
    assert!(answer.get("url").is_none() && answer["verifier"].is_string());
}

#[tokio::test]
async fn a_user_comes_back_from_the_address_with_a_code() {
    let bundle = Bundle::start().await;
    for (query, appid) in
        [("scope=snsapi_userinfo&forceSnapShot=true", OFFICIAL), ("kind=website&lang=cn", WEBSITE)]
    {
        let back = "https%3A%2F%2Fh5.example.com%2Fcb%3Fa%3D1";
        let begun = bundle.get(&format!("/oauth/authorizeUrl?redirect_uri={back}&{query}")).await;
        let begun = begun.json();
        let url = begun["url"].as_str().unwrap();
        let url = url.replace("https://open.weixin.qq.com", &bundle.stack.wechat_url);
        let url = url.strip_suffix("#wechat_redirect").unwrap();

        let page = bundle.send(Request::get(url).body(String::new()).unwrap()).await;

        let back = page.header("location");
        assert_eq!(page.status, 302, "{page:?}");
        let (code, state) = back
            .strip_prefix("https://h5.example.com/cb?a=1&code=")
            .and_then(|rest| rest.split_once("&state="))
            .unwrap();
        let input = json!({
            "code": code, "state": state, "verifier": begun["verifier"], "appid": appid,
        });
        let answer = bundle.post("/oauth/getToken", input).await;
        assert_eq!(answer.json()["openId"], User::new("alice").openid(appid), "{answer:?}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_work_is_not_made() {
    let bundle = Bundle::start().await;
    let back = "redirect_uri=https%3A%2F%2Fh5.example.com";
    let base = format!("{back}&scope=snsapi_base");
    for (query, field) in [
        ("scope=snsapi_base".to_owned(), "redirect_uri"),
        ("scope=snsapi_base&redirect_uri=h5.example.com".to_owned(), "redirect_uri"),
        (back.to_owned(), "scope"),
        (format!("{back}&scope=snsapi_login"), "scope"),
        (format!("{base}&kind=website"), "scope"),
        (format!("{back}&scope=everything"), "scope"),
        (format!("{base}&state=a-b"), "state"),
        (format!("{base}&state={}", "a".repeat(129)), "state"),
        (format!("{base}&lang=cn"), "lang"),
        (format!("{back}&kind=website&forcePopup=true"), "forcePopup"),
        (format!("{back}&kind=mobile_app"), "redirect_uri"),
        ("kind=mobile_app&lang=cn".to_owned(), "lang"),
        ("kind=mini_program".to_owned(), "kind"),
    ] {
        let answer = bundle.get(&format!("/oauth/authorizeUrl?{query}")).await;
        assert_eq!(answer.problem(400, "invalid-input")["field"], field, "{query}");
    }
    let longest = format!("{base}&state={}", "a".repeat(128));
    assert_eq!(bundle.get(&format!("/oauth/authorizeUrl?{longest}")).await.status, 200);
    let mixed = format!("{base}&appid={OFFICIAL}&kind=website");
    let problem = bundle.get(&format!("/oauth/authorizeUrl?{mixed}")).await;
    assert_eq!(problem.problem(400, "unknown-app")["field"], "appid");
}

#[tokio::test]
async fn a_profile_is_read_and_an_old_token_refreshed_on_the_way() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    let session = bundle.oauth_session(OFFICIAL, "alice").await;

    let answer =
        bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({ "lang": "en" })).await;

    let profile = answer.json();
    assert_eq!(profile["nickname"], alice.nickname);
    assert_eq!(profile["nickname"], "alice 🌸 小红");
    assert_eq!(profile["openid"], alice.openid(OFFICIAL));
    assert_eq!(profile["unionid"], alice.unionid());
    assert_eq!((&profile["sex"], &profile["privilege"]), (&json!(0), &json!([])));
    assert_eq!(profile.as_object().unwrap().len(), 10, "{profile}");
    let item = bundle.sns_item(OFFICIAL, "alice").await;
    let call = bundle.wechat().journal().into_iter().find(|call| call.path == PROFILE).unwrap();
    assert_eq!(
        (call.method.as_str(), call.query),
        (
            "GET",
            format!(
                "access_token={}&openid={}&lang=en",
                item["sns_access_token"].as_str().unwrap(),
                alice.openid(OFFICIAL)
            )
        )
    );
    assert_eq!(bundle.calls(RENEW), 0);

    // The session outlives the token where the token's life says so; a service has no session.
    bundle.advance(7200);
    let service = json!({ "openid": alice.openid(OFFICIAL), "appid": OFFICIAL });
    let profile = bundle.invoke("oauth-getuserinfo", service).await.unwrap();
    assert_eq!(profile["nickname"], alice.nickname);
    assert_eq!((bundle.calls(PROFILE), bundle.calls(RENEW)), (2, 1));
    let call = bundle.wechat().journal().into_iter().find(|call| call.path == RENEW).unwrap();
    let refresh = item["sns_refresh_token"].as_str().unwrap();
    assert_eq!(
        call.query,
        format!("appid={OFFICIAL}&grant_type=refresh_token&refresh_token={refresh}")
    );
    let renewed = bundle.sns_item(OFFICIAL, "alice").await;
    assert_ne!(renewed["sns_access_token"], item["sns_access_token"]);
    assert_eq!((&renewed["sns_version"], &renewed["ttl"]), (&json!(2), &item["ttl"]));
    assert!(renewed.get("sns_lease_owner").is_none());
}

#[tokio::test]
async fn a_token_wechat_no_longer_takes_is_refreshed_once() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(OFFICIAL, "alice").await;
    for code in [40001, 40014, 42001] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(PROFILE, errcode(code)).times(1));
        let answer = bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({})).await;
        assert_eq!(answer.status, 200, "{code}");
        assert_eq!((bundle.calls(PROFILE), bundle.calls(RENEW)), (2, 1), "{code}");

        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(PROFILE, errcode(code)));
        let answer = bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({})).await;
        let number = if code == 42001 { 1 } else { 5 };
        assert_eq!(answer.problem(401, "unauthenticated")["code"], number, "{code}");
        assert_eq!((bundle.calls(PROFILE), bundle.calls(RENEW)), (2, 1), "{code}: no loop");
    }
}

#[tokio::test]
async fn simultaneous_refreshes_ask_wechat_once() {
    let bundle = Bundle::start().await;
    let login = bundle.oauth_login(OFFICIAL, "alice").await;
    let session = login["session_token"].as_str();
    bundle.advance(7190);
    bundle.wechat().fault(Fault::on(RENEW, Effect::Delay { ms: 300 }));

    let (a, b) = tokio::join!(bundle.renew(&login), bundle.renew(&login));

    assert_eq!([a.status, b.status], [200; 2], "{a:?} {b:?}");
    assert_eq!(bundle.calls(RENEW), 1);
    let answer = a.json();
    assert_eq!(b.json(), answer);
    assert_eq!((&answer["status"], &answer["expires"]), (&json!(true), &json!(7200)));
    assert_eq!(answer["openId"], User::new("alice").openid(OFFICIAL));
    assert_eq!(answer["scope"], "snsapi_userinfo");
    // The renewed session goes on where the first one ends.
    let renewed = answer["session_token"].as_str().unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 6, "{answer}");
    bundle.advance(100);
    let check = json!({});
    bundle
        .post_as(session, "/oauth/checkToken", check.clone())
        .await
        .problem(401, "unauthenticated");
    let checked = bundle.post_as(Some(renewed), "/oauth/checkToken", check).await;
    assert_eq!(checked.json(), json!({ "valid": true }));
    assert_eq!(bundle.calls(RENEW), 1);

    // Profile requests that find the same token over share a refresh as well.
    bundle.advance(7200);
    let service = json!({ "openid": User::new("alice").openid(OFFICIAL) });
    let profile = || bundle.invoke("oauth-getuserinfo", service.clone());
    let (a, b, c) = tokio::join!(profile(), profile(), profile());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(bundle.calls(RENEW), 2);
}

#[tokio::test]
async fn a_refresh_that_was_just_done_is_not_repeated() {
    let bundle = Bundle::start().await;
    let mut login = bundle.oauth_login(OFFICIAL, "alice").await;
    for (seconds, calls) in [(0, 1), (0, 1), (59, 1), (1, 2)] {
        bundle.advance(seconds);
        let answer = bundle.renew(&login).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        login = answer.json();
        assert_eq!((&login["expires"], bundle.calls(RENEW)), (&json!(7200), calls));
    }
}

#[tokio::test]
async fn a_login_is_renewed_after_its_session_expired_until_thirty_days_have_passed() {
    let bundle = Bundle::start().await;
    let login = bundle.oauth_login(OFFICIAL, "alice").await;
    bundle.advance(5 * 86_400);

    // As the native module is called.
    let input = json!({ "apiKey": OFFICIAL, "dynamicToken": login["dynamicToken"] });
    let answer = bundle.post("/oauth/refreshToken", input).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let login = answer.json();
    assert_eq!(login["openId"], User::new("alice").openid(OFFICIAL));
    let session = login["session_token"].as_str();
    let profile = bundle.post_as(session, "/oauth/getUserInfo", json!({})).await;
    assert_eq!(profile.status, 200, "{profile:?}");

    bundle.advance(25 * 86_400 - 60);
    let login = bundle.renew(&login).await.json();
    assert_eq!(login["expires"], 60, "no session outlives the login");
    bundle.advance(60);
    bundle.wechat().clear_journal();
    let problem = bundle.renew(&login).await.problem(401, "unauthenticated");
    assert_eq!(problem["code"], 3);
    assert_eq!(bundle.calls(RENEW), 0);
    let session = login["session_token"].as_str();
    let answer = bundle.post_as(session, "/oauth/checkToken", json!({})).await;
    answer.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_credential_that_is_used_twice_ends_its_login_and_no_other() {
    let bundle = Bundle::start().await;
    let phone = bundle.oauth_login(OFFICIAL, "alice").await;
    let laptop = bundle.oauth_login(OFFICIAL, "alice").await;
    let renewed = bundle.renew(&phone).await.json();
    assert_ne!(renewed["dynamicToken"], phone["dynamicToken"]);

    let problem = bundle.renew(&phone).await.problem(401, "unauthenticated");
    assert!(problem["detail"].as_str().unwrap().contains("used before"), "{problem}");
    assert_eq!(problem["code"], 3);
    bundle.renew(&renewed).await.problem(401, "unauthenticated");
    assert_eq!(bundle.renew(&laptop).await.status, 200);
}

#[tokio::test]
async fn a_forged_credential_renews_nothing_and_ends_nothing() {
    let bundle = Bundle::start().await;
    let login = bundle.oauth_login(OFFICIAL, "alice").await;
    let credential = login["dynamicToken"].as_str().unwrap();
    let (claims, _) = credential.rsplit_once('.').unwrap();
    bundle.wechat().clear_journal();
    for forged in [
        format!("{claims}.{}", "A".repeat(43)),
        format!("{claims}."),
        credential
            .replace(&User::new("alice").openid(OFFICIAL), &User::new("bob").openid(OFFICIAL)),
        "87_wechats-own".to_owned(),
        login["session_token"].as_str().unwrap().to_owned(),
    ] {
        let problem = bundle.renew(&json!({ "dynamicToken": forged })).await;
        assert_eq!(problem.problem(401, "unauthenticated")["code"], 3, "{forged}");
    }
    for missing in [json!({}), json!({ "dynamicToken": "" })] {
        let answer = bundle.post("/oauth/refreshToken", missing).await;
        assert_eq!(answer.problem(400, "invalid-input")["code"], 2);
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
    // A credential opens nothing by itself.
    let answer = bundle.post_as(Some(credential), "/oauth/checkToken", json!({})).await;
    answer.problem(401, "unauthenticated");
    assert_eq!(bundle.renew(&login).await.status, 200);
}

#[tokio::test]
async fn a_renewal_at_another_app_fails_and_does_not_use_the_credential_up() {
    let bundle = Bundle::start().await;
    let login = bundle.oauth_login(WEBSITE, "alice").await;
    for (name, appid) in [("appid", OFFICIAL), ("apiKey", MOBILE)] {
        let input = json!({ name: appid, "dynamicToken": login["dynamicToken"] });
        bundle.post("/oauth/refreshToken", input).await.problem(401, "unauthenticated");
    }
    for (effect, status) in [
        (Effect::DropBefore, 502),
        (Effect::DropAfter, 502),
        (Effect::Garbage, 502),
        (errcode(-1), 503),
    ] {
        bundle.wechat().fault(Fault::on(RENEW, effect));
        assert_eq!(bundle.renew(&login).await.status, status);
        bundle.wechat().clear_faults();
    }

    // The credential says which app it is of.
    let answer = bundle.renew(&login).await;
    assert_eq!(answer.json()["openId"], User::new("alice").openid(WEBSITE), "{answer:?}");
}

#[tokio::test]
async fn a_refusal_of_the_tokens_by_wechat_ends_the_time_in_which_it_is_not_asked_again() {
    let bundle = Bundle::start().await;
    for path in ["/oauth/getUserInfo", "/oauth/checkToken"] {
        bundle.wechat().clear_journal();
        let login = bundle.oauth_login(OFFICIAL, "alice").await;
        let login = bundle.renew(&login).await.json();
        bundle.wechat().change_password(&User::new("alice"));
        let session = login["session_token"].as_str();
        bundle.post_as(session, path, json!({})).await;

        bundle.renew(&login).await.problem(401, "unauthenticated");

        assert_eq!(bundle.calls(RENEW), 2, "{path}");
    }
}

#[tokio::test]
async fn after_a_logout_a_login_is_not_renewed() {
    let bundle = Bundle::start().await;
    let login = bundle.oauth_login(OFFICIAL, "alice").await;
    let session = login["session_token"].as_str();

    assert_eq!(bundle.post_as(session, "/auth/logout", json!({})).await.status, 200);

    bundle.renew(&login).await.problem(401, "unauthenticated");
    assert_eq!(bundle.sns_item(OFFICIAL, "alice").await, Value::Null);
    assert_eq!(bundle.session_item(OFFICIAL, "alice").await, Value::Null);
}

#[tokio::test]
async fn a_code_that_came_with_a_verifier_is_answered_again_only_with_it() {
    let bundle = Bundle::start().await;
    let begin =
        "/oauth/authorizeUrl?scope=snsapi_userinfo&redirect_uri=https%3A%2F%2Fh5.example.com";
    let begun = bundle.get(begin).await.json();
    let other = bundle.get(begin).await.json();
    let code = bundle.oauth_code(OFFICIAL, "alice");
    let end = async |begun: &Value| {
        let input = json!({
            "code": code, "state": begun["state"], "verifier": begun["verifier"],
        });
        bundle.post("/oauth/getToken", input).await
    };

    let first = end(&begun).await;

    bundle.get_token(&code).await.problem(400, "code-used");
    end(&other).await.problem(400, "code-used");
    assert_eq!(first.status, 200);
    assert_eq!(end(&begun).await.json(), first.json());
    assert_eq!(bundle.calls(TRADE), 1);
}

#[tokio::test]
async fn odd_members_of_wechats_answer_do_not_break_a_login() {
    let bundle = Bundle::start().await;
    let answer = |openid: &str, expires_in: &str| Effect::Status {
        status: 200,
        body: format!(
            r#"{{"access_token":"a","refresh_token":"r","openid":"{openid}","unionid":"","scope":null,"expires_in":{expires_in}}}"#
        ),
    };
    for expires_in in ["18446744073709551616", "9223372036854775808", "-1", "null", "1e300"] {
        bundle.wechat().fault(Fault::on(TRADE, answer("oAlice", expires_in)).times(1));
        let login = bundle.get_token(&bundle.oauth_code(OFFICIAL, "alice")).await;
        assert_eq!(login.status, 200, "{expires_in}: {login:?}");
        assert!(login.json().get("unionid").is_none(), "{login:?}");
    }
    assert_eq!(bundle.item("unionid#").await, Value::Null);
    bundle.wechat().fault(Fault::on(TRADE, answer("", "7200")).times(1));
    let nobody = bundle.get_token(&bundle.oauth_code(OFFICIAL, "alice")).await;
    nobody.problem(400, "code-used");
}

#[tokio::test]
async fn every_refusal_of_a_refresh_is_a_problem_with_the_modules_number() {
    let bundle = Bundle::start().await;
    let login = bundle.oauth_login(OFFICIAL, "alice").await;
    for (code, status, slug, number, calls) in [
        (-1, 503, "wechat-busy", 4, 3),
        (40002, 500, "internal", -1, 1),
        (40013, 500, "misconfigured", 1, 1),
        (40029, 400, "invalid-code", -1, 1),
        (40030, 401, "unauthenticated", 3, 1),
        (40125, 500, "misconfigured", -1, 1),
        (41003, 500, "internal", -1, 1),
        (42002, 401, "unauthenticated", 3, 1),
        (42007, 401, "unauthenticated", 3, 1),
        (45011, 429, "quota-exceeded", -1, 1),
        (50002, 403, "account-not-permitted", -1, 1),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().clear_journal();
        bundle.wechat().fault(Fault::on(RENEW, errcode(code)));
        let answer = bundle.renew(&login).await;
        let problem = answer.problem(status, slug);
        assert_eq!(
            (&problem["errcode"], &problem["code"]),
            (&json!(code), &json!(number)),
            "{code}"
        );
        assert_eq!(bundle.calls(RENEW), calls, "{code}");
        assert!(bundle.sns_item(OFFICIAL, "alice").await.get("sns_lease_owner").is_none());
    }
    bundle.wechat().clear_faults();
    let answer = bundle.renew(&login).await;
    assert_eq!(answer.status, 200, "a failed refresh leaves tokens and credential as they were");
}

#[tokio::test]
async fn every_refusal_of_a_profile_is_a_problem_with_the_modules_number() {
    let bundle = Bundle::start().await;
    let session = bundle.oauth_session(OFFICIAL, "alice").await;
    for (code, status, slug, number) in [
        (-1, 503, "wechat-busy", 6),
        (40003, 401, "unauthenticated", 2),
        (41001, 500, "internal", -1),
        (41009, 500, "internal", -1),
        (42007, 401, "unauthenticated", 5),
        (45011, 429, "quota-exceeded", -1),
        (48001, 403, "account-not-permitted", -1),
        (50002, 403, "account-not-permitted", -1),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().fault(Fault::on(PROFILE, errcode(code)));
        let answer = bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({})).await;
        let problem = answer.problem(status, slug);
        assert_eq!(
            (&problem["errcode"], &problem["code"]),
            (&json!(code), &json!(number)),
            "{code}"
        );
    }
    bundle.wechat().clear_faults();
    bundle.wechat().fault(Fault::on(PROFILE, Effect::DropBefore));
    let answer = bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({})).await;
    assert_eq!(answer.problem(502, "wechat-unreachable")["code"], 6);
    let other = json!({ "openid": User::new("bob").openid(OFFICIAL) });
    let answer = bundle.post_as(Some(&session), "/oauth/getUserInfo", other).await;
    assert_eq!(answer.problem(403, "forbidden")["code"], 2);
    let problem = bundle.invoke("oauth-getuserinfo", json!({})).await.unwrap_err();
    assert_eq!((&problem["field"], &problem["code"]), (&json!("openid"), &json!(3)));
    let answer =
        bundle.post_as(Some(&session), "/oauth/getUserInfo", json!({ "lang": "fr" })).await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "lang");
}

#[tokio::test]
async fn a_silent_login_has_no_profile_and_no_unionid() {
    let bundle = Bundle::start().await;
    let code = bundle.wechat().mint_oauth_code(OFFICIAL, &User::new("alice"), "snsapi_base");
    let login = bundle.get_token(&code).await.json();
    assert!(login.get("unionid").is_none(), "{login}");
    let session = login["session_token"].as_str();

    let answer = bundle.post_as(session, "/oauth/getUserInfo", json!({})).await;
    let problem = answer.problem(403, "account-not-permitted");
    assert!(problem["detail"].as_str().unwrap().contains("snsapi_userinfo"), "{problem}");
    let checked = bundle.post_as(session, "/oauth/checkToken", json!({})).await;
    assert_eq!(checked.json(), json!({ "valid": true }));
}

#[tokio::test]
async fn check_token_tells_what_wechat_thinks() {
    let bundle = Bundle::start().await;
    let alice = User::new("alice");
    let session = bundle.oauth_session(OFFICIAL, "alice").await;
    let check = async || {
        let answer = bundle.post_as(Some(&session), "/oauth/checkToken", json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["valid"].as_bool().unwrap()
    };

    assert!(check().await);
    for code in [40001, 40003, 40014, 42001, 42007] {
        bundle.wechat().fault(Fault::on("/sns/auth", errcode(code)).times(1));
        assert!(!check().await, "{code}");
    }
    bundle.wechat().change_password(&alice);
    assert!(!check().await);
    assert_eq!(bundle.calls(RENEW), 0, "checking refreshes nothing");
    bundle.wechat().fault(Fault::on("/sns/auth", errcode(45011)).times(1));
    let answer = bundle.post_as(Some(&session), "/oauth/checkToken", json!({})).await;
    answer.problem(429, "quota-exceeded");
    let stranger = json!({ "openid": User::new("nobody").openid(OFFICIAL) });
    let answer = bundle.invoke("oauth-checktoken", stranger).await;
    assert_eq!(answer, Ok(json!({ "valid": false })));
}

#[tokio::test]
async fn a_snapshot_visitor_gets_a_marked_session_that_opens_nothing() {
    let bundle = Bundle::start().await;
    let visitor = User::new("alice").on_snapshot_page();
    let code = bundle.wechat().mint_oauth_code(OFFICIAL, &visitor, "snsapi_userinfo");

    let login = bundle.get_token(&code).await.json();
    let again = bundle.get_token(&code).await.json();

    assert_eq!(login, again);
    assert_eq!(login["snapshot"], true);
    assert_eq!(login["openId"], visitor.openid(OFFICIAL));
    assert!(login.get("unionid").is_none(), "{login}");
    assert_eq!(bundle.item(&format!("unionid#{}", visitor.unionid())).await, Value::Null);
    assert!(login.get("dynamicToken").is_none(), "{login}");
    for kind in ["session", "sns"] {
        let pk = format!("{kind}#{OFFICIAL}#{}", visitor.openid(OFFICIAL));
        assert_eq!(bundle.item(&pk).await, Value::Null, "{pk}");
    }
    let token = login["session_token"].as_str();
    let answer = bundle.post_as(token, "/oauth/getUserInfo", json!({})).await;
    let problem = answer.problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("snapshot"), "{problem}");
    assert_eq!(bundle.calls(PROFILE), 0);
}

#[tokio::test]
async fn sessions_of_oauth_and_mini_program_do_not_mix() {
    let bundle = Bundle::start().await;
    let mini = bundle.session("alice").await;
    let official = bundle.oauth_session(OFFICIAL, "alice").await;

    let answer = bundle.post_as(Some(&mini), "/oauth/getUserInfo", json!({})).await;
    answer.problem(401, "unauthenticated");
    let answer = bundle.post_as(Some(&official), "/auth/checkSession", json!({})).await;
    answer.problem(401, "unauthenticated");
    let unionid = bundle.item(&format!("unionid#{}", User::new("alice").unionid())).await;
    assert_eq!(unionid[MINI], User::new("alice").openid(MINI));
    assert_eq!(unionid[OFFICIAL], User::new("alice").openid(OFFICIAL));
}

#[tokio::test]
async fn a_deployment_that_wants_to_hands_the_modules_shape_out() {
    let bundle = Bundle::with(|options| options.expose_sns_tokens = true).await;
    let code = bundle.oauth_code(MOBILE, "alice");
    let input = json!({ "code": code, "appid": MOBILE });

    let login = bundle.post("/oauth/getToken", input.clone()).await.json();
    let again = bundle.post("/oauth/getToken", input).await.json();

    assert_eq!(login, again);
    let item = bundle.sns_item(MOBILE, "alice").await;
    assert_eq!(login["status"], true);
    assert_eq!(login["accessToken"], item["sns_access_token"]);
    assert_eq!(login["dynamicToken"], item["sns_refresh_token"]);
    assert_eq!(
        (&login["expires"], &login["openId"]),
        (&json!(7200), &json!(User::new("alice").openid(MOBILE)))
    );

    bundle.advance(7000);
    // WeChat does not replace its refresh token, so it may be used again.
    for calls in 1..=2 {
        let input = json!({ "apiKey": MOBILE, "dynamicToken": login["dynamicToken"] });
        let renewed = bundle.post("/oauth/refreshToken", input).await.json();
        assert_eq!(renewed["accessToken"], login["accessToken"], "a live token is prolonged");
        assert_eq!(renewed["dynamicToken"], login["dynamicToken"]);
        assert_eq!(renewed["expires"], 7200);
        let session = renewed["session_token"].as_str();
        let checked = bundle.post_as(session, "/oauth/checkToken", json!({})).await;
        assert_eq!(checked.json(), json!({ "valid": true }));
        assert_eq!(bundle.calls(RENEW), calls);
    }
    for (token, status, slug, number) in
        [("", 400, "invalid-input", 2), ("87_somebody-elses", 401, "unauthenticated", 3)]
    {
        let input = json!({ "apiKey": MOBILE, "dynamicToken": token });
        let answer = bundle.post("/oauth/refreshToken", input).await;
        assert_eq!(answer.problem(status, slug)["code"], number);
    }
    // A logout ends the login here, whatever WeChat says of its token.
    let session = login["session_token"].as_str();
    let everywhere = json!({ "everywhere": true });
    assert_eq!(bundle.post_as(session, "/auth/logout", everywhere).await.status, 200);
    let input = json!({ "apiKey": MOBILE, "dynamicToken": login["dynamicToken"] });
    let answer = bundle.post("/oauth/refreshToken", input).await;
    answer.problem(401, "unauthenticated");
}
