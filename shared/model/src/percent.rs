//! Percent-encoding, as JavaScript's `encodeURIComponent` and its inverse have it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but letters, digits and `-_.!~*'()`.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Encodes a text as one component of an address.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Decodes each `%XX` once, whatever encoding of texts the bytes are in.
pub fn bytes(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Decodes each `%XX` once. A `+` stays a `+`, and a `%` without two digits stays as it is.
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_encoded_once_and_wholly() {
        assert_eq!(
            encode("https://h5.example.com/a b?x=中&y=1+2#/~home!"),
            "https%3A%2F%2Fh5.example.com%2Fa%20b%3Fx%3D%E4%B8%AD%26y%3D1%2B2%23%2F~home!"
        );
    }

    #[test]
    fn only_escapes_are_decoded() {
        assert_eq!(decode("a%20b+c%2e%E4%b8%AD%25%zz%"), "a b+c.中%%zz%");
        assert_eq!(decode("%ff"), "\u{fffd}");
    }
}
