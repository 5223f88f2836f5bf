//! Messages: `subscribe/send`, `template/send`, and `uniform_send`, which WeChat has shut down.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::is_openid_of;
use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{AccountKind, Simulator, Template, User, kept};

/// Ids count from here, because real ones do not fit into a double either.
const FIRST_MSGID: u64 = 4_674_045_479_742_390_277;
const SAME_MESSAGE_MS: u64 = 600_000;

pub(super) fn routes() -> Vec<Route> {
    const MINI: &[AccountKind] = &[AccountKind::MiniProgram];
    const OFFICIAL: &[AccountKind] = &[AccountKind::OfficialAccount];
    vec![
        Route::post("/cgi-bin/message/subscribe/send", subscribe_send).only(MINI).daily(10_000_000),
        Route::post("/cgi-bin/message/template/send", template_send).only(OFFICIAL).daily(100_000),
        Route::post("/cgi-bin/message/wxopen/template/uniform_send", uniform_send),
    ]
}

impl Simulator {
    /// Consents to this many messages of a template, as a user does in
    /// `wx.requestSubscribeMessage`.
    pub fn subscribe(&self, appid: &str, user: &User, template_id: &str, messages: u32) {
        let consent = (appid.to_owned(), user.openid(appid), template_id.to_owned());
        self.kept(|state: &mut Messages| *state.consents.entry(consent).or_default() += messages);
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Messages {
    /// Messages still allowed, by appid, openid and template.
    #[serde(with = "kept::pairs")]
    consents: HashMap<(String, String, String), u32>,
    /// When a message went out and its id, by appid, openid and client_msg_id.
    #[serde(with = "kept::pairs")]
    known: HashMap<(String, String, String), (u64, u64)>,
    sent: u64,
}

impl Messages {
    fn send(&mut self) -> u64 {
        self.sent += 1;
        FIRST_MSGID + self.sent - 1
    }
}

type Data = BTreeMap<String, Entry>;

#[derive(Deserialize)]
struct Entry {
    value: String,
    #[serde(rename = "color")]
    _color: Option<String>,
}

#[derive(Deserialize)]
struct Subscribed {
    touser: Option<String>,
    template_id: Option<String>,
    page: Option<String>,
    data: Data,
    miniprogram_state: Option<String>,
    lang: Option<String>,
}

#[derive(Deserialize)]
struct Templated {
    /// WeChat calls a body without it malformed.
    touser: String,
    template_id: Option<String>,
    #[serde(rename = "url")]
    _url: Option<String>,
    miniprogram: Option<Miniprogram>,
    data: Data,
    client_msg_id: Option<String>,
}

#[derive(Deserialize)]
struct Miniprogram {
    appid: String,
    pagepath: Option<String>,
}

/// `POST /cgi-bin/message/subscribe/send`
fn subscribe_send(call: &Call) -> Answer {
    let account = call.account()?;
    let message: Subscribed = call.json()?;
    let touser = message.touser.unwrap_or_default();
    if !is_openid_of(&account.appid, &touser) {
        return Err(refuse(40003, "invalid openid"));
    }
    let template_id = message.template_id.unwrap_or_default();
    let template = account.templates.get(&template_id);
    let template = template.ok_or(refuse(40037, "invalid template_id"))?;
    if message.page.is_some_and(|page| !account.has_page(&page)) {
        return Err(refuse(41030, "invalid page"));
    }
    let state = message.miniprogram_state.as_deref();
    if !matches!(state, None | Some("developer" | "trial" | "formal")) {
        return Err(invalid("miniprogram_state"));
    }
    let lang = message.lang.as_deref();
    if !matches!(lang, None | Some("zh_CN" | "en_US" | "zh_HK" | "zh_TW")) {
        return Err(invalid("lang"));
    }
    check(template, &message.data)?;
    let msgid = call.simulator.kept(|state: &mut Messages| {
        if !template.long_term {
            let consent = (account.appid.clone(), touser, template_id);
            let left = state.consents.get_mut(&consent).filter(|left| **left > 0);
            *left.ok_or(refuse(43101, "user refuse to accept the msg"))? -= 1;
        }
        Ok(state.send())
    })?;
    Ok(Reply::ok(json!({ "msgid": msgid })))
}

/// `POST /cgi-bin/message/template/send`
fn template_send(call: &Call) -> Answer {
    let account = call.account()?;
    let message: Templated = call.json()?;
    if !is_openid_of(&account.appid, &message.touser) {
        return Err(refuse(40003, "invalid openid"));
    }
    if !account.followers.contains(&message.touser) {
        return Err(refuse(43004, "require subscribe"));
    }
    let template_id = message.template_id.unwrap_or_default();
    let template = account.templates.get(&template_id);
    let template = template.ok_or(refuse(40037, "invalid template_id"))?;
    if let Some(Miniprogram { appid, pagepath }) = message.miniprogram {
        let opened = call.simulator.account(&appid).ok_or(refuse(40166, "invalid weapp appid"))?;
        if pagepath.is_some_and(|path| !opened.has_page(&path)) {
            return Err(refuse(40165, "invalid weapp pagepath"));
        }
    }
    check(template, &message.data)?;
    let now = call.now_ms();
    let msgid = call.simulator.kept(|state: &mut Messages| {
        let Some(id) = message.client_msg_id else { return state.send() };
        let key = (account.appid.clone(), message.touser, id);
        match state.known.get(&key) {
            Some((at, msgid)) if now < at + SAME_MESSAGE_MS => *msgid,
            _ => {
                let msgid = state.send();
                state.known.insert(key, (now, msgid));
                msgid
            }
        }
    });
    Ok(Reply::ok(json!({ "msgid": msgid })))
}

/// `POST /cgi-bin/message/wxopen/template/uniform_send`: shut since 2023-09-20.
fn uniform_send(call: &Call) -> Answer {
    call.account()?;
    Err(refuse(45109, "This API has been unsupported"))
}

fn invalid(argument: &str) -> Refusal {
    refuse(47003, format!("argument invalid! {argument} invalid"))
}

/// A message fills typed keys, all of them, with what their types allow.
fn check(template: &Template, data: &Data) -> Result<(), Refusal> {
    let empty = |key: &str| refuse(47003, format!("argument invalid! data.{key}.value is emtpy"));
    for key in &template.keys {
        let kind = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let typed = kind.len() < key.len() && kind != "keyword";
        match data.get(key).map(|entry| entry.value.as_str()) {
            None | Some("") if typed => return Err(empty(key)),
            Some(value) if typed && !allowed(kind, value) => {
                return Err(invalid(&format!("data.{key}.value")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a value is of a type; unknown types allow everything.
fn allowed(kind: &str, value: &str) -> bool {
    let at_most = |limit| value.chars().count() <= limit;
    // `2019年10月1日 15:01` has the shape `n年n月n日 n:n`.
    let shape = |value: &str| {
        let mut shape = String::new();
        for c in value.chars().map(|c| if c.is_ascii_digit() { 'n' } else { c }) {
            if c != 'n' || !shape.ends_with('n') {
                shape.push(c);
            }
        }
        shape
    };
    let chinese = |c: char| !c.is_ascii() && c.is_alphanumeric();
    let ends = |value: &str, shapes: &[&str], bare: bool| {
        const CLOCKS: [&str; 2] = ["n:n", "n:n:n"];
        const DAYS: [&str; 9] =
            ["n年n月n日", "n年n月", "n月n日", "n-n-n", "n-n", "n/n/n", "n/n", "n.n.n", "n.n"];
        let shape = shape(value.trim());
        let dated = DAYS.iter().any(|day| {
            let rest = shape.strip_prefix(day).map(str::trim_start);
            rest.is_some_and(|rest| CLOCKS.contains(&rest) || (bare && rest.is_empty()))
        });
        dated || shapes.contains(&shape.as_str())
    };
    match kind {
        "thing" => at_most(20) && !value.contains(char::is_control),
        "number" => {
            let digits = value.chars().filter(char::is_ascii_digit).count();
            matches!(shape(value).as_str(), "n" | "n.n") && digits <= 32
        }
        "letter" => at_most(32) && value.chars().all(|c| c.is_ascii_alphabetic()),
        "symbol" => at_most(5) && !value.contains(char::is_alphanumeric),
        "character_string" => at_most(32) && !value.contains(chinese),
        "time" => value.split('~').all(|end| ends(end, &["n:n", "n:n:n"], false)),
        "date" => value.split('~').all(|end| ends(end, &[], true)),
        "amount" => {
            let digits = value.chars().filter(char::is_ascii_digit).count();
            let shape = shape(value);
            let number = shape.strip_suffix('元').unwrap_or(&shape);
            let sign = number.find('n').unwrap_or(number.len());
            let (sign, number) = number.split_at(sign);
            sign.chars().count() <= 1 && matches!(number, "n" | "n.n") && digits <= 10
        }
        "phone_number" => at_most(17) && !value.contains(char::is_alphabetic),
        "car_number" => at_most(8),
        "name" if value.contains(chinese) => at_most(10),
        "name" => at_most(20) && !value.contains(char::is_numeric),
        "phrase" => at_most(5) && value.chars().all(chinese),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::{HISTORY_TEMPLATE, LONG_TERM_TEMPLATE, ONE_TIME_TEMPLATE};
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, errcode, simulator};

    impl Simulator {
        fn message(&self, appid: &str, path: &str, body: &Value) -> Value {
            let uri = format!("/cgi-bin/message/{path}?access_token={}", self.token(appid));
            self.post(&uri, &body.to_string())
        }
    }

    fn order(template_id: &str) -> Value {
        json!({
            "touser": User::new("alice").openid(MINI), "template_id": template_id,
            "data": {
                "character_string1": { "value": "1" }, "name2": { "value": "中通快递" },
                "character_string3": { "value": "1" }, "thing6": { "value": "a" },
                "thing8": { "value": "b" },
            },
        })
    }

    #[test]
    fn one_consent_is_one_message() {
        let (_, simulator) = simulator();
        let send = |id| errcode(&simulator.message(MINI, "subscribe/send", &order(id)));

        assert_eq!(send(ONE_TIME_TEMPLATE), 43101);
        simulator.subscribe(MINI, &User::new("alice"), ONE_TIME_TEMPLATE, 2);
        assert_eq!([(); 3].map(|()| send(ONE_TIME_TEMPLATE)), [0, 0, 43101]);
        assert_eq!([(); 2].map(|()| send(LONG_TERM_TEMPLATE)), [0, 0]);
    }

    #[test]
    fn subscribed_messages_are_checked() {
        let (_, simulator) = simulator();
        let send = |name: &str, value: Value| {
            let mut body = order(LONG_TERM_TEMPLATE);
            body[name] = value;
            simulator.message(MINI, "subscribe/send", &body)
        };
        let bob = User::new("bob");

        assert_eq!(errcode(&send("touser", json!("o-nobody"))), 40003);
        assert_eq!(errcode(&send("touser", json!(bob.openid(OFFICIAL)))), 40003);
        assert_eq!(errcode(&send("template_id", json!("x"))), 40037);
        assert_eq!(errcode(&send("page", json!("pages/none"))), 41030);
        assert_eq!(errcode(&send("page", json!("pages/index/index?a=1"))), 0);
        assert_eq!(errcode(&send("lang", json!("fr"))), 47003);
        assert_eq!(errcode(&send("miniprogram_state", json!("beta"))), 47003);
        assert_eq!(errcode(&send("data", json!("x"))), 47001);
        let mut data = order("")["data"].clone();
        data["thing6"]["value"] = 1.into();
        assert_eq!(errcode(&send("data", data.clone())), 47001);
        data["thing6"]["value"] = "中".repeat(21).into();
        let refusal = send("data", data.clone());
        let text = refusal["errmsg"].as_str().unwrap();
        assert!(text.starts_with("argument invalid! data.thing6.value invalid rid: "), "{text}");
        data["thing6"]["value"] = "".into();
        let refusal = send("data", data);
        assert!(refusal["errmsg"].as_str().unwrap().contains("data.thing6.value is emtpy"));
    }

    #[test]
    fn template_messages_go_to_followers_once_per_id() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice").openid(OFFICIAL);
        let send = |name: &str, value: Value| {
            let mut body = json!({
                "touser": alice, "template_id": HISTORY_TEMPLATE, "data": {"first": {"value": ""}},
            });
            body[name] = value;
            simulator.message(OFFICIAL, "template/send", &body)
        };
        let stranger = User::new("carol");

        assert_eq!(errcode(&send("touser", json!(stranger.openid(OFFICIAL)))), 43004);
        assert_eq!(errcode(&send("touser", json!(stranger.openid(MINI)))), 40003);
        assert_eq!(errcode(&send("template_id", json!(ONE_TIME_TEMPLATE))), 40037);
        assert_eq!(errcode(&send("miniprogram", json!({ "appid": "wx0" }))), 40166);
        let nowhere = json!({ "appid": MINI, "pagepath": "pages/none" });
        assert_eq!(errcode(&send("miniprogram", nowhere)), 40165);
        let body = json!({ "toUser": alice, "template_id": HISTORY_TEMPLATE, "data": {} });
        assert_eq!(errcode(&simulator.message(OFFICIAL, "template/send", &body)), 47001);
        let id = || send("client_msg_id", json!("order-1"))["msgid"].clone();
        let first = id();
        assert_eq!((&first, id()), (&json!(FIRST_MSGID), first.clone()));
        clock.advance_ms(600_000);
        assert_ne!(id(), first);
        let shut = simulator.message(MINI, "wxopen/template/uniform_send", &json!({}));
        assert_eq!(errcode(&shut), 45109);
    }

    #[test]
    fn values_are_of_their_types() {
        for (kind, good, bad) in [
            ("number", "3.14", "1,000"),
            ("letter", "abc", "a1"),
            ("symbol", "!?", "a"),
            ("character_string", "A-1 b", "中"),
            ("time", "2019年10月1日 15:01~16:01", "noon"),
            ("date", "2019-10-01", "15:01"),
            ("amount", "¥12345678.90", "¥12345678901"),
            ("phone_number", "+86-0766-66888866", "phone"),
            ("car_number", "粤A8Z888挂", "粤A8Z8888挂"),
            ("name", "中通快递", "一二三四五六七八九十一"),
            ("phrase", "已发货", "ok"),
        ] {
            assert!(allowed(kind, good) && !allowed(kind, bad), "{kind}");
        }
    }
}
