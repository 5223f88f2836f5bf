//! Keeps web pages from elsewhere away from what only a person at this machine may do.
//!
//! A page of a stranger's can send requests to 127.0.0.1 (cross-site request forgery), and with
//! DNS rebinding even reads the answers: its own name then points to this machine. Such requests
//! carry a foreign `Origin` or a foreign `Host`.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Json,
    extract::{ConnectInfo, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Lets requests through that a person at this machine sent by one of our own pages, or by curl.
pub(crate) async fn local_only(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return refuse("The console answers this machine only.");
    }
    if !names_this_machine(host(request.headers())) {
        return refuse("Open the console as http://127.0.0.1 or http://localhost.");
    }
    if is_foreign(request.headers()) {
        return refuse("This request came from another site.");
    }
    next.run(request).await
}

/// Whether a web page from elsewhere sent this; browsers say so, other clients say nothing.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let host = host(headers);
    text(header::ORIGIN.as_str()).is_some_and(|origin| {
        let same = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
        !same || !names_this_machine(host)
    })
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// An address cannot be rebound; a name can, but for those that never leave the machine.
fn names_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

fn refuse(why: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(json!({ "error": why }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(pairs: &[(&'static str, &str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()));
        is_foreign(&headers.collect())
    }

    #[test]
    fn a_name_that_can_be_rebound_is_not_this_machine() {
        for host in ["127.0.0.1:9000", "localhost", "[::1]:9000", "a.localhost:1", "192.168.1.7"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["", "evil.example:9000", "localhost.evil.example", "127.0.0.1.nip.io"] {
            assert!(!names_this_machine(host), "{host}");
        }
    }

    #[test]
    fn pages_from_elsewhere_are_told_apart() {
        let here = ("host", "127.0.0.1:9000");
        assert!(!foreign(&[here]));
        assert!(!foreign(&[here, ("origin", "http://127.0.0.1:9000")]));
        assert!(!foreign(&[("host", "backend:9000")]), "aws in another container");
        assert!(foreign(&[here, ("origin", "http://evil.example")]));
        assert!(foreign(&[here, ("origin", "null")]));
        assert!(foreign(&[here, ("origin", "http://127.0.0.1:8080")]));
        assert!(foreign(&[here, ("sec-fetch-site", "cross-site")]));
        let rebound = [("host", "evil.example:9000"), ("origin", "http://evil.example:9000")];
        assert!(foreign(&rebound));
    }
}
