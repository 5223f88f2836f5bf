//! The client that talks to WeChat: one policy for every call.
//!
//! Bodies are sized and raw UTF-8, answers are judged by their bytes and not by their headers,
//! and nothing that may have been acted upon is sent twice unless it is safe to.

mod exhausted;
mod refusals;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use reqwest::Url;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use exhausted::Exhausted;
pub(crate) use refusals::refused;
pub use refusals::{REFUSALS, is_stale_token};

use crate::{
    Clock, Error, Problem, Refusal, Result, Secret,
    crypto::{hex, jitter, random_bytes},
    deadline, spelling, trace,
    transport::{Failure, Transport},
};

/// The whole of a call, repeats included, ends within this time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read; media end at 10 MB.
const ANSWER_LIMIT: usize = 11 << 20;

/// How much of a quota for life is used.
const NUM_USED: HeaderName = HeaderName::from_static("num-used");

/// How often an idempotent call is repeated when WeChat is busy.
const REPEATS: u32 = 2;

/// Talks to WeChat.
#[derive(Clone, Debug)]
pub struct Wechat {
    transport: Transport,
    hosts: Arc<[Url]>,
    /// The host that answered last; a fail-over lasts for the life of the process.
    preferred: Arc<AtomicUsize>,
    exhausted: Arc<Exhausted>,
    pub(crate) clock: Clock,
}

/// Whether a call may be sent again after WeChat may have seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Asking twice changes nothing.
    Safe,
    /// A single-use code is spent or a message goes out: at most once.
    Never,
}

/// What is sent, whoever carries it.
#[derive(Clone)]
pub struct Request {
    method: Method,
    path: &'static str,
    query: Vec<(Cow<'static, str>, String)>,
    body: Result<Option<(Cow<'static, str>, Bytes)>, String>,
    repeat: Repeat,
    timeout: Duration,
    binary: bool,
    refusals: &'static [Refusal],
}

impl Request {
    fn access_token(mut self, token: &Secret) -> Request {
        self.query.push(("access_token".into(), token.expose().to_owned()));
        self
    }
}

/// Carries a request to WeChat: with the account's access token, or as it is.
pub trait Carrier: Sync {
    /// Sends it and judges the answer.
    fn carry(&self, request: Request) -> impl Future<Output = Result<Answer>> + Send;
}

/// One call to WeChat, being put together.
///
/// It ends with [`Call::json`] where the answer proves itself by what is in it, with
/// [`Call::done`] where `errcode` 0 is the only sign of success, or with [`Call::send`].
pub struct Call<C = ()> {
    carrier: C,
    request: Request,
}

impl Call {
    /// `GET path`; may be repeated.
    pub fn get(path: &'static str) -> Call {
        Call::new((), Method::GET, path)
    }
}

impl<C> Call<C> {
    /// A call without body; may be repeated.
    pub(crate) fn new(carrier: C, method: Method, path: &'static str) -> Call<C> {
        let request = Request {
            method,
            path,
            query: Vec::new(),
            body: Ok(None),
            repeat: Repeat::Safe,
            timeout: TIMEOUT,
            binary: false,
            refusals: &[],
        };
        Call { carrier, request }
    }

    /// Who carries it.
    pub fn via<D>(self, carrier: D) -> Call<D> {
        Call { carrier, request: self.request }
    }

    /// A JSON body in raw UTF-8.
    pub fn body(mut self, body: &impl Serialize) -> Call<C> {
        self.request.body = serde_json::to_vec(body)
            .map(|body| Some(("application/json".into(), body.into())))
            .map_err(|error| error.to_string());
        self
    }

    /// A body as it is.
    pub fn bytes(mut self, content_type: impl Into<Cow<'static, str>>, body: Bytes) -> Call<C> {
        self.request.body = Ok(Some((content_type.into(), body)));
        self
    }

    /// One file in the multipart field `media`, sized and with an ASCII name.
    pub fn file(self, file_name: &str, content_type: &str, file: &[u8]) -> Call<C> {
        let boundary = hex(&random_bytes::<16>());
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{file_name}\"\r\nContent-Type: {content_type}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        self.bytes(format!("multipart/form-data; boundary={boundary}"), body.into())
    }

    /// Adds a query parameter.
    pub fn query(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Call<C> {
        self.request.query.push((name.into(), value.into()));
        self
    }

    /// Marks a call that spends a code or sends a message: never sent again once bytes left.
    pub fn once(mut self) -> Call<C> {
        self.request.repeat = Repeat::Never;
        self
    }

    /// Changes how long the call may take (5 s).
    pub fn within(mut self, timeout: Duration) -> Call<C> {
        self.request.timeout = timeout;
        self
    }

    /// Expects an image or another file; JSON is then a refusal, or an answer of its own.
    pub fn binary(mut self) -> Call<C> {
        self.request.binary = true;
        self
    }

    /// What codes mean at this endpoint, before what they usually mean.
    pub fn refusals(mut self, refusals: &'static [Refusal]) -> Call<C> {
        self.request.refusals = refusals;
        self
    }
}

impl<C: Carrier> Call<C> {
    /// The answer, if it is not a refusal.
    ///
    /// # Errors
    /// A refusal becomes the problem its code means; no answer becomes
    /// [`Problem::WechatUnreachable`].
    pub async fn send(self) -> Result<Answer> {
        self.carrier.carry(self.request).await
    }

    /// The answer's JSON with its type.
    ///
    /// # Errors
    /// As [`Call::send`], and [`Problem::WechatUnreachable`] if it is not what the endpoint
    /// promises.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.send().await?.json()
    }

    /// Nothing but success, which WeChat proves by `errcode` 0.
    ///
    /// # Errors
    /// As [`Call::send`], and [`Problem::WechatUnreachable`] if the answer does not have it.
    pub async fn done(self) -> Result<()> {
        self.send().await?.proven().map(drop)
    }
}

/// A successful answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The body: JSON, an image or another file.
    pub body: Bytes,
    /// The declared type; only a hint.
    pub content_type: Option<String>,
    /// The declared file name.
    pub content_disposition: Option<String>,
    /// How much of a quota for life is used: the header `Num-Used`.
    pub num_used: Option<u64>,
    /// Whether its `errcode` is 0.
    pub errcode_is_zero: bool,
}

impl Answer {
    /// Decodes a JSON answer.
    ///
    /// # Errors
    /// [`Problem::WechatUnreachable`] if it is not what the endpoint promises.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let text = spelling::wechat_json(&self.body);
        serde_json::from_str(&text)
            // The message may quote the answer, which may be personal: only its position is kept.
            .map_err(|error| nonsense(format!("line {}, column {}", error.line(), error.column())))
    }

    /// The same answer, if it says that the call succeeded.
    ///
    /// # Errors
    /// [`Problem::WechatUnreachable`] unless `errcode` is 0.
    pub fn proven(self) -> Result<Answer> {
        if self.errcode_is_zero { Ok(self) } else { Err(nonsense("success without errcode 0")) }
    }

    /// Whether the body is JSON, whatever the header says.
    pub fn is_json(&self) -> bool {
        let first = self.body.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(first, Some(b'{'))
    }
}

fn nonsense(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(
        Problem::WechatUnreachable,
        [
            "WeChat answered with something else than promised; try again.",
            "微信的应答与约定不符，请重试。",
        ],
    )
    .unanswered()
    .because(why)
}

impl Wechat {
    /// A client for the given hosts, the preferred one first.
    pub fn new(transport: Transport, hosts: &[Url], clock: Clock) -> Wechat {
        Wechat {
            transport,
            hosts: hosts.into(),
            preferred: Arc::default(),
            exhausted: Arc::default(),
            clock,
        }
    }

    /// `GET path` without access token.
    pub fn get(&self, path: &'static str) -> Call<&Wechat> {
        Call::new(self, Method::GET, path)
    }

    /// `POST path` with a JSON body, without access token.
    pub fn post(&self, path: &'static str, body: &impl Serialize) -> Call<&Wechat> {
        Call::new(self, Method::POST, path).body(body)
    }

    /// Refuses an account's call if the quota of its path is known to be used up.
    ///
    /// # Errors
    /// [`Problem::QuotaExceeded`].
    pub(crate) fn check_quota(&self, appid: &str, request: &Request) -> Result<()> {
        self.exhausted.check(appid, request.path, self.clock.now())
    }

    /// Learns from an account's call whether the quota of its path is used up.
    pub(crate) fn learn_quota<T>(&self, appid: &str, request: &Request, outcome: &Result<T>) {
        self.exhausted.note(appid, request.path, outcome.as_ref().err(), self.clock.now());
    }

    /// The same request with an access token.
    pub(crate) async fn carry_with(&self, request: &Request, token: &Secret) -> Result<Answer> {
        self.call(&request.clone().access_token(token)).await
    }

    async fn call(&self, call: &Request) -> Result<Answer> {
        let started = tokio::time::Instant::now();
        let mut busy = 0;
        loop {
            let left = call.timeout.saturating_sub(started.elapsed()).min(deadline::left());
            let outcome = self.exchange(call, left).await;
            match outcome {
                Err(error)
                    if error.problem() == Problem::WechatBusy
                        && call.repeat == Repeat::Safe
                        && busy < REPEATS =>
                {
                    busy += 1;
                    let pause = Duration::from_millis(100 * u64::from(busy) + jitter(100));
                    if started.elapsed() + pause >= call.timeout || pause >= deadline::left() {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Tries the hosts in turn, as far as that is safe, and judges the answer.
    async fn exchange(&self, call: &Request, timeout: Duration) -> Result<Answer> {
        let started = tokio::time::Instant::now();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = None;
        for index in (0..self.hosts.len()).map(|step| (first + step) % self.hosts.len()) {
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            let (error, may_try_next) = match self.send(call, &self.hosts[index], left).await {
                Ok(response) if response.status().is_server_error() => {
                    let why = format!("{} answered {}", call.path, response.status());
                    (unreachable(why).unanswered(), call.repeat == Repeat::Safe)
                }
                Ok(response) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return self.judge(call, response);
                }
                Err(failure) => {
                    if failure.nothing_was_sent() {
                        (unreachable(failure), true)
                    } else {
                        (unreachable(failure).unanswered(), call.repeat == Repeat::Safe)
                    }
                }
            };
            last = Some(error);
            if !may_try_next {
                break;
            }
        }
        Err(last.unwrap_or_else(|| unreachable("no time left")))
    }

    async fn send(
        &self,
        call: &Request,
        host: &Url,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Failure> {
        let mut url = host.clone();
        url.set_path(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = reqwest::Request::new(call.method.clone(), url);
        let body = call.body.as_ref().map_err(|why| Failure::Connect(why.clone().into()))?;
        if let Some((content_type, body)) = body {
            let content_type =
                HeaderValue::from_str(content_type).map_err(|e| Failure::Connect(e.into()))?;
            request.headers_mut().insert(header::CONTENT_TYPE, content_type);
            *request.body_mut() = Some(body.clone().into());
        }
        let started = tokio::time::Instant::now();
        let outcome = self.transport.execute(request, timeout, ANSWER_LIMIT).await;
        trace::upstream_call(started.elapsed().as_millis() as u64);
        outcome
    }

    fn judge(&self, call: &Request, response: http::Response<Bytes>) -> Result<Answer> {
        let text = |name| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut answer = Answer {
            content_type: text(header::CONTENT_TYPE),
            content_disposition: text(header::CONTENT_DISPOSITION),
            num_used: text(NUM_USED).and_then(|used| used.trim().parse().ok()),
            body: response.body().clone(),
            errcode_is_zero: false,
        };
        if !response.status().is_success() {
            return Err(nonsense(format!("{} answered {}", call.path, response.status())));
        }
        if !answer.is_json() {
            if call.binary {
                return Ok(answer);
            }
            return Err(nonsense(format!("{} answered something else than JSON", call.path)));
        }
        let verdict = match answer.json::<Verdict>() {
            Ok(verdict) => verdict,
            // A file may happen to begin with a brace.
            Err(_) if call.binary => return Ok(answer),
            Err(error) => return Err(error),
        };
        match errcode(&verdict.errcode) {
            Errcode::Absent => Ok(answer),
            Errcode::Zero => {
                answer.errcode_is_zero = true;
                Ok(answer)
            }
            Errcode::Odd => {
                Err(nonsense(format!("{} answered an errcode that is not a number", call.path)))
            }
            Errcode::Refused(code) => {
                let errmsg = verdict.errmsg.as_str().or(verdict.err_msg.as_str());
                let errmsg = errmsg.unwrap_or_default();
                let rid = rid(errmsg);
                trace::refusal(code, rid.as_deref());
                let error = refusals::error(code, errmsg, call.refusals, self.clock.now());
                Err(error.errcode(code, rid))
            }
        }
    }
}

fn unreachable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(
        Problem::WechatUnreachable,
        ["WeChat cannot be reached; try again.", "无法连接微信，请重试。"],
    )
    .because(why)
}

impl Carrier for &Wechat {
    async fn carry(&self, request: Request) -> Result<Answer> {
        self.call(&request).await
    }
}

/// Whether a call succeeded, in whatever types; the rest of the answer is read over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Verdict {
    errcode: Value,
    errmsg: Value,
    #[serde(rename = "errMsg")]
    err_msg: Value,
}

/// What an answer's `errcode` says.
#[derive(Debug, PartialEq, Eq)]
enum Errcode {
    /// There is none, or null.
    Absent,
    /// Success.
    Zero,
    /// A refusal.
    Refused(i64),
    /// Neither a number nor a text that is one: it proves nothing.
    Odd,
}

/// `errcode` is a number, sometimes a text, and may be written with a fraction of zero.
fn errcode(code: &Value) -> Errcode {
    let code = match code {
        Value::Null => return Errcode::Absent,
        Value::Number(code) => code.as_i64().or_else(|| {
            let code = code.as_f64()?;
            (code.fract() == 0.0 && code.abs() < 9e15).then_some(code as i64)
        }),
        Value::String(code) => code.trim().parse().ok(),
        _ => None,
    };
    match code {
        Some(0) => Errcode::Zero,
        Some(code) => Errcode::Refused(code),
        None => Errcode::Odd,
    }
}

/// The request id at the end of an `errmsg`: three groups of eight hex digits.
fn rid(errmsg: &str) -> Option<String> {
    let rid = errmsg.rsplit_once("rid:")?.1.trim();
    let is_group = |group: &str| group.len() == 8 && group.bytes().all(|b| b.is_ascii_hexdigit());
    (rid.split('-').count() == 3 && rid.split('-').all(is_group)).then(|| rid.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errcode_may_be_a_number_a_text_or_absent() {
        for (answer, expected) in [
            (json!({"openid": "o"}), Errcode::Absent),
            (json!({"errcode": null}), Errcode::Absent),
            (json!({"errcode": 0, "errmsg": "ok"}), Errcode::Zero),
            (json!({"errcode": "0"}), Errcode::Zero),
            (json!({"errcode": "40013"}), Errcode::Refused(40013)),
            (json!({"errcode": 87014.0}), Errcode::Refused(87014)),
            (json!({"errcode": 0.5}), Errcode::Odd),
            (json!({"errcode": "oops"}), Errcode::Odd),
            (json!({"errcode": []}), Errcode::Odd),
        ] {
            assert_eq!(errcode(&answer["errcode"]), expected, "{answer}");
        }
        let id = rid("invalid code, rid: 61250a39-612fed42-36740516");
        assert_eq!(id.as_deref(), Some("61250a39-612fed42-36740516"));
    }

    #[test]
    fn success_is_proven_by_errcode_0() {
        let transport = Transport::new(None).unwrap();
        let wechat = Wechat::new(transport, &[], Clock::system());
        let proven = |body: &'static str| {
            let call = Call::get("/wxa/msg_sec_check").request;
            let answer = wechat.judge(&call, http::Response::new(body.into()));
            answer.and_then(Answer::proven).is_ok()
        };
        assert!(proven(r#"{"errcode":0}"#) && proven(r#"{"errcode":"0"}"#));
        for body in ["{}", r#"{"errcode":null}"#, r#"{"errcode":"oops"}"#, r#"{"errcode":0.5}"#] {
            assert!(!proven(body), "{body}");
        }
    }

    #[test]
    fn control_characters_and_broken_utf8_do_not_hide_an_answer() {
        let body = Bytes::from_static(b"{\"name\":\"a\x01b\nc\xff\"}");
        let answer = Answer { body, ..Answer::default() };
        assert_eq!(answer.json::<Value>().unwrap()["name"], "a b c\u{fffd}");
    }
}
