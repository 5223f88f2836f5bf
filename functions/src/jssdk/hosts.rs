//! `JSSDK_ALLOWED_HOSTS`: the hosts whose pages are signed.

use shared::settings::Setting;

/// The hosts whose pages are signed, in lower case; their subdomains are included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JssdkHosts(Vec<Host>);

/// A host, and its port unless that is the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

impl JssdkHosts {
    /// Whether a host is one of them or below one of them, at the same port.
    pub(super) fn cover(&self, host: &Host) -> bool {
        self.0.iter().any(|listed| {
            let above = host.name.strip_suffix(listed.name.as_str());
            listed.port == host.port
                && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

impl Setting for JssdkHosts {
    const NAME: &'static str = "JSSDK_ALLOWED_HOSTS";
    const EXAMPLE: &'static str = "example.com,h5.example.cn";
    const ABOUT: &'static str = "Hosts whose pages may be signed for the JS-SDK, comma separated, subdomains included; with a port for the pages of a test account. Empty refuses every page.";

    fn parse(text: Option<&str>) -> Result<JssdkHosts, String> {
        let entries = text.unwrap_or_default().split(',').map(str::trim);
        let hosts = entries.filter(|entry| !entry.is_empty()).map(|entry| {
            host(entry).ok_or_else(|| format!("lists {entry}, which is not a host name"))
        });
        hosts.collect::<Result<_, _>>().map(JssdkHosts)
    }
}

fn host(entry: &str) -> Option<Host> {
    let (name, port) = match entry.split_once(':') {
        Some((name, port)) => (name, Some(port.parse().ok()?)),
        None => (entry, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    // Pages on the schemes' own ports have none in their addresses.
    let port = port.filter(|port| !matches!(port, 80 | 443));
    (!name.is_empty() && name.chars().all(plain))
        .then(|| Host { name: name.to_ascii_lowercase(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(hosts: &JssdkHosts, name: &str, port: Option<u16>) -> bool {
        hosts.cover(&Host { name: name.to_owned(), port })
    }

    #[test]
    fn a_listed_port_is_a_test_accounts() {
        let hosts = JssdkHosts::parse(Some("localhost:8080,example.com:443")).unwrap();
        assert!(covers(&hosts, "localhost", Some(8080)) && covers(&hosts, "example.com", None));
        assert!(!covers(&hosts, "localhost", None) && !covers(&hosts, "localhost", Some(8081)));
    }

    #[test]
    fn a_host_covers_its_subdomains() {
        let hosts = JssdkHosts::parse(Some("Example.com, ,h5.example.cn")).unwrap();
        for host in ["example.com", "a.b.example.com", "h5.example.cn"] {
            assert!(covers(&hosts, host, None), "{host}");
        }
        for host in ["", "badexample.com", "example.com.evil.cn", "example.cn"] {
            assert!(!covers(&hosts, host, None), "{host}");
        }
        assert!(!JssdkHosts::parse(None).unwrap().0.iter().any(|_| true));
    }

    #[test]
    fn an_address_is_not_a_host() {
        for text in ["https://example.com", "example.com/", "*.example.com", "example.com:x", ":80"]
        {
            assert!(JssdkHosts::parse(Some(text)).is_err(), "{text}");
        }
    }
}
