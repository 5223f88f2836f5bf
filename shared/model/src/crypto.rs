//! Digests, signatures and randomness, in the spellings WeChat uses.

use ring::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use sha1::{Digest, Sha1};

/// SHA-1 in lower-case hex; WeChat signs JS-SDK pages, cards and `rawData` with it.
pub fn sha1_hex(data: impl AsRef<[u8]>) -> String {
    hex(&Sha1::digest(data))
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(data: impl AsRef<[u8]>) -> String {
    hex(&sha256(data))
}

/// SHA-256.
pub fn sha256(data: impl AsRef<[u8]>) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, data.as_ref());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// HMAC-SHA256 in lower-case hex; WeChat's user-state signature.
pub fn hmac_sha256_hex(key: &[u8], message: &[u8]) -> String {
    hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

/// `N` bytes nobody can guess.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// 32 characters nobody can guess, from the alphabet WeChat allows in a nonce.
pub fn nonce() -> String {
    hex(&random_bytes::<16>())
}

/// A number below `bound` (at least 1), good enough to spread retries.
pub fn jitter(bound: u64) -> u64 {
    u64::from_le_bytes(random_bytes()) % bound.max(1)
}

/// Compares without telling by the time taken where two texts differ.
pub fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    // Both sides are hashed, so that neither length nor content shows.
    let (a, b) = (sha256(a), sha256(b));
    a.iter().zip(&b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jssdk_sample_of_wechat_is_signed_alike() {
        let string1 = "jsapi_ticket=sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg&noncestr=Wm3WZYTPz0wzccnW&timestamp=1414587457&url=http://mp.weixin.qq.com?params=value";
        assert_eq!(sha1_hex(string1), "0f9de62fce790f9a083d5c99e95740ceb90c27ed");
    }

    #[test]
    fn the_user_state_signature_takes_the_session_key_as_text() {
        assert_eq!(
            hmac_sha256_hex(b"o0q0otL8aEzpcZL/FT9WsQ==", br#"{"foo":"bar"}"#),
            "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
        );
        assert_eq!(
            hmac_sha256_hex(b"o0q0otL8aEzpcZL/FT9WsQ==", b""),
            "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"
        );
    }

    #[test]
    fn equality_sees_every_difference() {
        assert!(equal_in_constant_time(b"abc", b"abc"));
        assert!(!equal_in_constant_time(b"abc", b"abd"));
        assert!(!equal_in_constant_time(b"abc", b"ab"));
    }
}
