//! What is wrong with a value, on its way through serde.

use std::fmt;

use crate::{Language, Message};

/// What separates the texts and WeChat's code; no text holds it.
const SEPARATOR: char = '\u{1f}';

/// Why a value is refused, and the code WeChat would have answered.
///
/// serde carries errors as texts only, so the Chinese and the code travel behind the English and
/// are taken off by [`Fault::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One sentence for the caller: what the value must be.
    pub detail: Message,
    /// WeChat's code for it, for clients written for that code.
    pub errcode: Option<i64>,
}

impl Fault {
    /// A fault that WeChat has no code for.
    pub fn new(detail: impl Into<Message>) -> Fault {
        Fault { detail: detail.into(), errcode: None }
    }

    /// Reads the text of a serde error; `None` if serde itself wrote it.
    pub fn parse(message: &str) -> Option<Fault> {
        // serde_json may append a position.
        let mut parts = message.splitn(4, SEPARATOR);
        let [english, chinese, code] = [parts.next()?, parts.next()?, parts.next()?];
        let detail = Message::from([english.to_owned(), chinese.to_owned()]);
        Some(Fault { detail, errcode: code.parse().ok() })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chinese = self.detail.text(Language::Chinese);
        write!(f, "{}{SEPARATOR}{chinese}{SEPARATOR}", self.detail)?;
        if let Some(errcode) = self.errcode {
            write!(f, "{errcode}")?;
        }
        write!(f, "{SEPARATOR}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_survives_serde() {
        let detail = ["Must be an openid.", "须为 openid。"];
        for errcode in [Some(40003), None] {
            let fault = Fault { detail: detail.into(), errcode };
            assert_eq!(Fault::parse(&fault.to_string()), Some(fault.clone()));
            assert_eq!(Fault::parse(&format!("{fault} at line 1 column 2")), Some(fault));
        }
        assert_eq!(Fault::parse("missing field `text` at line 1 column 2"), None);
    }
}
