//! A page's address: what of it is signed, whether it may be, and what looks wrong with it.

use shared::{
    Error, Problem, Result, percent, text,
    value::{Chars, Text},
};

use super::{Cause, Finding, JssdkHosts, hosts::Host};

text! {
    /// A page's address as a browser shows it. WeChat does not publish a limit; many browsers
    /// and proxies have this one.
    pub(super) PageAddress: 1..=2048, Chars::PRINTABLE_BYTES,
        ["Send location.href unchanged.", "请原样发送 location.href。"];
}

/// A page's address as it is signed.
#[derive(Debug)]
pub(super) struct Page {
    /// Without the fragment, otherwise as it was sent.
    pub(super) url: String,
    /// What was changed.
    pub(super) normalized: Vec<String>,
    /// What looks wrong and was not changed.
    pub(super) warnings: Vec<Finding>,
}

impl Page {
    /// Reads an address that was decoded once already.
    pub(super) fn read(sent: Text<PageAddress>) -> Result<Page> {
        let mut normalized = Vec::new();
        let mut url = sent.into_string();
        // No address begins like this: the whole of it was encoded twice.
        if is_encoded(&url) {
            url = percent::decode(&url);
            if is_encoded(&url) {
                let detail = [
                    "The address is encoded more than twice; encode location.href once.",
                    "地址被编码了两次以上，location.href 只需编码一次。",
                ];
                return Err(Error::invalid("url", detail));
            }
            normalized.push("The address was encoded twice; it was decoded once more.".to_owned());
        }
        if let Some((page, fragment)) = url.split_once('#') {
            normalized.push(format!("The fragment of {} bytes was dropped.", fragment.len() + 1));
            url = page.to_owned();
        }
        // A browser shows no space in an address: a gateway made it of a `+`.
        if url.contains(' ') {
            normalized.push("A space was read as the + that a gateway made it of.".to_owned());
            url = url.replace(' ', "+");
        }
        let warnings = suspicious(&url);
        Ok(Page { url, normalized, warnings })
    }

    /// Only pages of allowed hosts: otherwise anyone could have any page signed.
    pub(super) fn check_host(&self, allowed: &JssdkHosts) -> Result<()> {
        let host = host(&self.url).map_err(|detail| Error::invalid("url", detail))?;
        if allowed.cover(&host) {
            return Ok(());
        }
        if host.port.is_some() {
            let detail = [
                "The page must be on port 80 (http) or 443 (https): WeChat accepts no \
                 other, but for test accounts; list theirs as host:port in \
                 JSSDK_ALLOWED_HOSTS.",
                "页面须位于 80（http）或 443（https）端口：除测试号外微信不接受其他端口；测试号的页面请以 host:port 列入 JSSDK_ALLOWED_HOSTS。",
            ];
            return Err(Error::invalid("url", detail));
        }
        let detail = [
            "Pages of this host are not signed here; add it to JSSDK_ALLOWED_HOSTS.",
            "此处不为该域名的页面签名，请将其加入 JSSDK_ALLOWED_HOSTS。",
        ];
        Err(Error::new(Problem::Forbidden, detail).field("url"))
    }
}

/// The host in lower case, if it can be a page's.
pub(super) fn host(url: &str) -> Result<Host, [&'static str; 2]> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err([
            "Send the whole address, encodeURIComponent(location.href).",
            "请发送完整地址：encodeURIComponent(location.href)。",
        ]);
    };
    let usual = match scheme {
        "https" => 443,
        "http" => 80,
        _ => {
            return Err([
                "The address must begin with https:// or http://.",
                "地址须以 https:// 或 http:// 开头。",
            ]);
        }
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = match authority.split_once(':') {
        Some((name, port)) => match port.parse::<u16>() {
            Ok(port) => (name, Some(port)),
            Err(_) => {
                return Err([
                    "The address must have a port after `:`; send location.href.",
                    "地址中 `:` 之后须为端口，请发送 location.href。",
                ]);
            }
        },
        None => (authority, None),
    };
    // Browsers give a \ or an @ before the end of the host another meaning.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err([
            "The address must have a host name; send location.href.",
            "地址须包含域名，请发送 location.href。",
        ]);
    }
    Ok(Host { name: name.to_ascii_lowercase(), port: port.filter(|port| *port != usual) })
}

fn suspicious(url: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if url.contains("&amp;") {
        findings.push(Cause::HtmlEscaped.suspected());
    }
    if has_escaped_escape(url) {
        findings.push(Cause::EncodedTwice.suspected());
    }
    let odd = |c: char| !c.is_ascii() || matches!(c, '"' | '<' | '>');
    if url.chars().any(odd) {
        findings.push(Cause::Decoded.suspected());
    }
    let after_host = url.split_once("://").map_or("", |(_, rest)| rest);
    if !after_host.split('?').next().unwrap_or_default().contains('/') {
        findings.push(Cause::SlashDiffers.suspected());
    }
    findings
}

/// `%25E4`: an escape whose percent sign was escaped again.
fn has_escaped_escape(url: &str) -> bool {
    url.match_indices("%25").any(|(at, _)| {
        let digits = url.as_bytes().get(at + 3..at + 5);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

fn is_encoded(url: &str) -> bool {
    let begins = |prefix: &str| {
        url.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    ["http%3A", "https%3A", "http%253A", "https%253A"].into_iter().any(begins)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use shared::settings::Setting;

    use super::*;

    fn read(url: &str) -> Result<Page> {
        Page::read(Text::new(url).map_err(|fault| Error::invalid("url", fault.detail))?)
    }

    fn causes(url: &str) -> Vec<Cause> {
        read(url).unwrap().warnings.iter().map(|finding| finding.cause).collect()
    }

    #[test]
    fn only_our_hosts_and_web_ports_are_signed() {
        let allowed = JssdkHosts::parse(Some("example.com")).unwrap();
        let check = |url: &str| read(url).and_then(|page| page.check_host(&allowed));
        for url in [
            "https://example.com",
            "https://EXAMPLE.com/a?b#c",
            "http://h5.example.com:80/",
            "https://a.b.example.com:443?x",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        for (url, problem) in [
            ("", Problem::InvalidInput),
            ("example.com", Problem::InvalidInput),
            ("/shop?id=1", Problem::InvalidInput),
            ("https://badexample.com/", Problem::Forbidden),
            ("https://example.com.evil.cn/", Problem::Forbidden),
            ("https://evil.cn/https://example.com", Problem::Forbidden),
            ("https://evil.cn?.example.com", Problem::Forbidden),
            ("https://user@example.com/", Problem::InvalidInput),
            ("https://evil.cn\\.example.com/", Problem::InvalidInput),
            ("https://example.com:8443/", Problem::InvalidInput),
            ("https://example.com:80/", Problem::InvalidInput),
            ("https://example.com:/", Problem::InvalidInput),
            ("javascript://example.com/", Problem::InvalidInput),
            ("https:///", Problem::InvalidInput),
            ("https://example.com/\r\nx", Problem::InvalidInput),
        ] {
            assert_eq!(check(url).unwrap_err().problem(), problem, "{url}");
        }
        assert!(read("https://example.com").unwrap().check_host(&JssdkHosts::default()).is_err());
    }

    #[test]
    fn the_fragment_goes_and_everything_else_stays() {
        let page = read("https://example.com/a%20b?z=1&x=%e4%B8%AD&a=+#/cart?y=1#z").unwrap();
        assert_eq!(page.url, "https://example.com/a%20b?z=1&x=%e4%B8%AD&a=+");
        assert_eq!((page.normalized.len(), page.warnings.len()), (1, 0));
    }

    #[test]
    fn a_plus_comes_out_the_same_if_a_gateway_makes_it_a_space() {
        let sent = "https://example.com/a+b?x=1+2#top";
        assert_eq!(read(&sent.replace('+', " ")).unwrap().url, read(sent).unwrap().url);
    }

    #[test]
    fn a_test_accounts_page_on_a_listed_port_is_signed() {
        let allowed = JssdkHosts::parse(Some("example.com,localhost:8080")).unwrap();
        let check = |url: &str| read(url).and_then(|page| page.check_host(&allowed));
        assert!(check("http://localhost:8080/a").is_ok() && check("https://example.com/").is_ok());
        for url in ["http://localhost:8081/", "http://localhost/", "https://example.com:8080/"] {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_address_encoded_twice_is_decoded_once_more() {
        let page = read("https%3A%2F%2Fexample.com%2Fa%2520b%3Fx%3D1%23top").unwrap();
        assert_eq!(page.url, "https://example.com/a%20b?x=1");
        assert_eq!(page.normalized.len(), 2);
        assert!(read("https%253A%252F%252Fexample.com%252F").is_err());
    }

    #[test]
    fn what_looks_wrong_is_signed_as_it_is_and_said() {
        assert_eq!(causes("https://example.com/?a=1&amp;b=2"), [Cause::HtmlEscaped]);
        assert_eq!(causes("https://example.com/?a=%25E4%25B8%25AD"), [Cause::EncodedTwice]);
        assert_eq!(causes("https://example.com/?a=中"), [Cause::Decoded]);
        assert_eq!(causes("https://example.com?a=1"), [Cause::SlashDiffers]);
        assert_eq!(causes("https://example.com/a?x=50%25&y=%E4"), []);
    }

    proptest! {
        #[test]
        fn an_address_that_was_encoded_once_more_comes_back(path in "[a-z%+/]{0,20}") {
            let address = format!("https://example.com/{path}");
            prop_assert_eq!(read(&percent::encode(&address)).unwrap().url, address);
        }

        #[test]
        fn no_address_makes_it_panic(url in any::<String>()) {
            if let Ok(page) = read(&url) {
                prop_assert!(!page.url.contains('#'));
                let _ = page.check_host(&JssdkHosts::default());
            }
        }

        #[test]
        fn the_signed_address_is_what_stands_before_the_fragment(
            path in "[a-zA-Z0-9/%._~+-]{0,40}", query in "[a-zA-Z0-9=&%._~+-]{0,40}", fragment in ".{0,40}",
        ) {
            let page = format!("https://example.com/{path}?{query}");
            let fragment: String = fragment.chars().filter(|c| !c.is_control()).collect();
            prop_assert_eq!(read(&format!("{page}#{fragment}")).unwrap().url, page);
        }
    }
}
