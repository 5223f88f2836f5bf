//! A WeChat without WeChat: strict, stateful, and with the quirks of the real one.
//!
//! It answers what `api.weixin.qq.com` answers, by a clock of its own, and keeps a journal.
//! What only a simulator can do (hand out login codes, move the clock, make trouble) is in
//! [`Simulator`] for tests and below `/_simulator` for everybody else.
//!
//! To add an area, write `<area>.rs` with `pub(super) fn routes() -> Vec<Route>`, and list
//! it here as a module and in `AREAS`. What it must remember is a `Default` struct of its own, kept
//! by `Simulator::state`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod account;
mod bridge;
mod call;
mod cards;
mod control;
mod faults;
mod invoices;
mod journal;
mod jump;
mod livebroadcast;
mod login;
mod media;
mod message;
mod onetime;
mod pay;
mod phonenumber;
mod quota;
mod security;
mod sns;
mod tickets;
mod tokens;
mod wxacode;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use model::{AccountKind, Clock};
use ring::digest::{SHA256, digest};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
};

use call::{Call, Reply, Route, refuse};
use faults::Faults;
use journal::Journal;

pub use account::{
    Account, CATEGORY_TEMPLATE, HISTORY_TEMPLATE, LONG_TERM_TEMPLATE, ONE_TIME_TEMPLATE, Template,
    User,
};
pub use cards::CardState;
pub use faults::{Effect, Fault};
pub use invoices::InvoiceState;
pub use journal::Entry;
pub use login::Sealed;
pub use media::Upload;
pub use pay::{Does, Paid, Pay, PayFault, PayMerchant};
pub use security::CheckedImage;

/// What WeChat can do here.
const AREAS: &[fn() -> Vec<Route>] = &[
    cards::routes,
    invoices::routes,
    jump::routes,
    livebroadcast::routes,
    login::routes,
    media::routes,
    message::routes,
    onetime::routes,
    phonenumber::routes,
    quota::routes,
    security::routes,
    sns::routes,
    tickets::routes,
    tokens::routes,
    wxacode::routes,
];

/// A running WeChat. Clones are handles to the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    clock: Clock,
    routes: HashMap<&'static str, Route>,
    accounts: Mutex<Vec<Arc<Account>>>,
    /// What each area remembers, by the type it remembers it in.
    states: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    /// How many random values were drawn.
    drawn: AtomicU64,
    pay: Pay,
}

/// The connection closes without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closed the connection, as a fault told it to")]
struct Dropped;

impl Simulator {
    /// A WeChat that knows these apps, and whose clock follows `clock` but can be moved further.
    pub fn new(clock: &Clock, accounts: Vec<Account>) -> Simulator {
        let routes = AREAS.iter().flat_map(|area| area());
        let appids: Vec<&str> = accounts.iter().map(|account| account.appid.as_str()).collect();
        let clock = clock.follower();
        Simulator(Arc::new(Inner {
            pay: Pay::new(clock.clone(), &appids),
            clock,
            routes: routes.map(|route| (route.path, route)).collect(),
            accounts: Mutex::new(accounts.into_iter().map(Arc::new).collect()),
            states: Mutex::default(),
            drawn: AtomicU64::new(0),
        }))
    }

    /// WeChat's own clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// WeChat Pay, which answers at the same address, below `/v3/`.
    pub fn pay(&self) -> &Pay {
        &self.0.pay
    }

    /// Answers until it is dropped, and all connections with it.
    pub async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        connections.spawn(self.pay().clone().keep_delivering());
        loop {
            let Ok((stream, caller)) = listener.accept().await else {
                // Out of sockets: those in use have to end first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            // Answers are small and in one piece; waiting for more to send only costs time.
            let _ = stream.set_nodelay(true);
            connections.spawn(self.clone().converse(stream, caller.ip()));
        }
    }

    /// Answers on one connection until it ends.
    pub async fn converse(
        self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        caller: IpAddr,
    ) {
        let service = service_fn(move |request| {
            let simulator = self.clone();
            async move { simulator.receive(request, caller).await }
        });
        // It ends badly when a fault wants it to, or when the caller goes away.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// A `wx.login` code: good for five minutes, once, and for this app.
    pub fn mint_code(&self, appid: &str, user: &User) -> String {
        login::mint_code(self, appid, user)
    }

    /// An OAuth code, as after a consent to this scope: good once, for this app, and for five
    /// minutes from a page in WeChat or ten from elsewhere.
    pub fn mint_oauth_code(&self, appid: &str, user: &User, scope: &str) -> String {
        sns::mint_code(self, appid, user, scope)
    }

    /// The template an app has for one-time subscriptions.
    pub fn one_time_template(&self, appid: &str) -> String {
        onetime::template(appid)
    }

    /// Somebody confirms one message of a scene, on the page or in the app. Alice has confirmed
    /// scene 1000 before anything happens.
    pub fn confirm_once(&self, appid: &str, user: &User, scene: u16) {
        onetime::grant(self, appid, &user.openid(appid), &scene.to_string());
    }

    /// Somebody changes the password, which ends every consent (42007).
    pub fn change_password(&self, user: &User) {
        sns::change_password(self, &user.name);
    }

    /// Every OAuth access and refresh token there ever was, to look for where none may be.
    pub fn sns_tokens(&self) -> Vec<String> {
        sns::tokens(self)
    }

    /// The session_key of somebody's last login.
    pub fn session_key(&self, appid: &str, user: &User) -> Option<String> {
        login::session_key(self, appid, &user.openid(appid))
    }

    /// What a client of somebody who is logged in gets encrypted; WeChat adds the watermark.
    pub fn seal(&self, appid: &str, user: &User, data: &serde_json::Value) -> Option<Sealed> {
        let session_key = self.session_key(appid, user)?;
        Some(login::seal(self, &session_key, appid, data))
    }

    /// The same with a key of one's choice.
    ///
    /// # Panics
    ///
    /// If that is not 16 bytes in base64.
    pub fn seal_with(&self, session_key: &str, appid: &str, data: &serde_json::Value) -> Sealed {
        login::seal(self, session_key, appid, data)
    }

    /// Somebody consents to so many messages of a template, as `wx.requestSubscribeMessage` asks.
    pub fn subscribe(&self, appid: &str, user: &User, template_id: &str, messages: u32) {
        message::subscribe(self, appid, user, template_id, messages);
    }

    /// Opens live rooms with these names, each later than the one before; returns the first id.
    pub fn open_rooms(&self, appid: &str, names: &[&str]) -> u64 {
        livebroadcast::open_rooms(self, appid, names)
    }

    /// The image that was checked last, as it arrived.
    pub fn last_image(&self) -> Option<CheckedImage> {
        security::last_image(self)
    }

    /// The code of a `getPhoneNumber` button that somebody tapped: five minutes, once, this app.
    pub fn mint_phone_code(&self, appid: &str, user: &User) -> String {
        phonenumber::mint_code(self, appid, user)
    }

    /// The calls so far, oldest first; of very many, the last ten thousand.
    pub fn journal(&self) -> Vec<Entry> {
        self.state(|journal: &mut Journal| journal.entries("", 0))
    }

    /// How many calls there were to exactly this path.
    pub fn calls(&self, path: &str) -> usize {
        self.state(|journal: &mut Journal| journal.calls(path))
    }

    /// Forgets the calls so far.
    pub fn clear_journal(&self) {
        self.state(Journal::clear);
    }

    /// Voids every access token of an app at once, as if somebody else had refreshed them: whoever
    /// asks for a stable token next gets the one that somebody else got.
    pub fn invalidate_token(&self, appid: &str) {
        if let Some(account) = self.account(appid) {
            tokens::invalidate(self, &account);
        }
    }

    /// Makes trouble, and gives it a number.
    ///
    /// # Panics
    ///
    /// If it is to answer with a status that HTTP does not have.
    pub fn fault(&self, fault: Fault) -> u64 {
        if let Effect::Status { status, .. } = fault.effect {
            assert!((200..=599).contains(&status), "{status} is no final HTTP status");
        }
        self.state(|faults: &mut Faults| faults.add(fault))
    }

    /// Ends all trouble.
    pub fn clear_faults(&self) {
        self.state(Faults::clear);
    }

    /// The access token an app would be using now: the stable one, else that of `cgi-bin/token`.
    pub fn access_token(&self, appid: &str) -> Option<String> {
        tokens::current(self, appid)
    }

    /// The ticket of a type (`jsapi`, `wx_card`) an app would be using now.
    pub fn ticket(&self, appid: &str, kind: &str) -> Option<String> {
        tickets::current(self, appid, kind)
    }

    /// Puts a card with this code into somebody's wallet, and tells its encrypted code.
    pub fn issue_card(&self, appid: &str, code: &str) -> String {
        cards::issue(self, appid, code)
    }

    /// Changes what became of a card.
    pub fn change_card(&self, encrypt_code: &str, state: CardState) {
        cards::change(self, encrypt_code, state);
    }

    /// Changes what is the matter with an invoice; one that does not exist comes into being.
    pub fn put_invoice(&self, encrypt_code: &str, card_id: &str, state: InvoiceState) {
        invoices::put(self, encrypt_code, card_id, state);
    }

    /// Uploads something to an account, and tells its media_id; good for three days.
    pub fn upload(&self, appid: &str, upload: Upload) -> String {
        media::store(self, appid, upload)
    }

    /// Answers what a WeChat client asks for a page, as `POST /_simulator/bridge` does.
    ///
    /// # Errors
    /// The question is not one a client asks.
    pub fn ask_as_client(&self, question: serde_json::Value) -> Result<serde_json::Value, String> {
        let question = serde_json::from_value(question).map_err(|error| error.to_string())?;
        Ok(bridge::answer(self, &question))
    }

    /// Changes an app as its owner would in WeChat's console: a new secret, an address allowed.
    pub fn change_account(&self, appid: &str, change: impl FnOnce(&mut Account)) {
        let mut accounts = lock(&self.0.accounts);
        if let Some(account) = accounts.iter_mut().find(|account| account.appid == appid) {
            change(Arc::make_mut(account));
        }
    }

    fn accounts(&self) -> Vec<Arc<Account>> {
        lock(&self.0.accounts).clone()
    }

    fn account(&self, appid: &str) -> Option<Arc<Account>> {
        lock(&self.0.accounts).iter().find(|account| account.appid == appid).cloned()
    }

    fn route(&self, path: &str) -> Option<&Route> {
        self.0.routes.get(path)
    }

    /// Works with what an area remembers; `act` must not ask for the same state again.
    fn state<T: Default + Send + 'static, R>(&self, act: impl FnOnce(&mut T) -> R) -> R {
        let state = Arc::clone(
            lock(&self.0.states)
                .entry(TypeId::of::<T>())
                .or_insert_with(|| Arc::new(Mutex::new(T::default()))),
        );
        let state = state.downcast::<Mutex<T>>().expect("states are kept by their type");
        act(&mut lock(&state))
    }

    /// Bytes that look random, and are the same on every run.
    fn random<const N: usize>(&self) -> [u8; N] {
        let drawn = self.0.drawn.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; N];
        for (block, chunk) in bytes.chunks_mut(32).enumerate() {
            let seed = format!("wechat simulator {drawn} {block}");
            chunk.copy_from_slice(&digest(&SHA256, seed.as_bytes()).as_ref()[..chunk.len()]);
        }
        bytes
    }

    /// An id as WeChat gives to requests: the time, and two numbers.
    fn rid(&self) -> String {
        let numbers = hex(&self.random::<8>());
        format!("{:08x}-{}-{}", self.clock().now(), &numbers[..8], &numbers[8..])
    }

    /// Reads a request and has it answered. An error closes the connection.
    async fn receive(
        self,
        request: Request<Incoming>,
        caller: IpAddr,
    ) -> io::Result<Response<Payload>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?;
        let request = Request::from_parts(parts, body.to_bytes());
        // On its own, because WeChat acts on what it has read though the caller has hung up.
        let reply = tokio::spawn(async move { self.answer(&request, caller).await }).await?;
        reply.map(response).map_err(io::Error::other)
    }

    /// What becomes of a request that has been read.
    async fn answer(&self, request: &Request<Bytes>, caller: IpAddr) -> Result<Reply, Dropped> {
        if let Some(path) = request.uri().path().strip_prefix(control::PREFIX)
            && (path.is_empty() || path.starts_with('/'))
        {
            return Ok(control::answer(self, request, path));
        }
        let started = Instant::now();
        let call = Call::new(self, request, caller);
        let appid = call.appid();
        let sequence = self.state(|journal: &mut Journal| journal.arrived(&call, appid.clone()));
        let reply = self.perform(&call, appid.as_deref()).await;
        let took = started.elapsed();
        self.state(|journal: &mut Journal| journal.ended(sequence, reply.as_ref().ok(), took));
        reply
    }

    /// Acts on a call, with whatever trouble it meets.
    async fn perform(&self, call: &Call<'_>, appid: Option<&str>) -> Result<Reply, Dropped> {
        let trouble = self.state(|faults: &mut Faults| faults.meet(call.path(), appid));
        let answer = || {
            if call.path().starts_with("/v3/") {
                self.pay().answer(call.request)
            } else {
                Ok(call.perform())
            }
        };
        if !trouble.delay.is_zero() {
            tokio::time::sleep(trouble.delay).await;
        }
        let mut reply = match trouble.effect {
            None | Some(Effect::Delay { .. }) => answer()?,
            Some(Effect::Errcode { code, errmsg }) => call.refusal(refuse(code, errmsg)),
            Some(Effect::Status { status, body }) => Reply::raw(status, "text/html", body),
            Some(Effect::Garbage) => {
                Reply::raw(200, "text/plain", &b"\x00\xff<!-- not what you asked for"[..])
            }
            Some(Effect::Truncated) => Reply { truncated: true, ..answer()? },
            Some(Effect::DropBefore) => return Err(Dropped),
            Some(Effect::DropAfter) => {
                answer()?;
                return Err(Dropped);
            }
        };
        // WeChat's labels differ by interface; clients must not rely on them.
        let sns = call.path().starts_with("/sns/");
        let json = if sns { "text/plain" } else { "application/json; encoding=utf-8" };
        reply.content_type.get_or_insert_with(|| json.to_owned());
        Ok(reply)
    }
}

type Payload = Either<Full<Bytes>, Cut>;

fn response(reply: Reply) -> Response<Payload> {
    let mut response = Response::builder().status(reply.status);
    if let Some(content_type) = reply.content_type {
        response = response.header(CONTENT_TYPE, content_type);
    }
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = if reply.truncated {
        let half = reply.body.slice(..reply.body.len() / 2);
        Either::Right(Cut { promised: reply.body.len() as u64, half: Some(half), flushed: false })
    } else {
        Either::Left(Full::new(reply.body))
    };
    response.body(body).expect("areas write valid headers, and a fault's status was checked")
}

/// A body that promises its length and stops half way.
struct Cut {
    promised: u64,
    half: Option<Bytes>,
    flushed: bool,
}

impl Body for Cut {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.flushed {
            // A pause, in which the half is sent; otherwise it would be dropped with the rest.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}

/// Locks what no panic can leave half done: areas change their state in single steps.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A simulator to test areas with.
#[cfg(test)]
mod bench {
    use http::header::CONTENT_LENGTH;
    use serde_json::{Value, json};

    use super::*;

    pub(super) const MINI: &str = "wx0000000000000001";
    pub(super) const SECOND_MINI: &str = "wx0000000000000002";
    pub(super) const OFFICIAL: &str = "wx0000000000000003";
    pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const CALLER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// At noon in China, 2026-11-20.
    pub(super) fn simulator() -> (Clock, Simulator) {
        let clock = Clock::frozen(1_795_147_200);
        let account = |appid, kind| Account::new(appid, kind, SECRET);
        let accounts = vec![
            account(MINI, AccountKind::MiniProgram),
            account(SECOND_MINI, AccountKind::MiniProgram),
            account(OFFICIAL, AccountKind::OfficialAccount),
        ];
        (clock.clone(), Simulator::new(&clock, accounts))
    }

    pub(super) fn errcode(answer: &Value) -> i64 {
        answer.get("errcode").map_or(0, |code| code.as_i64().expect("errcode is a number"))
    }

    impl Simulator {
        pub(super) fn get(&self, uri: &str) -> Value {
            self.ask(&request("GET", uri, ""))
        }

        pub(super) fn post(&self, uri: &str, body: &str) -> Value {
            self.ask(&request("POST", uri, body))
        }

        /// A stable token, which does not change unless it has to.
        pub(super) fn token(&self, appid: &str) -> String {
            let grant = "client_credential";
            let body = json!({ "grant_type": grant, "appid": appid, "secret": SECRET });
            let answer = self.post("/cgi-bin/stable_token", &body.to_string());
            answer["access_token"].as_str().expect("a token").to_owned()
        }

        /// Past journal and faults; `None` if the connection would be closed.
        pub(super) async fn send(&self, method: &str, uri: &str, body: &str) -> Option<Reply> {
            self.answer(&request(method, uri, body), CALLER).await.ok()
        }

        fn ask(&self, request: &Request<Bytes>) -> Value {
            let reply = Call::new(self, request, CALLER).perform();
            serde_json::from_slice(&reply.body).expect("an answer in JSON")
        }
    }

    fn request(method: &str, uri: &str, body: &str) -> Request<Bytes> {
        let request = Request::builder().method(method).uri(uri);
        let request = request.header(CONTENT_LENGTH, body.len());
        request.body(Bytes::copy_from_slice(body.as_bytes())).expect("a request")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::bench::{MINI, SECRET, simulator};
    use super::*;

    const TOKEN: &str = "/cgi-bin/token";

    /// Sends bytes over a real connection and reads all that comes back.
    async fn exchange(simulator: &Simulator, request: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(simulator.clone().serve(listener));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is reset has said all it had to say.
        let _ = stream.read_to_end(&mut answer).await;
        server.abort();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn fetch_token(simulator: &Simulator) -> String {
        let query = format!("grant_type=client_credential&appid={MINI}&secret={SECRET}");
        let head = "HTTP/1.1\r\nhost: wechat\r\nconnection: close\r\n\r\n";
        exchange(simulator, &format!("GET {TOKEN}?{query} {head}")).await
    }

    #[tokio::test]
    async fn it_answers_over_http() {
        let (_, simulator) = simulator();

        let answer = fetch_token(&simulator).await;

        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("content-type: application/json; encoding=utf-8"), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["access_token"].as_str(), simulator.access_token(MINI).as_deref());
    }

    #[tokio::test]
    async fn sns_answers_are_labelled_plain_text() {
        let (_, simulator) = simulator();

        let reply = simulator.send("GET", "/sns/jscode2session", "").await.unwrap();

        assert_eq!(reply.content_type.as_deref(), Some("text/plain"));
    }

    #[tokio::test]
    async fn a_chunked_post_meets_412() {
        let head = "host: wechat\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        let request =
            format!("POST /cgi-bin/stable_token HTTP/1.1\r\n{head}2\r\n{{}}\r\n0\r\n\r\n");

        let answer = exchange(&simulator().1, &request).await;

        assert!(answer.starts_with("HTTP/1.1 412 Precondition Failed\r\n"), "{answer}");
        assert!(answer.contains("<html>"), "{answer}");
    }

    #[tokio::test]
    async fn a_dropped_call_has_no_answer_and_only_a_late_one_has_effects() {
        let (_, simulator) = simulator();

        simulator.fault(Fault::on(TOKEN, Effect::DropBefore).times(1));
        assert_eq!(fetch_token(&simulator).await, "");
        assert_eq!(simulator.access_token(MINI), None);

        simulator.fault(Fault::on(TOKEN, Effect::DropAfter).times(1));
        assert_eq!(fetch_token(&simulator).await, "");
        assert!(simulator.access_token(MINI).is_some());

        assert!(fetch_token(&simulator).await.contains("access_token"));
        let statuses: Vec<_> = simulator.journal().iter().map(|entry| entry.status).collect();
        assert_eq!(statuses, [None, None, Some(200)]);
    }

    #[tokio::test]
    async fn a_truncated_answer_promises_more_than_it_sends() {
        let (_, simulator) = simulator();
        simulator.fault(Fault::on(TOKEN, Effect::Truncated));

        let answer = fetch_token(&simulator).await;

        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let whole = simulator.journal()[0].answer.len();
        assert!(head.contains(&format!("content-length: {whole}")), "{head}");
        assert_eq!(body.len(), whole / 2);
    }

    #[tokio::test]
    async fn faults_answer_instead_of_wechat() {
        let (_, simulator) = simulator();
        let busy = Effect::Errcode { code: -1, errmsg: "system error".into() };
        let page = Effect::Status { status: 502, body: "<html>".into() };
        for effect in [Effect::Delay { ms: 1 }, busy, page, Effect::Garbage] {
            simulator.fault(Fault::on(TOKEN, effect).times(1));
        }

        let mut replies = Vec::new();
        for _ in 0..4 {
            replies.push(simulator.send("GET", TOKEN, "").await.unwrap());
        }

        let busy: Value = serde_json::from_slice(&replies[0].body).unwrap();
        assert!(busy["errmsg"].as_str().unwrap().starts_with("system error rid: "));
        assert_eq!((replies[1].status, &replies[1].body[..]), (502, &b"<html>"[..]));
        assert!(serde_json::from_slice::<Value>(&replies[2].body).is_err());
        assert_eq!((replies[2].status, replies[3].errcode), (200, Some(41002)));
        let journal = simulator.journal();
        assert_eq!((journal[0].errcode, journal[0].took_ms >= 1), (Some(-1), true));
        assert_eq!((journal[1].status, journal[2].answer.as_str()), (Some(502), "29 bytes"));
    }

    #[tokio::test]
    async fn wechat_acts_though_the_caller_has_hung_up() {
        let (_, simulator) = simulator();
        simulator.fault(Fault::on(TOKEN, Effect::Delay { ms: 20 }));

        let caller = simulator.clone();
        let call = tokio::spawn(async move { fetch_token(&caller).await });
        while simulator.calls(TOKEN) == 0 {
            tokio::task::yield_now().await;
        }
        call.abort();

        while simulator.access_token(MINI).is_none() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn random_values_do_not_repeat() {
        let (_, simulator) = simulator();

        assert_ne!(simulator.random::<64>()[..32], simulator.random::<64>()[..32]);
        let one = simulator.random::<64>();
        assert_ne!(one[..32], one[32..]);
    }
}
