//! Sends signed requests to WeChat Pay.
//!
//! WeChat: [hosts and fail-over][doc]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4012075424

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Response, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use shared::{
    Clock,
    transport::{self, Transport},
};

use super::{Failure, Merchant, Signed, Uncertainty, Unverified, answer::judge};

/// All attempts of a call together.
const TIMEOUT: Duration = Duration::from_secs(8);

/// A day of a large shop; what is larger would not fit a function's answer either.
const ANSWER_LIMIT: usize = 64 << 20;

/// WeChat Pay refuses requests without one.
const USER_AGENT: &str = concat!("wechat-functions/", env!("CARGO_PKG_VERSION"));

/// RFC 3986's unreserved characters: the rest is sent, and signed, percent-encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One call; what is repeated is the same to the byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: http::Method,
    path: String,
    body: Vec<u8>,
}

impl Request {
    /// A question. `path` is as on the wire, with its query.
    pub fn get(path: impl Into<String>) -> Request {
        Request { method: http::Method::GET, path: path.into(), body: Vec::new() }
    }

    /// An instruction with these very bytes.
    pub fn post(path: impl Into<String>, body: Vec<u8>) -> Request {
        Request { method: http::Method::POST, path: path.into(), body }
    }

    /// An instruction.
    ///
    /// # Panics
    /// If the body has keys that are not text; bodies here are structs.
    pub fn post_json(path: impl Into<String>, body: &impl Serialize) -> Request {
        Request::post(path, serde_json::to_vec(body).expect("a struct serializes"))
    }

    /// One segment of a path, or one value of a query.
    pub fn encode(text: &str) -> String {
        utf8_percent_encode(text, UNRESERVED).to_string()
    }
}

/// Carries a request to a host: the network, or a simulator in the same process.
pub trait Carrier: Send + Sync {
    /// Sends a request and reads the whole answer.
    fn carry(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> impl Future<Output = Result<Response<Bytes>, transport::Failure>> + Send;
}

impl Carrier for Transport {
    async fn carry(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, transport::Failure> {
        self.send(request, timeout, limit).await
    }
}

/// WeChat Pay's hosts.
#[derive(Debug)]
pub struct Api<C = Transport> {
    carrier: C,
    hosts: Vec<String>,
    clock: Clock,
    unknown_key: AtomicBool,
    limited: AtomicUsize,
}

impl<C: Carrier> Api<C> {
    /// WeChat Pay at these hosts, the preferred one first.
    pub fn new(carrier: C, hosts: Vec<String>, clock: Clock) -> Api<C> {
        let (unknown_key, limited) = (AtomicBool::default(), AtomicUsize::default());
        Api { carrier, hosts, clock, unknown_key, limited }
    }

    /// Calls WeChat Pay and returns the body of an answer that is verified.
    ///
    /// # Errors
    /// [`Failure`] says what may have happened.
    pub async fn call(&self, merchant: &Merchant, request: &Request) -> Result<Bytes, Failure> {
        let until = Instant::now() + TIMEOUT;
        let answer = self.attempt(merchant, request, until).await?;
        match self.verified(merchant, answer) {
            // A repeated call is not probed again; every call here may be repeated as it is.
            Err(Failure::Unknown(Uncertainty::Unverified(Unverified::Probe))) => {
                let answer = self.attempt(merchant, request, until).await?;
                self.verified(merchant, answer)
            }
            outcome => outcome,
        }
    }

    /// Calls WeChat Pay and returns an answer to a question with its headers, not verified.
    pub(super) async fn ask(
        &self,
        merchant: &Merchant,
        request: &Request,
    ) -> Result<Response<Bytes>, Failure> {
        let answer = self.attempt(merchant, request, Instant::now() + TIMEOUT).await?;
        judge(answer.status(), answer.body(), || Ok(()))?;
        Ok(answer)
    }

    /// Downloads a file. WeChat Pay does not sign files: the caller must check the digest that came
    /// in a verified answer. Only the path of `url` is taken, so the request, which proves who the
    /// merchant is, goes to WeChat Pay only.
    ///
    /// # Errors
    /// [`Failure`] says why there is no file.
    pub async fn download(&self, merchant: &Merchant, url: &str) -> Result<Bytes, Failure> {
        let uri: http::Uri = url.parse().map_err(|_| Failure::Unknown(Uncertainty::Nonsense))?;
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        Ok(self.ask(merchant, &Request::get(path)).await?.into_body())
    }

    /// Whether an answer was signed with a key that is not known here: a certificate may be new.
    pub fn met_unknown_key(&self) -> bool {
        self.unknown_key.load(Ordering::Relaxed)
    }

    /// How often WeChat Pay said that there were too many calls.
    pub fn times_limited(&self) -> usize {
        self.limited.load(Ordering::Relaxed)
    }

    fn verified(&self, merchant: &Merchant, answer: Response<Bytes>) -> Result<Bytes, Failure> {
        let (parts, body) = answer.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let verify = || {
            let verdict = merchant.verify.verify(header, &body, self.clock.now());
            if verdict == Err(Unverified::UnknownKey) {
                self.unknown_key.store(true, Ordering::Relaxed);
            }
            verdict
        };
        let verdict = judge(parts.status, &body, verify);
        if matches!(verdict, Err(Failure::Unknown(Uncertainty::Busy))) {
            self.limited.fetch_add(1, Ordering::Relaxed);
        }
        verdict.map(|()| body)
    }

    /// Sends a request to the first host that can be connected to.
    async fn attempt(
        &self,
        merchant: &Merchant,
        request: &Request,
        until: Instant,
    ) -> Result<Response<Bytes>, Failure> {
        let mut failure: Box<dyn std::error::Error + Send + Sync> = "there is no host".into();
        for host in &self.hosts {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let signed = self.signed(merchant, request, host);
            let signed = signed.map_err(|error| Failure::NotSent(error.into()))?;
            match self.carrier.carry(signed, left, ANSWER_LIMIT).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.nothing_was_sent() => failure = error.into(),
                Err(error) => return Err(Failure::Unknown(Uncertainty::NoAnswer(error.into()))),
            }
        }
        Err(Failure::NotSent(failure))
    }

    /// The request with a signature of its own: a repeated one would be refused as a replay.
    fn signed(
        &self,
        merchant: &Merchant,
        request: &Request,
        host: &str,
    ) -> Result<http::Request<Bytes>, http::Error> {
        let Request { method, path, body } = request;
        let signed = Signed::at(self.clock.now());
        let authorization = merchant.authorization(method.as_str(), path, body, &signed);
        let mut builder = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", host.trim_end_matches('/')))
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, USER_AGENT);
        if !body.is_empty() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(serial) = &merchant.send_serial {
            builder = builder.header("wechatpay-serial", serial);
        }
        builder.body(Bytes::from(body.clone()))
    }
}
