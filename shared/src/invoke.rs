//! One event in, one answer out, for both shapes of invocation; the same on Lambda and locally.

use std::{panic::AssertUnwindSafe, time::Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use serde::Deserialize;
use serde_json::Value;
use tracing::{Instrument, instrument::WithSubscriber};

use crate::{
    App, Body, Error, Handler, JobEndpoint, Problem, Result,
    caller::Principal,
    deadline,
    http::{HttpEvent, HttpResponse},
    log::{self, Line},
    message, trace,
};

/// An operation's or a job's answer to Lambda.
#[derive(Debug)]
pub enum Outcome {
    /// To an HTTP event: whatever happened, it is a response.
    Http(HttpResponse),
    /// To an HTTP event that came by a Function URL, from an operation that streams: the response
    /// without its body, and the body.
    Streamed(HttpResponse, Bytes),
    /// To a direct invocation that went well: the output's JSON.
    Output(String),
    /// To a direct invocation that failed: a function error.
    Failure {
        /// The problem's slug.
        error_type: &'static str,
        /// The problem document as text.
        error_message: String,
    },
}

/// What Lambda says of an invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Lambda's id of the request.
    pub request_id: String,
    /// Whether this is the first request of its environment.
    pub cold_start: bool,
    /// When Lambda ends the function; `None` where nothing does.
    pub deadline: Option<tokio::time::Instant>,
    /// X-Ray's header of the trace it belongs to.
    pub xray_trace_id: Option<String>,
}

/// What a job did.
#[derive(Debug)]
pub struct Report {
    /// The job's result.
    pub result: Value,
    /// Whether somebody should look.
    pub trouble: bool,
}

/// The answer to what is no call of an operation.
const PONG: &str = r#"{"warm":true}"#;

/// Whether a direct invocation only keeps the function warm, or is the test event that the console
/// proposes.
fn is_ping(event: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Ping {
        #[serde(default)]
        warmer: bool,
        source: Option<String>,
        key1: Option<String>,
    }
    const SOURCES: [&str; 3] = ["aws.events", "aws.scheduler", "serverless-plugin-warmup"];
    serde_json::from_slice(event).is_ok_and(|Ping { warmer, source, key1 }| {
        warmer
            || source.is_some_and(|source| SOURCES.contains(&source.as_str()))
            || key1.is_some_and(|value| value == "value1")
    })
}

/// An answer, and its line of the log, which nobody has to wait for.
pub(crate) struct Answered {
    pub outcome: Outcome,
    pub line: Line,
}

impl Answered {
    fn logged(self) -> Outcome {
        self.line.write();
        self.outcome
    }
}

/// Answers one event for an operation; lines go to the log of `app`.
pub async fn invoke(
    handler: &Handler,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
    let work = answer(handler, app, event, invocation).map(Answered::logged);
    work.with_subscriber(app.log.dispatch()).await
}

/// As [`invoke`], in a process whose only log is that of `app`.
pub(crate) async fn answer(
    handler: &Handler,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Answered {
    let http = HttpEvent::read(event);
    let started = Instant::now();
    let correlation_id = http.as_ref().and_then(HttpEvent::correlation_id);
    let span = log::span(handler.id, invocation, correlation_id);
    let work = async {
        let opened = match &http {
            Some(http) => http.open(handler, app).await,
            None if is_ping(event) => return Ok(Body::Json(PONG.to_owned())),
            None => handler.json(event).map(|input| (Principal::Service, input)),
        };
        let (principal, input) = opened?;
        let address = http.as_ref().and_then(HttpEvent::address);
        handler.call(app, principal, input, address).await
    };
    // Boxed before it is wrapped: each layer moves or doubles what it wraps, and the runtime's own
    // futures around it would be too deep for the compiler otherwise.
    let work = deadline::within(deadline::before(invocation.deadline), Box::pin(work));
    let work = AssertUnwindSafe(work).catch_unwind().instrument(span.clone());
    let (result, mut summary) = trace::scope(work).await;
    summary.table_reads += app.early_reads();
    let result = result.unwrap_or_else(|_| Err(Error::internal("panic")));
    let reader = Reader {
        streams: handler.http.streamed && http.as_ref().is_some_and(HttpEvent::by_function_url),
        http: http.as_ref(),
        request_id: &invocation.request_id,
    };
    let result = result.and_then(|body| reader.outcome(body));
    let (outcome, verdict) = match result.map_err(|error| handler.coded(error)) {
        Ok(outcome) => (outcome, Ok(())),
        Err(error) => (reader.refusal(&error, handler), Err(error)),
    };
    let line = Line::request(span, invocation.cold_start, verdict, summary, started.elapsed());
    Answered { outcome, line }
}

/// Who reads an answer, which decides its shape.
struct Reader<'a> {
    /// The request of an HTTP event.
    http: Option<&'a HttpEvent<'a>>,
    /// Whether the body comes by itself.
    streams: bool,
    request_id: &'a str,
}

impl Reader<'_> {
    fn outcome(&self, body: Body) -> Result<Outcome> {
        if self.streams {
            let (response, body) = HttpResponse::streamed(body, self.request_id);
            return Ok(Outcome::Streamed(response, body));
        }
        let body = fit(body)?;
        Ok(match (self.http, body) {
            (Some(_), body) => Outcome::Http(HttpResponse::success(body, self.request_id)),
            (None, Body::Json(output)) => Outcome::Output(output),
            // As an HTTP response has it, so that a back end can pass it on as it is.
            (None, file) => {
                let response = HttpResponse::success(file, self.request_id);
                Outcome::Output(serde_json::to_string(&response).map_err(Error::internal)?)
            }
        })
    }

    fn refusal(&self, error: &Error, handler: &Handler) -> Outcome {
        let Some(http) = self.http else { return failure(error, self.request_id) };
        let response = HttpResponse::problem(error, http, handler, self.request_id);
        if self.streams {
            let (response, body) = response.split();
            return Outcome::Streamed(response, body);
        }
        Outcome::Http(response)
    }
}

/// What of a file fits into the 6 MB that Lambda buffers of an answer, as base64 and with headers.
const BUFFERED_LIMIT: usize = (6 << 20) / 4 * 3 - (8 << 10);

/// Refuses a file that Lambda would refuse, with words that help.
fn fit(body: Body) -> Result<Body> {
    match &body {
        Body::File(file) if file.bytes.len() > BUFFERED_LIMIT => {
            let megabytes = file.bytes.len() as f64 / f64::from(1 << 20);
            Err(Error::new(
                Problem::BodyTooLarge,
                message!(
                    "The file has {megabytes:.1} MB, and Lambda answers at most 6 MB of base64 this way: fetch it from the function's own URL with a session, which streams.",
                    "文件有 {megabytes:.1} MB，而 Lambda 以此方式最多返回 6 MB 的 base64：请带会话从函数 URL 获取，该方式支持流式返回。"
                ),
            ))
        }
        _ => Ok(body),
    }
}

/// Answers one event for a job; lines go to the log of `app`.
pub async fn invoke_job(
    job: &JobEndpoint,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
    let work = answer_job(job, app, event, invocation).map(Answered::logged);
    work.with_subscriber(app.log.dispatch()).await
}

/// As [`invoke_job`], in a process whose only log is that of `app`.
pub(crate) async fn answer_job(
    job: &JobEndpoint,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Answered {
    let started = Instant::now();
    let span = log::span(job.name, invocation, None);
    let work = async {
        let event = serde_json::from_slice(event).map_err(|_| {
            Error::new(Problem::MalformedBody, ["The event is not JSON.", "事件不是 JSON。"])
        })?;
        job.call(app, event).await
    };
    let work = deadline::within(deadline::before(invocation.deadline), work);
    let work = AssertUnwindSafe(work).catch_unwind().instrument(span.clone());
    let (result, summary) = trace::scope(work).await;
    let took = started.elapsed();
    match result.unwrap_or_else(|_| Err(Error::internal("panic"))) {
        Ok(Report { result, trouble }) => {
            let report = result.to_string();
            let outcome = Outcome::Output(report.clone());
            Answered { outcome, line: Line::report(span, report, trouble, summary, took) }
        }
        Err(error) => {
            let outcome = failure(&error, &invocation.request_id);
            let line = Line::request(span, invocation.cold_start, Err(error), summary, took);
            Answered { outcome, line }
        }
    }
}

fn failure(error: &Error, request_id: &str) -> Outcome {
    let document = Value::Object(error.document(request_id));
    Outcome::Failure { error_type: error.problem().slug(), error_message: document.to_string() }
}
