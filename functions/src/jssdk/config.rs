//! `GET /jssdk/config?url=…`
//!
//! WeChat: none; the page is signed with the jsapi ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, App, Caller, Error, Method, Operation, Problem, Result, Touch,
    config::AccountKind,
    credentials::{CredentialKey, CredentialKind},
    crypto::{nonce, sha1_hex},
};

/// Signs a page for `wx.config`.
///
/// Send `encodeURIComponent(location.href)`; what follows `#` is dropped, the rest is signed
/// exactly as it stands.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The page's address, of a host in `JSSDK_ALLOWED_HOSTS`.
    #[schemars(length(min = 1, max = 2048))]
    url: String,
}

/// The parameters of `wx.config`.
#[derive(Serialize, JsonSchema)]
pub struct Signed {
    /// The account.
    #[serde(rename = "appId")]
    app_id: String,
    /// Seconds since 1970.
    timestamp: u64,
    /// Of this signature only.
    #[serde(rename = "nonceStr")]
    nonce_str: String,
    /// SHA-1 in lower-case hex.
    signature: String,
}

impl Operation for Config {
    const ID: &'static str = "jssdk.config";
    const METHOD: Method = Method::Get;
    const ACCESS: Access = Access::Public;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Credential(CredentialKind::JsapiTicket)];
    const EXAMPLE: &'static str = r#"{"url":"https://h5.example.com/shop?id=1#/cart"}"#;
    type Output = Signed;

    async fn run(self, app: &App, caller: &Caller) -> Result<Signed> {
        let url = self.url.split('#').next().unwrap_or_default();
        check_host(url, &app.config.jssdk_allowed_hosts)?;
        let key = CredentialKey::new(caller.appid(), CredentialKind::JsapiTicket);
        let ticket = app.credentials.get(&key).await?;
        let (timestamp, nonce_str) = (app.clock.now(), nonce());
        let signature = sha1_hex(format!(
            "jsapi_ticket={}&noncestr={nonce_str}&timestamp={timestamp}&url={url}",
            ticket.value.expose()
        ));
        Ok(Signed { app_id: caller.appid().to_owned(), timestamp, nonce_str, signature })
    }
}

/// Only pages of our own hosts: anything else would make this an oracle for strangers' pages.
fn check_host(url: &str, allowed: &[String]) -> Result<()> {
    let invalid = |detail| Err(Error::invalid("url", detail));
    if !(1..=2048).contains(&url.len()) {
        return invalid("The address may have 2048 bytes.");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return invalid("Send the whole address, encodeURIComponent(location.href).");
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let right_port = match scheme {
        "https" => matches!(port, "" | "443"),
        "http" => matches!(port, "" | "80"),
        _ => return invalid("The address must begin with https:// or http://."),
    };
    if !right_port {
        return invalid("WeChat only knows pages on port 80 and 443.");
    }
    let host = host.to_ascii_lowercase();
    let within = |allowed: &String| {
        host == *allowed
            || host.strip_suffix(allowed.as_str()).is_some_and(|sub| sub.ends_with('.'))
    };
    if allowed.iter().any(within) {
        Ok(())
    } else {
        Err(Error::new(
            Problem::Forbidden,
            "Pages of this host are not signed here; add it to JSSDK_ALLOWED_HOSTS.",
        )
        .field("url"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_hosts_and_web_ports_are_signed() {
        let allowed = ["example.com".to_owned()];
        for url in [
            "https://example.com",
            "https://EXAMPLE.com/a?b#c",
            "http://h5.example.com:80/",
            "https://a.b.example.com:443?x",
        ] {
            assert!(check_host(url, &allowed).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.com",
            "https://badexample.com/",
            "https://example.com.evil.cn/",
            "https://evil.cn/https://example.com",
            "https://user@example.com/",
            "https://example.com:8443/",
            "javascript://example.com/",
        ] {
            assert!(check_host(url, &allowed).is_err(), "{url}");
        }
        assert!(check_host("https://example.com", &[]).is_err());
    }
}
