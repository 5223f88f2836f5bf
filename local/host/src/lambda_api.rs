//! Lambda's API as AWS's own tools use it to find and invoke functions: `aws lambda` with
//! `--endpoint-url`, boto3, the SDKs.
//!
//! What it does not offer it refuses as Lambda words a refusal, so that a tool shows the reason.

use std::{collections::HashMap, time::Instant};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::ALLOW},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use functions::OPERATIONS;
use serde_json::{Value, json};
use shared::{crypto::sha256, invoke::Outcome};

use crate::{
    event_stream,
    gateway::BODY_LIMIT,
    guard::{self, Guard},
    host::{Host, SharedHost, request_id},
};

/// What Lambda lists at once.
const PAGE: usize = 50;

/// What Lambda shows of a log.
const TAIL: usize = 4 << 10;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The id of a request, in its answer and in the log.
#[derive(Clone)]
struct RequestId(String);

/// Serves the functions of `host`.
pub(crate) fn router(host: SharedHost, guard: Guard) -> Router {
    let mut router = Router::new()
        // SDKs of before 2025 end the path with a slash.
        .route("/2015-03-31/functions", get(list).fallback(not_offered))
        .route("/2015-03-31/functions/", get(list).fallback(not_offered))
        .route("/2015-03-31/functions/{name}", get(function).fallback(not_offered))
        .route(
            "/2015-03-31/functions/{name}/configuration",
            get(configuration).fallback(not_offered),
        )
        .route("/2015-03-31/functions/{name}/invocations", post(invoke).fallback(post_only))
        .route(
            "/2021-11-15/functions/{name}/response-streaming-invocations",
            post(invoke_with_response_stream).fallback(post_only),
        );
    for date in ["2015-03-31", "2021-11-15"] {
        router = router.route(&format!("/{date}/{{*rest}}"), any(not_offered));
    }
    router
        .with_state(host)
        .layer(middleware::from_fn_with_state(guard, guard::services))
        .layer(middleware::from_fn(with_request_id))
}

/// Whether a path begins with a date, as every path of Lambda's API does.
pub(crate) fn is_dated(path: &str) -> bool {
    let segment = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_like = |(byte, like): (u8, u8)| match like {
        b'0' => byte.is_ascii_digit(),
        _ => byte == like,
    };
    segment.len() == 10 && segment.bytes().zip(*b"0000-00-00").all(is_like)
}

/// Gives a request an id, which its answer carries too.
async fn with_request_id(mut request: Request, next: Next) -> Response {
    let id = request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A refusal in Lambda's shape.
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn unknown(function: &str, host: &Host) -> Refusal {
        let message = format!("Function not found: {}", arn(function, host));
        Refusal { status: StatusCode::NOT_FOUND, kind: "ResourceNotFoundException", message }
    }

    fn invalid(message: String) -> Refusal {
        Refusal { status: StatusCode::BAD_REQUEST, kind: "InvalidParameterValueException", message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        // Lambda spells the member in two ways, by the kind.
        let member = match self.kind {
            "ResourceNotFoundException" | "AccessDeniedException" | "UnknownOperationException" => {
                "Message"
            }
            _ => "message",
        };
        let body = json!({ "Type": "User", member: self.message });
        let headers = [("x-amzn-errortype", self.kind), ("content-type", "application/json")];
        (self.status, headers, body.to_string()).into_response()
    }
}

/// Refuses a request that must not be made.
pub(crate) fn denied(why: &str) -> Response {
    let (status, kind) = (StatusCode::FORBIDDEN, "AccessDeniedException");
    Refusal { status, kind, message: why.to_owned() }.into_response()
}

/// Refuses an action that only Lambda itself has.
pub(crate) async fn not_offered(request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let message = format!(
        "{method} {path} is not offered on one machine. Offered are ListFunctions, GetFunction, GetFunctionConfiguration, Invoke and InvokeWithResponseStream."
    );
    let (status, kind) = (StatusCode::NOT_FOUND, "UnknownOperationException");
    let mut response = Refusal { status, kind, message }.into_response();
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Refuses a method that an action does not have.
async fn post_only(method: Method) -> Response {
    let (status, kind) = (StatusCode::METHOD_NOT_ALLOWED, "UnknownOperationException");
    let message = format!("Use POST, not {method}.");
    let mut response = Refusal { status, kind, message }.into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

/// `ListFunctions`.
async fn list(
    State(host): State<SharedHost>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let size = match query.get("MaxItems").map(|items| items.parse::<usize>()) {
        None => PAGE,
        Some(Ok(items @ 1..=10_000)) => items.min(PAGE),
        Some(_) => return Err(Refusal::invalid("MaxItems must be 1 to 10000.".to_owned())),
    };
    let names = host.names();
    let start = match query.get("Marker").filter(|marker| !marker.is_empty()) {
        None => 0,
        Some(marker) => names
            .binary_search(&marker.as_str())
            .map_err(|_| Refusal::invalid("Marker is not one of an earlier answer.".to_owned()))?,
    };
    let shown = names.iter().skip(start).take(size);
    let functions: Vec<Value> = shown.map(|name| facts(name, &host)).collect();
    let answer = json!({ "Functions": functions, "NextMarker": names.get(start + size) });
    Ok(json_response(&answer))
}

/// `GetFunction`.
async fn function(
    State(host): State<SharedHost>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let name = known(&name, &host)?;
    let configuration = active(&name, &host);
    Ok(json_response(&json!({ "Configuration": configuration, "Code": {}, "Tags": {} })))
}

/// `GetFunctionConfiguration`.
async fn configuration(
    State(host): State<SharedHost>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let name = known(&name, &host)?;
    Ok(json_response(&active(&name, &host)))
}

fn json_response(answer: &Value) -> Response {
    ([("content-type", "application/json")], answer.to_string()).into_response()
}

/// What `ListFunctions` tells of a function.
fn facts(name: &str, host: &Host) -> Value {
    let operation = OPERATIONS.iter().find(|endpoint| endpoint.binary() == name);
    json!({
        "FunctionName": name,
        "FunctionArn": arn(name, host),
        "Runtime": "provided.al2023",
        "Role": format!("arn:aws:iam::000000000000:role/{name}"),
        "Handler": "bootstrap",
        "CodeSize": 0,
        "Description": operation.map_or(name, |endpoint| endpoint.id()),
        "Timeout": 29,
        "MemorySize": 256,
        "LastModified": "1970-01-01T00:00:00.000+0000",
        "CodeSha256": BASE64_STANDARD.encode(sha256(name)),
        "Version": "$LATEST",
        "TracingConfig": { "Mode": "PassThrough" },
        "RevisionId": "00000000-0000-4000-8000-000000000000",
        "PackageType": "Zip",
        "Architectures": ["arm64"],
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "JSON", "LogGroup": format!("/aws/lambda/{name}") },
    })
}

/// The same with the state of the function, which tools wait for.
fn active(name: &str, host: &Host) -> Value {
    let mut facts = facts(name, host);
    facts["State"] = "Active".into();
    facts["LastUpdateStatus"] = "Successful".into();
    facts
}

fn arn(name: &str, host: &Host) -> String {
    format!("arn:aws:lambda:{}:000000000000:function:{name}", host.config().aws.region)
}

/// The function that is meant: by its name, its ARN, or either with a qualifier.
fn known(name: &str, host: &Host) -> Result<String, Refusal> {
    let name = match name.split_once(":function:").or_else(|| name.split_once("function:")) {
        Some((_, name)) => name,
        None => name,
    };
    let name = name.split(':').next().unwrap_or_default();
    if host.knows(name) { Ok(name.to_owned()) } else { Err(Refusal::unknown(name, host)) }
}

/// The event of an invocation.
async fn event(request: Request) -> Result<Bytes, Refusal> {
    let event = axum::body::to_bytes(request.into_body(), BODY_LIMIT).await.map_err(|_| {
        let message = format!(
            "Request must be smaller than {BODY_LIMIT} bytes for the InvokeFunction operation"
        );
        let (status, kind) = (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException");
        Refusal { status, kind, message }
    })?;
    if !event.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(&event).is_err() {
        let (status, kind) = (StatusCode::BAD_REQUEST, "InvalidRequestContentException");
        return Err(Refusal { status, kind, message: "The payload is not JSON.".to_owned() });
    }
    Ok(event)
}

/// What a caller wants to come of an invocation.
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

impl InvocationType {
    fn of(headers: &HeaderMap) -> Result<InvocationType, Refusal> {
        match headers.get("x-amz-invocation-type").map(HeaderValue::as_bytes) {
            None | Some(b"RequestResponse") => Ok(InvocationType::RequestResponse),
            Some(b"Event") => Ok(InvocationType::Event),
            Some(b"DryRun") => Ok(InvocationType::DryRun),
            Some(_) => Err(Refusal::invalid(
                "InvocationType must be one of Event, RequestResponse, DryRun.".to_owned(),
            )),
        }
    }
}

/// An invocation, and the end of its log if the caller wants it.
struct Done {
    outcome: Outcome,
    log: Option<String>,
}

/// Runs a function to its end, as Lambda does even if the caller has hung up.
async fn run(
    host: &SharedHost,
    name: String,
    event: Bytes,
    headers: &HeaderMap,
    RequestId(id): RequestId,
) -> Result<Done, Refusal> {
    let aloud = headers.get("x-amz-log-type").is_some_and(|kind| kind == "Tail");
    let (host, function) = (host.clone(), name.clone());
    let again = host.clone();
    let started = Instant::now();
    let work = tokio::spawn(async move {
        host.invoke_aloud(&function, &event, id.clone()).await.map(|done| (done, id))
    });
    match work.await {
        Ok(Ok(((outcome, lines), id))) => {
            let log = aloud.then(|| tail(&id, &lines, started));
            Ok(Done { outcome, log })
        }
        Ok(Err(_)) | Err(_) => Err(Refusal::unknown(&name, &again)),
    }
}

/// The last 4 KB of what Lambda and the function log, in base64.
fn tail(id: &str, lines: &str, started: Instant) -> String {
    let took = started.elapsed().as_secs_f64() * 1000.0;
    let log = format!(
        "START RequestId: {id} Version: $LATEST\n{lines}END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {took:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: 256 MB\t\n",
        took.ceil()
    );
    let bytes = log.as_bytes();
    BASE64_STANDARD.encode(&bytes[bytes.len().saturating_sub(TAIL)..])
}

/// `Invoke`.
async fn invoke(
    State(host): State<SharedHost>,
    Path(name): Path<String>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Refusal> {
    let name = known(&name, &host)?;
    let headers = request.headers().clone();
    let kind = InvocationType::of(&headers)?;
    let event = event(request).await?;
    match kind {
        InvocationType::DryRun => Ok((StatusCode::NO_CONTENT, VERSION).into_response()),
        InvocationType::Event => {
            tokio::spawn(async move { host.invoke_as(&name, &event, id.0).await });
            Ok(StatusCode::ACCEPTED.into_response())
        }
        InvocationType::RequestResponse => {
            let Done { outcome, log } = run(&host, name, event, &headers, id).await?;
            let mut response = match payload(outcome) {
                Payload::Success(content_type, bytes) => {
                    (VERSION, [("content-type", content_type)], bytes).into_response()
                }
                Payload::Failure(bytes) => {
                    let unhandled = ("x-amz-function-error", "Unhandled");
                    (VERSION, [unhandled, ("content-type", JSON)], bytes).into_response()
                }
            };
            if let Some(log) = log.and_then(|log| HeaderValue::from_str(&log).ok()) {
                response.headers_mut().insert("x-amz-log-result", log);
            }
            Ok(response)
        }
    }
}

/// `InvokeWithResponseStream`.
async fn invoke_with_response_stream(
    State(host): State<SharedHost>,
    Path(name): Path<String>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Refusal> {
    let name = known(&name, &host)?;
    let headers = request.headers().clone();
    let kind = InvocationType::of(&headers)?;
    let event = event(request).await?;
    if !matches!(kind, InvocationType::RequestResponse) {
        return Ok((StatusCode::NO_CONTENT, VERSION).into_response());
    }
    let Done { outcome, log } = run(&host, name, event, &headers, id).await?;
    let mut end = json!({});
    let bytes = match payload(outcome) {
        Payload::Success(_, bytes) => bytes,
        Payload::Failure(failure) => {
            end["ErrorCode"] = "Unhandled".into();
            end["ErrorDetails"] = String::from_utf8_lossy(&failure).into();
            Vec::new()
        }
    };
    if let Some(log) = log {
        end["LogResult"] = log.into();
    }
    let content_type = [("content-type", event_stream::MEDIA_TYPE)];
    Ok((VERSION, content_type, event_stream::invocation(&bytes, &end.to_string())).into_response())
}

const VERSION: [(&str, &str); 1] = [("x-amz-executed-version", "$LATEST")];
const JSON: &str = "application/json";

/// What an invocation answers.
enum Payload {
    /// With its media type.
    Success(&'static str, Vec<u8>),
    /// The function's error as JSON.
    Failure(Vec<u8>),
}

fn payload(outcome: Outcome) -> Payload {
    match outcome {
        Outcome::Http(response) => {
            Payload::Success(JSON, serde_json::to_vec(&response).unwrap_or_default())
        }
        Outcome::Streamed(head, body) => {
            // The head, eight zeros, the body.
            let head =
                json!({ "statusCode": head.status_code, "headers": head.headers, "cookies": [] });
            let bytes = [head.to_string().as_bytes(), &[0; 8], &body].concat();
            Payload::Success("application/vnd.awslambda.http-integration-response", bytes)
        }
        Outcome::Output(json) => Payload::Success(JSON, json.into_bytes()),
        Outcome::Failure { error_type, error_message } => {
            let failure = json!({ "errorType": error_type, "errorMessage": error_message });
            Payload::Failure(failure.to_string().into_bytes())
        }
    }
}
