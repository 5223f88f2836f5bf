//! What a mini program encrypts with the key of `wx.getUserCryptoManager`, and how it is opened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    crypto::{equal_in_constant_time, hmac_sha256_hex},
    spelling::base64,
    text,
    value::{Chars, Text},
};

use super::{block, decrypted, whole_blocks};

text! {
    /// What a mini program encrypted, in base64.
    Data: 4..=65_536, Chars::VISIBLE, ["Send the data in base64.", "请发送 base64 编码的数据。"],
        check |text: &str| {
            base64(text, whole_blocks).map(drop).ok_or(["Must be blocks of 16 bytes in base64.", "须为 16 字节分组的 base64。"])
        };
    /// Where the cipher starts.
    Start: 24..=24, Chars::VISIBLE,
        ["Send iv of getLatestUserKey.", "请发送 getLatestUserKey 返回的 iv。"],
        check |text: &str| block(text).map(drop).ok_or(["Must be 16 bytes in base64.", "须为 16 字节的 base64。"]);
    /// A signature in hex.
    Hmac: 64..=64, Chars::HEX;
    /// When it was sent.
    Stamp: 1..=20, Chars::DIGITS;
}

/// Encrypted data as the mini program sends it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct SealedPayload {
    /// `version` of the key.
    ///
    /// 密钥的 `version`。
    pub(super) version: u64,
    /// The `iv` it was encrypted with: 16 bytes in base64.
    ///
    /// 加密所用的 `iv`：16 字节，base64 编码。
    iv: Text<Start>,
    /// What was encrypted, in base64.
    ///
    /// 密文，base64 编码。
    data: Text<Data>,
    /// The signature of all of it, in hex.
    ///
    /// 对全部内容的签名，十六进制。
    #[serde(default)]
    hmac: Option<Text<Hmac>>,
    /// When it was sent, as the signature has it.
    ///
    /// 发送时间，与签名中的一致。
    #[serde(default)]
    timestamp: Option<Text<Stamp>>,
}

/// What was encrypted.
///
/// 解密后的内容。
#[derive(Serialize, JsonSchema)]
pub struct Payload {
    /// The text.
    ///
    /// 文本内容。
    data: String,
}

impl SealedPayload {
    /// The text, if key and signature fit.
    pub(super) fn open(&self, key: &str) -> Option<Payload> {
        if !self.is_signed(key) {
            return None;
        }
        let data = base64(&self.data, whole_blocks)?;
        let plain = decrypted(&data, block(key)?, block(&self.iv)?)?;
        String::from_utf8(plain).ok().map(|data| Payload { data })
    }

    /// Whether the signature is the key's, or there is none.
    fn is_signed(&self, key: &str) -> bool {
        let Some(hmac) = &self.hmac else { return true };
        let mut signed = format!("{}&{}&{}", self.version, &*self.iv, &*self.data);
        if let Some(timestamp) = &self.timestamp {
            signed.extend(["&", timestamp]);
        }
        let expected = hmac_sha256_hex(key.as_bytes(), signed.as_bytes());
        equal_in_constant_time(expected.as_bytes(), hmac.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::Input;

    use super::*;

    const KEY: &str = "tiihtNczf5v6AKRyjwEUhQ==";
    const IV: &str = "r7BXXKkLb8qrSNn05n0qiA==";
    /// `{"a":"中"}`, padded, and two bytes that are no text, by `openssl enc -aes-128-cbc`.
    const DATA: &str = "NCiaLFfm4zmm0VwkWaroXg==";
    const NO_TEXT: &str = "S5vypa9rvEwjR+N3PvUN1A==";
    /// By `openssl dgst -sha256 -hmac`, over version 3, `IV` and `DATA`, and with a time.
    const HMAC: &str = "7f80196129f04402a938536770245fd4ec39e1b9e4bcbf5c435ee521af1f031f";
    const TIMED_HMAC: &str = "c8f96a21a2bbab484aa7ed6ba7813587b6907eb6638c52419a01b0449188b894";

    fn input() -> Value {
        json!({ "version": 3, "iv": IV, "data": DATA })
    }

    fn read(input: &Value) -> shared::Result<SealedPayload> {
        Input::json(input.to_string().as_bytes())?.read()
    }

    fn open(input: &Value) -> Option<String> {
        read(input).unwrap().open(KEY).map(|payload| payload.data)
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut input = input();
        input[name] = value.into();
        input
    }

    #[test]
    fn the_key_opens_the_text_and_no_other_key_does() {
        assert_eq!(open(&input()).unwrap(), r#"{"a":"中"}"#);
        let sealed = read(&input()).unwrap();
        for key in ["7MG7jbTToVVRWRXVA885rg==", "", "AAAA", "é"] {
            assert!(sealed.open(key).is_none(), "{key}");
        }
        assert!(open(&with("data", NO_TEXT)).is_none());
    }

    #[test]
    fn a_signature_that_is_sent_must_be_of_all_that_is_sent() {
        let signed = with("hmac", HMAC);
        assert!(open(&signed).is_some());
        let mut timed = with("hmac", TIMED_HMAC);
        assert!(open(&timed).is_none());
        timed["timestamp"] = "1795147200".into();
        assert!(open(&timed).is_some());
        for (name, value) in [
            ("version", json!(4)),
            ("timestamp", json!("1795147201")),
            ("hmac", json!(HMAC)),
            ("iv", json!("HyVFkGl5F5OQWJZZaNzBBg==")),
        ] {
            let mut altered = timed.clone();
            altered[name] = value;
            assert!(open(&altered).is_none(), "{name}");
        }
    }

    #[test]
    fn malformed_input_is_named() {
        for (name, value) in [
            ("iv", json!("r7BXXKkLb8qrSNn05n0q")),
            ("iv", json!("!7BXXKkLb8qrSNn05n0qiA==")),
            ("data", json!("AAAA")),
            ("data", json!("AAAA".repeat(16_385))),
            ("hmac", json!("0")),
            ("timestamp", json!("now")),
            ("version", json!(-1)),
        ] {
            assert_eq!(read(&with(name, value)).err().unwrap().field_name(), Some(name));
        }
    }
}
