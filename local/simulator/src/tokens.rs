//! Access tokens: `cgi-bin/token`, `cgi-bin/stable_token`, and whether a token is good.

use std::collections::HashMap;
use std::sync::Arc;

use model::china;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, Simulator, base64url, kept, quota};

/// How long two tokens overlap: the replaced one of `cgi-bin/token`, and the renewed stable one.
const OVERLAP_MS: u64 = 300_000;
/// A forced refresh sooner than this after the last one does nothing.
const FORCE_INTERVAL_MS: u64 = 30_000;
const FORCES_PER_DAY: u32 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/cgi-bin/token", token).daily(2_000),
        Route::post("/cgi-bin/stable_token", stable_token).daily(500_000).per_minute(10_000),
    ]
}

/// When a token or ticket began, and when it stops working, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// When WeChat issued it.
    pub issued_at_ms: u64,
    /// When it expires, or was voided before that.
    pub dies_at_ms: u64,
}

impl Simulator {
    /// The access token an app would be using now: the stable one, else that of `cgi-bin/token`.
    pub fn access_token(&self, appid: &str) -> Option<String> {
        let now = self.clock().now_ms();
        self.kept(|tokens: &mut Tokens| {
            let current = |family| tokens.current(appid, family, now);
            current(Family::Stable).or_else(|| current(Family::Legacy)).map(|(value, _)| value)
        })
    }

    /// Voids every access token of an app at once, as a refresh elsewhere does: the next request
    /// for a stable token gets the one that was issued there.
    pub fn invalidate_token(&self, appid: &str) {
        let Some(account) = self.account(appid) else { return };
        let now = self.clock().now_ms();
        for family in [Family::Stable, Family::Legacy] {
            let fresh = mint(self);
            self.kept(|tokens: &mut Tokens| {
                let held = tokens.current(&account.appid, family, now).is_some();
                tokens.void(&account.appid, family, now);
                if held {
                    tokens.issue(&account, family, fresh, now);
                }
            });
        }
    }

    /// Makes WeChat refuse the access tokens of an app (40001) and still hand out the stable one,
    /// until a refresh is forced.
    pub fn poison_token(&self, appid: &str) {
        let now = self.clock().now_ms();
        self.kept(|tokens: &mut Tokens| {
            for family in [Family::Stable, Family::Legacy] {
                if let Some((value, _)) = tokens.current(appid, family, now)
                    && let Some(token) = tokens.issued.get_mut(&value)
                {
                    token.poisoned_at = token.poisoned_at.min(now);
                }
            }
        });
    }

    /// How WeChat's interfaces receive an access token: the errcode, or 0 for a good one.
    pub fn check_token(&self, token: &str) -> i64 {
        owner(self, token).err().map_or(0, |refusal| refusal.code)
    }

    pub(super) fn token_life(&self, token: &str) -> Option<Life> {
        self.kept(|tokens: &mut Tokens| {
            let token = tokens.issued.get(token)?;
            let dies_at_ms = token.expires_at.min(token.void_at).min(token.poisoned_at);
            Some(Life { issued_at_ms: token.issued_at, dies_at_ms })
        })
    }
}

impl Call<'_> {
    /// The app whose access token the call carries, if it may call this and has calls left.
    pub(super) fn account(&self) -> Result<Arc<Account>, Refusal> {
        let token = self.required("access_token", 41001, "access_token missing")?;
        let appid = owner(self.simulator, token)?;
        let account = self.app(&appid)?;
        if !self.route().granted_to(account.kind) {
            return Err(refuse(48001, "api unauthorized"));
        }
        quota::spend(self, &account)?;
        Ok(account)
    }

    /// The app this call is about, as far as one can tell without checking it.
    pub(super) fn appid(&self) -> Option<String> {
        let named = || self.query("appid").map(str::to_owned);
        let owned = || {
            let token = self.query("access_token")?;
            self.simulator.kept(|tokens: &mut Tokens| Some(tokens.issued.get(token)?.appid.clone()))
        };
        let inside = || {
            let body: Value = serde_json::from_slice(self.request.body()).ok()?;
            body.get("appid")?.as_str().map(str::to_owned)
        };
        named().or_else(owned).or_else(inside)
    }
}

/// The app a token speaks for, if the token is good.
fn owner(simulator: &Simulator, token: &str) -> Result<String, Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if token.len() < 100 || !token.bytes().all(allowed) {
        return Err(refuse(40014, "invalid access_token"));
    }
    let now = simulator.clock().now_ms();
    simulator.kept(|tokens: &mut Tokens| match tokens.issued.get(token) {
        Some(token) if token.void_at.min(token.poisoned_at) <= now => Err(not_latest()),
        Some(token) if token.expires_at <= now => Err(refuse(42001, "access_token expired")),
        Some(token) => Ok(token.appid.clone()),
        None => Err(not_latest()),
    })
}

/// A live token, without its value.
#[derive(Serialize)]
pub(super) struct Age {
    family: Family,
    age_s: u64,
    expires_in: u64,
}

/// The live tokens of an app, and how often it forced a refresh today.
pub(super) fn overview(simulator: &Simulator, appid: &str) -> (Vec<Age>, u32) {
    let now = simulator.clock().now_ms();
    simulator.kept(|tokens: &mut Tokens| {
        let live =
            |token: &&Token| token.appid == appid && now < token.expires_at.min(token.void_at);
        let age = |token: &Token| Age {
            family: token.family,
            age_s: now.saturating_sub(token.issued_at) / 1_000,
            expires_in: (token.expires_at.min(token.void_at) - now) / 1_000,
        };
        let mut ages: Vec<Age> = tokens.issued.values().filter(live).map(age).collect();
        ages.sort_by_key(|age| (age.family, age.age_s));
        let forced =
            tokens.forced.get(appid).map_or(0, |forced| forced.on(china::day(now / 1_000)));
        (ages, forced)
    })
}

#[derive(Default, Serialize, Deserialize)]
struct Tokens {
    /// Every token ever issued, since a void one is answered differently from an expired one.
    issued: HashMap<String, Token>,
    #[serde(with = "kept::pairs")]
    current: HashMap<(String, Family), String>,
    forced: HashMap<String, Forced>,
}

/// The two ways to a token, which do not touch one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Family {
    Stable,
    Legacy,
}

#[derive(Serialize, Deserialize)]
struct Token {
    appid: String,
    family: Family,
    issued_at: u64,
    expires_at: u64,
    /// When a newer one takes its place, if that is before it expires.
    void_at: u64,
    /// When WeChat began to refuse it although it would still hand it out.
    poisoned_at: u64,
}

/// The forced refreshes of an app.
#[derive(Serialize, Deserialize)]
struct Forced {
    at: u64,
    day: u64,
    count: u32,
}

impl Forced {
    fn on(&self, day: u64) -> u32 {
        if self.day == day { self.count } else { 0 }
    }
}

impl Tokens {
    /// The token a family would hand out now, and when it expires.
    fn current(&self, appid: &str, family: Family, now: u64) -> Option<(String, u64)> {
        let value = self.current.get(&(appid.to_owned(), family))?;
        let token = self.issued.get(value)?;
        (now < token.expires_at.min(token.void_at)).then(|| (value.clone(), token.expires_at))
    }

    fn issue(&mut self, account: &Account, family: Family, value: String, now: u64) -> u64 {
        let appid = account.appid.clone();
        let expires_at = now + account.token_life_s * 1_000;
        self.current.insert((appid.clone(), family), value.clone());
        let token = Token {
            appid,
            family,
            issued_at: now,
            expires_at,
            void_at: u64::MAX,
            poisoned_at: u64::MAX,
        };
        self.issued.insert(value, token);
        expires_at
    }

    fn void(&mut self, appid: &str, family: Family, at: u64) {
        let theirs = |token: &&mut Token| token.appid == appid && token.family == family;
        for token in self.issued.values_mut().filter(theirs) {
            token.void_at = token.void_at.min(at);
        }
    }

    /// Counts a forced refresh. `false`: too soon after the last one, so nothing happens.
    fn force(&mut self, appid: &str, now: u64) -> Result<bool, Refusal> {
        let today = china::day(now / 1_000);
        let mut count = 0;
        if let Some(last) = self.forced.get(appid) {
            if now < last.at + FORCE_INTERVAL_MS {
                return Ok(false);
            }
            count = last.on(today);
        }
        if count >= FORCES_PER_DAY {
            return Err(quota::exhausted());
        }
        self.forced.insert(appid.to_owned(), Forced { at: now, day: today, count: count + 1 });
        Ok(true)
    }
}

/// `GET /cgi-bin/token`: a new token on every call.
fn token(call: &Call) -> Answer {
    let appid = call.required("appid", 41002, "appid missing")?;
    let secret = call.required("secret", 41004, "appsecret missing")?;
    check_grant(call.query("grant_type"))?;
    let account = admit(call, appid, secret)?;

    let (now, fresh) = (call.now_ms(), mint(call.simulator));
    let expires_at = call.simulator.kept(|tokens: &mut Tokens| {
        let replaced = tokens.current(appid, Family::Legacy, now);
        // Only the one just replaced is spared for a while; those before it end here.
        let spared = replaced.and_then(|(value, _)| {
            tokens.issued.get(&value).map(|token| (value, token.void_at.min(now + OVERLAP_MS)))
        });
        tokens.void(appid, Family::Legacy, now);
        if let Some((value, until)) = spared
            && let Some(token) = tokens.issued.get_mut(&value)
        {
            token.void_at = until;
        }
        tokens.issue(&account, Family::Legacy, fresh.clone(), now)
    });
    Ok(granted(&fresh, expires_at, now))
}

#[derive(Deserialize)]
struct StableToken {
    grant_type: Option<String>,
    appid: Option<String>,
    secret: Option<String>,
    #[serde(default)]
    force_refresh: bool,
}

/// `POST /cgi-bin/stable_token`: the same token until five minutes before its end.
fn stable_token(call: &Call) -> Answer {
    let input: StableToken = call.json()?;
    let given = |field: Option<String>| field.filter(|value| !value.is_empty());
    let appid = given(input.appid).ok_or(refuse(41002, "appid missing"))?;
    let secret = given(input.secret).ok_or(refuse(41004, "appsecret missing"))?;
    check_grant(input.grant_type.as_deref())?;
    let account = admit(call, &appid, &secret)?;

    let (now, fresh) = (call.now_ms(), mint(call.simulator));
    call.simulator.kept(|tokens: &mut Tokens| {
        if input.force_refresh && tokens.force(&appid, now)? {
            tokens.void(&appid, Family::Stable, now);
        }
        let (value, expires_at) = match tokens.current(&appid, Family::Stable, now) {
            Some((value, expires_at)) if now + OVERLAP_MS < expires_at => (value, expires_at),
            // The one that is replaced early lives on until its own end.
            _ => (fresh.clone(), tokens.issue(&account, Family::Stable, fresh, now)),
        };
        Ok(granted(&value, expires_at, now))
    })
}

fn check_grant(grant_type: Option<&str>) -> Result<(), Refusal> {
    match grant_type {
        Some("client_credential") => Ok(()),
        _ => Err(refuse(40002, "invalid grant_type")),
    }
}

/// Checks the secret, where the call comes from, and the quota.
fn admit(call: &Call, appid: &str, secret: &str) -> Result<Arc<Account>, Refusal> {
    let account = call.account_by_secret(appid, secret)?;
    let ip = call.caller.to_string();
    if account.ip_allow_list.as_ref().is_some_and(|list| !list.contains(&ip)) {
        let mapped = if call.caller.is_ipv4() { format!("::ffff:{ip}") } else { ip.clone() };
        let message = format!("invalid ip {ip} ipv6 {mapped}, not in whitelist");
        return Err(refuse(40164, message));
    }
    quota::spend(call, &account)?;
    Ok(account)
}

fn granted(token: &str, expires_at: u64, now: u64) -> Reply {
    Reply::json(&json!({ "access_token": token, "expires_in": (expires_at - now) / 1_000 }))
}

fn mint(simulator: &Simulator) -> String {
    format!("86_{}", base64url(simulator.random::<100>()))
}

fn not_latest() -> Refusal {
    refuse(40001, "invalid credential, access_token is invalid or not latest")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, SECRET, errcode, simulator};

    impl Simulator {
        fn legacy(&self, appid: &str) -> Value {
            let path = "/cgi-bin/token?grant_type=client_credential";
            self.get(&format!("{path}&appid={appid}&secret={SECRET}"))
        }

        fn stable(&self, force_refresh: bool) -> Value {
            let input = json!({
                "grant_type": "client_credential", "appid": MINI, "secret": SECRET,
                "force_refresh": force_refresh,
            });
            self.post("/cgi-bin/stable_token", &input.to_string())
        }

        /// What WeChat thinks of a token: 0 or the code it refuses it with.
        fn verdict(&self, answer: &Value) -> i64 {
            let token = answer["access_token"].as_str().expect("a token");
            self.check_token(token)
        }
    }

    #[test]
    fn tokens_are_long_and_opaque_and_live_two_hours() {
        let (clock, simulator) = simulator();

        let answer = simulator.legacy(MINI);

        assert!(answer["access_token"].as_str().unwrap().len() > 100);
        assert_eq!((&answer["expires_in"], answer.get("errcode")), (&json!(7200), None));
        assert_eq!(simulator.access_token(MINI).as_deref(), answer["access_token"].as_str());
        clock.advance_ms(7_199_999);
        assert_eq!(simulator.verdict(&answer), 0);
        clock.advance_ms(1);
        assert_eq!(simulator.verdict(&answer), 42001);
    }

    #[test]
    fn a_bad_token_is_told_from_a_missing_and_a_malformed_one() {
        let (_, simulator) = simulator();
        let code = |token: &str| {
            errcode(&simulator.post(&format!("/cgi-bin/clear_quota?access_token={token}"), "{}"))
        };

        assert_eq!(code(""), 41001);
        assert_eq!(code("short"), 40014);
        assert_eq!(code(&"%2B".repeat(120)), 40014);
        assert_eq!(code(&"x".repeat(120)), 40001);
    }

    #[test]
    fn a_legacy_token_outlives_its_successor_by_five_minutes() {
        let (clock, simulator) = simulator();
        let (first, second) = (simulator.legacy(MINI), simulator.legacy(MINI));

        assert_ne!(first, second);
        clock.advance_ms(299_999);
        assert_eq!(simulator.verdict(&first), 0);
        clock.advance_ms(1);
        assert_eq!((simulator.verdict(&first), simulator.verdict(&second)), (40001, 0));
    }

    #[test]
    fn a_third_legacy_token_ends_the_first_at_once() {
        let (_, simulator) = simulator();
        let tokens = [(); 3].map(|()| simulator.legacy(MINI));

        assert_eq!(tokens.each_ref().map(|token| simulator.verdict(token)), [40001, 0, 0]);
    }

    #[test]
    fn the_overlap_of_a_legacy_token_ends_with_its_life() {
        let (clock, simulator) = simulator();
        let first = simulator.legacy(MINI);
        clock.advance_ms(7_100_000);
        simulator.legacy(MINI);

        clock.advance_ms(100_000);

        assert_eq!(simulator.verdict(&first), 42001);
    }

    #[test]
    fn cgi_bin_token_has_a_daily_quota_that_ends_at_midnight_in_china() {
        let (clock, simulator) = simulator();
        let account = |limit| {
            simulator.change_account(MINI, |account| {
                account.daily_limits.insert("/cgi-bin/token".into(), limit);
            });
        };
        account(2);

        let codes = [(); 3].map(|()| errcode(&simulator.legacy(MINI)));
        assert_eq!(codes, [0, 0, 45009]);

        // The bench starts at noon in China.
        clock.advance_ms(12 * 3_600_000 - 1);
        assert_eq!(errcode(&simulator.legacy(MINI)), 45009);
        clock.advance_ms(1);
        assert_eq!(errcode(&simulator.legacy(MINI)), 0);
    }

    #[test]
    fn cgi_bin_token_checks_what_it_is_shown() {
        let (_, simulator) = simulator();
        let code = |query: &str| errcode(&simulator.get(&format!("/cgi-bin/token?{query}")));
        let grant = "grant_type=client_credential";

        assert_eq!(code(grant), 41002);
        assert_eq!(code(&format!("{grant}&appid={MINI}")), 41004);
        assert_eq!(code(&format!("appid={MINI}&secret={SECRET}")), 40002);
        assert_eq!(code(&format!("{grant}&appid=wx0&secret={SECRET}")), 40013);
        assert_eq!(code(&format!("{grant}&appid={MINI}&secret=x")), 40125);
        simulator.change_account(MINI, |account| account.secret_frozen = true);
        assert_eq!(code(&format!("{grant}&appid={MINI}&secret={SECRET}")), 40243);
    }

    #[test]
    fn stable_token_checks_what_it_is_shown() {
        let (_, simulator) = simulator();
        let code =
            |input: Value| errcode(&simulator.post("/cgi-bin/stable_token", &input.to_string()));
        let grant = "client_credential";

        assert_eq!(code(json!({ "grant_type": grant })), 41002);
        assert_eq!(code(json!({ "grant_type": grant, "appid": MINI })), 41004);
        assert_eq!(code(json!({ "appid": MINI, "secret": SECRET })), 40002);
        assert_eq!(code(json!({ "grant_type": grant, "appid": "wx0", "secret": "x" })), 40013);
        assert_eq!(code(json!({ "grant_type": grant, "appid": MINI, "secret": "x" })), 40125);
        assert_eq!(code(json!({ "grant_type": grant, "appid": MINI, "secret": SECRET })), 0);
    }

    #[test]
    fn a_stable_token_stays_the_same_until_five_minutes_before_its_end() {
        let (clock, simulator) = simulator();
        let first = simulator.stable(false);

        clock.advance_ms(6_899_000);
        let same = simulator.stable(false);
        clock.advance_ms(1_000);
        let renewed = simulator.stable(false);

        assert_eq!(same["access_token"], first["access_token"]);
        assert_eq!((&same["expires_in"], &renewed["expires_in"]), (&json!(301), &json!(7200)));
        assert_ne!(renewed["access_token"], first["access_token"]);
        clock.advance_ms(299_999);
        assert_eq!((simulator.verdict(&first), simulator.verdict(&renewed)), (0, 0));
        clock.advance_ms(1);
        assert_eq!((simulator.verdict(&first), simulator.verdict(&renewed)), (42001, 0));
    }

    #[test]
    fn a_forced_refresh_voids_the_stable_token_at_once() {
        let (clock, simulator) = simulator();
        let first = simulator.stable(false);

        let forced = simulator.stable(true);
        assert_eq!((simulator.verdict(&first), simulator.verdict(&forced)), (40001, 0));

        clock.advance_ms(29_999);
        assert_eq!(simulator.stable(true)["access_token"], forced["access_token"]);
        clock.advance_ms(1);
        assert_ne!(simulator.stable(true)["access_token"], forced["access_token"]);
        assert_eq!(simulator.verdict(&forced), 40001);
    }

    #[test]
    fn a_refresh_can_be_forced_twenty_times_a_day() {
        let (clock, simulator) = simulator();
        let force = || {
            clock.advance_ms(30_000);
            errcode(&simulator.stable(true))
        };

        assert!((0..20).all(|_| force() == 0));
        let last = simulator.access_token(MINI);
        assert_eq!(force(), 45009);
        assert_eq!(simulator.access_token(MINI), last, "a refused refresh voids nothing");
        assert_eq!(errcode(&simulator.stable(false)), 0);
        clock.advance_ms(12 * 3_600_000);
        assert_eq!(force(), 0);
    }

    #[test]
    fn the_families_and_the_apps_do_not_touch_one_another() {
        let (clock, simulator) = simulator();
        let (stable, legacy) = (simulator.stable(false), simulator.legacy(MINI));
        let other = simulator.legacy(OFFICIAL);

        simulator.legacy(MINI);
        simulator.legacy(MINI);
        assert_eq!((simulator.verdict(&stable), simulator.verdict(&legacy)), (0, 40001));

        let legacy = simulator.legacy(MINI);
        clock.advance_ms(60_000);
        simulator.stable(true);
        assert_eq!((simulator.verdict(&legacy), simulator.verdict(&other)), (0, 0));
    }

    #[test]
    fn a_caller_off_the_allow_list_is_told_its_address() {
        let (_, simulator) = simulator();
        simulator.change_account(MINI, |account| {
            account.ip_allow_list = Some(vec!["203.0.113.7".into()]);
        });

        for refused in [simulator.legacy(MINI), simulator.stable(false)] {
            let errmsg = refused["errmsg"].as_str().unwrap();
            let told = "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist rid: ";
            assert_eq!(errcode(&refused), 40164);
            assert!(errmsg.starts_with(told), "{errmsg}");
        }
        simulator.change_account(MINI, |account| {
            account.ip_allow_list = Some(vec!["127.0.0.1".into()]);
        });
        assert_eq!(errcode(&simulator.legacy(MINI)), 0);
    }

    #[test]
    fn invalidation_voids_both_families_and_a_normal_call_meets_the_new_token() {
        let (_, simulator) = simulator();
        let (stable, legacy) = (simulator.stable(false), simulator.legacy(MINI));

        simulator.invalidate_token(MINI);

        assert_eq!((simulator.verdict(&stable), simulator.verdict(&legacy)), (40001, 40001));
        let next = simulator.stable(false);
        assert_ne!(next["access_token"], stable["access_token"]);
        assert_eq!(next["access_token"].as_str(), simulator.access_token(MINI).as_deref());
    }

    #[test]
    fn two_runs_issue_the_same_tokens() {
        assert_eq!(simulator().1.legacy(MINI), simulator().1.legacy(MINI));
    }
}
