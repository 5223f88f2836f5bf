//! A WeChat without WeChat: strict, stateful, and with the quirks of the real one.
//!
//! It answers what `api.weixin.qq.com` answers, by a clock of its own, and keeps a journal.
//! What only a simulator can do (hand out login codes, move the clock, cause faults) is in
//! [`Simulator`] for tests and below `/_simulator` over HTTP.
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
mod connection;
mod control;
mod customer_service;
mod faults;
#[cfg(test)]
mod fixture;
mod followers;
pub mod guard;
mod invoices;
mod journal;
mod jump;
mod kept;
mod livebroadcast;
mod login;
mod media;
mod message;
mod network;
mod onetime;
mod openapi;
mod pay;
mod people;
mod phonenumber;
mod push;
mod quota;
mod rid;
mod risk;
mod security;
mod shipping;
mod sns;
mod surface;
mod templates;
mod tickets;
mod tokens;
mod user_keys;
mod wxacode;

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response, header::CONTENT_LENGTH};
use hyper::body::Bytes;
use model::crypto::{hex, sha256};
use model::{AccountKind, Clock};
use serde_json::Value;

use call::{Call, Reply, Route, refuse};
use faults::Faults;
use guard::Reach;
use journal::Journal;

pub use account::{
    Account, CATEGORY_TEMPLATE, HISTORY_TEMPLATE, LONG_TERM_TEMPLATE, ONE_TIME_TEMPLATE,
    SecretElsewhere, Template, User, demo_accounts,
};
pub use cards::CardState;
pub use customer_service::Sent;
pub use faults::{Effect, Fault};
pub use invoices::InvoiceState;
pub use journal::Entry;
pub use kept::Memory;
pub use login::Sealed;
pub use media::Upload;
pub use pay::{Does, Paid, Pay, PayFault, PayMerchant};
pub use people::Act;
pub use push::{Attempt, Format, Push, PushMode, Pushed};
pub use security::CheckedImage;
pub use shipping::{OrderState, PaidOrder};
pub use surface::Script;
pub use tokens::Life;
pub use user_keys::UserKey;

/// What WeChat can do here.
const AREAS: &[fn() -> Vec<Route>] = &[
    cards::routes,
    customer_service::routes,
    followers::routes,
    invoices::routes,
    jump::routes,
    livebroadcast::routes,
    login::routes,
    media::routes,
    message::routes,
    network::routes,
    onetime::routes,
    openapi::routes,
    phonenumber::routes,
    rid::routes,
    risk::routes,
    security::routes,
    shipping::routes,
    sns::routes,
    templates::routes,
    tickets::routes,
    tokens::routes,
    user_keys::routes,
    wxacode::routes,
];

/// A running WeChat. Clones are handles to the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Inner>);

struct Inner {
    clock: Clock,
    /// From where its port is reached.
    reach: OnceLock<Reach>,
    routes: HashMap<&'static str, Route>,
    accounts: Mutex<Vec<Arc<Account>>>,
    /// What each area remembers for good, by the type it remembers it in.
    kept: Mutex<HashMap<TypeId, kept::Kept>>,
    /// What another process kept and nobody asked for yet.
    before: Mutex<BTreeMap<String, Value>>,
    /// What each area remembers as long as this process lives, likewise.
    states: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    /// How many random values were drawn.
    drawn: AtomicU64,
    pay: Pay,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The accounts hold secrets.
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

/// The connection closes without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closed the connection, as a fault told it to")]
struct Dropped;

impl Simulator {
    /// A WeChat that knows these apps, and whose clock follows `clock` but can be moved further.
    pub fn new(clock: &Clock, accounts: Vec<Account>) -> Simulator {
        // Of two routes the later one is kept: what an area does goes before an echo.
        let areas = AREAS.iter().flat_map(|area| area());
        let routes = surface::routes().into_iter().chain(areas);
        let appids: Vec<&str> = accounts.iter().map(|account| account.appid.as_str()).collect();
        let clock = clock.follower();
        Simulator(Arc::new(Inner {
            pay: Pay::new(clock.clone(), &appids),
            clock,
            reach: OnceLock::new(),
            routes: routes.map(|route| (route.path, route)).collect(),
            accounts: Mutex::new(accounts.into_iter().map(Arc::new).collect()),
            kept: Mutex::default(),
            before: Mutex::default(),
            states: Mutex::default(),
            drawn: AtomicU64::new(0),
        }))
    }

    /// The same, on a port of this reach; without it only this machine is meant to reach it.
    pub fn within(self, reach: Reach) -> Simulator {
        // It is said once, before it serves.
        let _ = self.0.reach.set(reach);
        self
    }

    fn reach(&self) -> Reach {
        self.0.reach.get().copied().unwrap_or_default()
    }

    /// WeChat's own clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// WeChat Pay, which answers at the same address, below `/v3/`.
    pub fn pay(&self) -> &Pay {
        &self.0.pay
    }

    /// Answers one request at once, without a connection: faults do not apply, and the journal
    /// does not record it.
    ///
    /// ```
    /// use http::Request;
    /// use model::{AccountKind, Clock};
    /// use simulator::{Account, Simulator, User};
    ///
    /// let app = Account::new("wx0123456789abcdef", AccountKind::MiniProgram, "app-secret");
    /// let wechat = Simulator::new(&Clock::system(), vec![app]);
    ///
    /// // `wx.login` in the mini program, then the back end's call.
    /// let code = wechat.mint_code("wx0123456789abcdef", &User::new("alice"));
    /// let query = format!("appid=wx0123456789abcdef&secret=app-secret&js_code={code}");
    /// let uri = format!("/sns/jscode2session?grant_type=authorization_code&{query}");
    /// let answer = wechat.answer(Request::get(uri).body("").unwrap());
    ///
    /// let login: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    /// assert_eq!(login["openid"], User::new("alice").openid("wx0123456789abcdef"));
    /// ```
    pub fn answer(&self, request: Request<impl Into<Bytes>>) -> Response<Bytes> {
        let mut request = request.map(Into::into);
        let length = request.body().len();
        request.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
        let call = Call::new(self, &request, Ipv4Addr::LOCALHOST.into());
        let mut reply = call.perform();
        reply.content_type.get_or_insert_with(|| content_type(call.path()).to_owned());
        reply.into_response()
    }

    /// When a token or ticket was issued and when it dies; `None` if WeChat never issued it.
    pub fn life(&self, credential: &str) -> Option<Life> {
        self.token_life(credential).or_else(|| self.ticket_life(credential))
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

    /// Works with what an area remembers as long as the process lives; `act` must not ask for the same state again.
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
            chunk.copy_from_slice(&sha256(seed)[..chunk.len()]);
        }
        bytes
    }

    /// An id as WeChat gives to requests: the time, and two numbers.
    fn rid(&self) -> String {
        let numbers = hex(&self.random::<8>());
        format!("{:08x}-{}-{}", self.clock().now(), &numbers[..8], &numbers[8..])
    }

    /// What becomes of a request that has been read.
    async fn respond(&self, request: &Request<Bytes>, caller: IpAddr) -> Result<Reply, Dropped> {
        if let Some(path) = request.uri().path().strip_prefix(control::PREFIX)
            && (path.is_empty() || path.starts_with('/'))
        {
            return Ok(control::answer(self, request, path));
        }
        if request.uri().path() == "/" {
            return Ok(control::welcome());
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
            if call.path().starts_with(pay::PREFIX) {
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
        reply.content_type.get_or_insert_with(|| content_type(call.path()).to_owned());
        Ok(reply)
    }
}

/// The label of a JSON answer. It differs by interface; clients must not rely on it.
fn content_type(path: &str) -> &'static str {
    if path.starts_with("/sns/") { "text/plain" } else { "application/json; encoding=utf-8" }
}

/// Locks what no panic can leave half done: areas change their state in single steps.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::fixture::{MINI, SECRET, simulator};

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
        let head = "HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
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
        let head = "host: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
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
