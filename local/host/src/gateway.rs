//! The front door on one machine: operations at their paths, and their document.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use functions::{OPERATIONS, REGISTRY};
use serde_json::{Value, json};
use shared::{Endpoint, Error, HttpResponse, Language, Problem, invoke::Outcome, message};

use crate::{
    demo::Demo,
    guard::{self, Guard},
    host::{self, SharedHost},
    lambda_api, surface,
};

/// Lambda takes 6 MB.
pub(crate) const BODY_LIMIT: usize = 6 << 20;

/// Serves the functions of `host`, and the pages that show what they are good for.
pub(crate) fn router(host: SharedHost, demo: Demo, guard: Guard) -> Router {
    let mut router = Router::new().route("/openapi.json", get(document));
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
        .layer(middleware::from_fn_with_state(guard, guard::own_pages))
}

/// The files that operations answer at places others prescribe.
async fn elsewhere(State(host): State<SharedHost>, request: Request) -> Response {
    let path = request.uri().path();
    match OPERATIONS.iter().find(|endpoint| endpoint.handler.http.serves(path)) {
        Some(endpoint) => call(&host, endpoint, request).await,
        None if lambda_api::is_dated(path) => lambda_api::not_offered(request).await,
        None => {
            let detail = [
                "There is nothing here; /openapi.json lists what there is.",
                "此处没有内容；可用的接口见 /openapi.json。",
            ];
            allow_everyone(problem(&Error::new(Problem::NotFound, detail), request.headers()))
        }
    }
}

/// Makes the event API Gateway would make, and the response it would make of the answer.
async fn call(host: &SharedHost, endpoint: &Endpoint, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.method == Method::OPTIONS {
        return allow_everyone(StatusCode::NO_CONTENT.into_response());
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        let detail = message!(
            "The body must be at most {BODY_LIMIT} bytes: Lambda takes no more.",
            "正文最多 {BODY_LIMIT} 字节：Lambda 不接受更大的正文。"
        );
        return allow_everyone(problem(&Error::new(Problem::BodyTooLarge, detail), &parts.headers));
    };
    let mut event =
        event(&parts.method, parts.uri.path(), parts.uri.query(), &parts.headers, &body);
    if endpoint.handler.http.streamed && !host.config().edge_only {
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
        Ok(_) | Err(_) => {
            allow_everyone(problem(&Error::internal("no HTTP response"), &parts.headers))
        }
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

/// The host's own refusal of a request with these headers, as a function would word it.
pub(crate) fn problem(error: &Error, request: &HeaderMap) -> Response {
    let request_id = host::request_id();
    let asked = request.get(header::ACCEPT_LANGUAGE).and_then(|list| list.to_str().ok());
    let language = asked.map(Language::preferred).unwrap_or_default();
    let document = Value::Object(error.document_in(language, &request_id)).to_string();
    let status = StatusCode::from_u16(error.problem().status());
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_LANGUAGE, language.tag()),
        (header::VARY, "accept-language"),
        (HeaderName::from_static("x-request-id"), &request_id),
    ];
    (status.expect("problems use known statuses"), headers, document).into_response()
}

async fn document(State(host): State<SharedHost>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    let document = describe::openapi::document(&REGISTRY);
    let document = surface::document(document, host.config().settings.get());
    (json, document.to_string()).into_response()
}
