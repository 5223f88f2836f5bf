//! The bundle's behaviour from outside: HTTP in, calls to WeChat and stored items out.
//!
//! Every test starts a whole stack of its own on free ports; its time is a clock the test moves.

mod agreement;
mod answers;
mod api;
mod app;
mod auth;
mod binaries;
mod budgets;
mod canary;
mod card;
mod chinese;
mod decrypt;
mod derived;
mod documents;
mod failures;
mod fleet;
mod h5;
mod internet;
mod invoice;
mod invoke;
mod jssdk;
mod links;
mod livebroadcast;
mod media;
mod oauth;
mod openapi;
mod ordershipping;
mod pay;
mod phonenumber;
mod ports;
mod push;
mod qrcode;
mod riskcontrol;
mod security;
mod seeds;
mod shapes;
mod site;
mod subscribemessage;
mod table_trouble;
mod template;
mod templatemessage;
mod templates;
mod touched;
mod uniformmessage;
mod unwinding;
mod user;
mod wxacode;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Request;
use local::{Options, Stack};
use serde_json::{Value, json};
use shared::{Clock, Log, transport::Transport};
use simulator::{Effect, Fault, Simulator, User};

/// The demo apps.
const MINI: &str = "wx1111111111111111";
const OFFICIAL: &str = "wx2222222222222222";
const MOBILE: &str = "wx3333333333333333";
const WEBSITE: &str = "wx4444444444444444";

/// 2026-11-20 12:00 in China.
const NOON: u64 = 1_795_147_200;

/// A stack of a test's own, and a client for it.
struct Bundle {
    stack: Stack,
    client: Transport,
    lines: Arc<Mutex<Vec<String>>>,
}

/// An HTTP answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: http::HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.bytes)))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a problem document with a status, a type and consistent headers; returns it.
    #[track_caller]
    fn problem(&self, status: u16, slug: &str) -> Value {
        let document = self.json();
        assert_eq!((self.status, document["type"].as_str()), (status, Some(slug)), "{document}");
        assert_eq!(document["status"], status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("x-request-id"), document["request_id"]);
        if matches!(status, 429 | 503) {
            assert_eq!(self.header("retry-after"), document["retry_after"].to_string());
        }
        document
    }
}

impl Bundle {
    /// The bundle with a clock that stands still at noon, and no schedule.
    async fn start() -> Bundle {
        Bundle::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Options)) -> Bundle {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = Arc::clone(&lines);
        let mut options = Options {
            clock: Clock::frozen(NOON),
            log: Log::to(move |line| sink.lock().unwrap().push(line.to_owned())),
            schedule: false,
            ..Options::default()
        };
        change(&mut options);
        let stack = Stack::start(options).await.unwrap();
        Bundle { stack, client: Transport::new(None).unwrap(), lines }
    }

    fn wechat(&self) -> &Simulator {
        self.stack.wechat.as_ref().unwrap()
    }

    /// How often WeChat was called at a path.
    fn calls(&self, path: &str) -> usize {
        self.wechat().calls(path)
    }

    /// Calls to the endpoints only the refresher may call.
    fn token_calls(&self) -> usize {
        ["/cgi-bin/stable_token", "/cgi-bin/token", "/cgi-bin/ticket/getticket"]
            .iter()
            .map(|path| self.calls(path))
            .sum()
    }

    fn advance(&self, seconds: u64) {
        self.stack.clock.advance(Duration::from_secs(seconds));
    }

    async fn send(&self, request: Request<String>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let request = request.map(Into::into);
        let response = self.client.send(request, Duration::from_secs(20), 12 << 20).await.unwrap();
        let (parts, body) = response.into_parts();
        let answer =
            Answer { status: parts.status.as_u16(), headers: parts.headers, bytes: body.to_vec() };
        agreement::assert_documented(method.as_str(), &path, &answer);
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.stack.url));
        self.send(request.body(String::new()).unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_as(None, path, body).await
    }

    /// Posts with a session token.
    async fn post_as(&self, token: Option<&str>, path: &str, body: Value) -> Answer {
        let mut request = Request::post(format!("{}{path}", self.stack.url))
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(body.to_string()).unwrap()).await
    }

    /// Invokes a function directly, as an IAM principal.
    async fn invoke(&self, function: &str, input: Value) -> Result<Value, Value> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.stack.url);
        let answer = self.send(Request::post(url).body(input.to_string()).unwrap()).await;
        assert_eq!(answer.status, 200);
        match answer.header("x-amz-function-error") {
            // A streamed answer begins with its head as JSON and eight zeros.
            "" => match answer.bytes.windows(8).position(|window| window == [0; 8]) {
                Some(end) => Ok(serde_json::from_slice(&answer.bytes[..end]).unwrap()),
                None => Ok(answer.json()),
            },
            _ => {
                let failure = answer.json();
                let message = failure["errorMessage"].as_str().unwrap();
                let problem: Value = serde_json::from_str(message).unwrap();
                assert_eq!(problem["type"], failure["errorType"]);
                Err(problem)
            }
        }
    }

    /// A login code of WeChat's.
    fn code(&self, name: &str) -> String {
        self.wechat().mint_code(MINI, &User::new(name))
    }

    /// Logs somebody in and returns the answer.
    async fn log_in(&self, name: &str) -> Value {
        let answer = self.post("/auth/code2Session", json!({ "js_code": self.code(name) })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Logs somebody in and returns the session token.
    async fn session(&self, name: &str) -> String {
        self.log_in(name).await["session_token"].as_str().unwrap().to_owned()
    }

    /// An item of the table, its attributes as plain JSON; `Null` if there is none.
    async fn item(&self, pk: &str) -> Value {
        use aws_sdk_dynamodb::types::AttributeValue;
        let table = &self.stack.table;
        let output = table
            .client()
            .get_item()
            .table_name(table.name())
            .key("pk", AttributeValue::S(pk.to_owned()))
            .send()
            .await
            .unwrap();
        let Some(item) = output.item else { return Value::Null };
        let plain = |value| match value {
            AttributeValue::S(text) => Value::from(text),
            AttributeValue::N(number) => Value::from(number.parse::<u64>().unwrap()),
            other => panic!("{other:?}"),
        };
        item.into_iter().map(|(name, value)| (name, plain(value))).collect()
    }

    /// Asserts that WeChat was called once since the journal was cleared, and exactly so.
    #[track_caller]
    fn only_call(&self, method: &str, path: &str, body: &Value) {
        let journal = self.wechat().journal();
        assert_eq!(journal.len(), 1, "{journal:#?}");
        let entry = &journal[0];
        assert_eq!((entry.method.as_str(), entry.path.as_str()), (method, path));
        let (name, token) = entry.query.split_once('=').unwrap();
        assert_eq!(name, "access_token");
        assert!(!token.is_empty() && !token.contains('&'), "{}", entry.query);
        assert_eq!(&serde_json::from_str::<Value>(&entry.body).unwrap(), body);
    }

    /// Asserts what an operation makes of WeChat's refusals at a path:
    /// `(errcode, status, problem, field)`.
    async fn refusals(
        &self,
        path: &str,
        ask: impl AsyncFn() -> Answer,
        cases: &[(i64, u16, &str, Option<&str>)],
    ) {
        for (code, status, slug, field) in cases {
            self.wechat().clear_faults();
            let effect = Effect::Errcode { code: *code, errmsg: "refused".to_owned() };
            self.wechat().fault(Fault::on(path, effect));
            let problem = ask().await.problem(*status, slug);
            assert_eq!(problem["errcode"], *code);
            assert_eq!(problem["field"].as_str(), *field, "{problem}");
            assert!(!problem.to_string().contains("refused\""), "{problem}");
        }
        self.wechat().clear_faults();
    }

    /// Every log line so far.
    fn log(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}
