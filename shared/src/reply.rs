//! What operations answer: JSON, or a file.

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
}

/// An image or another file.
#[derive(Clone, Debug)]
pub struct File {
    /// The media type.
    pub content_type: String,
    /// The name to save it under.
    pub name: Option<String>,
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
