//! Answers that hold a secret are withheld whole, even if nobody has looked at the path before.

use std::{borrow::Cow, cell::Cell, fmt};

use model::surface::Row;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use shared::percent;

/// Names of members that hold a secret, in lower case and without what joins their words.
const NAMES: &[&str] = &[
    "apiticket",
    "appkey",
    "authorizationcode",
    "codesecret",
    "componentverifyticket",
    "jsapiticket",
    "preauthcode",
    "pushaddr",
    "pushurl",
    "secret",
    "snticket",
    "ticket",
];

/// Ends of names of members that hold a secret, whatever stands before them.
const ENDS: &[&str] = &[
    "accesstoken",
    "appsecret",
    "encryptkey",
    "refreshtoken",
    "secretid",
    "secretkey",
    "sessionkey",
];

/// Parameters whose value in a URL is a secret.
const PARAMETERS: &[&str] =
    &["access_token=", "appsecret=", "refresh_token=", "secret=", "session_key="];

/// Members whose name is that of a secret, and which are none in the answers of these paths.
const HARMLESS: &[(&str, &str)] = &[
    // It is what a picture of the code is fetched with.
    ("/card/qrcode/create", "ticket"),
    ("/cgi-bin/qrcode/create", "ticket"),
];

/// JSON inside of text inside of JSON: deeper than this, it is withheld unread.
const DEEPEST: usize = 8;

/// Whether an answer must not leave, or `None` where it cannot be read.
///
/// `lets_out` says which names a deployment has excepted.
pub(crate) fn withheld(text: &str, row: &Row, lets_out: impl Fn(&str) -> bool) -> Option<bool> {
    let harmless = |name: &str| HARMLESS.contains(&(row.path, name)) || lets_out(name);
    let found = Cell::new(false);
    let scan = Scan { harmless: &harmless, found: &found, depth: 0 };
    let outcome = scan.read(text);
    match (found.get(), outcome) {
        (true, _) => Some(true),
        (false, Ok(())) => Some(false),
        (false, Err(_)) => None,
    }
}

/// A text in which secrets are struck out: JSON, the query of an address, or anything else.
pub(crate) fn struck(text: &str) -> String {
    let scan = |text: &str| {
        let found = Cell::new(false);
        let scan = Scan { harmless: &|_| false, found: &found, depth: 0 };
        (scan.read(text).is_ok() || found.get()).then(|| found.get())
    };
    match scan(text) {
        Some(false) => text.to_owned(),
        Some(true) => match serde_json::from_str(text) {
            Ok(value) => {
                strike(value, &|text| scan(text) != Some(false) && !is_plain(text)).to_string()
            }
            Err(_) => STRUCK.to_owned(),
        },
        None if is_plain(text) => text.to_owned(),
        None => STRUCK.to_owned(),
    }
}

/// What stands in the place of a secret.
const STRUCK: &str = "…";

/// Whether a text that is not JSON can be shown: it names no secret.
fn is_plain(text: &str) -> bool {
    !has_parameter(text)
        && !text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(is_secret)
}

fn strike(value: Value, hides: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| match is_secret(&name) {
                true => (name, STRUCK.into()),
                false => (name, strike(value, hides)),
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| strike(item, hides)).collect(),
        Value::String(text) if hides(&text) => STRUCK.into(),
        plain => plain,
    }
}

/// A query without the values of what is a secret there, or may be one.
pub(crate) fn struck_query(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(&percent::decode(name)) => format!("{name}={STRUCK}"),
        _ if has_parameter(pair) => STRUCK.to_owned(),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Whether a member or parameter of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    NAMES.contains(&plain.as_str()) || ENDS.iter().any(|end| plain.ends_with(end))
}

/// Looks at every name and text, and stops at the first that is a secret's.
#[derive(Clone, Copy)]
struct Scan<'a> {
    harmless: &'a dyn Fn(&str) -> bool,
    found: &'a Cell<bool>,
    depth: usize,
}

impl Scan<'_> {
    fn read(self, text: &str) -> serde_json::Result<()> {
        let mut reader = serde_json::Deserializer::from_str(text);
        self.deserialize(&mut reader)?;
        reader.end()
    }

    fn stop<E: serde::de::Error>(self) -> E {
        self.found.set(true);
        E::custom("a secret")
    }

    fn name<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        if is_secret(name) && !(self.harmless)(name) { Err(self.stop()) } else { self.text(name) }
    }

    fn text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if has_parameter(text) {
            return Err(self.stop());
        }
        if !matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'[' | b'"')) {
            return Ok(());
        }
        if self.depth == DEEPEST {
            return Err(self.stop());
        }
        // What is not JSON after all holds no names.
        let _ = Scan { depth: self.depth + 1, ..self }.read(text);
        if self.found.get() { Err(self.stop()) } else { Ok(()) }
    }
}

/// Whether a URL in the text has a parameter that is a secret, escaped or not.
fn has_parameter(text: &str) -> bool {
    if !text.contains(['=', '%']) {
        return false;
    }
    let text = text.to_ascii_lowercase().replace("%3d", "=").replace("%5f", "_");
    PARAMETERS.iter().any(|name| {
        text.match_indices(name).any(|(at, _)| {
            let value = text.as_bytes().get(at + name.len());
            // A bare `secret=` may end another word.
            let begins = *name != "secret="
                || !matches!(
                    at.checked_sub(1).map(|at| text.as_bytes()[at]),
                    Some(b'a'..=b'z' | b'0'..=b'9' | b'_')
                );
            begins && value.is_some_and(|next| !matches!(next, b'&' | b'#' | b' '))
        })
    })
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            self.name::<A::Error>(&name)?;
            members.next_value_seed(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use model::surface::rows;

    fn look(path: &str, text: &str) -> Option<bool> {
        withheld(text, &rows(path)[0], |_| false)
    }

    const PATH: &str = "/cgi-bin/user/info";

    #[test]
    fn every_name_of_a_secret_is_found() {
        for name in [
            "access_token",
            "refresh_token",
            "authorizer_access_token",
            "authorizer_refresh_token",
            "component_access_token",
            "cloudbase_access_token",
            "pre_auth_code",
            "authorization_code",
            "ticket",
            "api_ticket",
            "session_key",
            "encrypt_key",
            "appsecret",
            "secret",
            "secretid",
            "secretkey",
            "appkey",
            "app_key",
            "pushAddr",
            "push_url",
            "code_secret",
            "sn_ticket",
            "accessToken",
            "AccessToken",
            "ACCESS_TOKEN",
            "TmpSecretId",
            "TmpSecretKey",
            "sessionKey",
            "AppKey",
            "app-secret",
        ] {
            for text in [
                format!(r#"{{"{name}":"x"}}"#),
                format!(r#"{{"errcode":0,"a":[1,{{"b":[[{{"{name}":null}}]]}}]}}"#),
                format!(r#"{{"{}":"x"}}"#, escaped(name)),
                format!(r#"[{{"{name}":1}}]"#),
                serde_json::json!({ "data": format!(r#"{{"{name}":"x"}}"#) }).to_string(),
                serde_json::json!({ "a": serde_json::json!({ "b": format!(r#" [{{"{name}":"x"}}]"#) }).to_string() }).to_string(),
            ] {
                assert_eq!(look(PATH, &text), Some(true), "{text}");
            }
        }
    }

    /// A name with every character escaped.
    fn escaped(name: &str) -> String {
        name.chars().map(|c| format!("\\u{:04x}", c as u32)).collect()
    }

    #[test]
    fn a_token_in_an_address_is_found() {
        for address in [
            "https://api.weixin.qq.com/x?access_token=1",
            "https://x/?a=1&ACCESS_TOKEN=1",
            "https://x/?u=https%3A%2F%2Fy%3Faccess_token%3D1",
            "https://x/?appid=wx1&secret=1",
        ] {
            assert_eq!(look(PATH, &serde_json::json!({ "u": address }).to_string()), Some(true));
        }
        for address in ["https://x/?access_token=", "https://x/?topsecret=1", "access_token", "a=b"]
        {
            assert_eq!(look(PATH, &serde_json::json!({ "u": address }).to_string()), Some(false));
        }
    }

    #[test]
    fn what_holds_no_secret_leaves() {
        for text in [
            r#"{"errcode":0,"errmsg":"ok"}"#,
            r#"{"openid":"o","tagid_list":[1,2],"remark":"{not json"}"#,
            r#"{"tickets":1,"card":{"movie_ticket":{}},"keyword":"secret","waybill_token":"w"}"#,
            r#"{"n":12345678901234567890123456789,"f":1e-7}"#,
            "[]",
        ] {
            assert_eq!(look(PATH, text), Some(false), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_called_harmless() {
        for text in ["", "{", r#"{"a":1} {"access_token":1}"#, r#"{"a":}"#, "<xml/>"] {
            assert_eq!(look(PATH, text), None, "{text}");
        }
        let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(look(PATH, &deep), None);
    }

    #[test]
    fn text_in_text_is_read_to_a_depth_and_then_withheld() {
        let mut text = r#"{"access_token":"x"}"#.to_owned();
        for _ in 0..12 {
            text = serde_json::json!([text]).to_string();
            assert_eq!(look(PATH, &text), Some(true));
        }
    }

    #[test]
    fn exceptions_are_those_of_a_path() {
        let text = r#"{"ticket":"gQH47joAAAAAAAAAASxodHRwOi8v"}"#;
        assert_eq!(look("/cgi-bin/qrcode/create", text), Some(false));
        assert_eq!(look("/cgi-bin/user/info", text), Some(true));
        let live = &rows("/wxaapi/broadcast/room/getpushurl")[0];
        let text = r#"{"pushAddr":"rtmp://x"}"#;
        assert_eq!(withheld(text, live, |_| false), Some(true));
        assert_eq!(withheld(text, live, |name| name == "pushAddr"), Some(false));
    }

    #[test]
    fn secrets_are_struck_out_and_all_else_stays() {
        for (text, shown) in [
            (
                r#"{"n":12345678901234567890123,"a":"b"}"#,
                r#"{"n":12345678901234567890123,"a":"b"}"#,
            ),
            (r#"{"a":1,"session_key":"x"}"#, r#"{"a":1,"session_key":"…"}"#),
            (r#"{"a":["{\"secret\":1}"],"b":"c"}"#, r#"{"a":["…"],"b":"c"}"#),
            ("<html>", "<html>"),
            ("", ""),
            (r#"{"access_token":"x"#, "…"),
            ("grant_type=client_credential&secret=x", "…"),
        ] {
            assert_eq!(struck(text), shown);
        }
        assert_eq!(
            struck_query("a=b&access_token=x&SECRET=y&js_code=z&access%5Ftoken=x"),
            "a=b&access_token=…&SECRET=…&js_code=z&access%5Ftoken=…"
        );
    }

    proptest! {
        #[test]
        fn a_secret_at_any_depth_is_found(
            depth in 0_usize..40,
            shapes in prop::collection::vec(0_u8..3, 40),
            quoted in any::<bool>(),
        ) {
            let mut value = serde_json::json!({ "refresh_token": "x" });
            for shape in &shapes[..depth] {
                value = match shape {
                    0 => serde_json::json!([1, value]),
                    1 => serde_json::json!({ "a": "b", "z": value }),
                    _ if quoted && depth < 8 => serde_json::json!({ "text": value.to_string() }),
                    _ => serde_json::json!({ "list": [value, null] }),
                };
            }
            prop_assert_eq!(look(PATH, &value.to_string()), Some(true));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            look(PATH, &text);
        }
    }
}
