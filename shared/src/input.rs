//! An operation's input before it has a type: JSON members or query parameters.

mod strict;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::strict::Strict;
use crate::{Error, Problem, Result};

/// What the caller sent.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Json(Map<String, Value>),
    Query(Vec<(String, String)>),
}

impl Input {
    /// Reads a JSON object; an empty body or `null` is an empty object.
    pub(crate) fn json(body: &[u8]) -> Result<Input> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Input::Json(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Input::Json(members)),
            Ok(Value::Null) => Ok(Input::Json(Map::new())),
            Ok(_) => Err(malformed("The body must be a JSON object.".to_owned())),
            Err(error) => Err(malformed(format!(
                "The body is not JSON (line {}, column {}); send an object with `Content-Type: application/json`.",
                error.line(),
                error.column()
            ))),
        }
    }

    /// Reads a query string.
    ///
    /// A `+` stays a `+`: `encodeURIComponent` never writes a space that way, and form rules
    /// would break base64 and URLs.
    pub(crate) fn query(query: &str) -> Result<Input> {
        serde_html_form::from_str(&query.replace('+', "%2B"))
            .map(Input::Query)
            .map_err(|_| malformed("The query is not `name=value&…`.".to_owned()))
    }

    /// Takes one text out.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<String>> {
        match self {
            Input::Json(members) => match members.remove(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text)),
                Some(_) => Err(Error::invalid(name, format!("`{name}` must be a text."))),
            },
            Input::Query(pairs) => {
                let index = pairs.iter().position(|(key, _)| key == name);
                Ok(index.map(|index| pairs.remove(index).1))
            }
        }
    }

    /// Replaces one text.
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        match self {
            Input::Json(members) => {
                members.insert(name.to_owned(), text.into());
            }
            Input::Query(pairs) => {
                pairs.retain(|(key, _)| key != name);
                pairs.push((name.to_owned(), text.to_owned()));
            }
        }
    }

    /// Gives the input its type.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T> {
        match self {
            Input::Json(members) => {
                serde_path_to_error::deserialize(Strict(Value::Object(members))).map_err(invalid)
            }
            Input::Query(pairs) => {
                let query = serde_html_form::to_string(&pairs).map_err(Error::internal)?;
                let pairs = form_urlencoded::parse(query.as_bytes());
                serde_path_to_error::deserialize(serde_html_form::Deserializer::new(pairs))
                    .map_err(invalid)
            }
        }
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
    let detail = message.split(" at line ").next().unwrap_or_default();
    let mut detail: String = detail.chars().take(300).collect();
    if let Some(first) = detail.get(..1) {
        detail = format!("{}{}.", first.to_uppercase(), &detail[1..]);
    }
    let error = Error::new(Problem::InvalidInput, detail);
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
        assert_eq!(field(Input::query("size=3")), "text");
        assert_eq!(field(Input::query("text=a&size=big")), "size");
    }

    #[test]
    fn a_query_keeps_its_plus_and_its_numbers() {
        let sample: Sample = Input::query("text=a+b%20%E4%B8%AD&size=3").unwrap().read().unwrap();
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
