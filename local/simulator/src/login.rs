//! Mini-program login: codes, `sns/jscode2session`, and what becomes of the session_key.

use std::collections::HashMap;

use aes::Aes128;
use base64::{Engine, prelude::BASE64_STANDARD};
use cbc::{
    Encryptor,
    cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7},
};
use model::crypto::hmac_sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{AccountKind, Simulator, User, kept, quota};

const CODE_LIFE_MS: u64 = 300_000;
const EXCHANGES_PER_USER_AND_MINUTE: u32 = 100;

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    vec![
        Route::get("/sns/jscode2session", jscode2session),
        Route::get("/wxa/checksession", checksession).only(MINI),
        Route::get("/wxa/resetusersessionkey", resetusersessionkey).only(MINI).per_minute(60_000),
    ]
}

impl Simulator {
    /// A `wx.login` code: good for five minutes, once, and for this app.
    pub fn mint_code(&self, appid: &str, user: &User) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let drawn = self.random::<31>();
        let letters = drawn.iter().map(|byte| ALPHABET[usize::from(byte % 62)] as char);
        let value: String = std::iter::once('0').chain(letters).collect();

        let expires_at = self.clock().now_ms() + CODE_LIFE_MS;
        let code = Code { appid: appid.to_owned(), user: user.clone(), expires_at, used: false };
        self.kept(|login: &mut Login| login.codes.insert(value.clone(), code));
        value
    }

    /// The `session_key` of a user's last login, until it expires.
    pub fn session_key(&self, appid: &str, user: &User) -> Option<String> {
        self.session_key_of(appid, &user.openid(appid))
    }

    /// The same, by the openid.
    pub(super) fn session_key_of(&self, appid: &str, openid: &str) -> Option<String> {
        let now = self.clock().now_ms();
        self.kept(|login: &mut Login| {
            let session = login.sessions.get(&(appid.to_owned(), openid.to_owned()))?;
            (now < session.expires_at).then(|| session.key.clone())
        })
    }

    /// Data encrypted for the client of a logged-in user, with WeChat's watermark added.
    pub fn seal(&self, appid: &str, user: &User, data: &Value) -> Option<Sealed> {
        Some(self.seal_with(&self.session_key(appid, user)?, appid, data))
    }

    /// The same with any key.
    ///
    /// # Panics
    ///
    /// If the key is not 16 bytes in base64.
    pub fn seal_with(&self, session_key: &str, appid: &str, data: &Value) -> Sealed {
        let mut data = data.clone();
        data["watermark"] = json!({ "timestamp": self.clock().now(), "appid": appid });
        let key = BASE64_STANDARD.decode(session_key).ok().and_then(|key| key.try_into().ok());
        let (key, iv): ([u8; 16], _) =
            (key.expect("a session_key is 16 bytes in base64"), self.random::<16>());
        let sealed = Encryptor::<Aes128>::new(&key.into(), &iv.into())
            .encrypt_padded_vec::<Pkcs7>(data.to_string().as_bytes());
        Sealed { encrypted_data: BASE64_STANDARD.encode(sealed), iv: BASE64_STANDARD.encode(iv) }
    }

    /// When a user was last in an app, in milliseconds since 1970.
    pub(super) fn visited_at(&self, appid: &str, openid: &str) -> Option<u64> {
        let person = (appid.to_owned(), openid.to_owned());
        self.kept(|login: &mut Login| login.sessions.get(&person).map(|s| s.visited_at))
    }
}

/// Data as a client gets it: only the server can read it.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The data, in base64.
    pub encrypted_data: String,
    /// Where the cipher starts, in base64.
    pub iv: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Login {
    codes: HashMap<String, Code>,
    /// By appid and openid.
    #[serde(with = "kept::pairs")]
    sessions: HashMap<(String, String), Session>,
    /// The minute of a person's last exchange, and the exchanges in it.
    exchanges: HashMap<String, (u64, u32)>,
}

#[derive(Serialize, Deserialize)]
struct Code {
    appid: String,
    user: User,
    expires_at: u64,
    used: bool,
}

#[derive(Serialize, Deserialize)]
struct Session {
    key: String,
    expires_at: u64,
    /// When the person was last in the app.
    visited_at: u64,
}

/// `GET /sns/jscode2session`
fn jscode2session(call: &Call) -> Answer {
    let appid = call.required("appid", 41002, "appid missing")?;
    let secret = call.required("secret", 41004, "appsecret missing")?;
    let js_code = call.required("js_code", 41008, "missing code")?;
    if call.query("grant_type") != Some("authorization_code") {
        return Err(refuse(40002, "invalid grant_type"));
    }
    let account = call.account_by_secret(appid, secret)?;
    quota::spend(call, &account)?;

    let (now, key) = (call.now_ms(), mint_key(call.simulator));
    let user = call.simulator.kept(|login: &mut Login| {
        let code = login.codes.get_mut(js_code).filter(|code| {
            account.kind == AccountKind::MiniProgram && code.appid == appid && now < code.expires_at
        });
        let code = code.ok_or(refuse(40029, "invalid code"))?;
        if code.used {
            return Err(refuse(40163, "code been used"));
        }
        let openid = code.user.openid(appid);
        if code.user.blocked || account.blocked.contains(&openid) {
            return Err(refuse(40226, "code blocked"));
        }
        let (minute, exchanges) = login.exchanges.entry(openid.clone()).or_default();
        if *minute != now / 60_000 {
            (*minute, *exchanges) = (now / 60_000, 0);
        }
        if *exchanges >= EXCHANGES_PER_USER_AND_MINUTE {
            return Err(quota::too_fast());
        }
        *exchanges += 1;
        code.used = true;
        let expires_at = now + account.session_life_s * 1_000;
        let session = Session { key: key.clone(), expires_at, visited_at: now };
        login.sessions.insert((appid.to_owned(), openid), session);
        Ok(code.user.clone())
    })?;

    let mut answer = json!({ "session_key": key, "openid": user.openid(appid) });
    if account.open_platform {
        answer["unionid"] = user.unionid().into();
    }
    Ok(Reply::json(&answer))
}

/// `GET /wxa/checksession`
fn checksession(call: &Call) -> Answer {
    let account = call.account()?;
    check_method(call)?;
    let now = call.now_ms();
    call.simulator.kept(|login: &mut Login| {
        let session = login.session(call, &account.appid)?;
        // To this call a dead key is just one that no signature fits.
        if session.expires_at <= now || !session.signed(call) {
            return Err(refuse(87009, "invalid signature"));
        }
        Ok(Reply::ok(json!({})))
    })
}

/// `GET /wxa/resetusersessionkey`: a new key that dies when the old one would have.
fn resetusersessionkey(call: &Call) -> Answer {
    let account = call.account()?;
    check_method(call)?;
    let (now, key) = (call.now_ms(), mint_key(call.simulator));
    call.simulator.kept(|login: &mut Login| {
        let session = login.session(call, &account.appid)?;
        if session.expires_at <= now {
            return Err(refuse(87007, "session_key is not existed or expired"));
        }
        if !session.signed(call) {
            return Err(refuse(87009, "invalid signature"));
        }
        session.key.clone_from(&key);
        Ok(Reply::ok(json!({ "openid": call.query("openid"), "session_key": key })))
    })
}

impl Login {
    fn session(&mut self, call: &Call, appid: &str) -> Result<&mut Session, Refusal> {
        let openid = call.query("openid").unwrap_or_default();
        let key = (appid.to_owned(), openid.to_owned());
        self.sessions.get_mut(&key).ok_or(refuse(40003, "invalid openid"))
    }
}

impl Session {
    /// Whether the call is signed with this key.
    fn signed(&self, call: &Call) -> bool {
        call.query("signature") == Some(&signature(&self.key, b""))
    }
}

/// Signs a message in a user's name; that of a GET is empty. The key of the HMAC is the text of
/// the session_key, not the bytes it stands for.
pub(super) fn signature(session_key: &str, message: &[u8]) -> String {
    hmac_sha256_hex(session_key.as_bytes(), message)
}

fn check_method(call: &Call) -> Result<(), Refusal> {
    match call.query("sig_method") {
        Some("hmac_sha256") => Ok(()),
        _ => Err(refuse(87008, "invalid sig_method")),
    }
}

fn mint_key(simulator: &Simulator) -> String {
    BASE64_STANDARD.encode(simulator.random::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, SECOND_MINI, SECRET, errcode, simulator};

    impl Simulator {
        fn exchange(&self, appid: &str, code: &str) -> Value {
            let grant = "grant_type=authorization_code";
            let query = format!("{grant}&appid={appid}&secret={SECRET}&js_code={code}");
            self.get(&format!("/sns/jscode2session?{query}"))
        }

        fn signed(&self, path: &str, openid: &str, session_key: &str) -> Value {
            let signature = signature(session_key, b"");
            let token = self.token(MINI);
            let query = format!("access_token={token}&openid={openid}&signature={signature}");
            self.get(&format!("{path}?{query}&sig_method=hmac_sha256"))
        }
    }

    #[test]
    fn a_login_tells_who_somebody_is() {
        let (_, simulator) = simulator();
        let alice = User::new("alice");

        let answer = simulator.exchange(MINI, &simulator.mint_code(MINI, &alice));

        let key = answer["session_key"].as_str().unwrap();
        assert_eq!(answer["openid"], alice.openid(MINI));
        assert_eq!(answer["unionid"], alice.unionid());
        assert_eq!((key.len(), BASE64_STANDARD.decode(key).unwrap().len()), (24, 16));
        assert_eq!(answer.as_object().unwrap().len(), 3, "no errcode on success");
        assert_eq!(simulator.session_key(MINI, &alice).as_deref(), Some(key));
    }

    #[test]
    fn an_app_outside_the_open_platform_gets_no_unionid() {
        let (_, simulator) = simulator();
        simulator.change_account(MINI, |account| account.open_platform = false);

        let answer = simulator.exchange(MINI, &simulator.mint_code(MINI, &User::new("alice")));

        assert_eq!((errcode(&answer), answer.get("unionid")), (0, None));
    }

    #[test]
    fn a_code_is_good_once() {
        let (_, simulator) = simulator();
        let code = simulator.mint_code(MINI, &User::new("alice"));

        assert_eq!(errcode(&simulator.exchange(MINI, &code)), 0);
        assert_eq!(errcode(&simulator.exchange(MINI, &code)), 40163);
    }

    #[test]
    fn a_code_is_good_for_five_minutes_and_for_its_app() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let code = simulator.mint_code(MINI, &alice);
        let official = simulator.mint_code(OFFICIAL, &alice);

        assert_eq!(errcode(&simulator.exchange(SECOND_MINI, &code)), 40029);
        assert_eq!(errcode(&simulator.exchange(OFFICIAL, &official)), 40029);
        assert_eq!(errcode(&simulator.exchange(MINI, "nonsense")), 40029);
        clock.advance_ms(299_999);
        assert_eq!(errcode(&simulator.exchange(MINI, &code)), 0);
        let code = simulator.mint_code(MINI, &alice);
        clock.advance_ms(300_000);
        assert_eq!(errcode(&simulator.exchange(MINI, &code)), 40029);
    }

    #[test]
    fn risky_people_are_refused() {
        let (_, simulator) = simulator();
        let (mallory, eve) = (User::new("mallory").blocked(), User::new("eve"));
        simulator.change_account(MINI, |account| {
            account.blocked.insert(eve.openid(MINI));
        });

        for user in [mallory, eve] {
            let code = simulator.mint_code(MINI, &user);
            assert_eq!(errcode(&simulator.exchange(MINI, &code)), 40226);
        }
    }

    #[test]
    fn jscode2session_checks_what_it_is_shown() {
        let (_, simulator) = simulator();
        let code = |query: &str| errcode(&simulator.get(&format!("/sns/jscode2session?{query}")));
        let grant = "grant_type=authorization_code";

        assert_eq!(code(grant), 41002);
        assert_eq!(code(&format!("{grant}&appid={MINI}")), 41004);
        assert_eq!(code(&format!("{grant}&appid={MINI}&secret={SECRET}")), 41008);
        assert_eq!(code(&format!("appid={MINI}&secret={SECRET}&js_code=x")), 40002);
        assert_eq!(code(&format!("{grant}&appid=wx0&secret={SECRET}&js_code=x")), 40013);
        assert_eq!(code(&format!("{grant}&appid={MINI}&secret=x&js_code=x")), 40125);
    }

    #[test]
    fn a_person_logs_in_a_hundred_times_a_minute() {
        let (clock, simulator) = simulator();
        let login = || {
            let code = simulator.mint_code(MINI, &User::new("alice"));
            errcode(&simulator.exchange(MINI, &code))
        };

        assert!((0..100).all(|_| login() == 0));
        assert_eq!(login(), 45011);
        clock.advance_ms(60_000);
        assert_eq!(login(), 0);
    }

    #[test]
    fn checksession_knows_the_newest_key_only() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let openid = alice.openid(MINI);
        let login = || {
            let answer = simulator.exchange(MINI, &simulator.mint_code(MINI, &alice));
            answer["session_key"].as_str().unwrap().to_owned()
        };
        let check =
            |openid: &str, key: &str| errcode(&simulator.signed("/wxa/checksession", openid, key));
        let (old, new) = (login(), login());

        assert_eq!((check(&openid, &old), check(&openid, &new)), (87009, 0));
        assert_eq!(check("o-nobody", &new), 40003);
        clock.advance_ms(3 * 86_400_000);
        assert_eq!(check(&openid, &new), 87009);
    }

    #[test]
    fn checksession_wants_its_signature_method() {
        let (_, simulator) = simulator();
        let token = simulator.token(MINI);

        let answer = simulator.get(&format!("/wxa/checksession?access_token={token}&openid=o"));

        assert_eq!(errcode(&answer), 87008);
    }

    #[test]
    fn a_reset_key_replaces_the_old_one_but_lives_no_longer() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        let openid = alice.openid(MINI);
        simulator.exchange(MINI, &simulator.mint_code(MINI, &alice));
        let old = simulator.session_key(MINI, &alice).unwrap();
        clock.advance_ms(86_400_000);

        let path = "/wxa/resetusersessionkey";
        let answer = simulator.signed(path, &openid, &old);
        let new = answer["session_key"].as_str().unwrap();

        assert_eq!((&answer["errcode"], &answer["openid"]), (&json!(0), &json!(openid)));
        assert_eq!(errcode(&simulator.signed(path, &openid, &old)), 87009);
        assert_eq!(errcode(&simulator.signed("/wxa/checksession", &openid, new)), 0);
        clock.advance_ms(2 * 86_400_000);
        assert_eq!(errcode(&simulator.signed(path, &openid, new)), 87007);
    }

    #[test]
    fn signatures_agree_with_the_official_vectors() {
        let key = "o0q0otL8aEzpcZL/FT9WsQ==";

        assert_eq!(
            signature(key, br#"{"foo":"bar"}"#),
            "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
        );
        assert_eq!(
            signature(key, b""),
            "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"
        );
    }
}
