//! OAuth: the pages a user consents on, the codes they give, and `sns/*`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind, Simulator, User, base64url, quota};

const ACCESS_LIFE_MS: u64 = 7_200_000;
const REFRESH_LIFE_MS: u64 = 30 * 86_400_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        // On another host at WeChat, for the user's browser.
        Route::get("/connect/oauth2/authorize", authorize_in_wechat),
        Route::get("/connect/qrconnect", authorize_by_qr),
        Route::get("/sns/oauth2/access_token", access_token).per_minute(50_000),
        Route::get("/sns/oauth2/refresh_token", refresh_token).per_minute(50_000),
        Route::get("/sns/userinfo", userinfo).per_minute(50_000),
        Route::get("/sns/auth", auth).per_minute(50_000),
    ]
}

impl Simulator {
    /// An OAuth code, as after consent to this scope: good once, for this app, and for five minutes
    /// from a page in WeChat or ten from elsewhere.
    pub fn mint_oauth_code(&self, appid: &str, user: &User, scope: &str) -> String {
        let value = format!("0{}", base64url(self.random::<24>()).replace(['-', '_'], "x"));
        let in_wechat =
            self.account(appid).is_some_and(|app| app.kind == AccountKind::OfficialAccount);
        let life_ms = if in_wechat { 300_000 } else { 600_000 };
        let code = Code {
            appid: appid.to_owned(),
            user: user.clone(),
            scope: scope.to_owned(),
            expires_at: self.clock().now_ms() + life_ms,
            used: false,
        };
        self.kept(|sns: &mut Sns| sns.codes.insert(value.clone(), code));
        value
    }

    /// Changes a user's password, which ends every consent of that user (42007).
    pub fn change_password(&self, user: &User) {
        self.kept(|sns: &mut Sns| {
            let theirs = sns.consents.values_mut().filter(|consent| consent.user.name == user.name);
            theirs.for_each(|consent| consent.void = true);
        });
    }

    /// Every OAuth access and refresh token that was ever handed out, to check that none leaks.
    pub fn sns_tokens(&self) -> Vec<String> {
        self.kept(|sns: &mut Sns| {
            sns.access_tokens.keys().chain(sns.consents.keys()).cloned().collect()
        })
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Sns {
    codes: HashMap<String, Code>,
    /// By refresh token.
    consents: HashMap<String, Consent>,
    /// The refresh token an access token came with.
    access_tokens: HashMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Code {
    appid: String,
    user: User,
    scope: String,
    expires_at: u64,
    used: bool,
}

/// What a user allowed an app.
#[derive(Serialize, Deserialize)]
struct Consent {
    appid: String,
    user: User,
    scope: String,
    expires_at: u64,
    /// The newest access token and its end; older ones are not the latest.
    access_token: String,
    access_expires_at: u64,
    /// The user changed the password.
    void: bool,
}

/// `GET /sns/oauth2/access_token`
fn access_token(call: &Call) -> Answer {
    let appid = call.required("appid", 41002, "appid missing")?;
    let secret = call.required("secret", 41004, "appsecret missing")?;
    let code = call.required("code", 41008, "missing code")?;
    if call.query("grant_type") != Some("authorization_code") {
        return Err(refuse(40002, "invalid grant_type"));
    }
    let account = call.account_by_secret(appid, secret)?;
    quota::spend(call, &account)?;

    let now = call.now_ms();
    let (access, refresh) = (mint(call.simulator), mint(call.simulator));
    call.simulator.kept(|sns: &mut Sns| {
        let code = sns.codes.get_mut(code).filter(|code| code.appid == appid);
        let code = code.ok_or(refuse(40029, "invalid code"))?;
        if code.expires_at <= now {
            return Err(match account.expired_code {
                42003 => refuse(42003, "oauth_code expired"),
                code => refuse(code, "invalid code"),
            });
        }
        if code.used {
            return Err(refuse(40163, "code been used"));
        }
        check_person(&account, &code.user)?;
        code.used = true;
        let consent = Consent {
            appid: appid.to_owned(),
            user: code.user.clone(),
            scope: code.scope.clone(),
            expires_at: now + REFRESH_LIFE_MS,
            access_token: access.clone(),
            access_expires_at: now + ACCESS_LIFE_MS,
            void: false,
        };
        let mut answer = consent.granted(&refresh, now);
        if account.open_platform && consent.shows_profile() {
            answer["unionid"] = consent.user.unionid().into();
        }
        if consent.user.snapshot {
            answer["is_snapshotuser"] = 1.into();
        }
        sns.access_tokens.insert(access, refresh.clone());
        sns.consents.insert(refresh, consent);
        Ok(Reply::json(&answer))
    })
}

/// `GET /sns/oauth2/refresh_token`: a live access token lives on, a dead one is replaced.
fn refresh_token(call: &Call) -> Answer {
    let appid = call.required("appid", 41002, "appid missing")?;
    if call.query("grant_type") != Some("refresh_token") {
        return Err(refuse(40002, "invalid grant_type"));
    }
    let refresh = call.required("refresh_token", 41003, "missing refresh_token")?;
    let account = call.simulator.account(appid).ok_or(refuse(40013, "invalid appid"))?;
    quota::spend(call, &account)?;

    let (now, fresh) = (call.now_ms(), mint(call.simulator));
    call.simulator.kept(|sns: &mut Sns| {
        let consent = sns.consents.get_mut(refresh).filter(|consent| consent.appid == appid);
        let consent = consent.ok_or(refuse(40030, "invalid refresh_token"))?;
        consent.check(&account)?;
        if consent.expires_at <= now {
            return Err(refuse(42002, "refresh_token expired"));
        }
        if consent.access_expires_at <= now {
            consent.access_token.clone_from(&fresh);
            sns.access_tokens.insert(fresh, refresh.to_owned());
        }
        consent.access_expires_at = now + ACCESS_LIFE_MS;
        Ok(Reply::json(&consent.granted(refresh, now)))
    })
}

/// `GET /sns/userinfo`
fn userinfo(call: &Call) -> Answer {
    with_consent(call, |account, consent| {
        if !consent.shows_profile() {
            return Err(refuse(48001, "api unauthorized"));
        }
        let user = &consent.user;
        let nickname = if user.snapshot { "微信用户" } else { &user.nickname };
        let mut answer = json!({
            "openid": user.openid(&consent.appid),
            "nickname": nickname,
            // Since 2021 WeChat tells none of these.
            "sex": 0, "language": "", "province": "", "city": "", "country": "",
            "headimgurl": format!("https://thirdwx.qlogo.cn/mmopen/vi_32/{}/132", user.name),
            "privilege": [],
        });
        if account.open_platform {
            answer["unionid"] = user.unionid().into();
        }
        Ok(Reply::json(&answer))
    })
}

/// `GET /sns/auth`
fn auth(call: &Call) -> Answer {
    with_consent(call, |_, _| Ok(Reply::ok(json!({}))))
}

/// What the access token and the openid of a call stand for.
fn with_consent(call: &Call, act: impl FnOnce(&Account, &Consent) -> Answer) -> Answer {
    let token = call.required("access_token", 41001, "access_token missing")?;
    let openid = call.required("openid", 41009, "missing openid")?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if token.len() < 40 || !token.bytes().all(allowed) {
        return Err(refuse(40014, "invalid access_token"));
    }
    let not_latest = || refuse(40001, "invalid credential, access_token is invalid or not latest");
    let appid = call.simulator.kept(|sns: &mut Sns| {
        let refresh = sns.access_tokens.get(token)?;
        Some(sns.consents.get(refresh)?.appid.clone())
    });
    let account = call.simulator.account(&appid.ok_or_else(not_latest)?).ok_or_else(not_latest)?;
    quota::spend(call, &account)?;

    let now = call.now_ms();
    call.simulator.kept(|sns: &mut Sns| {
        let consent = sns.access_tokens.get(token).and_then(|refresh| sns.consents.get(refresh));
        let consent = consent.filter(|consent| consent.access_token == token);
        let consent = consent.ok_or_else(not_latest)?;
        consent.check(&account)?;
        if consent.access_expires_at <= now {
            return Err(refuse(42001, "access_token expired"));
        }
        if consent.user.openid(&consent.appid) != openid {
            return Err(refuse(40003, "invalid openid"));
        }
        act(&account, consent)
    })
}

impl Consent {
    fn granted(&self, refresh: &str, now: u64) -> Value {
        json!({
            "access_token": self.access_token,
            "expires_in": (self.access_expires_at - now) / 1_000,
            "refresh_token": refresh,
            "openid": self.user.openid(&self.appid),
            "scope": self.scope,
        })
    }

    fn shows_profile(&self) -> bool {
        self.scope.split(',').any(|scope| matches!(scope, "snsapi_userinfo" | "snsapi_login"))
    }

    fn check(&self, account: &Account) -> Result<(), Refusal> {
        if self.void {
            return Err(refuse(42007, "access_token and refresh_token exception"));
        }
        check_person(account, &self.user)
    }
}

fn check_person(account: &Account, user: &User) -> Result<(), Refusal> {
    if account.frozen.contains(&user.openid(&account.appid)) {
        return Err(refuse(50002, "user limited"));
    }
    Ok(())
}

/// `GET /connect/oauth2/authorize`: alice consents at once.
fn authorize_in_wechat(call: &Call) -> Answer {
    let extras = ["forcePopup", "forceSnapShot", "connect_redirect"];
    consent(call, AccountKind::OfficialAccount, &["snsapi_base", "snsapi_userinfo"], &extras)
}

/// `GET /connect/qrconnect`: alice scans and consents at once.
fn authorize_by_qr(call: &Call) -> Answer {
    consent(call, AccountKind::Website, &["snsapi_login"], &["lang"])
}

/// WeChat matches the whole address against a pattern: the order counts, and so does the escaping.
fn consent(call: &Call, kind: AccountKind, scopes: &[&str], extras: &[&str]) -> Answer {
    let page = |code: u32| {
        Ok(Reply::raw(200, "text/html; charset=utf-8", format!("<html>Error {code}</html>")))
    };
    let query = call.request.uri().query().unwrap_or_default();
    let pairs: Vec<(&str, &str)> =
        query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    for (name, code) in [("appid", 10012), ("redirect_uri", 10011), ("scope", 10010)] {
        if call.query(name).is_none() {
            return page(code);
        }
    }
    let order = ["appid", "redirect_uri", "response_type", "scope", "state"];
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    // `state` may be left out.
    let required = &order[..if names.contains(&"state") { 5 } else { 4 }];
    let in_order = names.starts_with(required)
        && names[required.len()..].iter().all(|name| extras.contains(name));
    let escaped = !pairs.get(1).is_some_and(|(_, uri)| uri.contains([':', '/', '?', '=', '+']));
    if !in_order || !escaped || call.query("response_type") != Some("code") {
        return page(10000);
    }
    let [appid, redirect_uri, _, scope, state] =
        order.map(|name| call.query(name).unwrap_or_default());
    let Some(account) = call.simulator.account(appid).filter(|account| account.kind == kind) else {
        return page(10016);
    };
    if !scopes.contains(&scope) {
        return page(10005);
    }
    if state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return page(10013);
    }
    let host = redirect_uri.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    if account.oauth_domain.as_deref().is_some_and(|domain| host != Some(domain)) {
        return page(10003);
    }
    let code = call.simulator.mint_oauth_code(appid, &User::new("alice"), scope);
    let (address, fragment) = match redirect_uri.split_once('#') {
        Some((address, fragment)) => (address, format!("#{fragment}")),
        None => (redirect_uri, String::new()),
    };
    let joint = if address.contains('?') { '&' } else { '?' };
    let location = format!("{address}{joint}code={code}&state={state}{fragment}");
    Ok(Reply::raw(302, "text/html", "").with_header("location", location))
}

fn mint(simulator: &Simulator) -> String {
    format!("87_{}", base64url(simulator.random::<64>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, SECRET, errcode, simulator};

    const PROFILE: &str = "snsapi_userinfo";

    impl Simulator {
        fn trade(&self, code: &str) -> Value {
            let query = format!("appid={OFFICIAL}&secret={SECRET}&code={code}");
            self.get(&format!("/sns/oauth2/access_token?{query}&grant_type=authorization_code"))
        }

        fn renew(&self, granted: &Value) -> Value {
            let refresh = granted["refresh_token"].as_str().unwrap();
            let query = format!("appid={OFFICIAL}&grant_type=refresh_token");
            self.get(&format!("/sns/oauth2/refresh_token?{query}&refresh_token={refresh}"))
        }

        fn about(&self, path: &str, granted: &Value) -> Value {
            let (token, openid) = (granted["access_token"].as_str(), granted["openid"].as_str());
            let query = format!("access_token={}&openid={}", token.unwrap(), openid.unwrap());
            self.get(&format!("{path}?{query}&lang=zh_CN"))
        }
    }

    #[test]
    fn a_consent_gives_tokens_and_a_profile() {
        let (_, simulator) = simulator();
        let alice = User::new("alice");

        let granted = simulator.trade(&simulator.mint_oauth_code(OFFICIAL, &alice, PROFILE));
        let profile = simulator.about("/sns/userinfo", &granted);

        assert_eq!(granted["openid"], alice.openid(OFFICIAL));
        assert_eq!(
            (&granted["unionid"], &granted["expires_in"]),
            (&json!(alice.unionid()), &json!(7200))
        );
        assert!(granted.get("errcode").is_none() && granted.get("is_snapshotuser").is_none());
        assert_eq!((&profile["openid"], errcode(&profile)), (&granted["openid"], 0));
        assert_eq!(errcode(&simulator.about("/sns/auth", &granted)), 0);
    }

    #[test]
    fn a_silent_consent_shows_no_profile_and_no_unionid() {
        let (_, simulator) = simulator();
        let code = simulator.mint_oauth_code(OFFICIAL, &User::new("alice"), "snsapi_base");
        let granted = simulator.trade(&code);

        assert!(granted.get("unionid").is_none());
        assert_eq!(errcode(&simulator.about("/sns/userinfo", &granted)), 48001);
        assert_eq!(errcode(&simulator.about("/sns/auth", &granted)), 0);
    }

    #[test]
    fn a_snapshot_visitor_is_marked_and_made_up() {
        let (_, simulator) = simulator();
        let alice = User::new("alice");
        let visitor = alice.clone().on_snapshot_page();

        let granted = simulator.trade(&simulator.mint_oauth_code(OFFICIAL, &visitor, PROFILE));

        assert_eq!(granted["is_snapshotuser"], 1);
        assert_ne!(granted["openid"], alice.openid(OFFICIAL));
        assert_ne!(granted["unionid"], alice.unionid());
    }

    #[test]
    fn a_code_is_good_once_and_five_minutes() {
        let (clock, simulator) = simulator();
        let mint = || simulator.mint_oauth_code(OFFICIAL, &User::new("alice"), PROFILE);
        let code = mint();
        assert_eq!(
            [errcode(&simulator.trade(&code)), errcode(&simulator.trade(&code))],
            [0, 40163]
        );
        let code = mint();
        clock.advance_ms(300_000);
        assert_eq!(errcode(&simulator.trade(&code)), 40029);
        simulator.change_account(OFFICIAL, |account| account.expired_code = 42003);
        assert_eq!(errcode(&simulator.trade(&code)), 42003);
        assert_eq!(errcode(&simulator.trade("nonsense")), 40029);
    }

    #[test]
    fn refreshing_prolongs_a_live_token_and_replaces_a_dead_one() {
        let (clock, simulator) = simulator();
        let code = simulator.mint_oauth_code(OFFICIAL, &User::new("alice"), PROFILE);
        let first = simulator.trade(&code);

        clock.advance_ms(7_000_000);
        let prolonged = simulator.renew(&first);
        clock.advance_ms(7_199_999);
        assert_eq!(errcode(&simulator.about("/sns/auth", &first)), 0);
        clock.advance_ms(1);
        assert_eq!(errcode(&simulator.about("/sns/auth", &first)), 42001);
        let second = simulator.renew(&first);

        assert_eq!(prolonged["access_token"], first["access_token"]);
        assert_ne!(second["access_token"], first["access_token"]);
        assert_eq!(second["refresh_token"], first["refresh_token"]);
        assert_eq!(errcode(&simulator.about("/sns/auth", &first)), 40001);
        assert_eq!(errcode(&simulator.about("/sns/auth", &second)), 0);
        clock.advance_ms(30 * 86_400_000);
        assert_eq!(errcode(&simulator.renew(&first)), 42002);
    }

    #[test]
    fn a_new_password_and_a_frozen_person_end_everything() {
        let (_, simulator) = simulator();
        let alice = User::new("alice");
        let granted = simulator.trade(&simulator.mint_oauth_code(OFFICIAL, &alice, PROFILE));
        simulator.change_account(OFFICIAL, |account| {
            account.frozen.insert(alice.openid(OFFICIAL));
        });
        assert_eq!(errcode(&simulator.about("/sns/userinfo", &granted)), 50002);
        simulator.change_password(&alice);
        assert_eq!(errcode(&simulator.about("/sns/userinfo", &granted)), 42007);
        assert_eq!(errcode(&simulator.renew(&granted)), 42007);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let (_, simulator) = simulator();
        let code = |uri: String| errcode(&simulator.get(&format!("/sns/{uri}")));
        let granted =
            simulator.trade(&simulator.mint_oauth_code(OFFICIAL, &User::new("a"), PROFILE));
        let token = granted["access_token"].as_str().unwrap();
        let (trade, renew) = ("oauth2/access_token", "oauth2/refresh_token");

        assert_eq!(code(trade.into()), 41002);
        assert_eq!(code(format!("{trade}?appid={OFFICIAL}")), 41004);
        assert_eq!(code(format!("{trade}?appid={OFFICIAL}&secret={SECRET}")), 41008);
        assert_eq!(code(format!("{trade}?appid={OFFICIAL}&secret={SECRET}&code=x")), 40002);
        let whole = "code=x&grant_type=authorization_code";
        assert_eq!(code(format!("{trade}?appid=wx0&secret=x&{whole}")), 40013);
        assert_eq!(code(format!("{trade}?appid={OFFICIAL}&secret=x&{whole}")), 40125);
        assert_eq!(code(format!("{renew}?appid={OFFICIAL}")), 40002);
        assert_eq!(code(format!("{renew}?appid={OFFICIAL}&grant_type=refresh_token")), 41003);
        let whole = "grant_type=refresh_token&refresh_token=x";
        assert_eq!(code(format!("{renew}?appid=wx0&{whole}")), 40013);
        assert_eq!(code(format!("{renew}?appid={OFFICIAL}&{whole}")), 40030);
        assert_eq!(code("userinfo".into()), 41001);
        assert_eq!(code(format!("userinfo?access_token={token}")), 41009);
        assert_eq!(code("userinfo?access_token=short&openid=o".into()), 40014);
        assert_eq!(code(format!("userinfo?access_token={}&openid=o", "x".repeat(60))), 40001);
        assert_eq!(code(format!("userinfo?access_token={token}&openid=o")), 40003);
    }

    #[tokio::test]
    async fn the_consent_page_knows_one_order_of_its_parameters() {
        let (_, simulator) = simulator();
        let page = async |query: &str| {
            let uri = format!("/connect/oauth2/authorize?{query}");
            simulator.send("GET", &uri, "").await.unwrap()
        };
        let uri = "https%3A%2F%2Fh5.example.com%2Fcb%3Fa%3D1%23%2Fhome";
        let good = format!(
            "appid={OFFICIAL}&redirect_uri={uri}&response_type=code&scope={PROFILE}&state=abc"
        );

        let reply = page(&good).await;

        assert_eq!(reply.status, 302);
        let location = &reply.headers[0].1;
        assert!(location.starts_with("https://h5.example.com/cb?a=1&code="), "{location}");
        assert!(location.ends_with("&state=abc#/home"), "{location}");
        let reply = page(&good.replace("&state=abc", "")).await;
        assert!(reply.headers[0].1.ends_with("&state=#/home"), "state is optional");
        simulator.change_account(OFFICIAL, |app| app.oauth_domain = Some("example.com".into()));
        for (query, code) in [
            (good.clone(), 10003),
            (good.replace("&state=abc", "&state=a-b"), 10013),
            (good.replace(PROFILE, "snsapi_login"), 10005),
            (good.replace(OFFICIAL, MINI), 10016),
            (good.replace("%3A%2F%2F", "://"), 10000),
            (format!("state=abc&{}", good.replace("&state=abc", "")), 10000),
        ] {
            let reply = page(&query).await;
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            assert!(reply.status == 200 && text.contains(&code.to_string()), "{query}: {text}");
        }
    }
}
