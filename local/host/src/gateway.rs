//! The front door on one machine: operations at their paths, the Lambda Invoke API, the documents.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use functions::{OPERATIONS, REGISTRY};
use serde_json::{Value, json};
use shared::{Endpoint, HttpResponse, invoke::Outcome};

use crate::{console::guard, demo::Demo, host::SharedHost};

/// Lambda takes 6 MB.
const BODY_LIMIT: usize = 6 << 20;

/// Serves the functions of `host`, and the pages that show what they are good for.
pub(crate) fn router(host: SharedHost, demo: Demo) -> Router {
    let mut router = Router::new()
        .route("/openapi.json", get(document))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke));
    for endpoint in OPERATIONS {
        let call = async move |State(host): State<SharedHost>, request: Request| {
            call(&host, endpoint, request).await
        };
        router = router.route(&endpoint.path(), any(call));
    }
    router
        .fallback(elsewhere)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(host)
        .merge(demo.router())
}

/// The files that operations answer at places others prescribe.
async fn elsewhere(State(host): State<SharedHost>, request: Request) -> Response {
    let path = request.uri().path();
    match OPERATIONS.iter().find(|endpoint| endpoint.handler.http.serves(path)) {
        Some(endpoint) => call(&host, endpoint, request).await,
        None => problem(StatusCode::NOT_FOUND, "There is nothing here; see /openapi.json."),
    }
}

/// Makes the event API Gateway would make, and the response it would make of the answer.
async fn call(host: &SharedHost, endpoint: &Endpoint, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return allow_everyone(StatusCode::NO_CONTENT.into_response());
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "Lambda takes 6 MB.");
    };
    let mut event =
        event(&parts.method, parts.uri.path(), parts.uri.query(), &parts.headers, &body);
    if endpoint.handler.http.streamed {
        // Only a Function URL can pass a streamed answer on.
        event["requestContext"]["domainName"] = "local.lambda-url.local.on.aws".into();
    }
    match host.invoke(&endpoint.binary(), event.to_string().as_bytes()).await {
        Ok(Outcome::Http(response)) => allow_everyone(into_response(response)),
        Ok(Outcome::Streamed(head, body)) => {
            let mut response = into_response(head);
            *response.body_mut() = Body::from(body);
            allow_everyone(response)
        }
        // An HTTP event is answered by an HTTP response, whatever happens.
        Ok(_) | Err(_) => problem(StatusCode::BAD_GATEWAY, "The function did not answer."),
    }
}

/// A payload 2.0 event.
fn event(
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Value {
    let mut fields: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        fields
            .entry(name.as_str())
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let (text, is_base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(body), true),
    };
    let host = fields.get("host").cloned().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query.unwrap_or_default(),
        "headers": fields,
        "requestContext": {
            "domainName": host,
            "http": { "method": method.as_str(), "path": path, "sourceIp": "127.0.0.1" },
        },
        "isBase64Encoded": is_base64,
    });
    if !body.is_empty() {
        event["body"] = text.into();
    }
    event
}

fn into_response(response: HttpResponse) -> Response {
    let body = if response.is_base64_encoded {
        let bytes = BASE64_STANDARD.decode(&response.body);
        Body::from(bytes.expect("the adapter encoded it"))
    } else {
        Body::from(response.body)
    };
    let mut answer = Response::new(body);
    *answer.status_mut() =
        StatusCode::from_u16(response.status_code).expect("the adapter uses known statuses");
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    answer
}

/// On AWS the Function URL's own settings do this, for the origins of the deployment.
fn allow_everyone(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut allow = |name, value| headers.insert(name, HeaderValue::from_static(value));
    allow(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    allow(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    allow(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-request-id");
    allow(header::ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after, x-request-id");
    response
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let document = json!({
        "type": "not-found", "title": title, "status": status.as_u16(), "detail": detail,
        "request_id": "",
    });
    let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, content_type, document.to_string()).into_response()
}

/// `POST /2015-03-31/functions/<name>/invocations`, as `aws lambda invoke --endpoint-url` sends it.
async fn invoke(
    State(host): State<SharedHost>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response {
    // Requests are not signed here, so a page of another origin would be an IAM principal.
    if guard::is_foreign(&headers) {
        let message = json!({ "Type": "User", "Message": "This request came from another site." });
        let error_type = refusal("AccessDeniedException");
        return (StatusCode::FORBIDDEN, error_type, message.to_string()).into_response();
    }
    // A name, an ARN, or either with a qualifier.
    let name = match name.split_once(":function:") {
        Some((_, name)) => name,
        None => &name,
    };
    let name = name.split(':').next().unwrap_or_default().to_owned();
    if !host.knows(&name) {
        let message = json!({ "Type": "User", "Message": format!("Function not found: {name}") });
        let error_type = refusal("ResourceNotFoundException");
        return (StatusCode::NOT_FOUND, error_type, message.to_string()).into_response();
    }
    if !event.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(&event).is_err() {
        let message = json!({ "Type": "User", "message": "The payload is not JSON." });
        let error_type = refusal("InvalidRequestContentException");
        return (StatusCode::BAD_REQUEST, error_type, message.to_string()).into_response();
    }
    match headers
        .get("x-amz-invocation-type")
        .map_or(&b"RequestResponse"[..], HeaderValue::as_bytes)
    {
        b"DryRun" => StatusCode::NO_CONTENT.into_response(),
        b"Event" => {
            tokio::spawn(async move { host.invoke(&name, &event).await });
            StatusCode::ACCEPTED.into_response()
        }
        _ => match host.invoke(&name, &event).await {
            Ok(outcome) => result(outcome),
            Err(error) => problem(StatusCode::NOT_FOUND, &error.to_string()),
        },
    }
}

/// The headers of Lambda's own errors.
fn refusal(error_type: &'static str) -> [(&'static str, &'static str); 2] {
    [("x-amzn-errortype", error_type), ("content-type", "application/json")]
}

fn result(outcome: Outcome) -> Response {
    let version = [("x-amz-executed-version", "$LATEST"), ("content-type", "application/json")];
    match outcome {
        Outcome::Http(response) => {
            (version, serde_json::to_string(&response).unwrap_or_default()).into_response()
        }
        Outcome::Streamed(head, body) => {
            // A caller that did not ask for a stream gets it whole: the head, eight zeros, the body.
            let head =
                json!({ "statusCode": head.status_code, "headers": head.headers, "cookies": [] });
            let answer = [head.to_string().as_bytes(), &[0; 8], &body].concat();
            let streamed = "application/vnd.awslambda.http-integration-response";
            (version, [("content-type", streamed)], answer).into_response()
        }
        Outcome::Output(json) => (version, json).into_response(),
        Outcome::Failure { error_type, error_message } => {
            let failure = json!({ "errorType": error_type, "errorMessage": error_message });
            let unhandled = [("x-amz-function-error", "Unhandled")];
            (version, unhandled, failure.to_string()).into_response()
        }
    }
}

async fn document() -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (json, describe::openapi::document(&REGISTRY).to_string()).into_response()
}
