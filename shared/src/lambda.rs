//! The boundary to Lambda: its runtime runs an operation or a job; nothing else knows its types.

use std::{
    convert::Infallible,
    mem,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    future::BoxFuture,
    stream::{self, Once},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lambda_runtime::{
    Context, Diagnostic, FunctionResponse, LambdaEvent, LambdaInvocation, MetadataPrelude, Runtime,
    StreamResponse, service_fn,
};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::task::futures::TaskLocalFuture;
use tower_layer::layer_fn;
use tower_service::Service;

use crate::{
    App, Capability, Clock, Config, Handler, HttpResponse, Job, JobEndpoint, Log, Operation,
    Result,
    capability::Facts,
    config::ConfigError,
    invoke::{Answered, Invocation, Outcome, answer, answer_job},
    log::Line,
    transport::Transport,
};

tokio::task_local! {
    /// The event of the invocation at work, as it came.
    static EVENT: Bytes;
}

/// Keeps the event from the runtime, which would read all of it to pass it on.
struct KeepEvent<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for KeepEvent<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Bytes, S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> Self::Future {
        let event = mem::replace(&mut invocation.body, Bytes::from_static(b"null"));
        EVENT.scope(event, self.0.call(invocation))
    }
}

/// An answer that Lambda takes whole.
#[derive(Serialize)]
#[serde(untagged)]
enum Buffered {
    Http(HttpResponse),
    Output(Box<RawValue>),
}

/// Runs an operation as a Lambda function; a binary's whole `main`.
pub fn run<O: Operation>() -> ExitCode {
    let handler = Handler::of::<O>();
    serve(
        facts_of::<O::Uses>(),
        move |app| handler.prepare(app),
        move |app, event, invocation| {
            Box::pin(async move { answer(&handler, app, event, &invocation).await })
        },
    )
}

/// Runs a job as a Lambda function; a binary's whole `main`.
pub fn run_job<J: Job>() -> ExitCode {
    let job = JobEndpoint::of::<J>();
    serve(
        facts_of::<J::Uses>(),
        move |app| job.prepare(app),
        move |app, event, invocation| {
            Box::pin(async move { answer_job(&job, app, event, &invocation).await })
        },
    )
}

fn facts_of<C: Capability>() -> Vec<Facts> {
    let mut facts = Vec::new();
    C::describe(&mut facts);
    facts
}

/// Not generic over the operation: otherwise forty binaries would compile the runtime forty
/// times.
fn serve(
    facts: Vec<Facts>,
    prepare: impl Fn(&Arc<App>) + 'static,
    answer: impl for<'a> Fn(&'a App, &'a [u8], Invocation) -> BoxFuture<'a, Answered>
    + Send
    + Sync
    + 'static,
) -> ExitCode {
    serve_boxed(&facts, Box::new(prepare), Box::new(answer))
}

type Prepare = Box<dyn Fn(&Arc<App>)>;

type Answer =
    Box<dyn for<'a> Fn(&'a App, &'a [u8], Invocation) -> BoxFuture<'a, Answered> + Send + Sync>;

fn serve_boxed(facts: &[Facts], prepare: Prepare, answer: Answer) -> ExitCode {
    let log = Log::from_env();
    // The default hook prints the panic's text, which may hold what must not be logged.
    let panicked = log.clone();
    std::panic::set_hook(Box::new(move |info| {
        panicked.install();
        let place = info.location().map(ToString::to_string);
        tracing::error!(target: Log::TARGET, place, "panic");
    }));
    let app = match app(&log, facts) {
        Ok(app) => Arc::new(app),
        Err(error) => {
            log.install();
            tracing::error!(target: Log::TARGET, "The configuration cannot be used: {error}");
            return ExitCode::FAILURE;
        }
    };
    app.log.install();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a single-threaded runtime needs no more than epoll");
    let answer = Arc::new(answer);
    let cold = Arc::new(AtomicBool::new(true));
    {
        let _entered = runtime.enter();
        prepare(&app);
    }
    let service = service_fn(move |LambdaEvent { context, payload: () }| {
        let (app, answer) = (Arc::clone(&app), Arc::clone(&answer));
        let cold_start = cold.swap(false, Ordering::Relaxed);
        let invocation = invocation(context, cold_start, &app.clock);
        async move {
            let event = EVENT.with(Bytes::clone);
            let Answered { outcome, line } = answer(&app, &event, invocation).await;
            tokio::spawn(write_later(line));
            match outcome {
                Outcome::Http(response) => {
                    Ok(FunctionResponse::BufferedResponse(Buffered::Http(response)))
                }
                Outcome::Streamed(response, body) => {
                    Ok(FunctionResponse::StreamingResponse(stream(response, body)))
                }
                Outcome::Output(json) => {
                    let output = RawValue::from_string(json).map_err(broken)?;
                    Ok(FunctionResponse::BufferedResponse(Buffered::Output(output)))
                }
                Outcome::Failure { error_type, error_message } => {
                    Err(Diagnostic { error_type: error_type.to_owned(), error_message })
                }
            }
        }
    });
    let outcome = runtime.block_on(Runtime::new(service).layer(layer_fn(KeepEvent)).run());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(target: Log::TARGET, "The Runtime API cannot be used: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes a line when the answer is on its way.
///
/// Lambda may freeze an environment once it has asked for the next event. Before that, the runtime
/// sends the answer and reads the reply, and this task, which yields once, runs meanwhile.
async fn write_later(line: Line) {
    tokio::task::yield_now().await;
    line.write();
}

fn invocation(context: Context, cold_start: bool, clock: &Clock) -> Invocation {
    let left = Duration::from_millis(context.deadline.saturating_sub(clock.now_ms()));
    let deadline = tokio::time::Instant::now() + left;
    Invocation {
        request_id: context.request_id,
        cold_start,
        deadline: Some(deadline),
        xray_trace_id: context.xray_trace_id,
    }
}

fn app(log: &Log, facts: &[Facts]) -> Result<App, ConfigError> {
    let settings: Vec<_> = facts.iter().flat_map(|facts| facts.settings.iter().copied()).collect();
    let config = Config::from_env(&settings)?;
    let transport = Transport::new(config.aws.ca_bundle.as_deref()).map_err(ConfigError::new)?;
    Ok(App::new(config, transport, Clock::system(), log.clone()))
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
