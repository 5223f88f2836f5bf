//! Pages of a mini program: what WeChat allows in their addresses, and in which version they are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Error, Result};

/// Which version of the mini program opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(extend("x-shared" = true))]
pub(crate) enum EnvVersion {
    /// The released one.
    Release,
    /// The one for testers.
    Trial,
    /// The one under development.
    Develop,
}

/// Checks a page's path: no query, and not longer than `limit` characters.
pub(crate) fn check_path(field: &str, path: &str, limit: usize) -> Result<()> {
    if path.chars().count() > limit {
        return Err(Error::invalid(field, format!("A path may have {limit} characters.")));
    }
    if path.contains(['?', '#']) {
        let detail = "A path carries no query; send what follows `?` in its own field.";
        return Err(Error::invalid(field, detail));
    }
    if path.contains(char::is_whitespace) || path.contains(char::is_control) {
        return Err(Error::invalid(field, "A path has no spaces."));
    }
    Ok(())
}

/// Checks what WeChat calls visible characters; in queries a `%` is one of them.
pub(crate) fn check_visible(field: &str, text: &str, limit: usize, also: &str) -> Result<()> {
    const PUNCTUATION: &str = "!#$&'()*+,/:;=?@-._~";
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || PUNCTUATION.contains(c) || also.contains(c);
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        let c = c.escape_default();
        let detail = format!(
            "WeChat allows letters, digits and {PUNCTUATION}{also} here, but not `{c}`; encode it."
        );
        return Err(Error::invalid(field, detail));
    }
    if text.len() > limit {
        return Err(Error::invalid(field, format!("WeChat allows {limit} characters here.")));
    }
    Ok(())
}
