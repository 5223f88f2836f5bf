//! The boundary to Lambda: one event in, one answer out, for both shapes of invocation.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use futures_util::{
    FutureExt,
    future::BoxFuture,
    stream::{self, Once},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::Bytes;
use lambda_runtime::{
    Diagnostic, FunctionResponse, LambdaEvent, MetadataPrelude, StreamResponse, service_fn,
};
use serde_json::{Map, Value, json, value::RawValue};

use crate::{
    App, Body, Capability, Clock, Error, Handler, Job, JobEndpoint, Log, Operation, Problem,
    Result,
    caller::Principal,
    capability::Facts,
    config::{Config, ConfigError},
    http::{HttpEvent, HttpResponse},
    input::Input,
    log::{Level, Metric},
    trace::{self, Summary},
    transport::Transport,
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
}

/// Runs an operation as a Lambda function; a binary's whole `main`.
pub fn run<O: Operation>() -> ExitCode {
    let handler = Handler::of::<O>();
    serve(
        facts_of::<O::Uses>(),
        move |app| handler.prepare(app),
        move |app, event, invocation| {
            Box::pin(async move { invoke(&handler, app, event, &invocation).await })
        },
    )
}

fn facts_of<C: Capability>() -> Vec<Facts> {
    let mut facts = Vec::new();
    C::describe(&mut facts);
    facts
}

/// What a job did.
#[derive(Debug)]
pub struct Report {
    /// The job's result.
    pub result: Value,
    /// Whether somebody should look.
    pub trouble: bool,
    pub(crate) metrics: Vec<Metric>,
}

impl Report {
    /// A report without metrics.
    pub fn new(result: Value, trouble: bool) -> Report {
        Report { result, trouble, metrics: Vec::new() }
    }

    /// Adds a count to the metrics, by kind of credential.
    pub fn count(&mut self, name: &'static str, kind: &str, value: u64) {
        self.metrics.push(Metric::count(name, value).by("kind", kind));
    }

    /// Adds seconds to the metrics, by kind of credential.
    pub fn seconds(&mut self, name: &'static str, kind: &str, value: u64) {
        self.metrics.push(Metric::count(name, value).unit("Seconds").by("kind", kind));
    }
}

/// Runs a job as a Lambda function; a binary's whole `main`.
pub fn run_job<J: Job>() -> ExitCode {
    let job = JobEndpoint::of::<J>();
    serve(
        facts_of::<J::Uses>(),
        move |app| job.prepare(app),
        move |app, event, invocation| {
            Box::pin(async move { invoke_job(&job, app, event, &invocation).await })
        },
    )
}

type Answering<'a> = BoxFuture<'a, Outcome>;

/// Not generic over the operation: otherwise forty binaries would compile the runtime forty
/// times.
fn serve(
    facts: Vec<Facts>,
    prepare: impl Fn(&Arc<App>) + 'static,
    answer: impl for<'a> Fn(&'a App, &'a [u8], Invocation) -> Answering<'a> + Send + Sync + 'static,
) -> ExitCode {
    serve_boxed(&facts, Box::new(prepare), Box::new(answer))
}

type Prepare = Box<dyn Fn(&Arc<App>)>;

type Answer = Box<dyn for<'a> Fn(&'a App, &'a [u8], Invocation) -> Answering<'a> + Send + Sync>;

fn serve_boxed(facts: &[Facts], prepare: Prepare, answer: Answer) -> ExitCode {
    // The default hook prints the panic's text, which may hold what must not be logged.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("{}", json!({ "level": "ERROR", "message": "panic", "place": place }));
    }));
    let app = match app(facts) {
        Ok(app) => Arc::new(app),
        Err(error) => {
            let message = format!("The configuration cannot be used: {error}");
            eprintln!("{}", json!({ "level": "ERROR", "message": message }));
            return ExitCode::FAILURE;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a single-threaded runtime needs no more than epoll");
    let answer = Arc::new(answer);
    let cold = Arc::new(AtomicBool::new(true));
    {
        let _entered = runtime.enter();
        prepare(&app);
    }
    let outcome = runtime.block_on(lambda_runtime::run(service_fn(
        move |event: LambdaEvent<Box<RawValue>>| {
            let (app, answer) = (Arc::clone(&app), Arc::clone(&answer));
            let invocation = Invocation {
                request_id: event.context.request_id,
                cold_start: cold.swap(false, Ordering::Relaxed),
            };
            async move {
                let event = event.payload.get().as_bytes();
                match answer(&app, event, invocation).await {
                    Outcome::Http(response) => {
                        let response =
                            serde_json::value::to_raw_value(&response).map_err(broken)?;
                        Ok(FunctionResponse::BufferedResponse(response))
                    }
                    Outcome::Streamed(response, body) => {
                        Ok(FunctionResponse::StreamingResponse(stream(response, body)))
                    }
                    Outcome::Output(json) => {
                        let output = RawValue::from_string(json).map_err(broken)?;
                        Ok(FunctionResponse::BufferedResponse(output))
                    }
                    Outcome::Failure { error_type, error_message } => {
                        Err(Diagnostic { error_type: error_type.to_owned(), error_message })
                    }
                }
            }
        },
    )));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("The Runtime API cannot be used: {error}");
            eprintln!("{}", json!({ "level": "ERROR", "message": message }));
            ExitCode::FAILURE
        }
    }
}

fn app(facts: &[Facts]) -> Result<App, ConfigError> {
    let settings: Vec<_> = facts.iter().flat_map(|facts| facts.settings.iter().copied()).collect();
    let config = Config::from_env(&settings)?;
    let transport = Transport::new(config.aws.ca_bundle.as_deref()).map_err(ConfigError::new)?;
    Ok(App::new(config, transport, Clock::system(), Log::from_env()))
}

/// The body is whole before its first byte leaves: until then whatever goes wrong is a problem,
/// and never half a file.
fn stream(
    response: HttpResponse,
    body: Bytes,
) -> StreamResponse<Once<std::future::Ready<Result<Bytes, Infallible>>>> {
    let headers: HeaderMap = response
        .headers
        .into_iter()
        .filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
        })
        .collect();
    let status_code =
        StatusCode::from_u16(response.status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    StreamResponse {
        metadata_prelude: MetadataPrelude { status_code, headers, cookies: Vec::new() },
        stream: stream::once(std::future::ready(Ok(body))),
    }
}

fn broken(error: serde_json::Error) -> Diagnostic {
    Diagnostic { error_type: "internal".to_owned(), error_message: error.to_string() }
}

/// Answers one event for an operation; the local host calls it with the same events as Lambda.
pub async fn invoke(
    handler: &Handler,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
    let request_id = &invocation.request_id;
    let http = HttpEvent::read(event);
    let started = Instant::now();
    let work = async {
        let opened = match &http {
            Some(http) => http.open(handler, app).await,
            None => Input::json(event).map(|input| (Principal::Service, input)),
        };
        let (principal, input) = opened?;
        handler.call(app, principal, input).await
    };
    let (result, mut summary) = trace::scope(AssertUnwindSafe(work).catch_unwind()).await;
    summary.table_reads += app.early_reads();
    let result = result.unwrap_or_else(|_| Err(Error::internal("panic")));
    let streamed = handler.http.streamed && http.as_ref().is_some_and(HttpEvent::by_function_url);
    let result = result.and_then(|body| if streamed { Ok(body) } else { fit(body) });
    let result = result.map_err(|error| handler.numbered(error));
    let correlation_id = http.as_ref().and_then(HttpEvent::correlation_id);
    let verdict = result.as_ref().map(drop);
    log_request(handler.id, app, invocation, correlation_id, verdict, &summary, started);
    match (http, result) {
        (Some(_), Ok(body)) if streamed => {
            let (response, body) = HttpResponse::streamed(body, request_id);
            Outcome::Streamed(response, body)
        }
        (Some(_), Err(error)) if streamed => {
            let (response, body) = HttpResponse::problem(&error, handler, request_id).split();
            Outcome::Streamed(response, body)
        }
        (Some(_), Ok(body)) => Outcome::Http(HttpResponse::success(body, request_id)),
        (Some(_), Err(error)) => Outcome::Http(HttpResponse::problem(&error, handler, request_id)),
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
                format!(
                    "The file has {megabytes:.1} MB, and Lambda answers at most 6 MB of base64 this way: fetch it from the function's own URL, which streams; a service signs that request."
                ),
            ))
        }
        _ => Ok(body),
    }
}

/// Answers one event for a job.
pub async fn invoke_job(
    job: &JobEndpoint,
    app: &App,
    event: &[u8],
    invocation: &Invocation,
) -> Outcome {
    let started = Instant::now();
    let work = async {
        let event = serde_json::from_slice(event)
            .map_err(|_| Error::new(Problem::MalformedBody, "The event is not JSON."))?;
        job.call(app, event).await
    };
    let name = job.name;
    let (result, summary) = trace::scope(AssertUnwindSafe(work).catch_unwind()).await;
    let result = result.unwrap_or_else(|_| Err(Error::internal("panic")));
    match result {
        Ok(report) => {
            let mut fields = facts(name, invocation, None, &summary, started);
            fields.insert("report".into(), report.result.clone());
            let level = if report.trouble { Level::Error } else { Level::Info };
            app.log.write(&app.clock, level, "job done", fields, &report.metrics);
            Outcome::Output(report.result.to_string())
        }
        Err(error) => {
            log_request(name, app, invocation, None, Err(&error), &summary, started);
            failure(&error, &invocation.request_id)
        }
    }
}

fn failure(error: &Error, request_id: &str) -> Outcome {
    let document = Value::Object(error.document(request_id));
    Outcome::Failure { error_type: error.problem().slug(), error_message: document.to_string() }
}

fn facts(
    operation: &str,
    invocation: &Invocation,
    correlation_id: Option<&str>,
    summary: &Summary,
    started: Instant,
) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("operation".into(), operation.into());
    fields.insert("function_request_id".into(), invocation.request_id.clone().into());
    fields.insert("correlation_id".into(), correlation_id.unwrap_or(&invocation.request_id).into());
    fields.insert("cold_start".into(), invocation.cold_start.into());
    if let Ok(trace_id) = std::env::var("_X_AMZN_TRACE_ID") {
        fields.insert("xray_trace_id".into(), trace_id.into());
    }
    fields.insert("duration_ms".into(), (started.elapsed().as_millis() as u64).into());
    fields.insert("upstream_calls".into(), summary.upstream_calls.into());
    fields.insert("upstream_ms".into(), summary.upstream_ms.into());
    fields.insert("table_reads".into(), summary.table_reads.into());
    fields.insert("table_writes".into(), summary.table_writes.into());
    if let Some(errcode) = summary.errcode {
        fields.insert("errcode".into(), errcode.into());
    }
    if let Some(rid) = &summary.rid {
        fields.insert("rid".into(), rid.clone().into());
    }
    fields
}

fn log_request(
    operation: &str,
    app: &App,
    invocation: &Invocation,
    correlation_id: Option<&str>,
    verdict: Result<(), &Error>,
    summary: &Summary,
    started: Instant,
) {
    let mut fields = facts(operation, invocation, correlation_id, summary, started);
    let mut metrics = Vec::new();
    if invocation.cold_start {
        metrics.push(Metric::count("ColdStart", 1));
    }
    if summary.upstream_calls > 0 {
        metrics.push(Metric::count("WechatLatencyMs", summary.upstream_ms).unit("Milliseconds"));
    }
    if summary.signals > 0 {
        metrics.push(Metric::count("SignalRaised", summary.signals.into()));
    }
    let (level, message) = match verdict {
        Ok(()) => {
            fields.insert("status".into(), 200.into());
            (Level::Info, "answered")
        }
        Err(error) => {
            let problem = error.problem();
            fields.insert("status".into(), problem.status().into());
            fields.insert("problem".into(), problem.slug().into());
            if let Some(cause) = error.cause() {
                fields.insert("cause".into(), cause.into());
            }
            if summary.upstream_calls > 0 {
                metrics.push(Metric::count("WechatError", 1).by("class", problem.slug()));
            }
            let level = if problem.status() >= 500 { Level::Error } else { Level::Warn };
            (level, "refused")
        }
    };
    app.log.write(&app.clock, level, message, fields, &metrics);
}
