//! What one side spells in one way and the other in another: numbers and base64.

use std::borrow::Cow;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a number")]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

/// A text, or a number's digits: all of them, also beyond 2^53.
///
/// # Errors
/// It is neither.
pub fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    TextOrNumber::deserialize(from).map(|value| match value {
        TextOrNumber::Text(text) => text,
        TextOrNumber::Number(number) => number.to_string(),
    })
}

/// The same for a member that may be missing or null.
///
/// # Errors
/// It is neither.
pub fn maybe_text_or_number<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<String>, D::Error> {
    Option::<TextOrNumber>::deserialize(from).map(|value| {
        value.map(|value| match value {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        })
    })
}

/// JSON as WeChat writes it: with broken UTF-8 and raw control characters inside texts, which
/// become spaces.
pub fn wechat_json(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    // Between values a line break is as good as a space.
    let odd = |c: char| c < ' ';
    if text.contains(odd) { Cow::Owned(text.replace(odd, " ")) } else { text }
}

/// A member of an answer that the operation can do without: whatever else WeChat writes there
/// counts as left out.
///
/// For `#[serde(default, deserialize_with = "lenient")]`.
///
/// # Errors
/// The answer is not JSON.
pub fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    from: D,
) -> Result<T, D::Error> {
    Ok(match Value::deserialize(from)? {
        // serde would take a list for a struct.
        Value::Array(_) => T::default(),
        value => T::deserialize(value).unwrap_or_default(),
    })
}

/// The same for a list: entries that cannot be read are left out, the others stay.
///
/// # Errors
/// The answer is not JSON.
pub fn lenient_list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(entries) => {
            entries.into_iter().filter_map(|entry| T::deserialize(entry).ok()).collect()
        }
        _ => Vec::new(),
    })
}

/// The same for a text; a number counts as its digits.
///
/// # Errors
/// The answer is not JSON.
pub fn lenient_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The same for a whole number; a text of digits and a fraction of zero count as one.
///
/// # Errors
/// The answer is not JSON.
pub fn lenient_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| text.parse().ok().and_then(whole))
        }
        _ => None,
    })
}

/// Undoes what a query may have done to base64: escapes that were not decoded, and each `+` that
/// became a space.
pub fn base64_from_query(text: &str) -> String {
    let text = text.replace("%2B", "+").replace("%2b", "+");
    let text = text.replace("%2F", "/").replace("%2f", "/").replace("%3D", "=").replace("%3d", "=");
    text.replace(' ', "+")
}

/// Decodes base64 of either alphabet after what transports do to it: a `+` that became a space,
/// line breaks, indentation, lost padding.
///
/// A space may stand for a `+` or for nothing. Every reading is returned that can be decoded and
/// `fits`, the most likely one first.
pub fn base64_readings(text: &str, fits: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let line = |text: &str| -> String {
        let kept = text.chars().filter(|c| *c == ' ' || !c.is_whitespace());
        kept.map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect()
    };
    let whole = line(text);
    let trimmed: String = text.lines().map(|text| line(text.trim())).collect();
    let mut readings: Vec<Vec<u8>> = Vec::new();
    for reading in [whole.replace(' ', "+"), trimmed.replace(' ', "+"), whole.replace(' ', "")] {
        match LENIENT.decode(reading).ok().filter(|bytes| fits(bytes)) {
            Some(bytes) if !readings.contains(&bytes) => readings.push(bytes),
            _ => {}
        }
    }
    readings
}

/// The most likely of [`base64_readings`].
pub fn base64(text: &str, fits: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    base64_readings(text, fits).into_iter().next()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Answer {
        #[serde(default, deserialize_with = "lenient")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "lenient_list")]
        list: Vec<u8>,
        #[serde(default, deserialize_with = "lenient_text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "lenient_number")]
        number: Option<i64>,
    }

    #[test]
    fn an_odd_member_counts_as_left_out() {
        let read = |answer| serde_json::from_value::<Answer>(answer).unwrap();
        for odd in [json!(null), json!([[]]), json!({ "a": 1 })] {
            let answer = json!({ "flag": odd, "list": odd, "text": odd, "number": odd });
            assert_eq!(read(answer), Answer::default());
        }
        let answer = json!({ "flag": true, "list": [1, "x", 2], "text": 7, "number": " 7.0 " });
        let expected =
            Answer { flag: Some(true), list: vec![1, 2], text: Some("7".into()), number: Some(7) };
        assert_eq!(read(answer), expected);
        for (number, expected) in [
            (json!(11.0), Some(11)),
            (json!(0.5), None),
            (json!("11"), Some(11)),
            (json!(""), None),
            (json!("NaN"), None),
            (json!(u64::MAX), None),
        ] {
            assert_eq!(read(json!({ "number": number })).number, expected);
        }
    }

    #[test]
    fn a_space_may_be_a_plus_or_nothing() {
        let read = |text: &str| base64_readings(text, |bytes| bytes.len() == 3);
        assert_eq!(read("a+b/"), read("a b/"));
        assert_eq!(read("  a+b/\n"), read("a+b/"));
        assert_eq!(read("  a b/\r\n  "), read("a+b/"));
        // Which of them is right only its reader can say.
        let both = base64_readings("a bc ", |bytes| !bytes.is_empty());
        assert_eq!(both.len(), 2);
        assert_eq!(base64_from_query("a%2Bb%2fc%3D a"), "a+b/c=+a");
    }
}
