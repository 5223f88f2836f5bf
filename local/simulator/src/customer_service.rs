//! Customer service: who may be written to, how often, and with what.
//!
//! WeChat: [`message/custom/send`][send], [`message/custom/typing`][typing]
//!
//! [send]: https://developers.weixin.qq.com/miniprogram/dev/server/API/kf-mgnt/kf-message/api_sendcustommessage.html
//! [typing]: https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing.html

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::account::is_openid_of;
use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, AccountKind, Simulator, kept};

const MINUTE_MS: u64 = 60_000;
const TWO_DAYS_MS: u64 = 48 * 60 * MINUTE_MS;

/// How long the hint that an agent is typing shows.
const TYPING_MS: u64 = 15_000;

/// How recent a message must be, either way, for the hint to show.
const TALKING_MS: u64 = 30_000;

const TEXT_BYTES: usize = 2_048;

pub(super) fn routes() -> Vec<Route> {
    const KINDS: &[AccountKind] = &[AccountKind::MiniProgram, AccountKind::OfficialAccount];
    vec![
        Route::post("/cgi-bin/message/custom/send", send).only(KINDS).daily(500_000),
        Route::post("/cgi-bin/message/custom/typing", typing).only(KINDS),
        Route::post("/cgi-bin/message/custom/business/typing", business_typing).only(KINDS),
    ]
}

/// What a user did that opens a window for messages.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Opening {
    Message,
    Tap,
    Follow,
    Scan,
    Enter,
}

impl Opening {
    fn of(message: &Map<String, Value>) -> Option<Opening> {
        let text = |name| message.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("MsgType") != "event" {
            return Some(Opening::Message);
        }
        match text("Event") {
            "CLICK" | "scancode_push" | "scancode_waitmsg" => Some(Opening::Tap),
            "subscribe" => Some(Opening::Follow),
            "SCAN" => Some(Opening::Scan),
            "user_enter_tempsession" => Some(Opening::Enter),
            _ => None,
        }
    }

    /// How many messages for how long.
    fn allows(self) -> (u32, u64) {
        match self {
            Opening::Message => (5, TWO_DAYS_MS),
            Opening::Tap | Opening::Follow | Opening::Scan => (3, MINUTE_MS),
            Opening::Enter => (2, MINUTE_MS),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Window {
    opening: Opening,
    left: u32,
    until_ms: u64,
}

/// What passes between an app and a user.
#[derive(Default, Serialize, Deserialize)]
struct Conversation {
    windows: Vec<Window>,
    last_message_ms: Option<u64>,
    typing_until_ms: u64,
}

/// By appid and openid.
#[derive(Default, Serialize, Deserialize)]
struct Conversations {
    #[serde(with = "kept::pairs")]
    all: HashMap<(String, String), Conversation>,
    sent: Vec<Sent>,
}

/// A message that reached a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The app that sent it.
    pub appid: String,
    /// Who got it.
    pub openid: String,
    /// When, by WeChat's clock.
    pub at_ms: u64,
    /// As it was sent.
    pub message: Value,
}

impl Simulator {
    /// The messages of customer service that reached users, oldest first.
    pub fn customer_service_messages(&self) -> Vec<Sent> {
        self.kept(|conversations: &mut Conversations| conversations.sent.clone())
    }
}

/// Has the effects of what a user did: windows open, followers come and go.
pub(super) fn notice(simulator: &Simulator, account: &Account, message: &Map<String, Value>) {
    let text = |name| message.get(name).and_then(Value::as_str).unwrap_or_default();
    let openid = text("FromUserName").to_owned();
    if !is_openid_of(&account.appid, &openid) {
        return;
    }
    let (official, event) = (account.kind == AccountKind::OfficialAccount, text("Event"));
    if official && matches!(event, "subscribe" | "unsubscribe") {
        let follows = event == "subscribe";
        let follower = openid.clone();
        simulator.change_account(&account.appid, |account| {
            if follows {
                account.followers.insert(follower);
            } else {
                account.followers.remove(&follower);
            }
        });
    }
    let key = (account.appid.clone(), openid);
    let now = simulator.clock().now_ms();
    simulator.kept(|conversations: &mut Conversations| {
        if event == "unsubscribe" {
            conversations.all.remove(&key);
        }
        let Some(opening) = Opening::of(message) else { return };
        let conversation = conversations.all.entry(key).or_default();
        let (left, life_ms) = opening.allows();
        conversation.windows.retain(|window| window.opening != opening && now < window.until_ms);
        conversation.windows.push(Window { opening, left, until_ms: now + life_ms });
        if opening == Opening::Message {
            conversation.last_message_ms = Some(now);
        }
    });
}

#[derive(Deserialize)]
struct Message {
    touser: Option<String>,
    msgtype: Option<String>,
    customservice: Option<KfAccount>,
    aimsgcontext: Option<AiContext>,
    #[serde(flatten)]
    objects: Map<String, Value>,
}

#[derive(Deserialize, Serialize)]
struct KfAccount {
    kf_account: String,
}

#[derive(Deserialize, Serialize)]
struct AiContext {
    is_ai_msg: u8,
}

/// `POST /cgi-bin/message/custom/send`
fn send(call: &Call) -> Answer {
    let account = call.account()?;
    let message: Message = call.json()?;
    let openid = receiver(&account, message.touser.as_deref())?;
    check(call, &account, &message)?;
    let now = call.now_ms();
    call.simulator.kept(|conversations: &mut Conversations| {
        let key = (account.appid.clone(), openid.clone());
        let conversation = conversations.all.entry(key).or_default();
        conversation.windows.retain(|window| now < window.until_ms);
        if conversation.windows.is_empty() {
            return Err(refuse(45015, "response out of time limit or subscription is canceled"));
        }
        let window = conversation.windows.iter_mut().find(|window| window.left > 0);
        window.ok_or(refuse(45047, "out of response count limit"))?.left -= 1;
        conversation.last_message_ms = Some(now);
        conversation.typing_until_ms = 0;
        let message = serde_json::from_slice(call.request.body()).unwrap_or_default();
        conversations.sent.push(Sent { appid: account.appid.clone(), openid, at_ms: now, message });
        Ok(())
    })?;
    Ok(Reply::ok(json!({})))
}

fn receiver(account: &Account, touser: Option<&str>) -> Result<String, Refusal> {
    let openid = touser.unwrap_or_default();
    let known = is_openid_of(&account.appid, openid);
    known.then(|| openid.to_owned()).ok_or(refuse(40003, "invalid openid"))
}

/// The object named by `msgtype` has what the type needs.
fn check(call: &Call, account: &Account, message: &Message) -> Result<(), Refusal> {
    let mini = account.kind == AccountKind::MiniProgram;
    let kind = message.msgtype.as_deref().unwrap_or_default();
    let granted = match kind {
        "text" | "image" | "miniprogrampage" => true,
        "link" => mini,
        "voice" | "video" | "music" | "news" | "mpnews" | "mpnewsarticle" | "msgmenu"
        | "wxcard" => !mini,
        _ => return Err(refuse(40008, "invalid message type")),
    };
    if !granted {
        return Err(refuse(45162, "message type is not supported"));
    }
    let malformed = || refuse(47001, "data format error");
    if message.aimsgcontext.as_ref().is_some_and(|context| context.is_ai_msg > 1)
        || message.customservice.as_ref().is_some_and(|account| account.kf_account.is_empty())
    {
        return Err(malformed());
    }
    let object = message.objects.get(kind).and_then(Value::as_object).ok_or_else(malformed)?;
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let needed: &[&str] = match kind {
        "text" => &["content"],
        "music" => &["musicurl", "thumb_media_id"],
        "mpnewsarticle" => &["article_id"],
        "wxcard" => &["card_id"],
        "link" => &["title", "description", "url", "thumb_url"],
        "miniprogrampage" if mini => &["title", "pagepath"],
        "miniprogrampage" => &["title", "appid", "pagepath"],
        _ => &[],
    };
    if needed.iter().any(|name| text(name).is_empty()) {
        return Err(malformed());
    }
    if text("content").len() > TEXT_BYTES {
        return Err(refuse(45002, "content size out of limit"));
    }
    let media: &[&str] = match kind {
        "image" | "voice" | "mpnews" => &["media_id"],
        "video" => &["media_id", "thumb_media_id"],
        "music" | "miniprogrampage" => &["thumb_media_id"],
        _ => &[],
    };
    for name in media {
        if !call.simulator.has_media(&account.appid, text(name)) {
            return Err(refuse(40007, "invalid media_id"));
        }
    }
    match kind {
        "news" => match object.get("articles").and_then(Value::as_array).map(Vec::len) {
            Some(1) => Ok(()),
            Some(2..) => Err(refuse(45008, "article size out of limit")),
            _ => Err(malformed()),
        },
        "msgmenu" => {
            let list = object.get("list").and_then(Value::as_array).filter(|list| !list.is_empty());
            let whole = |entry: &Value| entry.get("id").is_some() && entry["content"].is_string();
            list.filter(|list| list.iter().all(whole)).map(|_| ()).ok_or_else(malformed)
        }
        _ => Ok(()),
    }
}

/// `POST /cgi-bin/message/custom/typing`, for official accounts.
fn typing(call: &Call) -> Answer {
    show_typing(call, AccountKind::OfficialAccount)
}

/// `POST /cgi-bin/message/custom/business/typing`, for mini programs.
fn business_typing(call: &Call) -> Answer {
    show_typing(call, AccountKind::MiniProgram)
}

#[derive(Deserialize)]
struct Typing {
    touser: Option<String>,
    command: Option<String>,
}

fn show_typing(call: &Call, kind: AccountKind) -> Answer {
    let account = call.account()?;
    let Typing { touser, command } = call.json()?;
    if account.kind != kind {
        return Err(refuse(40200, "invalid account type"));
    }
    let openid = receiver(&account, touser.as_deref())?;
    let typing = match command.as_deref() {
        Some("Typing") => true,
        Some("CancelTyping") => false,
        _ => return Err(refuse(45072, "invalid command")),
    };
    let now = call.now_ms();
    call.simulator.kept(|conversations: &mut Conversations| {
        let conversation = conversations.all.entry((account.appid.clone(), openid)).or_default();
        if conversation.last_message_ms.is_none_or(|at| at + TALKING_MS < now) {
            return Err(refuse(45080, "no message in the last 30 seconds"));
        }
        if typing && now < conversation.typing_until_ms {
            return Err(refuse(45081, "already typing"));
        }
        conversation.typing_until_ms = if typing { now + TYPING_MS } else { 0 };
        Ok(())
    })?;
    Ok(Reply::ok(json!({})))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{MINI, OFFICIAL, errcode, simulator};
    use super::super::{Act, User};
    use super::*;

    impl Simulator {
        fn write(&self, appid: &str, path: &str, body: &Value) -> i64 {
            let token = self.token(appid);
            let uri = format!("/cgi-bin/message/custom/{path}?access_token={token}");
            errcode(&self.post(&uri, &body.to_string()))
        }
    }

    fn text(appid: &str, content: &str) -> Value {
        let alice = User::new("alice").openid(appid);
        json!({ "touser": alice, "msgtype": "text", "text": { "content": content } })
    }

    #[test]
    fn a_message_opens_a_window_of_five_messages_and_two_days() {
        let (clock, simulator) = simulator();
        let send = || simulator.write(MINI, "send", &text(MINI, "hello"));
        let writes = || {
            let act = Act::Write { content: "hi".into() };
            simulator.act(MINI, &User::new("alice"), act).unwrap();
        };

        assert_eq!(send(), 45015);
        writes();
        assert_eq!([(); 6].map(|()| send()), [0, 0, 0, 0, 0, 45047]);
        writes();
        assert_eq!(send(), 0);
        clock.advance_ms(TWO_DAYS_MS as i64);
        assert_eq!(send(), 45015);
        assert_eq!(simulator.customer_service_messages().len(), 6);
    }

    #[test]
    fn following_scanning_tapping_and_entering_open_windows_of_a_minute() {
        let (clock, simulator) = simulator();
        let alice = User::new("alice");
        for (appid, act, messages) in [
            (OFFICIAL, Act::Follow { scene: None }, 3),
            (OFFICIAL, Act::Scan { scene: "42".into() }, 3),
            (OFFICIAL, Act::Tap { key: "menu".into() }, 3),
            (MINI, Act::Enter { session_from: "order-1".into() }, 2),
        ] {
            simulator.act(appid, &alice, act).unwrap();
            let send = || simulator.write(appid, "send", &text(appid, "hello"));
            for _ in 0..messages {
                assert_eq!(send(), 0);
            }
            assert_eq!(send(), 45047);
            clock.advance_ms(MINUTE_MS as i64);
            assert_eq!(send(), 45015);
        }
        simulator.act(OFFICIAL, &alice, Act::Write { content: "hi".into() }).unwrap();
        simulator.act(OFFICIAL, &alice, Act::Unfollow).unwrap();
        assert_eq!(simulator.write(OFFICIAL, "send", &text(OFFICIAL, "hello")), 45015);
        assert!(!simulator.account(OFFICIAL).unwrap().followers.contains(&alice.openid(OFFICIAL)));
    }

    #[test]
    fn every_type_is_checked() {
        let (_, simulator) = simulator();
        for appid in [MINI, OFFICIAL] {
            for _ in 0..4 {
                let act = Act::Write { content: "hi".into() };
                simulator.act(appid, &User::new("alice"), act).unwrap();
            }
        }
        let send = |appid: &str, kind: &str, object: Value| {
            let act = Act::Write { content: "hi".into() };
            simulator.act(appid, &User::new("alice"), act).unwrap();
            let alice = User::new("alice").openid(appid);
            let body = json!({ "touser": alice, "msgtype": kind, kind: object });
            simulator.write(appid, "send", &body)
        };
        let article = json!({ "title": "t", "description": "d", "url": "u", "picurl": "p" });
        let page = json!({ "title": "t", "pagepath": "p", "thumb_media_id": "demo-image" });
        let video = json!({ "media_id": "demo-video", "thumb_media_id": "demo-image" });
        let menu = json!({ "head_content": "?", "list": [{ "id": "1", "content": "yes" }] });
        for (appid, kind, object, code) in [
            (MINI, "text", json!({ "content": "中".repeat(683) }), 45002),
            (MINI, "text", json!({ "content": "" }), 47001),
            (MINI, "image", json!({ "media_id": "demo-image" }), 0),
            (MINI, "image", json!({ "media_id": "nothing" }), 40007),
            (MINI, "link", json!({ "title": "t", "description": "d", "url": "u" }), 47001),
            (MINI, "miniprogrampage", page.clone(), 0),
            (MINI, "news", json!({ "articles": [article] }), 45162),
            (MINI, "hologram", json!({}), 40008),
            (OFFICIAL, "news", json!({ "articles": [article] }), 0),
            (OFFICIAL, "news", json!({ "articles": [article, article] }), 45008),
            (OFFICIAL, "miniprogrampage", page, 47001),
            (OFFICIAL, "video", video, 0),
            (OFFICIAL, "msgmenu", menu, 0),
            (OFFICIAL, "link", json!({}), 45162),
        ] {
            assert_eq!(send(appid, kind, object.clone()), code, "{appid} {kind} {object}");
        }
        let mut body = text(MINI, "hello");
        body["touser"] = User::new("alice").openid(OFFICIAL).into();
        assert_eq!(simulator.write(MINI, "send", &body), 40003);
    }

    #[test]
    fn typing_shows_after_a_message_for_fifteen_seconds() {
        let (clock, simulator) = simulator();
        let typing = |appid: &str, path: &str, command: &str| {
            let alice = User::new("alice").openid(appid);
            simulator.write(appid, path, &json!({ "touser": alice, "command": command }))
        };

        assert_eq!(typing(MINI, "typing", "Typing"), 40200);
        assert_eq!(typing(OFFICIAL, "business/typing", "Typing"), 40200);
        for (appid, path) in [(MINI, "business/typing"), (OFFICIAL, "typing")] {
            assert_eq!(typing(appid, path, "Typing"), 45080);
            let act = Act::Write { content: "hi".into() };
            simulator.act(appid, &User::new("alice"), act).unwrap();
            assert_eq!(typing(appid, path, "Sleeping"), 45072);
            assert_eq!(typing(appid, path, "Typing"), 0);
            assert_eq!(typing(appid, path, "Typing"), 45081);
            assert_eq!(typing(appid, path, "CancelTyping"), 0);
            assert_eq!(typing(appid, path, "Typing"), 0);
            clock.advance_ms(TALKING_MS as i64 + 1);
            assert_eq!(typing(appid, path, "Typing"), 45080);
        }
    }
}
