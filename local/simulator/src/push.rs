//! What WeChat pushes to the servers of its apps: three attempts, five seconds apart.
//!
//! WeChat: [message push][doc]
//!
//! [doc]: https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html

mod samples;
mod seal;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use http::{Request, Version, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::account::is_openid_of;
use super::journal::Journal;
use super::{Account, Simulator, User, customer_service};

pub(super) use samples::samples;

/// How often WeChat tries.
const ATTEMPTS: usize = 3;

/// The time from one attempt to the next, by WeChat's clock.
const INTERVAL_MS: u64 = 5_000;

/// How long WeChat waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a clock that may be moved by hand is looked at while something is due.
const TICK: Duration = Duration::from_millis(20);

/// How many pushes are remembered.
const KEPT: usize = 500;

/// How much of an answer is read.
const ANSWER_LIMIT: usize = 64 << 10;

const FIRST_MSG_ID: u64 = 24_123_456_789_012_345;

/// Whether messages are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushMode {
    /// Not at all.
    Plain,
    /// Both: the message in the clear and, beside it, encrypted.
    Compatible,
    /// Encrypted only.
    #[default]
    Safe,
}

/// How messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As an object.
    #[default]
    Json,
    /// As elements.
    Xml,
}

/// What WeChat's console holds of an app's message push.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Where messages go; plain http.
    pub url: String,
    /// Signs.
    pub token: String,
    /// The EncodingAESKey: 43 characters. Empty where nothing is encrypted.
    #[serde(default)]
    pub key: String,
    /// Whether messages are encrypted.
    #[serde(default)]
    pub mode: PushMode,
    /// How messages are written.
    #[serde(default)]
    pub format: Format,
}

impl std::fmt::Debug for Push {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Push { url, mode, format, .. } = self;
        f.debug_struct("Push")
            .field("url", url)
            .field("mode", mode)
            .field("format", format)
            .finish_non_exhaustive()
    }
}

impl Push {
    /// Checks what the console checks before it tries the URL.
    pub(super) fn check(&self) -> Result<(), String> {
        let token = (3..=32).contains(&self.token.len())
            && self.token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !self.url.starts_with("http://") || self.url.parse::<http::Uri>().is_err() {
            return Err("url: must start with http://".into());
        }
        if !token {
            return Err("token: must be 3 to 32 letters and digits".into());
        }
        if self.mode != PushMode::Plain && seal::key(&self.key).is_none() {
            return Err("key: must be 43 letters, digits, + or /".into());
        }
        Ok(())
    }
}

/// One push and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Pushed {
    /// 1 for the first, and one more for each.
    pub id: u64,
    /// The app whose server gets it.
    pub appid: String,
    /// The message; nothing when the URL itself is checked.
    pub message: Option<Map<String, Value>>,
    /// One for each attempt so far.
    pub attempts: Vec<Attempt>,
    /// The server took it.
    pub taken: bool,
    /// There will be no further attempt.
    pub ended: bool,
}

/// What came back of an attempt.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// When it was made, by WeChat's clock.
    pub at_ms: u64,
    /// The answer's status; absent if there was no answer within five seconds.
    pub status: Option<u16>,
    /// The answer's text.
    pub answer: String,
}

/// What is on its way.
#[derive(Clone)]
struct Pending {
    id: u64,
    due_ms: u64,
    appid: String,
    push: Push,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Message(Map<String, Value>),
    /// The console checks a URL; it is kept if the answer is this text.
    Check(String),
}

/// Everything pushed and to be pushed.
struct Post {
    pending: Vec<Pending>,
    pushed: VecDeque<Pushed>,
    last: u64,
    /// Changes whenever something is queued or ends.
    changed: watch::Sender<u64>,
}

impl Default for Post {
    fn default() -> Post {
        let changed = watch::Sender::new(0);
        Post { pending: Vec::new(), pushed: VecDeque::new(), last: 0, changed }
    }
}

impl Post {
    fn queue(&mut self, appid: &str, push: Push, content: Content, due_ms: u64) -> u64 {
        self.last += 1;
        let (id, appid) = (self.last, appid.to_owned());
        let message = match &content {
            Content::Message(message) => Some(message.clone()),
            Content::Check(_) => None,
        };
        if self.pushed.len() == KEPT {
            self.pushed.pop_front();
        }
        let (attempts, taken, ended) = (Vec::new(), false, false);
        let pushed = Pushed { id, appid: appid.clone(), message, attempts, taken, ended };
        self.pushed.push_back(pushed);
        self.pending.push(Pending { id, due_ms, appid, push, content });
        self.changed.send_modify(|version| *version += 1);
        id
    }

    /// Takes what is due.
    fn due(&mut self, now_ms: u64) -> Vec<Pending> {
        self.pending.extract_if(.., |pending| pending.due_ms <= now_ms).collect()
    }

    /// Writes an attempt down, and queues the next one if there is to be one.
    fn tried(&mut self, pending: Pending, attempt: Attempt, taken: bool) {
        let found = self.pushed.iter_mut().find(|pushed| pushed.id == pending.id);
        let made = found.map_or(ATTEMPTS, |pushed| {
            pushed.attempts.push(attempt.clone());
            pushed.taken = taken;
            let once = matches!(pending.content, Content::Check(_));
            pushed.ended = taken || once || pushed.attempts.len() == ATTEMPTS;
            if pushed.ended { ATTEMPTS } else { pushed.attempts.len() }
        });
        if made < ATTEMPTS {
            self.pending.push(Pending { due_ms: attempt.at_ms + INTERVAL_MS, ..pending });
        }
        self.changed.send_modify(|version| *version += 1);
    }
}

impl Simulator {
    /// Pushes a message or event to an app's server and waits until WeChat gives up or the server
    /// takes it. Members that every message has are added. `None` if the app has no push URL.
    pub async fn push(&self, appid: &str, message: Value) -> Option<Pushed> {
        let id = self.send_push(appid, message)?;
        Some(self.pushed(id).await)
    }

    /// The same without waiting; returns the push's number.
    pub fn send_push(&self, appid: &str, message: Value) -> Option<u64> {
        let account = self.account(appid)?;
        let Value::Object(message) = message else { return None };
        post(self, &account, message, 0)
    }

    /// Waits for the end of a push.
    pub async fn pushed(&self, id: u64) -> Pushed {
        let mut changes = self.state(|post: &mut Post| post.changed.subscribe());
        loop {
            let ended = self.state(|post: &mut Post| {
                post.pushed.iter().find(|pushed| pushed.id == id && pushed.ended).cloned()
            });
            if let Some(pushed) = ended {
                return pushed;
            }
            // The sender lives as long as the state.
            let _ = changes.changed().await;
        }
    }

    /// The pushes so far, oldest first; the last five hundred.
    pub fn pushes(&self) -> Vec<Pushed> {
        self.state(|post: &mut Post| post.pushed.iter().cloned().collect())
    }

    /// The request of a push as WeChat would send it now, signed and sealed, for whoever delivers
    /// it by other means. Nothing is sent or remembered. `None` if the app has no push URL.
    pub fn push_request(&self, appid: &str, message: Value) -> Option<Request<String>> {
        let account = self.account(appid)?;
        let Value::Object(mut message) = message else { return None };
        complete(self, &account, &mut message);
        let push = account.push.as_ref()?;
        request(self, appid, push, &Content::Message(message)).ok()
    }

    /// Enters a push URL in WeChat's console and waits for its check; it is kept if the check
    /// succeeds.
    pub async fn submit_push_url(&self, appid: &str, push: Push) -> Pushed {
        let id = submit(self, appid, push);
        self.pushed(id).await
    }
}

/// Queues the check of a push URL.
pub(super) fn submit(simulator: &Simulator, appid: &str, push: Push) -> u64 {
    let echo = u64::from_be_bytes(simulator.random()).to_string();
    let now = simulator.clock().now_ms();
    simulator.state(|post: &mut Post| post.queue(appid, push, Content::Check(echo), now))
}

/// Queues a message for the server of an app, if it has one, after so many milliseconds. What a
/// user did has its effects in either case.
pub(super) fn post(
    simulator: &Simulator,
    account: &Account,
    mut message: Map<String, Value>,
    delay_ms: u64,
) -> Option<u64> {
    complete(simulator, account, &mut message);
    customer_service::notice(simulator, account, &message);
    let push = account.push.clone()?;
    let due_ms = simulator.clock().now_ms() + delay_ms;
    let content = Content::Message(message);
    Some(simulator.state(|post: &mut Post| post.queue(&account.appid, push, content, due_ms)))
}

/// Adds the members that every message has.
fn complete(simulator: &Simulator, account: &Account, message: &mut Map<String, Value>) {
    let usual = if message.contains_key("Event") { "event" } else { "text" };
    let from = User::new("alice").openid(&account.appid);
    for (name, value) in [
        ("ToUserName", json!(original_id(&account.appid))),
        ("FromUserName", json!(from)),
        ("CreateTime", json!(simulator.clock().now())),
        ("MsgType", json!(usual)),
    ] {
        message.entry(name).or_insert(value);
    }
    if message["MsgType"] != "event" && !message.contains_key("MsgId") {
        let drawn = u64::from(u32::from_be_bytes(simulator.random()));
        message.insert("MsgId".into(), json!(FIRST_MSG_ID + drawn));
    }
}

/// The `gh_` id of an account.
fn original_id(appid: &str) -> String {
    format!("gh_{}", &appid[appid.len().saturating_sub(12)..])
}

/// Makes attempts as they are due, until it is dropped.
pub(super) async fn courier(simulator: Simulator) {
    let mut changes = simulator.state(|post: &mut Post| post.changed.subscribe());
    let mut under_way = JoinSet::new();
    loop {
        let now = simulator.clock().now_ms();
        let (due, waiting) =
            simulator.state(|post: &mut Post| (post.due(now), !post.pending.is_empty()));
        for pending in due {
            under_way.spawn(deliver(simulator.clone(), pending));
        }
        while under_way.try_join_next().is_some() {}
        if waiting {
            let _ = tokio::time::timeout(TICK, changes.changed()).await;
        } else {
            let _ = changes.changed().await;
        }
    }
}

/// Makes one attempt.
async fn deliver(simulator: Simulator, pending: Pending) {
    let at_ms = simulator.clock().now_ms();
    let (status, answer) =
        match request(&simulator, &pending.appid, &pending.push, &pending.content) {
            Ok(request) => attempt(&simulator, &pending.appid, at_ms, request).await,
            Err(error) => (None, error.to_string()),
        };
    let taken = status == Some(200) && takes(&pending.content, &answer);
    if let (Content::Check(_), true) = (&pending.content, taken) {
        let push = pending.push.clone();
        simulator.change_account(&pending.appid, |account| account.push = Some(push));
    }
    let attempt = Attempt { at_ms, status, answer };
    simulator.state(|post: &mut Post| post.tried(pending, attempt, taken));
}

/// Sends a request and writes it and its answer into the journal.
async fn attempt(
    simulator: &Simulator,
    appid: &str,
    at_ms: u64,
    request: Request<String>,
) -> (Option<u16>, String) {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let sequence = simulator.state(|journal: &mut Journal| {
        let (method, path) = (request.method().as_str(), format!("push {path}"));
        journal.pushed(at_ms, method, &path, query, request.body(), appid)
    });
    let started = Instant::now();
    let (status, answer) = match tokio::time::timeout(PATIENCE, exchange(request)).await {
        Ok(Ok((status, answer))) => (Some(status), answer),
        Ok(Err(error)) => (None, error),
        Err(_) => (None, "no answer within 5 seconds".to_owned()),
    };
    simulator.state(|journal: &mut Journal| {
        journal.answered(sequence, status, &answer, started.elapsed())
    });
    (status, answer)
}

/// Whether an answer says that the message was received.
fn takes(content: &Content, answer: &str) -> bool {
    match content {
        Content::Check(echo) => answer == echo,
        Content::Message(message) => {
            let event = message.get("Event").and_then(Value::as_str).unwrap_or_default();
            if event.starts_with("xpay_") {
                answer.contains("ErrCode") && answer.contains("success")
            } else {
                matches!(answer, "" | "success")
            }
        }
    }
}

/// Signs and seals; every attempt has a timestamp and a nonce of its own. As the access logs of
/// WeChat's receivers have it: HTTP/1.0, a browser of 1997.
fn request(
    simulator: &Simulator,
    appid: &str,
    push: &Push,
    content: &Content,
) -> http::Result<Request<String>> {
    let timestamp = simulator.clock().now().to_string();
    let nonce = (u32::from_be_bytes(simulator.random()) % 2_000_000_000).to_string();
    let signature = seal::signature(&[&push.token, &timestamp, &nonce]);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("signature", &signature);
    let (method, body) = match content {
        Content::Check(echo) => {
            query.append_pair("echostr", echo);
            query.append_pair("timestamp", &timestamp).append_pair("nonce", &nonce);
            ("GET", String::new())
        }
        Content::Message(message) => {
            query.append_pair("timestamp", &timestamp).append_pair("nonce", &nonce);
            let from = message.get("FromUserName").and_then(Value::as_str).unwrap_or_default();
            if is_openid_of(appid, from) {
                query.append_pair("openid", from);
            }
            let text = seal::write(message, push.format);
            let key = if push.mode == PushMode::Plain { None } else { seal::key(&push.key) };
            let body = match key {
                None => text,
                Some(key) => {
                    let random = super::hex(&simulator.random::<8>());
                    let random = random.as_bytes().try_into().expect("16 digits");
                    let encrypt = seal::seal(&key, random, &text, appid);
                    let signature = seal::signature(&[&push.token, &timestamp, &nonce, &encrypt]);
                    query.append_pair("encrypt_type", "aes");
                    query.append_pair("msg_signature", &signature);
                    let mut outer = Map::new();
                    if push.mode == PushMode::Compatible {
                        outer.clone_from(message);
                    } else {
                        outer.insert("ToUserName".into(), message["ToUserName"].clone());
                    }
                    outer.insert("Encrypt".into(), encrypt.into());
                    seal::write(&outer, push.format)
                }
            };
            ("POST", body)
        }
    };
    let separator = if push.url.contains('?') { '&' } else { '?' };
    let content_type = if body.starts_with('<') { "text/xml" } else { "application/json" };
    Request::builder()
        .method(method)
        .uri(format!("{}{separator}{}", push.url, query.finish()))
        .version(Version::HTTP_10)
        .header(header::USER_AGENT, "Mozilla/4.0")
        .header(header::CONTENT_TYPE, content_type)
        .body(body)
}

/// Sends a request; a redirect is an answer like any other.
async fn exchange(request: Request<String>) -> Result<(u16, String), String> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let request = request.map(|body| Full::new(Bytes::from(body)));
    let answer = client.request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::super::fixture::{MINI, OFFICIAL, simulator};
    use super::*;

    const KEY: &str = "84EKlpclN0sfQzyvva/JeNtyguhE1lDW6rXRRbr7rzr";

    /// A server that answers with these texts in turn, then with the last one, and shows requests.
    async fn server(answers: &'static [&'static str]) -> (String, mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/push/receive", listener.local_addr().unwrap());
        let (requests, shown) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for at in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = String::new();
                let whole = |request: &str| {
                    let (head, body) = request.split_once("\r\n\r\n")?;
                    let length = head.to_lowercase();
                    let length = length.split("content-length: ").nth(1);
                    let length = length.and_then(|rest| rest.lines().next()?.parse().ok());
                    (body.len() >= length.unwrap_or(0)).then_some(())
                };
                while whole(&request).is_none() {
                    let mut buffer = [0; 4096];
                    let read = stream.read(&mut buffer).await.unwrap();
                    request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
                }
                let answer = answers[at.min(answers.len() - 1)];
                let answer = match answer {
                    "echo" => {
                        let echo = request.split("echostr=").nth(1).unwrap();
                        echo.split(['&', ' ']).next().unwrap()
                    }
                    text => text,
                };
                let length = answer.len();
                let head = format!("HTTP/1.0 200 OK\r\ncontent-length: {length}\r\n\r\n");
                stream.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
                requests.send(request).unwrap();
            }
        });
        (url, shown)
    }

    fn settings(url: &str) -> Push {
        Push {
            url: url.into(),
            token: "pushRef2026".into(),
            key: KEY.into(),
            mode: PushMode::Safe,
            format: Format::Json,
        }
    }

    fn running(url: &str, change: impl FnOnce(&mut Push)) -> (Simulator, JoinSet<()>) {
        let (_, simulator) = simulator();
        let mut push = settings(url);
        change(&mut push);
        for appid in [MINI, OFFICIAL] {
            simulator.change_account(appid, |account| account.push = Some(push.clone()));
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(courier(simulator.clone()));
        (simulator, tasks)
    }

    #[tokio::test]
    async fn a_push_has_the_form_of_its_mode_and_format() {
        let (url, mut shown) = server(&["success"]).await;
        for (mode, format, has, has_not) in [
            (PushMode::Plain, Format::Json, "\"Content\":\"hi\"", "Encrypt"),
            (PushMode::Plain, Format::Xml, "<Content><![CDATA[hi]]>", "Encrypt"),
            (PushMode::Safe, Format::Json, "\"Encrypt\":\"", "Content\":"),
            (PushMode::Safe, Format::Xml, "<Encrypt><![CDATA[", "<Content>"),
            (PushMode::Compatible, Format::Json, "\"Encrypt\":\"", "<xml>"),
            (PushMode::Compatible, Format::Xml, "<Content><![CDATA[hi]]>", "{"),
        ] {
            let (simulator, _tasks) =
                running(&url, |push| (push.mode, push.format) = (mode, format));
            let pushed = simulator.push(MINI, json!({ "Content": "hi" })).await.unwrap();
            assert!(pushed.taken && pushed.attempts.len() == 1, "{pushed:?}");
            let request = shown.recv().await.unwrap();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("POST /push/receive?signature="), "{head}");
            assert!(head.contains("HTTP/1.0\r\n") && head.contains("Mozilla/4.0"), "{head}");
            let sealed = head.contains("&encrypt_type=aes&msg_signature=");
            assert_eq!(sealed, mode != PushMode::Plain);
            assert!(body.contains(has) && !body.contains(has_not), "{body}");
        }
    }

    #[tokio::test]
    async fn three_attempts_are_five_seconds_apart_and_the_journal_shows_them() {
        let (url, mut shown) = server(&["", "busy", "\"success\"", "success"]).await;
        let (simulator, _tasks) = running(&url, |_| {});
        let pushed = simulator.push(MINI, json!({ "Content": "one" })).await.unwrap();
        assert!(pushed.taken, "an empty answer is enough");
        shown.recv().await.unwrap();

        let id = simulator.send_push(MINI, json!({ "Content": "two" })).unwrap();
        for _ in 0..2 {
            shown.recv().await.unwrap();
            // Nothing more comes until the clock moves.
            simulator.clock().advance(Duration::from_secs(5));
        }
        let pushed = simulator.pushed(id).await;
        assert!(pushed.taken);
        let at: Vec<u64> = pushed.attempts.iter().map(|attempt| attempt.at_ms).collect();
        assert_eq!([at[1] - at[0], at[2] - at[1]], [5_000, 5_000]);
        let journal = simulator.journal();
        let answers: Vec<&str> = journal.iter().map(|entry| entry.answer.as_str()).collect();
        assert_eq!(answers, ["", "busy", "\"success\"", "success"]);
        assert_eq!(journal[0].path, "push /push/receive");
    }

    #[tokio::test]
    async fn a_url_is_kept_when_its_check_succeeds() {
        let (url, mut shown) = server(&["wrong", "echo", "success"]).await;
        let (simulator, _tasks) = running(&url, |_| {});
        simulator.change_account(MINI, |account| account.push = None);
        assert!(simulator.push(MINI, json!({ "Content": "hi" })).await.is_none());
        assert!(!simulator.submit_push_url(MINI, settings(&url)).await.taken);
        assert!(simulator.account(MINI).unwrap().push.is_none());
        assert!(simulator.submit_push_url(MINI, settings(&url)).await.taken);
        assert!(shown.recv().await.unwrap().starts_with("GET /push/receive?signature="));
        assert!(simulator.push(MINI, json!({ "Content": "hi" })).await.unwrap().taken);
    }

    #[tokio::test]
    async fn every_sample_can_be_pushed() {
        let (url, mut shown) = server(&["success"]).await;
        let (simulator, _tasks) = running(&url, |push| push.format = Format::Xml);
        let account = Arc::clone(&simulator.account(OFFICIAL).unwrap());
        for sample in samples() {
            let mut message = sample.message.clone();
            complete(&simulator, &account, &mut message);
            assert!(message["MsgType"] == "event" || message.contains_key("MsgId"));
            post(&simulator, &account, sample.message.clone(), 0).unwrap();
            shown.recv().await.unwrap();
        }
        assert!(samples().len() >= 60, "{}", samples().len());
    }
}
