//! The client that talks to WeChat: one policy for every call.
//!
//! Bodies are sized and raw UTF-8, answers are judged by their bytes and not by their headers,
//! and nothing that may have been acted upon is sent twice unless it is safe to.

mod verdict;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use verdict::{Verdict, is_stale_token};

use crate::{
    Clock, Error, Problem, Result, Secret,
    crypto::{hex, jitter, random_bytes},
    trace,
    transport::{Failure, Transport},
};

/// The whole of a call, repeats included, ends within this time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read; media end at 10 MB.
const ANSWER_LIMIT: usize = 11 << 20;

/// How often an idempotent call is repeated when WeChat is busy.
const REPEATS: u32 = 2;

/// Talks to WeChat.
#[derive(Clone, Debug)]
pub struct Wechat {
    transport: Transport,
    hosts: Arc<[String]>,
    /// The host that answered last; a fail-over lasts for the life of the process.
    preferred: Arc<AtomicUsize>,
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

/// One call to WeChat.
#[derive(Clone)]
pub struct Call {
    method: Method,
    path: &'static str,
    query: Vec<(&'static str, String)>,
    body: Option<(Cow<'static, str>, Bytes)>,
    repeat: Repeat,
    timeout: Duration,
    binary: bool,
    verdicts: &'static [Verdict],
}

impl Call {
    /// `GET path`; may be repeated.
    pub fn get(path: &'static str) -> Call {
        Call {
            method: Method::GET,
            path,
            query: Vec::new(),
            body: None,
            repeat: Repeat::Safe,
            timeout: TIMEOUT,
            binary: false,
            verdicts: &[],
        }
    }

    /// `POST path` with a JSON body in raw UTF-8; may be repeated.
    ///
    /// # Errors
    /// The body cannot be serialized, which is a bug.
    pub fn post(path: &'static str, body: &impl Serialize) -> Result<Call> {
        let body = serde_json::to_vec(body).map_err(Error::internal)?;
        Ok(Call { method: Method::POST, ..Call::get(path) }.body("application/json", body))
    }

    /// `POST path` with one file in the multipart field `media`, sized and with an ASCII name.
    pub fn upload(
        path: &'static str,
        file_name: &'static str,
        content_type: &'static str,
        file: &[u8],
    ) -> Call {
        let boundary = hex(&random_bytes::<16>());
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{file_name}\"\r\nContent-Type: {content_type}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        Call { method: Method::POST, ..Call::get(path) }
            .body(format!("multipart/form-data; boundary={boundary}"), body)
    }

    fn body(mut self, content_type: impl Into<Cow<'static, str>>, body: Vec<u8>) -> Call {
        self.body = Some((content_type.into(), body.into()));
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Call {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn access_token(self, token: &Secret) -> Call {
        self.query("access_token", token.expose())
    }

    /// Marks a call that spends a code or sends a message: never sent again once bytes left.
    pub fn once(mut self) -> Call {
        self.repeat = Repeat::Never;
        self
    }

    /// Changes how long the call may take (5 s).
    pub fn within(mut self, timeout: Duration) -> Call {
        self.timeout = timeout;
        self
    }

    /// Expects an image or another file; JSON is then a refusal, or an answer of its own.
    pub fn binary(mut self) -> Call {
        self.binary = true;
        self
    }

    /// Codes that mean something else at this endpoint than they usually do.
    pub fn verdicts(mut self, verdicts: &'static [Verdict]) -> Call {
        self.verdicts = verdicts;
        self
    }
}

/// A successful answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The body: JSON, an image or another file.
    pub body: Bytes,
    /// The declared type; only a hint.
    pub content_type: Option<String>,
    /// The declared file name.
    pub content_disposition: Option<String>,
}

impl Answer {
    /// Decodes a JSON answer.
    ///
    /// # Errors
    /// [`Problem::WechatUnreachable`] if it is not what the endpoint promises.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        // WeChat has sent broken UTF-8 and raw control characters inside strings.
        let text = String::from_utf8_lossy(&self.body);
        let text = if text.contains(|c: char| c < ' ' && !matches!(c, '\n' | '\r' | '\t')) {
            Cow::Owned(text.replace(|c: char| c < ' ', " "))
        } else {
            text
        };
        serde_json::from_str(&text)
            .or_else(|_| {
                let text = text.replace(|c: char| c < ' ', " ");
                serde_json::from_str(&text)
            })
            // The message may quote the answer, which may be personal: only its position is kept.
            .map_err(|error| nonsense(format!("line {}, column {}", error.line(), error.column())))
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
        "WeChat answered with something else than promised; try again.",
    )
    .because(why)
}

impl Wechat {
    /// A client for the given hosts, the preferred one first.
    pub fn new(transport: Transport, hosts: &[String], clock: Clock) -> Wechat {
        let hosts = hosts.iter().map(|host| host.trim_end_matches('/').to_owned()).collect();
        Wechat { transport, hosts, preferred: Arc::default(), clock }
    }

    /// Makes a call that carries no access token, or carries it already.
    ///
    /// # Errors
    /// A refusal becomes the problem its code means; no answer becomes
    /// [`Problem::WechatUnreachable`].
    pub async fn call(&self, call: &Call) -> Result<Answer> {
        let started = tokio::time::Instant::now();
        let mut busy = 0;
        loop {
            let left = call.timeout.saturating_sub(started.elapsed());
            let outcome = self.exchange(call, left).await;
            match outcome {
                Err(error)
                    if error.problem() == Problem::WechatBusy
                        && call.repeat == Repeat::Safe
                        && busy < REPEATS =>
                {
                    busy += 1;
                    let pause = Duration::from_millis(100 * u64::from(busy) + jitter(100));
                    if started.elapsed() + pause >= call.timeout {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Tries the hosts in turn, as far as that is safe, and judges the answer.
    async fn exchange(&self, call: &Call, timeout: Duration) -> Result<Answer> {
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
                    (unreachable(why), call.repeat == Repeat::Safe)
                }
                Ok(response) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return self.judge(call, response);
                }
                Err(failure) => {
                    let safe = failure.nothing_was_sent() || call.repeat == Repeat::Safe;
                    (unreachable(failure), safe)
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
        call: &Call,
        host: &str,
        timeout: Duration,
    ) -> Result<http::Response<Bytes>, Failure> {
        let mut uri = format!("{host}{}", call.path);
        if !call.query.is_empty() {
            let query = serde_html_form::to_string(&call.query).expect("pairs of text serialize");
            uri.push('?');
            uri.push_str(&query);
        }
        let mut request = Request::builder().method(call.method.clone()).uri(uri);
        if let Some((content_type, _)) = &call.body {
            request = request.header(header::CONTENT_TYPE, &**content_type);
        }
        let body = call.body.as_ref().map(|(_, body)| body.clone()).unwrap_or_default();
        let request = request.body(body).map_err(|e| Failure::Connect(e.into()))?;
        let started = tokio::time::Instant::now();
        let outcome = self.transport.send(request, timeout, ANSWER_LIMIT).await;
        trace::upstream_call(started.elapsed().as_millis() as u64);
        outcome
    }

    fn judge(&self, call: &Call, response: http::Response<Bytes>) -> Result<Answer> {
        let text = |name| {
            let value = response.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let answer = Answer {
            content_type: text(header::CONTENT_TYPE),
            content_disposition: text(header::CONTENT_DISPOSITION),
            body: response.body().clone(),
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
        let json = match answer.json::<Value>() {
            Ok(json) => json,
            // A file may happen to begin with a brace.
            Err(_) if call.binary => return Ok(answer),
            Err(error) => return Err(error),
        };
        let Some(refusal) = Refusal::find(&json) else { return Ok(answer) };
        trace::refusal(refusal.errcode, refusal.rid.as_deref());
        Err(verdict::error(refusal, call.verdicts, self.clock.now()))
    }
}

fn unreachable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Problem::WechatUnreachable, "WeChat cannot be reached; try again.").because(why)
}

/// What WeChat says instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub errcode: i64,
    pub errmsg: String,
    pub rid: Option<String>,
}

impl Refusal {
    /// `errcode` is a number, sometimes a text; absent or 0 means success.
    fn find(answer: &Value) -> Option<Refusal> {
        let errcode = match answer.get("errcode")? {
            Value::Number(code) => code.as_i64()?,
            Value::String(code) => code.trim().parse().ok()?,
            _ => return None,
        };
        if errcode == 0 {
            return None;
        }
        let errmsg = answer.get("errmsg").or_else(|| answer.get("errMsg"));
        let errmsg = errmsg.and_then(Value::as_str).unwrap_or_default().to_owned();
        Some(Refusal { errcode, rid: rid(&errmsg), errmsg })
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
    use super::*;

    fn find(answer: Value) -> Option<Refusal> {
        Refusal::find(&answer)
    }

    #[test]
    fn errcode_may_be_a_number_a_text_or_absent() {
        use serde_json::json;
        assert_eq!(find(json!({"openid": "o"})), None);
        assert_eq!(find(json!({"errcode": 0, "errmsg": "ok"})), None);
        assert_eq!(find(json!({"errcode": "0"})), None);
        assert_eq!(find(json!({"errcode": "40013"})).unwrap().errcode, 40013);
        let refusal = find(json!({
            "errcode": 40029, "errmsg": "invalid code, rid: 61250a39-612fed42-36740516"
        }));
        assert_eq!(refusal.unwrap().rid.as_deref(), Some("61250a39-612fed42-36740516"));
    }

    #[test]
    fn control_characters_and_broken_utf8_do_not_hide_an_answer() {
        let body = Bytes::from_static(b"{\"name\":\"a\x01b\nc\xff\"}");
        let answer = Answer { body, content_type: None, content_disposition: None };
        assert_eq!(answer.json::<Value>().unwrap()["name"], "a b c\u{fffd}");
    }
}
