//! The console: the operations with a form for each, the credentials, and the simulated WeChat.
//!
//! The pages are plain files in `console/` and read `/openapi.json`, so that a new operation
//! appears by itself. What they need beyond the operations is below `/console/`, and answers
//! only people who sit at this machine.

mod orders;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, RawQuery, State},
    http::{Method, Request, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use functions::{api::allow::Allow, refresh_credentials::margin};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{
    Account, Clock,
    config::TokenMode,
    credentials::{Consistency, CredentialKey, CredentialKind, Store},
    table::Table,
    transport::Transport,
};

use simulator::Simulator;

use crate::{eventbridge::Bus, guard, surface};

/// What a browser may load and do on the pages: nothing from elsewhere, and no inline scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; media-src blob:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The pages: path, media type, text.
const PAGES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("console/index.html")),
    ("/console/style.css", CSS, include_str!("console/style.css")),
    ("/console/app.js", SCRIPT, include_str!("console/app.js")),
    ("/console/backend.js", SCRIPT, include_str!("console/backend.js")),
    ("/console/credentials.js", SCRIPT, include_str!("console/credentials.js")),
    ("/console/elements.js", SCRIPT, include_str!("console/elements.js")),
    ("/console/events.js", SCRIPT, include_str!("console/events.js")),
    ("/console/history.js", SCRIPT, include_str!("console/history.js")),
    ("/console/operations.js", SCRIPT, include_str!("console/operations.js")),
    ("/console/phone.js", SCRIPT, include_str!("console/phone.js")),
    ("/console/orders.js", SCRIPT, include_str!("console/orders.js")),
    ("/console/schema.js", SCRIPT, include_str!("console/schema.js")),
    ("/console/shop.js", SCRIPT, include_str!("console/shop.js")),
    ("/console/snippets.js", SCRIPT, include_str!("console/snippets.js")),
    ("/console/surface.js", SCRIPT, include_str!("console/surface.js")),
    ("/console/wechat.js", SCRIPT, include_str!("console/wechat.js")),
    ("/console/words.js", SCRIPT, include_str!("console/words.js")),
    ("/client/qr.js", SCRIPT, include_str!("../../../client/qr.js")),
];

/// A year at most, as the simulator has it.
const LONGEST_STEP: u64 = 366 * 86_400;

/// What the console shows and moves.
#[derive(Clone)]
pub(crate) struct Console {
    /// This start of the bundle: sessions of another are of no use.
    pub(crate) run: String,
    pub(crate) accounts: Arc<[Account]>,
    pub(crate) token_mode: TokenMode,
    pub(crate) table: Table,
    pub(crate) bus: Bus,
    /// What `api.call` may call.
    pub(crate) api: Arc<Allow>,
    pub(crate) clock: Clock,
    pub(crate) wechat_url: String,
    /// Absent if another WeChat was given: then there is nothing to play with.
    pub(crate) wechat: Option<Simulator>,
    pub(crate) transport: Transport,
}

/// Serves the pages and what they ask for.
pub(crate) fn router(console: Console) -> Router {
    let mut controls = Router::new()
        .route("/console/state", get(state))
        .route("/console/credentials", get(credentials))
        .route("/console/events", get(events))
        .route(
            "/console/surface",
            get(async |State(console): State<Console>| surface::rows(&console.api)),
        )
        .route("/console/orders", get(orders::list));
    if console.wechat.is_some() {
        controls = controls
            .route("/console/clock", post(advance))
            .route("/console/wechat", any(simulator_root))
            .route("/console/wechat/{*path}", any(simulator));
    }
    let mut router = controls.layer(middleware::from_fn(guard::people_here)).with_state(console);
    for (path, content_type, text) in PAGES {
        let page = async move || page(content_type, text);
        router = router.route(path, get(page));
    }
    router
}

fn page(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another bundle may be running here tomorrow.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

/// Where we are.
async fn state(State(console): State<Console>) -> Json<Value> {
    let apps: Vec<Value> = console
        .accounts
        .iter()
        .map(|account| json!({ "appid": account.appid, "kind": account.kind }))
        .collect();
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "run": console.run,
        "apps": apps,
        "now_ms": console.clock.now_ms(),
        "wechat": {
            "url": console.wechat_url,
            "simulated": console.wechat.is_some(),
            "now_ms": console.wechat.as_ref().map(|wechat| wechat.clock().now_ms()),
        },
    }))
}

/// The board: everything about every credential but the credential.
async fn credentials(State(console): State<Console>) -> Response {
    let now = console.clock.now();
    let mut rows = Vec::new();
    for account in console.accounts.iter() {
        for kind in account.kind.credentials() {
            let key = CredentialKey::new(&account.appid, *kind);
            let signal = console.table.signal(&key).await.ok().flatten();
            let record = match console.table.read(&key, Consistency::Strong).await {
                Ok(record) => record.unwrap_or_default(),
                Err(error) => {
                    let why = json!({ "error": error.to_string() });
                    return (StatusCode::BAD_GATEWAY, Json(why)).into_response();
                }
            };
            let margin = margin(*kind, console.token_mode);
            let credential = record.credential.as_ref().map(|credential| {
                json!({
                    "age": now.saturating_sub(credential.issued_at),
                    "life": credential.expires_at.saturating_sub(credential.issued_at),
                    "seconds_left": credential.seconds_left(now),
                    "refresh_in": credential.seconds_left(now).saturating_sub(margin),
                })
            });
            let failure = record.failure.as_ref().map(|failure| {
                json!({
                    "age": now.saturating_sub(failure.at),
                    "count": failure.count,
                    "retry_in": failure.retry_at.saturating_sub(now),
                    "errcode": failure.errcode,
                    "message": failure.message,
                })
            });
            let refused = signal
                .as_ref()
                .filter(|signal| signal.version == record.version())
                .map(|signal| signal.reason.as_str());
            rows.push(json!({
                "appid": account.appid,
                "account": account.kind,
                "kind": kind,
                "version": record.version(),
                "credential": credential,
                "failure": failure,
                "refused": refused,
                "leased": record.lease.is_some_and(|lease| lease.until > now),
                "forced_today": record.forced.on(now).count,
                // WeChat's own interface can void an access token and nothing else.
                "can_invalidate": console.wechat.is_some() && *kind == CredentialKind::AccessToken,
            }));
        }
    }
    Json(rows).into_response()
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: usize,
}

/// What arrived on the bus, after a number of an earlier answer.
async fn events(
    State(console): State<Console>,
    Query(Since { since }): Query<Since>,
) -> Json<Vec<Value>> {
    let arrived = console.bus.since(since).into_iter();
    Json(arrived.map(|(sequence, event)| json!({ "sequence": sequence, "event": event })).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u64,
}

/// Moves the time of functions, table and WeChat together.
async fn advance(State(console): State<Console>, body: Bytes) -> Response {
    let Ok(Advance { advance_s: seconds @ 0..=LONGEST_STEP }) = serde_json::from_slice(&body)
    else {
        let error = json!({ "error": "Send {\"advance_s\":7200}; at most a year." });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    };
    console.clock.advance(Duration::from_secs(seconds));
    Json(json!({ "now_ms": console.clock.now_ms() })).into_response()
}

async fn simulator_root(
    console: State<Console>,
    query: RawQuery,
    method: Method,
    body: Bytes,
) -> Response {
    simulator(console, Path(String::new()), query, method, body).await
}

/// Passes a request on to the simulator's own controls, which are on another port.
async fn simulator(
    State(console): State<Console>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    body: Bytes,
) -> Response {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let uri = format!("{}/_simulator/{path}{query}", console.wechat_url);
    let request = Request::builder().method(method).uri(uri).body(body);
    let Ok(request) = request else { return StatusCode::BAD_REQUEST.into_response() };
    let answer = console.transport.send(request, Duration::from_secs(10), 256 << 20).await;
    match answer {
        Ok(answer) => {
            let (parts, body) = answer.into_parts();
            let json = [(header::CONTENT_TYPE, "application/json")];
            (parts.status, json, Body::from(body)).into_response()
        }
        Err(error) => {
            let error = json!({ "error": format!("The simulator: {error}.") });
            (StatusCode::BAD_GATEWAY, Json(error)).into_response()
        }
    }
}
