//! `/demo/jssdk`: a page that uses the JS-SDK, in a stand-in for WeChat's client; and the browser
//! half of `jssdk.config` at `/client/h5`.
//!
//! The page loads the real `jweixin`, which is not part of this repository.

use std::path::{Path, PathBuf};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::{Account, invoke::Outcome};
use simulator::{Simulator, User};

use crate::host::SharedHost;

/// What the pages need to know.
#[derive(Clone)]
pub(crate) struct Demo {
    /// The account whose pages they are.
    pub(crate) account: Option<Account>,
    /// Who stands in for WeChat.
    pub(crate) wechat: Option<Simulator>,
    /// Logs the demo's user in, and explains what went wrong.
    pub(crate) host: SharedHost,
    /// A file, or the directory of npm's `weixin-js-sdk`.
    pub(crate) jweixin: Option<PathBuf>,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// jweixin reports to WeChat by an image, which a simulated page must not.
const POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; style-src 'self'";

impl Demo {
    pub(crate) fn router(self) -> Router {
        Router::new()
            .route("/demo/jssdk", get(page))
            // Routes of the page's own router; each is the same page.
            .route("/demo/jssdk/{*route}", get(page))
            .route(
                "/demo/jssdk.css",
                get(async || text("text/css", include_str!("demo/jssdk.css"))),
            )
            .route("/demo/jssdk.js", get(async || text(SCRIPT, include_str!("demo/jssdk.js"))))
            .route("/demo/bridge.js", get(async || text(SCRIPT, include_str!("demo/bridge.js"))))
            .route("/demo/bridge", post(bridge))
            .route("/demo/diagnose", post(diagnose))
            .route("/demo/session", get(session))
            .route("/demo/jweixin.js", get(jweixin))
            .route("/client/h5/jssdk.js", get(async || text(SCRIPT, CLIENT)))
            .with_state(self)
    }
}

/// Published as it is; see client/h5/README.md.
const CLIENT: &str = include_str!("../../../client/h5/jssdk.js");

fn text(content_type: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], content)
        .into_response()
}

async fn page() -> Response {
    let html = text("text/html; charset=utf-8", include_str!("demo/jssdk.html"));
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], html).into_response()
}

/// What the client asks WeChat.
async fn bridge(State(demo): State<Demo>, Json(question): Json<Value>) -> Response {
    let Some(wechat) = &demo.wechat else {
        let why = "There is no simulator here: this page only works with it.";
        return (StatusCode::NOT_FOUND, Json(json!({ "detail": why }))).into_response();
    };
    match wechat.ask_as_client(question) {
        Ok(answer) => Json(answer).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, Json(json!({ "detail": why }))).into_response(),
    }
}

/// `jssdk.diagnose`, which a page may not invoke; elsewhere its back end does.
async fn diagnose(State(demo): State<Demo>, failure: Bytes) -> Response {
    if demo.wechat.is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    match demo.host.invoke("jssdk-diagnose", &failure).await {
        Ok(Outcome::Output(causes)) => (json, causes).into_response(),
        Ok(Outcome::Failure { error_message, .. }) => {
            (StatusCode::BAD_REQUEST, json, error_message).into_response()
        }
        Ok(_) | Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

#[derive(Deserialize)]
struct Reader {
    #[serde(default)]
    user: Option<String>,
}

/// What the demo sells.
const PRODUCT: &str = r#"{"product":"tea","description":"龙井茶 50g","amount":8800}"#;

/// A reader of the account's pages logs in, and finds something to buy; in a deployment the page
/// calls oauth.getToken, and a back end puts the product there.
async fn session(State(demo): State<Demo>, Query(reader): Query<Reader>) -> Response {
    let (Some(account), Some(wechat)) = (demo.account, demo.wechat) else {
        let why = "The demo needs a simulated official account.";
        return (StatusCode::NOT_FOUND, Json(json!({ "detail": why }))).into_response();
    };
    let _ = demo.host.invoke("pay-putproduct", PRODUCT.as_bytes()).await;
    let user = User::new(reader.user.as_deref().unwrap_or("alice"));
    let code = wechat.mint_oauth_code(&account.appid, &user, "snsapi_base");
    let input = json!({ "appid": account.appid, "code": code }).to_string();
    let json = [(header::CONTENT_TYPE, "application/json")];
    match demo.host.invoke("oauth-gettoken", input.as_bytes()).await {
        Ok(Outcome::Output(login)) => (json, login).into_response(),
        Ok(Outcome::Failure { error_message, .. }) => {
            (StatusCode::BAD_GATEWAY, json, error_message).into_response()
        }
        Ok(_) | Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn jweixin(State(demo): State<Demo>) -> Response {
    let script = demo.jweixin.as_deref().map(script);
    match script.map(std::fs::read) {
        Some(Ok(script)) => ([(header::CONTENT_TYPE, SCRIPT)], script).into_response(),
        Some(Err(_)) | None => {
            (StatusCode::NOT_FOUND, "Start with --jweixin PATH.").into_response()
        }
    }
}

/// The script in what `--jweixin` names.
pub(crate) fn script(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("index.js") } else { path.to_owned() }
}
