//! An operation's input before it has a type.

mod member;

use bytes::Bytes;
use model::value::Fault;
use serde::de::{DeserializeOwned, value::MapDeserializer};
use serde_json::{Map, Value};

use self::member::Member;
use crate::{Error, Problem, Result};

/// What the caller sent: the members of a JSON object, the pairs of a query or a form, and at most
/// one file; or an HTTP request as it came.
#[derive(Clone, Debug, Default)]
pub struct Input {
    members: Vec<(String, Member)>,
    request: Option<RawRequest>,
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
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Input::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Input::members(members)),
            Ok(Value::Null) => Ok(Input::default()),
            Ok(_) => Err(malformed("The body must be a JSON object.".to_owned())),
            Err(error) => Err(malformed(format!(
                "The body is not JSON (line {}, column {}); send an object with `Content-Type: application/json`.",
                error.line(),
                error.column()
            ))),
        }
    }

    fn members(members: Map<String, Value>) -> Input {
        let members = members.into_iter().map(|(name, value)| (name, Member::Json(value)));
        Input { members: members.collect(), request: None }
    }

    /// Reads a query string.
    ///
    /// A `+` stays a `+`: `encodeURIComponent` never writes a space that way, and form rules
    /// would break base64 and URLs.
    pub(crate) fn query(query: &str) -> Input {
        let mut input = Input::default();
        for (name, value) in form_urlencoded::parse(query.replace('+', "%2B").as_bytes()) {
            input.push(&name, value.into_owned());
        }
        input
    }

    /// A request that the operation reads by itself.
    pub(crate) fn raw(request: RawRequest) -> Input {
        Input { members: Vec::new(), request: Some(request) }
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
        self.request.ok_or_else(|| malformed("This operation takes HTTP requests.".to_owned()))
    }

    /// Takes one text out.
    ///
    /// # Errors
    /// The member is not a text.
    pub fn take(&mut self, name: &str) -> Result<Option<String>> {
        let Some(index) = self.members.iter().position(|(known, _)| known == name) else {
            return Ok(None);
        };
        match self.members.remove(index).1 {
            Member::Json(Value::Null) => Ok(None),
            Member::Json(Value::String(text)) => Ok(Some(text)),
            Member::Texts(mut texts) if texts.len() == 1 => Ok(texts.pop()),
            _ => Err(Error::invalid(name, format!("`{name}` must be a text."))),
        }
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
    pub fn read<T: DeserializeOwned>(self) -> Result<T> {
        let members = MapDeserializer::<_, serde_json::Error>::new(self.members.into_iter());
        serde_path_to_error::deserialize(members).map_err(invalid)
    }
}

fn malformed(detail: String) -> Error {
    Error::new(Problem::MalformedBody, detail)
}

fn invalid<E: std::error::Error>(error: serde_path_to_error::Error<E>) -> Error {
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    // serde names a missing or unknown member in backticks, not in the path.
    let named = (message.starts_with("missing field") || message.starts_with("unknown field"))
        .then(|| message.split('`').nth(1))
        .flatten();
    let field = match (path.as_str(), named) {
        (".", Some(name)) => name.to_owned(),
        (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
        (path, _) => path.to_owned(),
    };
    // serde_json appends where in the text it was, which says nothing of a parsed value.
    let Fault { detail, errcode } =
        Fault::parse(message.split(" at line ").next().unwrap_or_default());
    let mut detail: String = detail.chars().take(300).collect();
    if let Some(first) = detail.get(..1) {
        let stop = if detail.ends_with('.') { "" } else { "." };
        detail = format!("{}{}{stop}", first.to_uppercase(), &detail[1..]);
    }
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
        assert_eq!(field(Input::json(br#"{"text":"a","inner":{"deep":-1}}"#)), "inner.deep");
        // serde itself would take the array for the members in their order.
        assert_eq!(field(Input::json(br#"{"text":"a","inner":[1]}"#)), "inner");
        assert_eq!(field(Ok(Input::query("size=3"))), "text");
        assert_eq!(field(Ok(Input::query("text=a&size=big"))), "size");
    }

    #[test]
    fn a_query_keeps_its_plus_and_its_numbers() {
        let sample: Sample = Input::query("text=a+b%20%E4%B8%AD&size=3").read().unwrap();
        assert_eq!(sample, Sample { text: "a+b 中".into(), size: Some(3), inner: None });
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
