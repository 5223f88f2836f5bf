//! An operation's input before it has a type.

pub(crate) mod complaint;
mod member;
mod shape;

use std::{collections::BTreeMap, str::Utf8Error};

use bytes::Bytes;
use model::{Message, message, percent, value::Fault};
use serde::de::{DeserializeOwned, value::MapDeserializer};
use serde_json::value::RawValue;

use self::{member::Member, shape::Shape};
use crate::{Error, Problem, Result};

/// What the caller sent: the members of a JSON object, the pairs of a query or a form, and at most
/// one file; or an HTTP request as it came.
#[derive(Clone, Debug, Default)]
pub struct Input {
    members: Vec<(String, Member)>,
    request: Option<RawRequest>,
    /// The JSON as it came, for an operation with [`crate::Http::text`].
    text: Option<Bytes>,
}

/// An HTTP request for an operation that verifies it byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, escapes and all.
    pub path: String,
    /// The query as it came, without `?`.
    pub query: String,
    /// Header names in lower case, and their values.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Bytes,
}

impl RawRequest {
    /// A header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Input {
    /// Reads a JSON object; an empty body or `null` is an empty object.
    ///
    /// # Errors
    /// [`Problem::MalformedBody`].
    pub fn json(body: &[u8]) -> Result<Input> {
        let body = without_mark(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Input::default());
        }
        let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, &error))?;
        match serde_json::from_str(text) {
            // The values are read again when their types are known: a number keeps its digits.
            Ok(Shape::Object) => match serde_json::from_str(text) {
                Ok(members) => Ok(Input::members(members)),
                Err(error) => Err(Error::internal(error)),
            },
            Ok(Shape::Null) => Ok(Input::default()),
            Ok(Shape::Other) => {
                Err(malformed(["The body must be a JSON object.", "正文须为 JSON 对象。"]))
            }
            Err(error) => Err(not_json(&error)),
        }
    }

    /// Keeps the JSON as it came beside its members.
    pub(crate) fn with_text(self, json: &[u8]) -> Input {
        Input { text: Some(Bytes::copy_from_slice(without_mark(json))), ..self }
    }

    fn members(members: BTreeMap<String, Box<RawValue>>) -> Input {
        let members = members.into_iter().map(|(name, value)| (name, Member::Json(value)));
        Input { members: members.collect(), ..Input::default() }
    }

    /// Reads a query string.
    ///
    /// A `+` stays a `+`: `encodeURIComponent` never writes a space that way, and form rules
    /// would break base64 and URLs. A gateway may have made a space of it, which no address has.
    ///
    /// # Errors
    /// [`Problem::InvalidInput`], naming the pair whose escapes are not UTF-8.
    pub(crate) fn query(query: &str) -> Result<Input> {
        query.split('&').try_for_each(check_escapes)?;
        let mut input = Input::default();
        for (name, value) in form_urlencoded::parse(query.replace([' ', '+'], "%2B").as_bytes()) {
            input.push(&name, value.into_owned());
        }
        Ok(input)
    }

    /// A request that the operation reads by itself.
    pub(crate) fn raw(request: RawRequest) -> Input {
        Input { request: Some(request), ..Input::default() }
    }

    /// Adds a text, as a query or a form has it.
    pub(crate) fn push(&mut self, name: &str, text: String) {
        let known = self.members.iter_mut().find(|(known, _)| known == name);
        match known {
            Some((_, Member::Texts(texts))) => texts.push(text),
            _ => self.members.push((name.to_owned(), Member::Texts(vec![text]))),
        }
    }

    /// Adds the file.
    pub(crate) fn attach(&mut self, name: &str, file: Bytes) {
        self.members.push((name.to_owned(), Member::File(file)));
    }

    /// The request as it came, for an operation with [`crate::Http::RAW`].
    ///
    /// # Errors
    /// A direct invocation has none.
    pub fn request(self) -> Result<RawRequest> {
        self.request.ok_or_else(|| {
            malformed(["This operation takes HTTP requests.", "该接口只接受 HTTP 请求。"])
        })
    }

    /// Takes one text out.
    ///
    /// # Errors
    /// The member is not a text.
    pub fn take(&mut self, name: &str) -> Result<Option<String>> {
        let Some(index) = self.members.iter().position(|(known, _)| known == name) else {
            return Ok(None);
        };
        let text = match self.members.remove(index).1 {
            Member::Json(value) => serde_json::from_str(value.get()).ok(),
            Member::Texts(mut texts) if texts.len() == 1 => Some(texts.pop()),
            _ => None,
        };
        text.ok_or_else(|| {
            Error::invalid(name, message!("`{name}` must be a text.", "`{name}` 须为文本。"))
        })
    }

    /// Takes a member out, whatever it is, and tells whether it was there.
    pub(crate) fn discard(&mut self, name: &str) -> bool {
        let before = self.members.len();
        self.members.retain(|(known, _)| known != name);
        self.members.len() < before
    }

    /// Replaces one text.
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        self.members.retain(|(known, _)| known != name);
        self.push(name, text.to_owned());
    }

    /// Gives the input its type.
    ///
    /// # Errors
    /// [`Problem::InvalidInput`], naming the field at fault.
    pub fn read<T: DeserializeOwned>(mut self) -> Result<T> {
        let members = self.members.iter_mut().map(|(name, member)| (name.as_str(), member.given()));
        let members = MapDeserializer::<_, serde_json::Error>::new(members);
        serde_path_to_error::deserialize(members).map_err(invalid)
    }

    /// Gives the text of the JSON its type, with `appid` and numbers as they were written.
    ///
    /// # Errors
    /// As [`Input::read`].
    pub fn read_text<T: DeserializeOwned>(self) -> Result<T> {
        let text = self.text.unwrap_or_default();
        let text = if text.is_empty() { Bytes::from_static(b"{}") } else { text };
        let mut json = serde_json::Deserializer::from_slice(&text);
        serde_path_to_error::deserialize(&mut json).map_err(invalid)
    }
}

/// Editors and some languages write a byte order mark first.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn malformed(detail: impl Into<Message>) -> Error {
    Error::new(Problem::MalformedBody, detail)
}

fn not_json(error: &serde_json::Error) -> Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    let message = error.to_string();
    malformed(
        if message.contains("surrogate") || message.contains("unexpected end of hex escape") {
            message!(
                "A text of the body has half of a character ({place}): an emoji was cut in two; cut \
                 texts between whole characters.",
                "正文中有半个字符（{place}）：emoji 被截成两半，请在完整字符之间截断文本。"
            )
        } else {
            message!(
                "The body is not JSON ({place}); send an object with `Content-Type: application/json`.",
                "正文不是 JSON（{place}），请发送对象并带上 `Content-Type: application/json`。"
            )
        },
    )
}

/// Other encodings of Chinese would come out as other characters.
fn check_escapes(pair: &str) -> Result<()> {
    let bytes = percent::bytes(pair);
    let Err(error) = std::str::from_utf8(&bytes) else { return Ok(()) };
    let name = percent::decode(pair.split('=').next().unwrap_or_default());
    Err(Error::invalid(
        name,
        match is_gbk(&bytes[error.valid_up_to()..]) {
            true => [
                "The escapes are not UTF-8 and look like GBK; encode texts with encodeURIComponent.",
                "转义不是 UTF-8，看起来是 GBK，请用 encodeURIComponent 编码文本。",
            ],
            false => [
                "The escapes are not UTF-8; encode texts with encodeURIComponent.",
                "转义不是 UTF-8，请用 encodeURIComponent 编码文本。",
            ],
        },
    ))
}

fn not_utf8(body: &[u8], error: &Utf8Error) -> Error {
    let at = error.valid_up_to() + 1;
    malformed(match body {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            ["The body is UTF-16; send JSON in UTF-8.", "正文是 UTF-16，请发送 UTF-8 编码的 JSON。"]
                .into()
        }
        _ if is_gbk(&body[error.valid_up_to()..]) => {
            message!(
                "The body is not UTF-8 (byte {at}) and looks like GBK; send JSON in UTF-8.",
                "正文不是 UTF-8（第 {at} 字节），看起来是 GBK，请发送 UTF-8 编码的 JSON。"
            )
        }
        _ => message!(
            "The body is not UTF-8 (byte {at}); send JSON in UTF-8.",
            "正文不是 UTF-8（第 {at} 字节），请发送 UTF-8 编码的 JSON。"
        ),
    })
}

/// Whether all that is not ASCII comes in the pairs that GBK writes a Chinese character with.
fn is_gbk(bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter();
    while let Some(first) = bytes.next() {
        let is_pair = matches!(first, 0x81..=0xfe)
            && bytes.next().is_some_and(|second| matches!(second, 0x40..=0x7e | 0x80..=0xfe));
        if !first.is_ascii() && !is_pair {
            return false;
        }
    }
    true
}

fn invalid<E: std::error::Error>(error: serde_path_to_error::Error<E>) -> Error {
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    // serde names a missing member in backticks and not in the path, and so an unknown one where
    // an enum chooses the members.
    let is_missing = message.starts_with("missing field");
    let named = (is_missing || message.starts_with("unknown field"))
        .then(|| message.split('`').nth(1))
        .flatten();
    let field = match (path.as_str(), named) {
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) if is_missing || path.rsplit('.').next() != Some(name) => {
            format!("{path}.{name}")
        }
        (path, _) => path.to_owned(),
    };
    let Fault { detail, errcode } = complaint::read(&message);
    let mut error = Error::new(Problem::InvalidInput, detail);
    if let Some(errcode) = errcode {
        error = error.errcode(errcode, None);
    }
    if field == "." { error } else { error.field(field) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: String,
        #[serde(default)]
        size: Option<u32>,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default, rename = "knee-deep")]
        other: Option<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        deep: u8,
    }

    fn field(input: Result<Input>) -> String {
        let error = input.and_then(Input::read::<Sample>).unwrap_err();
        error.document("")["field"].as_str().unwrap().to_owned()
    }

    #[test]
    fn the_field_at_fault_is_named() {
        assert_eq!(field(Input::json(b"")), "text");
        assert_eq!(field(Input::json(br#"{"text":1}"#)), "text");
        assert_eq!(field(Input::json(br#"{"text":"a","sise":1}"#)), "sise");
        assert_eq!(field(Input::json(br#"{"text":"a","inner":{}}"#)), "inner.deep");
        // The name of the object ends with that of what is missing in it.
        assert_eq!(field(Input::json(br#"{"text":"a","knee-deep":{}}"#)), "knee-deep.deep");
        assert_eq!(field(Input::json(br#"{"text":"a","inner":{"deep":-1}}"#)), "inner.deep");
        // serde itself would take the array for the members in their order.
        assert_eq!(field(Input::json(br#"{"text":"a","inner":[1]}"#)), "inner");
        assert_eq!(field(Input::query("size=3")), "text");
        assert_eq!(field(Input::query("text=a&size=big")), "size");
    }

    #[test]
    fn a_query_keeps_its_plus_and_its_numbers() {
        let sample: Sample = Input::query("text=a+b%20%E4%B8%AD&size=3").unwrap().read().unwrap();
        let expected = Sample { text: "a+b 中".into(), size: Some(3), inner: None, other: None };
        assert_eq!(sample, expected);
    }

    #[test]
    fn a_plus_that_a_gateway_made_a_space_is_a_plus_again() {
        let sample: Sample = Input::query("text=a b%20c&size=3").unwrap().read().unwrap();
        assert_eq!(sample.text, "a+b c");
    }

    #[test]
    fn escapes_of_another_encoding_are_named() {
        // 你好 in GBK, and half of a character in UTF-8.
        let error = Input::query("size=3&text=%C4%E3%BA%C3").unwrap_err();
        assert_eq!(error.field_name(), Some("text"));
        assert!(error.detail().contains("GBK"), "{error}");
        let error = Input::query("text=%E4%BD").unwrap_err();
        assert_eq!(error.field_name(), Some("text"));
        assert!(Input::query("text=%EF%BF%BD&x=%25C4%25E3").is_ok());
    }

    #[test]
    fn a_byte_order_mark_is_read_over() {
        let sample: Sample = Input::json(b"\xef\xbb\xbf{\"text\":\"a\"}").unwrap().read().unwrap();
        assert_eq!(sample.text, "a");
        let body = b"\xef\xbb\xbf{\"text\":\"b\"}";
        let sample: Sample = Input::json(body).unwrap().with_text(body).read_text().unwrap();
        assert_eq!(sample.text, "b");
        assert!(Input::json(b"\xef\xbb\xbf").is_ok());
    }

    #[test]
    fn other_encodings_and_halved_characters_are_named() {
        let detail = |body: &[u8]| Input::json(body).unwrap_err().detail().to_owned();
        // The same object in UTF-16 and in GBK.
        assert!(detail(b"\xff\xfe{\0}\0").contains("UTF-16"));
        assert!(detail(b"{\"text\":\"\xc4\xe3\xba\xc3\"}").contains("GBK"));
        let broken = detail(b"{\"text\":\"\xff\"}");
        assert!(broken.contains("byte 10") && !broken.contains("GBK"), "{broken}");
        for text in [r"\ud83d", r"\ude00", r"\ud83d\u0041", r"\ud83dx"] {
            let body = format!("{{\"text\":\"{text}\"}}");
            assert!(detail(body.as_bytes()).contains("half of a character"), "{text}");
        }
    }

    #[test]
    fn a_number_that_no_integer_holds_arrives_as_its_digits() {
        #[derive(Deserialize)]
        struct Amount {
            #[serde(deserialize_with = "model::spelling::text_or_number")]
            amount: String,
        }
        let read = |number: &str| {
            let body = format!("{{\"amount\":{number}}}");
            Input::json(body.as_bytes()).unwrap().read::<Amount>().unwrap().amount
        };
        for number in [
            "7",
            "-7",
            "18446744073709551616",
            "4200000000000000000000000001",
            "-99999999999999999999",
            "9.5",
            "4.2e27",
        ] {
            assert_eq!(read(number), number);
        }
        // It is not a text elsewhere, and it is not a number of any type.
        assert_eq!(field(Input::json(br#"{"text":18446744073709551616}"#)), "text");
        assert_eq!(field(Input::json(br#"{"text":"a","size":18446744073709551616}"#)), "size");
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in ["[]", "1", "{", "\"a\"", "{} {}", &"[".repeat(10_000)] {
            assert_eq!(
                Input::json(body.as_bytes()).unwrap_err().problem(),
                Problem::MalformedBody,
                "{body}"
            );
        }
    }
}
