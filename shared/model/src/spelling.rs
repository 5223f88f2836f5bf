//! What one side spells in one way and the other in another: numbers and base64.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Deserializer};

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

/// Decodes base64 of either alphabet after what transports do to it: a `+` that became a space,
/// line breaks, lost padding. `fits` tells which reading of a space gives what is expected.
pub fn base64(text: &str, fits: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let decode = |text: String| LENIENT.decode(text).ok().filter(|bytes| fits(bytes));
    let line: String = text
        .chars()
        .filter(|c| *c == ' ' || !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    decode(line.replace(' ', "+")).or_else(|| decode(line.replace(' ', "")))
}
