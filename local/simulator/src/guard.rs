//! Keeps web pages from elsewhere away from a port of this machine.
//!
//! A page of a stranger's can send requests to 127.0.0.1 (cross-site request forgery), and with
//! DNS rebinding even read the answers: its own name then points to this machine. Such requests
//! carry a foreign `Origin` or a foreign `Host`.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use http::{HeaderMap, HeaderName, Method, header};

/// From where a port can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// From this machine alone.
    #[default]
    Machine,
    /// From other machines too, which may know this one by a name.
    Network,
}

/// A port that others would reach was not asked for in so many words.
#[derive(Clone, Debug, thiserror::Error)]
#[error("Other machines reach {0}: add --expose to allow that, or listen on 127.0.0.1")]
pub struct NotExposed(SocketAddr);

impl Reach {
    /// The reach of a port at this address.
    ///
    /// # Errors
    /// Other machines reach it, and `expose` does not allow that.
    pub fn of(listen: SocketAddr, expose: bool) -> Result<Reach, NotExposed> {
        match listen.ip().to_canonical().is_loopback() {
            true => Ok(Reach::Machine),
            false if expose => Ok(Reach::Network),
            false => Err(NotExposed(listen)),
        }
    }

    /// Whether a `Host` names this machine.
    ///
    /// An address cannot be rebound; a name can, but for those that no stranger can register.
    pub fn names_us(self, host: &str) -> bool {
        let name = name_of(host);
        let private = || {
            let ours = [".local", ".internal"].iter().any(|suffix| name.ends_with(suffix));
            ours || (!name.is_empty() && !name.contains('.'))
        };
        is_this_machine(name) || is_address(name) || (self == Reach::Network && private())
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The name in `Host` may be a stranger's.
    Host,
    /// A page of another site sent it.
    Origin,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.told()[0])
    }
}

impl Foreign {
    /// What the caller is told, in English and in Chinese.
    pub const fn told(self) -> [&'static str; 2] {
        match self {
            Foreign::Host => [
                "The Host header does not name this machine: use http://127.0.0.1 or http://localhost.",
                "Host 请求头不是本机：请使用 http://127.0.0.1 或 http://localhost。",
            ],
            Foreign::Origin => {
                ["This request came from a page of another site.", "该请求来自其他站点的页面。"]
            }
        }
    }
}

/// Checks that no page from elsewhere sent this to a port whose pages are all its own.
///
/// Browsers say where a request comes from; other clients say nothing.
///
/// # Errors
/// It is from elsewhere.
pub fn check(method: &Method, headers: &HeaderMap, reach: Reach) -> Result<(), Foreign> {
    let host = host(headers);
    if headers.contains_key(header::HOST) && !reach.names_us(host) {
        return Err(Foreign::Host);
    }
    if let Some(origin) = text(headers, &header::ORIGIN) {
        let same = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
        return if same { Ok(()) } else { Err(Foreign::Origin) };
    }
    let site = text(headers, &HeaderName::from_static("sec-fetch-site"));
    let mode = text(headers, &HeaderName::from_static("sec-fetch-mode"));
    // Whoever follows a link comes from elsewhere and only looks.
    let looks = method == Method::GET && mode == Some("navigate");
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if looks => Ok(()),
        Some(_) => Err(Foreign::Origin),
    }
}

/// The `Host` of a request; empty if it has none.
pub fn host(headers: &HeaderMap) -> &str {
    text(headers, &header::HOST).unwrap_or_default()
}

/// The host of an `Origin`, without its port; `None` if it has no host.
pub fn host_of_origin(origin: &str) -> Option<&str> {
    origin.split_once("://").map(|(_, authority)| name_of(authority))
}

/// The name of a `Host`, without its port and without the brackets of an address.
pub fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a name or an address leads to this machine wherever it is used.
pub fn is_this_machine(name: &str) -> bool {
    let loopback = name.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback());
    loopback || name == "localhost" || name.ends_with(".localhost")
}

fn is_address(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok()
}

/// A header's text; something that is none of ours if it is not readable.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(pairs: &[(&'static str, &str)], reach: Reach) -> Result<(), Foreign> {
        let pairs = pairs.iter();
        let headers =
            pairs.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        check(&Method::GET, &headers.collect(), reach)
    }

    #[test]
    fn a_name_that_can_be_rebound_is_not_this_machine() {
        for host in ["127.0.0.1:9000", "localhost", "[::1]:9000", "a.localhost:1", "192.168.1.7"] {
            assert!(Reach::Machine.names_us(host), "{host}");
        }
        let foreign = ["", "evil.example:9000", "localhost.evil.example", "127.0.0.1.nip.io"];
        for host in foreign {
            assert!(!Reach::Machine.names_us(host), "{host}");
            assert!(!Reach::Network.names_us(host), "{host}");
        }
        // As machines of one network, or containers, know one another.
        for host in ["backend:9000", "mac.local:9000", "backend.internal"] {
            assert!(!Reach::Machine.names_us(host) && Reach::Network.names_us(host), "{host}");
        }
    }

    #[test]
    fn pages_from_elsewhere_are_told_apart() {
        let here = ("host", "127.0.0.1:9000");
        let navigation = [here, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        for fine in [
            &[here][..],
            &[],
            &[here, ("origin", "http://127.0.0.1:9000")],
            &[here, ("sec-fetch-site", "same-origin")],
            &navigation,
        ] {
            assert_eq!(checked(fine, Reach::Machine), Ok(()), "{fine:?}");
        }
        for foreign in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(checked(&[here, foreign], Reach::Machine), Err(Foreign::Origin));
        }
        let rebound = [("host", "evil.example:9000"), ("origin", "http://evil.example:9000")];
        assert_eq!(checked(&rebound, Reach::Network), Err(Foreign::Host));
        let container = [("host", "backend:9000")];
        assert_eq!(checked(&container, Reach::Machine), Err(Foreign::Host));
        assert_eq!(checked(&container, Reach::Network), Ok(()));
    }

    #[test]
    fn only_the_loopback_needs_no_leave() {
        for (listen, expose, expected) in [
            ("127.0.0.1:1", false, Some(Reach::Machine)),
            ("[::1]:1", true, Some(Reach::Machine)),
            ("0.0.0.0:1", false, None),
            ("[::]:1", false, None),
            ("192.168.1.7:1", true, Some(Reach::Network)),
        ] {
            let reach = Reach::of(listen.parse().unwrap(), expose);
            assert_eq!(reach.ok(), expected, "{listen}");
        }
    }
}
