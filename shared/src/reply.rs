//! What operations answer: JSON, a file, or a text.

use std::collections::BTreeMap;

use bytes::Bytes;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use crate::{Error, Log, Result};

/// An operation's answer. Whatever serializes is one, as JSON.
pub trait Reply: Send {
    /// The status of a successful response.
    const STATUS: u16 = 200;

    /// The body.
    ///
    /// # Errors
    /// It cannot be serialized, which is a bug.
    fn into_body(self) -> Result<Body>;

    /// The OpenAPI `content` of a successful response; null if it has none.
    fn content(generator: &mut SchemaGenerator) -> Value;
}

/// A body on its way out.
#[derive(Clone, Debug)]
pub enum Body {
    /// A JSON document.
    Json(String),
    /// Bytes with their type.
    File(File),
    /// A text with its status, for callers that expect exactly that.
    Text(Text),
}

impl Body {
    /// Adds lines to the answer's `warnings`; where the answer is bytes or a text, to the log.
    pub(crate) fn with_warnings(self, lines: Vec<String>) -> Result<Body> {
        if lines.is_empty() {
            return Ok(self);
        }
        let Body::Json(json) = self else {
            for line in &lines {
                tracing::warn!(target: Log::TARGET, "{line}");
            }
            return Ok(self);
        };
        let mut members: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(&json).map_err(Error::internal)?;
        let mut warnings: Vec<Value> = match members.get("warnings") {
            Some(own) => serde_json::from_str(own.get()).map_err(Error::internal)?,
            None => Vec::new(),
        };
        warnings.extend(lines.into_iter().map(Value::from));
        let warnings = serde_json::value::to_raw_value(&warnings).map_err(Error::internal)?;
        members.insert("warnings".to_owned(), warnings);
        serde_json::to_string(&members).map(Body::Json).map_err(Error::internal)
    }
}

/// A text with its status and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: &'static str,
    /// The body.
    pub text: String,
}

impl Text {
    /// A plain text with status 200.
    pub fn plain(text: impl Into<String>) -> Text {
        Text { status: 200, content_type: "text/plain; charset=utf-8", text: text.into() }
    }
}

/// Success without a body: status 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoContent;

/// An image or another file.
#[derive(Clone, Debug)]
pub struct File {
    /// The media type.
    pub content_type: String,
    /// The name to save it under.
    pub name: Option<String>,
    /// How much of a quota for life is used, where WeChat tells it.
    pub num_used: Option<u64>,
    /// The content.
    pub bytes: Bytes,
}

impl<T: Serialize + JsonSchema + Send> Reply for T {
    fn into_body(self) -> Result<Body> {
        serde_json::to_string(&self).map(Body::Json).map_err(Error::internal)
    }

    fn content(generator: &mut SchemaGenerator) -> Value {
        json!({ "application/json": { "schema": generator.subschema_for::<T>() } })
    }
}

impl Reply for File {
    fn into_body(self) -> Result<Body> {
        Ok(Body::File(self))
    }

    fn content(_generator: &mut SchemaGenerator) -> Value {
        json!({ "image/*": { "schema": { "type": "string", "format": "binary" } } })
    }
}

impl Reply for Text {
    fn into_body(self) -> Result<Body> {
        Ok(Body::Text(self))
    }

    fn content(_generator: &mut SchemaGenerator) -> Value {
        json!({ "text/plain": { "schema": { "type": "string" } } })
    }
}

impl Reply for NoContent {
    const STATUS: u16 = 204;

    fn into_body(self) -> Result<Body> {
        Ok(Body::Text(Text { status: Self::STATUS, ..Text::plain("") }))
    }

    fn content(_generator: &mut SchemaGenerator) -> Value {
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_join_those_of_the_operation_and_change_nothing_else() {
        let warned = |json: &str| {
            let body = Body::Json(json.to_owned()).with_warnings(vec!["b".to_owned()]);
            match body.unwrap() {
                Body::Json(json) => json,
                other => panic!("{other:?}"),
            }
        };
        let json = r#"{"id":18446744073709551616,"text":"\u00e9"}"#;
        let expected = r#"{"id":18446744073709551616,"text":"\u00e9","warnings":["b"]}"#;
        assert_eq!(warned(json), expected);
        assert_eq!(warned(r#"{"warnings":["a"]}"#), r#"{"warnings":["a","b"]}"#);
    }
}
