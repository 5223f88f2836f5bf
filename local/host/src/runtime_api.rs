//! A Lambda Runtime API for one function: starts the real binary and feeds it events.

use std::{
    collections::HashMap,
    io,
    net::Ipv4Addr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path as UrlPath, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    process::{Child, Command},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

/// What Lambda takes of a response that is not streamed.
const BUFFERED_LIMIT: usize = 6_291_556;

/// More than any operation streams; Lambda itself takes 200 MB.
const STREAMED_LIMIT: usize = 20 << 20;

/// What separates the head of a streamed response from its body.
const DELIMITER: [u8; 8] = [0; 8];

/// How long a process that is to end may take to ask for an event.
const LAST_POLL: Duration = Duration::from_secs(5);

/// A function's process and the Runtime API it polls. Dropping it ends both.
pub struct Environment {
    process: Child,
    events: mpsc::UnboundedSender<(String, Bytes)>,
    api: Api,
    server: JoinHandle<()>,
    invocations: u64,
}

/// What a function made of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its response, of at most 6 MB.
    Response(Bytes),
    /// Its streamed response, and the JSON with status and headers that went before.
    Streamed {
        /// `{"statusCode": …, "headers": …, "cookies": …}`.
        prelude: Bytes,
        /// The body.
        body: Bytes,
    },
    /// Its error: `{"errorType": …, "errorMessage": …}`.
    Error(Bytes),
    /// The process ended instead, with this status and standard error.
    Exited(String),
}

type Waiting = HashMap<String, oneshot::Sender<Answer>>;

#[derive(Clone)]
struct Api {
    events: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<(String, Bytes)>>>,
    waiting: Arc<Mutex<Waiting>>,
    /// How often an event was asked for.
    polls: watch::Sender<u64>,
}

impl Environment {
    /// Starts a binary with exactly these variables, and Lambda's own where they leave any out.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(binary: &Path, variables: &[(String, String)]) -> io::Result<Environment> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, receiver) = mpsc::unbounded_channel();
        let api = Api {
            events: Arc::new(tokio::sync::Mutex::new(receiver)),
            waiting: Arc::default(),
            polls: watch::Sender::default(),
        };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .layer(DefaultBodyLimit::max(STREAMED_LIMIT))
            .with_state(api.clone());
        let server = tokio::spawn(async move {
            // The listener is bound; it serves until the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        let name = binary.file_stem().unwrap_or_default();
        let process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "local")
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Environment { process, events, api, server, invocations: 0 })
    }

    /// Hands the function an event and waits for what it makes of it.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Answer {
        self.invocations += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.invocations);
        let (sender, answer) = oneshot::channel();
        self.lock().insert(id.clone(), sender);
        // The receiver lives as long as `api`.
        let _ = self.events.send((id, event.into()));
        tokio::select! {
            Ok(answer) = answer => answer,
            status = self.process.wait() => {
                let mut complaint = String::new();
                if let Some(mut stdout) = self.process.stdout.take() {
                    // What can be read of it is enough.
                    let _ = stdout.read_to_string(&mut complaint).await;
                }
                if let Some(mut stderr) = self.process.stderr.take() {
                    let _ = stderr.read_to_string(&mut complaint).await;
                }
                let status = status.map(|status| status.to_string()).unwrap_or_default();
                Answer::Exited(format!("{status}\n{complaint}"))
            }
        }
    }

    /// Ends the process and returns everything it wrote to standard output.
    ///
    /// An invocation is over when the next event is asked for: Lambda freezes no process before,
    /// and this ends none.
    ///
    /// # Errors
    /// The output cannot be read.
    pub async fn stop(mut self) -> io::Result<String> {
        let mut polls = self.api.polls.subscribe();
        tokio::select! {
            _ = polls.wait_for(|polls| *polls > self.invocations) => {}
            _ = self.process.wait() => {}
            () = tokio::time::sleep(LAST_POLL) => {}
        }
        self.process.kill().await?;
        let mut output = String::new();
        if let Some(mut stdout) = self.process.stdout.take() {
            stdout.read_to_string(&mut output).await?;
        }
        Ok(output)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.api.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(api): State<Api>) -> Response {
    api.polls.send_modify(|polls| *polls += 1);
    let Some((id, event)) = api.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:000000000000:function:local"),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000"),
        ("content-type", "application/json"),
    ];
    (headers, event).into_response()
}

async fn response(
    api: State<Api>,
    UrlPath(id): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let mode = headers.get("lambda-runtime-function-response-mode");
    if mode.is_some_and(|mode| mode == "streaming") {
        let Some(end) = body.windows(DELIMITER.len()).position(|window| window == DELIMITER) else {
            return StatusCode::BAD_REQUEST;
        };
        let (prelude, body) = (body.slice(..end), body.slice(end + DELIMITER.len()..));
        return finish(&api, &id, Answer::Streamed { prelude, body });
    }
    if body.len() > BUFFERED_LIMIT {
        let message = r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#;
        finish(&api, &id, Answer::Error(message.into()));
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    finish(&api, &id, Answer::Response(body))
}

async fn error(api: State<Api>, UrlPath(id): UrlPath<String>, body: Bytes) -> StatusCode {
    finish(&api, &id, Answer::Error(body))
}

fn finish(api: &Api, id: &str, answer: Answer) -> StatusCode {
    let waiting = api.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    match waiting {
        // The caller may have gone away.
        Some(waiting) => {
            let _ = waiting.send(answer);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}
