//! What operations answer: JSON, a file, or a text.

use bytes::Bytes;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Error, Result};

/// An operation's answer. Whatever serializes is one, as JSON.
pub trait Reply: Send {
    /// The body.
    ///
    /// # Errors
    /// It cannot be serialized, which is a bug.
    fn into_body(self) -> Result<Body>;

    /// The OpenAPI `content` of a successful response.
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

    /// Status 204 and no body.
    pub fn empty() -> Text {
        Text { status: 204, ..Text::plain("") }
    }
}

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
