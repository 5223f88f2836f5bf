//! Addresses of web pages, as inputs and as parts of other addresses.

use form_urlencoded::byte_serialize;
use http::Uri;

use crate::{Error, Result};

/// Checks that an input is the whole address of a web page, of at most `limit` bytes.
///
/// # Errors
/// Names the field and says which rule it breaks.
pub fn check(field: &str, url: &str, limit: usize) -> Result<()> {
    let invalid = |detail: &str| Err(Error::invalid(field, detail));
    if url.is_empty() {
        return invalid("The address is missing.");
    }
    if url.len() > limit {
        return invalid(&format!("The address may have {limit} bytes."));
    }
    if url.starts_with("https%3A") || url.starts_with("http%3A") {
        return invalid("The address is encoded twice; encode it once.");
    }
    // A fragment is no part of what `Uri` knows.
    let (address, _fragment) = url.split_once('#').unwrap_or((url, ""));
    let Ok(uri) = address.parse::<Uri>() else {
        return invalid("This is no address; percent-encode what is not plain ASCII.");
    };
    if !matches!(uri.scheme_str(), Some("https" | "http")) {
        return invalid("The address must begin with https:// (or http://).");
    }
    let plain = |host: &str| !host.is_empty() && !host.contains('@');
    if !uri.authority().is_some_and(|authority| plain(authority.as_str())) {
        return invalid("The address must name a host, and no user.");
    }
    Ok(())
}

/// Percent-encodes a text for a query, all of it but letters, digits and `-._*`.
pub fn escape(text: &str) -> String {
    // Form rules differ in the space.
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_escaped_once_and_wholly() {
        assert_eq!(
            escape("https://h5.example.com/a b?x=中&y=1+2#/~home"),
            "https%3A%2F%2Fh5.example.com%2Fa%20b%3Fx%3D%E4%B8%AD%26y%3D1%2B2%23%2F%7Ehome"
        );
    }

    #[test]
    fn only_whole_web_addresses_pass() {
        for good in [
            "https://example.com",
            "https://example.com:8443/a?b=c#/d",
            "http://localhost:3000/",
            "https://xn--fsqu00a.example.com/%E4%B8%AD",
        ] {
            assert!(check("url", good, 2048).is_ok(), "{good}");
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
            assert!(check("url", bad, 2048).is_err(), "{bad}");
        }
        assert!(check("url", &format!("https://e.com/{}", "a".repeat(86)), 100).is_ok());
        assert!(check("url", &format!("https://e.com/{}", "a".repeat(87)), 100).is_err());
    }
}
