//! The keys on WeChat Pay's side: it signs, verifies and seals with code of its own, so that a
//! mistake of its callers is not made twice.
//!
//! Merchants of the simulator use demo keys that lie beside this file. Nothing they sign is worth
//! anything anywhere else.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::SystemRandom,
    signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    },
};

/// A certificate or public key of WeChat Pay's, with the private half.
pub(super) struct SigningKey {
    /// What `Wechatpay-Serial` says.
    pub(super) serial: String,
    /// The certificate's or the public key's PEM.
    pub(super) pem: String,
    pair: RsaKeyPair,
}

impl SigningKey {
    /// # Panics
    /// If the private key is not PKCS#8; those used here are constants.
    pub(super) fn new(serial: &str, pem: &str, private_key: &str) -> SigningKey {
        let pair = key_pair(private_key).expect("a private key of the simulator");
        SigningKey { serial: serial.to_owned(), pem: pem.to_owned(), pair }
    }

    /// Signs what goes out, in base64.
    pub(super) fn sign(&self, timestamp: &str, nonce: &str, body: &[u8]) -> String {
        self.sign_message(
            &[timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat(),
        )
    }

    pub(super) fn sign_message(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a signature has the modulus' length");
        BASE64_STANDARD.encode(signature)
    }
}

/// The public half of a merchant's key, as WeChat Pay knows it from the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MerchantKey(Vec<u8>);

impl MerchantKey {
    /// From the private key's PEM, which the demo has at hand.
    pub(super) fn of(private_key: &str) -> Option<MerchantKey> {
        Some(MerchantKey(key_pair(private_key)?.public_key().as_ref().to_vec()))
    }

    /// Whether the signature, in base64, is the merchant's.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        BASE64_STANDARD.decode(signature).is_ok_and(|signature| {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0);
            key.verify(message, &signature).is_ok()
        })
    }
}

/// Encrypts with the APIv3 key; the result is base64 of ciphertext and tag.
///
/// # Panics
/// If the key has not 32 bytes or the nonce not 12: merchants are checked when they are made.
pub(super) fn seal(apiv3_key: &str, nonce: &str, associated_data: &str, plain: &[u8]) -> String {
    let key = UnboundKey::new(&AES_256_GCM, apiv3_key.as_bytes()).expect("32 bytes");
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("12 bytes");
    let mut data = plain.to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut data)
        .expect("what is sealed here is small");
    BASE64_STANDARD.encode(data)
}

fn key_pair(pem: &str) -> Option<RsaKeyPair> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64_STANDARD.decode(body.trim()).ok()?;
    RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)).ok()
}
