//! The tokens and keys of a push URL, its signatures and its encryption.
//!
//! WeChat: [encryption of messages][doc]
//!
//! [doc]: https://developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html

use aes::Aes256;
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::NoPadding},
};
use serde::Deserialize;
use shared::{
    Error, Problem, Result, Secret,
    crypto::{equal_in_constant_time, sha1_hex},
    message,
};

/// 48 of the 64 possible last characters of an EncodingAESKey have bits that no byte takes, and
/// the console hands such keys out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An EncodingAESKey has 43 characters: 258 bits, of which the last two are dropped.
const KEY_LENGTH: usize = 43;

/// A token has 3 to 32 letters and digits.
const TOKEN_LENGTH: usize = 32;

/// Two of each: the new one and, for a day, the one it replaces.
const GENERATIONS: usize = 2;

/// WeChat pads to blocks of 32 bytes, twice the block of the cipher.
const PADDING: usize = 32;

const BLOCK: usize = 16;

/// Random bytes and the length of the text, before the text.
const HEAD: usize = 20;

/// What an account's push URL is configured with at WeChat, newest first.
#[derive(Debug)]
pub struct Keys {
    tokens: Vec<Secret>,
    keys: Vec<AesKey>,
}

/// The part of a request that is signed besides its content.
#[derive(Clone, Copy)]
pub(super) struct Stamp<'a> {
    /// Seconds since 1970, as they came.
    pub timestamp: &'a str,
    /// The nonce, as it came.
    pub nonce: &'a str,
}

/// The text of the secret that a `push` setting names.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tokens: Vec<Secret>,
    #[serde(default)]
    keys: Vec<Secret>,
}

impl Keys {
    /// Reads `{"tokens":[…],"keys":[…]}`.
    ///
    /// # Errors
    /// `Misconfigured`, without the text, if it breaks a rule.
    pub fn read(text: &str) -> Result<Keys> {
        let wrong = |[rule, rule_zh]: [&str; 2]| {
            let detail = message!(
                "The push keys in WECHAT_APPS must be {{\"tokens\":[…],\"keys\":[…]}}: {rule}.",
                "WECHAT_APPS 中的消息推送密钥须为 {{\"tokens\":[…],\"keys\":[…]}}：{rule_zh}。"
            );
            Error::new(Problem::Misconfigured, detail)
        };
        let written: Written = serde_json::from_str(text)
            .map_err(|_| wrong(["two lists of text, newest first", "两个文本列表，最新的在前"]))?;
        let token = |token: &Secret| {
            let token = token.expose();
            (1..=TOKEN_LENGTH).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !(1..=GENERATIONS).contains(&written.tokens.len()) || !written.tokens.iter().all(token) {
            return Err(wrong([
                "one or two tokens of at most 32 characters each",
                "一到两个 Token，每个最多 32 个字符",
            ]));
        }
        if written.keys.len() > GENERATIONS {
            return Err(wrong(["at most two keys", "最多两个密钥"]));
        }
        let keys: Option<Vec<AesKey>> =
            written.keys.iter().map(|key| AesKey::read(key.expose())).collect();
        let keys = keys.ok_or_else(|| {
            wrong([
                "an EncodingAESKey is 43 letters, digits, + or /",
                "EncodingAESKey 为 43 位字母、数字、+ 或 /",
            ])
        })?;
        Ok(Keys { tokens: written.tokens, keys })
    }

    /// The signature of a request in the clear, as WeChat makes it with the newest token.
    pub fn sign(&self, timestamp: &str, nonce: &str) -> String {
        signature(&[timestamp, nonce], &self.tokens[0])
    }

    /// Whether `signature` is that of a request in the clear. It does not cover the body.
    pub(super) fn signed(&self, stamp: Stamp<'_>, signature: &str) -> bool {
        self.fits(&[stamp.timestamp, stamp.nonce], signature)
    }

    /// Whether `msg_signature` is that of the sealed text.
    pub(super) fn sealed(&self, stamp: Stamp<'_>, encrypt: &str, msg_signature: &str) -> bool {
        self.fits(&[stamp.timestamp, stamp.nonce, encrypt], msg_signature)
    }

    /// Compares with every token, whether or not one has fitted already.
    fn fits(&self, parts: &[&str], signature: &str) -> bool {
        self.tokens.iter().fold(false, |fits, token| {
            let expected = self::signature(parts, token);
            fits | equal_in_constant_time(expected.as_bytes(), signature.as_bytes())
        })
    }

    /// The text in a sealed one whose signature was checked, if a key opens it and it was made for
    /// this app.
    pub(super) fn open(&self, encrypt: &str, appid: &str) -> Option<String> {
        let sealed = LENIENT.decode(encrypt).ok()?;
        self.keys.iter().find_map(|key| key.open(&sealed, appid))
    }
}

/// Of the parts and a token, in the order of their text.
fn signature(parts: &[&str], token: &Secret) -> String {
    let mut parts: Vec<&str> =
        parts.iter().copied().chain(std::iter::once(token.expose())).collect();
    parts.sort_unstable();
    sha1_hex(parts.concat())
}

/// The 32 bytes of an EncodingAESKey; the first 16 are also the initialization vector.
struct AesKey([u8; 32]);

impl AesKey {
    fn read(text: &str) -> Option<AesKey> {
        let key = (text.len() == KEY_LENGTH).then(|| LENIENT.decode(text).ok())??;
        key.try_into().ok().map(AesKey)
    }

    /// Random bytes, length, text and appid, padded to whole blocks of 32 bytes.
    fn open(&self, sealed: &[u8], appid: &str) -> Option<String> {
        if sealed.len() < 2 * BLOCK {
            return None;
        }
        let iv: &[u8; BLOCK] = self.0.first_chunk()?;
        let plain = Decryptor::<Aes256>::new(&self.0.into(), iv.into())
            .decrypt_padded_vec::<NoPadding>(sealed)
            .ok()?;
        let plain = unpad(&plain)?;
        let length = u32::from_be_bytes(*plain.get(BLOCK..HEAD)?.first_chunk()?);
        let rest = plain.get(HEAD..)?;
        let (text, owner) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        if owner != appid.as_bytes() {
            return None;
        }
        String::from_utf8(text.to_vec()).ok()
    }
}

impl std::fmt::Debug for AesKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// The bytes before the padding: 1 to 32 bytes that all hold their number.
fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*padded.last()?);
    if !(1..=PADDING).contains(&count) {
        return None;
    }
    let (text, padding) = padded.split_at_checked(padded.len().checked_sub(count)?)?;
    padding.iter().all(|byte| usize::from(*byte) == count).then_some(text)
}
