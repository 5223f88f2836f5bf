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
    log, message, trace,
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

/// Answers one event for an operation; lines go to the log of `app`.
pub async fn invoke(
    handler: &Handler,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
    answer(handler, app, event, invocation).with_subscriber(app.log.dispatch()).await
}

/// As [`invoke`], in a process whose only log is that of `app`.
pub(crate) async fn answer(
    handler: &Handler,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
    let request_id = &invocation.request_id;
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
    let streamed = handler.http.streamed && http.as_ref().is_some_and(HttpEvent::by_function_url);
    let result = result.and_then(|body| if streamed { Ok(body) } else { fit(body) });
    let result = result.map_err(|error| handler.coded(error));
    let verdict = result.as_ref().map(drop);
    span.in_scope(|| log::request(verdict, invocation, &summary, started));
    match (&http, result) {
        (Some(_), Ok(body)) if streamed => {
            let (response, body) = HttpResponse::streamed(body, request_id);
            Outcome::Streamed(response, body)
        }
        (Some(request), Err(error)) if streamed => {
            let (response, body) =
                HttpResponse::problem(&error, request, handler, request_id).split();
            Outcome::Streamed(response, body)
        }
        (Some(_), Ok(body)) => Outcome::Http(HttpResponse::success(body, request_id)),
        (Some(request), Err(error)) => {
            Outcome::Http(HttpResponse::problem(&error, request, handler, request_id))
        }
        (None, Ok(Body::Json(output))) => Outcome::Output(output),
        (None, Ok(file @ (Body::File(_) | Body::Text(_)))) => {
            // As an HTTP response has it, so that a back end can pass it on as it is.
            match serde_json::to_string(&HttpResponse::success(file, request_id)) {
                Ok(output) => Outcome::Output(output),
                Err(error) => failure(&Error::internal(error), request_id),
            }
        }
        (None, Err(error)) => failure(&error, request_id),
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
    answer_job(job, app, event, invocation).with_subscriber(app.log.dispatch()).await
}

/// As [`invoke_job`], in a process whose only log is that of `app`.
pub(crate) async fn answer_job(
    job: &JobEndpoint,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
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
    let result = result.unwrap_or_else(|_| Err(Error::internal("panic")));
    let _entered = span.enter();
    match result {
        Ok(report) => {
            log::report(&report.result, report.trouble, &summary, started);
            Outcome::Output(report.result.to_string())
        }
        Err(error) => {
            log::request(Err(&error), invocation, &summary, started);
            failure(&error, &invocation.request_id)
        }
    }
}

fn failure(error: &Error, request_id: &str) -> Outcome {
    let document = Value::Object(error.document(request_id));
    Outcome::Failure { error_type: error.problem().slug(), error_message: document.to_string() }
}
