//! What is wrong with a value, on its way through serde.

use std::fmt;

/// What separates the sentence from WeChat's code; no sentence holds it.
const SEPARATOR: char = '\u{1f}';

/// Why a value is refused, and the code WeChat would have answered.
///
/// serde carries errors as texts only, so the code travels at the end of the text and is taken
/// off by [`Fault::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One sentence for the caller: what the value must be.
    pub detail: String,
    /// WeChat's code for it, for clients written for that code.
    pub errcode: Option<i64>,
}

impl Fault {
    /// A fault that WeChat has no code for.
    pub fn new(detail: impl Into<String>) -> Fault {
        Fault { detail: detail.into(), errcode: None }
    }

    /// Reads the text of a serde error.
    pub fn parse(message: &str) -> Fault {
        match message.split_once(SEPARATOR) {
            Some((detail, code)) => {
                // serde_json may append a position.
                let digits = code.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                Fault { detail: detail.to_owned(), errcode: digits.parse().ok() }
            }
            None => Fault::new(message),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        match self.errcode {
            Some(errcode) => write!(f, "{SEPARATOR}{errcode}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_survives_serde() {
        let fault = Fault { detail: "Must be an openid.".into(), errcode: Some(40003) };
        assert_eq!(Fault::parse(&fault.to_string()), fault);
        assert_eq!(Fault::parse(&format!("{fault} at line 1 column 2")), fault);
        assert_eq!(Fault::parse("missing field"), Fault::new("missing field"));
    }
}
