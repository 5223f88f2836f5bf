//! `JSSDK_ALLOWED_HOSTS`: the hosts whose pages are signed.

use shared::settings::Setting;

/// The hosts whose pages are signed, in lower case; their subdomains are included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JssdkHosts(Vec<String>);

impl JssdkHosts {
    /// Whether a host is one of them or below one of them.
    pub(super) fn cover(&self, host: &str) -> bool {
        self.0.iter().any(|domain| {
            let above = host.strip_suffix(domain.as_str());
            above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

impl Setting for JssdkHosts {
    const NAME: &'static str = "JSSDK_ALLOWED_HOSTS";
    const EXAMPLE: &'static str = "example.com,h5.example.cn";
    const ABOUT: &'static str = "Hosts whose pages may be signed for the JS-SDK, comma separated, subdomains included. Empty refuses every page.";

    fn parse(text: Option<&str>) -> Result<JssdkHosts, String> {
        let hosts = text.unwrap_or_default().split(',').map(str::trim);
        let hosts: Vec<_> = hosts.filter(|host| !host.is_empty()).collect();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        match hosts.iter().find(|host| !host.chars().all(plain)) {
            Some(host) => Err(format!("lists {host}, which is not a host name")),
            None => Ok(JssdkHosts(hosts.iter().map(|host| host.to_ascii_lowercase()).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_covers_its_subdomains() {
        let hosts = JssdkHosts::parse(Some("Example.com, ,h5.example.cn")).unwrap();
        for host in ["example.com", "a.b.example.com", "h5.example.cn"] {
            assert!(hosts.cover(host), "{host}");
        }
        for host in ["", "badexample.com", "example.com.evil.cn", "example.cn"] {
            assert!(!hosts.cover(host), "{host}");
        }
        assert!(!JssdkHosts::parse(None).unwrap().cover("example.com"));
    }

    #[test]
    fn an_address_is_not_a_host() {
        for text in ["https://example.com", "example.com/", "*.example.com"] {
            assert!(JssdkHosts::parse(Some(text)).is_err(), "{text}");
        }
    }
}
