//! An SSM stand-in: `GetParameter` over a fixed set of SecureStrings.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    middleware,
    response::Response,
    routing::post,
};
use serde_json::{Value, json};

use crate::{guard, iam};

/// Parameters by name.
pub(crate) type Parameters = Arc<HashMap<String, String>>;

/// Serves the parameters.
pub(crate) fn router(parameters: Parameters) -> Router {
    Router::new()
        .route("/", post(answer).fallback(unknown))
        .fallback(unknown)
        .with_state(parameters)
        .layer(middleware::from_fn(guard::programs_here))
}

async fn unknown() -> Response {
    let why = "Offered is GetParameter, as POST / has it.";
    iam::refusal(StatusCode::NOT_FOUND, "UnknownOperationException", why)
}

async fn answer(
    State(parameters): State<Parameters>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let signed = headers.contains_key("authorization");
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = request["Name"].as_str().unwrap_or_default();
    let (status, answer) = match (target, parameters.get(name)) {
        _ if !signed => refusal("MissingAuthenticationTokenException"),
        _ if iam::denies_secret(&headers, name) => refusal("AccessDeniedException"),
        (Some("AmazonSSM.GetParameter"), Some(_)) if request["WithDecryption"] != true => {
            refusal("ValidationException")
        }
        (Some("AmazonSSM.GetParameter"), Some(value)) => {
            let parameter =
                json!({ "Name": name, "Type": "SecureString", "Value": value, "Version": 1 });
            (StatusCode::OK, json!({ "Parameter": parameter }))
        }
        (Some("AmazonSSM.GetParameter"), None) => refusal("ParameterNotFound"),
        _ => refusal("UnknownOperationException"),
    };
    (status, [("content-type", "application/x-amz-json-1.1")], answer.to_string())
}

fn refusal(code: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, json!({ "__type": code }))
}
