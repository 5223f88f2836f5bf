//! A text of a JSON document, where it stands.

use std::{borrow::Cow, ops::Deref};

use serde::Deserialize;

/// A text of a document; copied only if it has escapes.
#[derive(Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Piece<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Deref for Piece<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
