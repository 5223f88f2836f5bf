//! Addresses of web pages.

use std::{borrow::Cow, ops::Deref};

use http::Uri;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::Fault;
use crate::{Message, message};

/// The whole address of a web page: `https://` or `http://`, a host, at most `MAX` bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Address<const MAX: usize>(String);

impl<const MAX: usize> Address<MAX> {
    /// Checks an address.
    ///
    /// # Errors
    /// It is not the address of a web page.
    pub fn new(address: impl Into<String>) -> Result<Address<MAX>, Fault> {
        let address = address.into();
        check(&address, MAX).map_err(Fault::new)?;
        Ok(Address(address))
    }

    /// The address, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Deref for Address<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Address<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Address::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Address<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "uri", "minLength": 8, "maxLength": MAX })
    }
}

fn check(url: &str, limit: usize) -> Result<(), Message> {
    if url.is_empty() || url.len() > limit {
        return Err(message!(
            "Must be the address of a web page, 1 to {limit} bytes.",
            "须为网页地址，1 到 {limit} 字节。"
        ));
    }
    let wrong = |detail: [&'static str; 2]| Err(detail.into());
    if url.starts_with("https%3A") || url.starts_with("http%3A") {
        return wrong([
            "The address is encoded twice; encode it once.",
            "地址被编码了两次，只需编码一次。",
        ]);
    }
    // A fragment is not part of what `Uri` knows.
    let (address, _fragment) = url.split_once('#').unwrap_or((url, ""));
    let Ok(uri) = address.parse::<Uri>() else {
        return wrong([
            "Not a valid address; percent-encode everything but plain ASCII.",
            "地址无效，ASCII 以外的字符请进行百分号编码。",
        ]);
    };
    if !matches!(uri.scheme_str(), Some("https" | "http")) {
        return wrong([
            "The address must begin with https:// (or http://).",
            "地址须以 https://（或 http://）开头。",
        ]);
    }
    let plain = |host: &str| !host.is_empty() && !host.contains('@');
    if !uri.authority().is_some_and(|authority| plain(authority.as_str())) {
        return wrong([
            "The address must name a host, and must not hold a user name.",
            "地址须包含域名，且不得包含用户名。",
        ]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_web_addresses_pass() {
        for good in [
            "https://example.com",
            "https://example.com:8443/a?b=c#/d",
            "http://localhost:3000/",
            "https://xn--fsqu00a.example.com/%E4%B8%AD",
        ] {
            assert!(check(good, 2048).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "/login",
            "javascript:alert(1)",
            "weixin://dl",
            "https://",
            "https://user:secret@example.com/",
            "https%3A%2F%2Fexample.com",
            "https://example.com/ a",
            "https://例子.example.com/",
        ] {
            assert!(check(bad, 2048).is_err(), "{bad}");
        }
        assert!(check(&format!("https://e.com/{}", "a".repeat(86)), 100).is_ok());
        assert!(check(&format!("https://e.com/{}", "a".repeat(87)), 100).is_err());
    }
}
