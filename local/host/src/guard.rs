//! Who may ask the front door for what: pages from elsewhere for nothing, the team's own pages for
//! operations, services for invocations, and people at this machine for the rest.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use shared::{Error, Problem};
use simulator::guard::{self, Foreign, Reach};

use crate::{gateway, iam, lambda_api};

/// What belongs to us.
#[derive(Clone)]
pub(crate) struct Guard {
    /// From where the front door is reached.
    pub(crate) reach: Reach,
    /// The hosts of the team's pages, which no stranger can have; subdomains are included.
    pub(crate) pages: Arc<[String]>,
}

impl Guard {
    fn has_page(&self, name: &str) -> bool {
        self.pages.iter().any(|domain| {
            let above = name.strip_suffix(domain.as_str());
            above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Checks a request to an operation: pages of this machine and of the team may call.
    fn check(&self, headers: &HeaderMap) -> Result<(), Foreign> {
        let host = guard::host(headers);
        let name = guard::name_of(host);
        if headers.contains_key(header::HOST) && !self.reach.names_us(host) && !self.has_page(name)
        {
            return Err(Foreign::Host);
        }
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().ok().and_then(guard::host_of_origin).unwrap_or_default();
        let ours = origin == name || guard::is_this_machine(origin) || self.has_page(origin);
        if ours && !origin.is_empty() { Ok(()) } else { Err(Foreign::Origin) }
    }
}

/// Lets requests to operations through unless a page from elsewhere sent them.
pub(crate) async fn own_pages(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check(request.headers()) {
        Ok(()) => next.run(request).await,
        // Without CORS headers: the page is not to read why.
        Err(foreign) => {
            gateway::problem(&Error::new(Problem::Forbidden, foreign.told()), request.headers())
        }
    }
}

/// Lets invocations through unless a page sent them that is not our own: requests are not signed
/// here, so a page of another origin would be an IAM principal.
pub(crate) async fn services(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard::check(request.method(), request.headers(), guard.reach) {
        Ok(()) => next.run(request).await,
        Err(foreign) => lambda_api::denied(&foreign.to_string()),
    }
}

/// Lets requests through that a person at this machine sent by one of our own pages, or by curl.
pub(crate) async fn people_here(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if !peer.ip().to_canonical().is_loopback() {
        return refuse("The console answers this machine only.");
    }
    match guard::check(request.method(), request.headers(), Reach::Machine) {
        Ok(()) => next.run(request).await,
        Err(foreign) => refuse(&foreign.to_string()),
    }
}

/// Lets requests to a stand-in of AWS through that no page from elsewhere sent.
pub(crate) async fn programs_here(request: Request, next: Next) -> Response {
    match guard::check(request.method(), request.headers(), Reach::Machine) {
        Ok(()) => next.run(request).await,
        Err(foreign) => iam::denied(StatusCode::FORBIDDEN, &foreign.to_string()),
    }
}

fn refuse(why: &str) -> Response {
    (StatusCode::FORBIDDEN, Json(json!({ "error": why }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>, reach: Reach) -> Result<(), Foreign> {
        let guard = Guard { reach, pages: Arc::from(["example.com".to_owned()]) };
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        guard.check(&headers)
    }

    #[test]
    fn pages_of_this_machine_and_of_the_team_call_operations() {
        let here = "127.0.0.1:9000";
        for (host, origin) in [
            (here, None),
            (here, Some("http://localhost:5173")),
            (here, Some("http://127.0.0.1:9000")),
            (here, Some("https://h5.example.com")),
            ("h5.example.com", Some("http://h5.example.com")),
            // A phone opens a development server and this one at one address.
            ("192.168.1.7:9000", Some("http://192.168.1.7:5173")),
        ] {
            assert_eq!(check(host, origin, Reach::Machine), Ok(()), "{host} {origin:?}");
        }
    }

    #[test]
    fn pages_from_elsewhere_do_not() {
        for origin in
            ["https://evil.example", "http://203.0.113.9", "null", "https://badexample.com"]
        {
            let refused = check("127.0.0.1:9000", Some(origin), Reach::Network);
            assert_eq!(refused, Err(Foreign::Origin), "{origin}");
        }
        for host in ["evil.example:9000", "example.com.evil.example"] {
            assert_eq!(check(host, None, Reach::Machine), Err(Foreign::Host), "{host}");
            let same = format!("http://{host}");
            assert_eq!(check(host, Some(&same), Reach::Network), Err(Foreign::Host), "{host}");
        }
    }
}
