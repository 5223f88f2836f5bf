//! Texts of a bounded length and a known alphabet.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::Fault;
use crate::{Message, message};

/// What WeChat counts in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A Chinese character and an emoji count one each.
    Characters,
    /// A Chinese character counts three.
    Bytes,
}

/// Which characters a text may have, and how they are counted.
#[derive(Debug)]
pub struct Chars {
    /// What a message calls them: `Must be 1 to 32 <noun>`, `须为 1 到 32 <noun>`.
    pub noun: [&'static str; 2],
    /// What is counted.
    pub unit: Unit,
    /// The same as a regular expression, for the document; none for any character.
    pub pattern: Option<&'static str>,
    /// Whether a character is one of them.
    pub allow: fn(char) -> bool,
}

impl Chars {
    /// Any characters.
    pub const ANY: Chars = Chars {
        noun: ["characters", "个字符"],
        unit: Unit::Characters,
        pattern: None,
        allow: |_| true,
    };

    /// Any characters, counted in bytes.
    pub const BYTES: Chars =
        Chars { noun: ["bytes", "字节"], unit: Unit::Bytes, pattern: None, allow: |_| true };

    /// Any characters but control characters, such as line breaks.
    pub const PRINTABLE: Chars = Chars {
        noun: ["characters without control characters", "个字符，不含控制字符"],
        unit: Unit::Characters,
        pattern: Some(r"^[^\u0000-\u001F\u007F-\u009F]*$"),
        allow: |c| !c.is_control(),
    };

    /// The same, counted in bytes.
    pub const PRINTABLE_BYTES: Chars = Chars {
        noun: ["bytes without control characters", "字节，不含控制字符"],
        unit: Unit::Bytes,
        pattern: Some(r"^[^\u0000-\u001F\u007F-\u009F]*$"),
        allow: |c| !c.is_control(),
    };

    /// Visible ASCII: no spaces, nothing beyond `~`.
    pub const VISIBLE: Chars = Chars {
        noun: ["visible ASCII characters", "个可见的 ASCII 字符"],
        unit: Unit::Characters,
        pattern: Some("^[!-~]*$"),
        allow: |c| c.is_ascii_graphic(),
    };

    /// What ids are made of.
    pub const ID: Chars = Chars {
        noun: ["letters, digits, `-` and `_`", "位字母、数字、`-` 和 `_`"],
        unit: Unit::Characters,
        pattern: Some("^[A-Za-z0-9_-]*$"),
        allow: |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'),
    };

    /// Letters and digits.
    pub const ALPHANUMERIC: Chars = Chars {
        noun: ["letters and digits", "位字母和数字"],
        unit: Unit::Characters,
        pattern: Some("^[A-Za-z0-9]*$"),
        allow: |c| c.is_ascii_alphanumeric(),
    };

    /// Digits.
    pub const DIGITS: Chars = Chars {
        noun: ["digits", "位数字"],
        unit: Unit::Characters,
        pattern: Some("^[0-9]*$"),
        allow: |c| c.is_ascii_digit(),
    };

    /// Lower-case hexadecimal digits.
    pub const HEX: Chars = Chars {
        noun: ["lower-case hexadecimal digits", "位小写十六进制数字"],
        unit: Unit::Characters,
        pattern: Some("^[0-9a-f]*$"),
        allow: |c| matches!(c, '0'..='9' | 'a'..='f'),
    };
}

/// What a text must be. Declare one with [`text!`](crate::text).
pub trait Rule: 'static {
    /// The least length.
    const MIN: usize;
    /// The greatest length.
    const MAX: usize;
    /// The alphabet, and what is counted.
    const CHARS: Chars;
    /// A second sentence of every message: where a valid value comes from. Empty for none.
    const HINT: [&'static str; 2] = ["", ""];
    /// The code WeChat answers to a wrong value.
    const ERRCODE: Option<i64> = None;

    /// What length and alphabet cannot say; the error is a whole sentence, in both languages.
    ///
    /// # Errors
    /// The text breaks the rule.
    fn check(text: &str) -> Result<(), [&'static str; 2]> {
        let _ = text;
        Ok(())
    }
}

/// A text that keeps a rule.
pub struct Text<R>(String, PhantomData<fn() -> R>);

impl<R: Rule> Text<R> {
    /// Checks a text.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn new(text: impl Into<String>) -> Result<Text<R>, Fault> {
        let text = text.into();
        let length = match R::CHARS.unit {
            Unit::Characters => text.chars().count(),
            Unit::Bytes => text.len(),
        };
        let fault = |detail: Message| Fault { detail, errcode: R::ERRCODE };
        if !(R::MIN..=R::MAX).contains(&length) || !text.chars().all(R::CHARS.allow) {
            return Err(fault(complaint(R::MIN, R::MAX, R::CHARS.noun, R::HINT)));
        }
        R::check(&text).map_err(|detail| fault(detail.into()))?;
        Ok(Text(text, PhantomData))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text itself, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Not generic, so that forty rules share it.
fn complaint(min: usize, max: usize, noun: [&str; 2], hint: [&str; 2]) -> Message {
    let [english, chinese] = noun;
    let [advice, advice_chinese] = hint;
    let space = if advice.is_empty() { "" } else { " " };
    match min {
        0 => message!(
            "Must be at most {max} {english}.{space}{advice}",
            "最多 {max} {chinese}。{advice_chinese}"
        ),
        _ if min == max => message!(
            "Must be exactly {max} {english}.{space}{advice}",
            "须正好 {max} {chinese}。{advice_chinese}"
        ),
        _ => message!(
            "Must be {min} to {max} {english}.{space}{advice}",
            "须为 {min} 到 {max} {chinese}。{advice_chinese}"
        ),
    }
}

impl<R> Clone for Text<R> {
    fn clone(&self) -> Text<R> {
        Text(self.0.clone(), PhantomData)
    }
}

impl<R> fmt::Debug for Text<R> {
    /// Without the text, which may be a code or personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text")
    }
}

impl<R> PartialEq for Text<R> {
    fn eq(&self, other: &Text<R>) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for Text<R> {}

impl<R> Deref for Text<R> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<R> Serialize for Text<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, R: Rule> Deserialize<'de> for Text<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<R>, D::Error> {
        Text::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<R: Rule> JsonSchema for Text<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "string" });
        if R::MIN > 0 {
            schema.insert("minLength".to_owned(), R::MIN.into());
        }
        match R::CHARS.unit {
            Unit::Characters => schema.insert("maxLength".to_owned(), R::MAX.into()),
            // No more characters than bytes.
            Unit::Bytes => {
                schema.insert("maxLength".to_owned(), R::MAX.into());
                schema.insert("x-max-bytes".to_owned(), R::MAX.into())
            }
        };
        if let Some(pattern) = R::CHARS.pattern {
            schema.insert("pattern".to_owned(), pattern.into());
        }
        schema
    }
}

/// Reads an optional value for which an empty text means that it is left out.
///
/// For `#[serde(default, deserialize_with = "unless_empty")]`.
///
/// # Errors
/// A text that is not empty and not valid.
pub fn unless_empty<'de, R: Rule, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Text<R>>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => Text::new(text).map(Some).map_err(D::Error::custom),
    }
}

/// Declares [`Rule`]s for [`Text`]s.
///
/// ```
/// use model::{text, value::{Chars, Text}};
///
/// text! {
///     /// The code of `wx.login`.
///     pub LoginCode: 1..=128, Chars::VISIBLE,
///         ["Send the code of wx.login unchanged.", "请原样发送 wx.login 返回的 code。"];
/// }
///
/// assert!(Text::<LoginCode>::new("0a1b").is_ok());
/// assert_eq!(
///     Text::<LoginCode>::new("a b").unwrap_err().detail.to_string(),
///     "Must be 1 to 128 visible ASCII characters. Send the code of wx.login unchanged."
/// );
/// ```
///
/// After the alphabet may come a hint in both languages, `errcode 40003`, and `check` with a function that says
/// what length and alphabet cannot.
#[macro_export]
macro_rules! text {
    ($(
        $(#[$about:meta])*
        $visibility:vis $name:ident: $min:literal..=$max:expr, $chars:expr
        $(, [$hint:literal, $chinese:literal $(,)?])? $(, errcode $errcode:literal)? $(, check $check:expr)?;
    )*) => {$(
        $(#[$about])*
        $visibility enum $name {}

        impl $crate::value::Rule for $name {
            const MIN: usize = $min;
            const MAX: usize = $max;
            const CHARS: $crate::value::Chars = $chars;
            $(const HINT: [&'static str; 2] = [$hint, $chinese];)?
            $(const ERRCODE: Option<i64> = Some($errcode);)?
            $(
                fn check(text: &str) -> ::std::result::Result<(), [&'static str; 2]> {
                    $check(text)
                }
            )?
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    text! {
        Title: 1..=5, Chars::ANY;
        Label: 0..=6, Chars::BYTES,
            ["A Chinese character counts three.", "一个汉字计为三个字节。"], errcode 47003;
        Even: 2..=4, Chars::DIGITS, check |text: &str| {
            if text.ends_with(['0', '2', '4', '6', '8']) { Ok(()) } else { Err([
                "Must be even.",
                "须为偶数。",
            ]) }
        };
    }

    fn wrong<R: Rule>(text: &str) -> String {
        Text::<R>::new(text).unwrap_err().detail.to_string()
    }

    #[test]
    fn lengths_are_counted_in_the_unit_of_the_rule() {
        assert!(Text::<Title>::new("中文字五个").is_ok());
        assert_eq!(wrong::<Title>("中文字六个多"), "Must be 1 to 5 characters.");
        assert_eq!(wrong::<Title>(""), "Must be 1 to 5 characters.");
        assert!(Text::<Label>::new("中文").is_ok());
        assert_eq!(
            wrong::<Label>("中文字"),
            "Must be at most 6 bytes. A Chinese character counts three."
        );
    }

    #[test]
    fn a_rule_may_say_more_than_length_and_alphabet() {
        assert!(Text::<Even>::new("12").is_ok());
        assert_eq!(wrong::<Even>("13"), "Must be even.");
        assert_eq!(wrong::<Even>("1a"), "Must be 2 to 4 digits.");
    }

    #[test]
    fn schema_and_check_read_the_same_rule() {
        let mut generator = SchemaGenerator::default();
        let schema = Text::<Label>::json_schema(&mut generator).to_value();
        let expected = serde_json::json!({ "type": "string", "maxLength": 6, "x-max-bytes": 6 });
        assert_eq!(schema, expected);
        let error = serde_json::from_str::<Text<Label>>("\"1234567\"").unwrap_err();
        let fault = Fault::parse(&error.to_string()).unwrap();
        assert_eq!(fault.errcode, Some(47003));
        assert_eq!(fault.detail.text(Language::Chinese), "最多 6 字节。一个汉字计为三个字节。");
    }
}
