//! RSA keys from PEM: the merchant's that signs, and WeChat Pay's that verify.

use std::{fmt, sync::Arc};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls_pki_types::{
    CertificateDer, SubjectPublicKeyInfoDer,
    pem::{PemObject, SectionKind},
};
use webpki::{EndEntityCert, RawPublicKeyEntity, ring::RSA_PKCS1_2048_8192_SHA256};

use super::time::asn1_time;

/// Why a key cannot be used. Never holds any part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The text is not PEM, or holds something else.
    #[error("is not a PEM private key (PKCS#8 or PKCS#1)")]
    NotAPrivateKey,
    /// The PEM holds a private key that is not RSA of at least 2048 bits.
    #[error("is not an RSA private key of at least 2048 bits")]
    NotRsa,
    /// The text is not PEM, or holds something else.
    #[error("is not a PEM public key of at least 2048 bits")]
    NotAPublicKey,
    /// The text is not PEM, or holds something else.
    #[error("is not a PEM certificate with an RSA key")]
    NotACertificate,
    /// The certificate has another serial than the setting says.
    #[error("is a certificate with another serial number")]
    OtherSerial,
    /// The name is neither a public key's id nor a certificate's serial.
    #[error("is named neither PUB_KEY_ID_… nor by a certificate's serial number of 40 hex digits")]
    BadName,
    /// An APIv3 key has exactly 32 bytes.
    #[error("must be 32 bytes")]
    NotApiV3,
}

/// The merchant's private key (商户API私钥): signs requests and what the client hands to WeChat.
#[derive(Clone)]
pub struct PrivateKey(Arc<RsaKeyPair>);

impl PrivateKey {
    /// Reads `apiclient_key.pem`, as PKCS#8 or PKCS#1, whatever became of its line ends.
    ///
    /// # Errors
    /// [`BadKey::NotAPrivateKey`] or [`BadKey::NotRsa`].
    pub fn parse(pem: &str) -> Result<PrivateKey, BadKey> {
        let (kind, der) = section(pem).ok_or(BadKey::NotAPrivateKey)?;
        let pair = match kind {
            SectionKind::PrivateKey => RsaKeyPair::from_pkcs8(&der),
            SectionKind::RsaPrivateKey => RsaKeyPair::from_der(&der),
            _ => return Err(BadKey::NotAPrivateKey),
        };
        pair.map(|pair| PrivateKey(Arc::new(pair))).map_err(|_| BadKey::NotRsa)
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256, in base64.
    ///
    /// # Panics
    /// If ring has no memory for a signature; input cannot cause it.
    pub fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .expect("a buffer of the modulus' length takes a signature");
        BASE64_STANDARD.encode(signature)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// A key of WeChat Pay's that verifies answers and notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    spki: Vec<u8>,
    /// From when until when a certificate is valid; a public key does not expire.
    validity: Option<(u64, u64)>,
}

impl VerifyingKey {
    /// Reads `pub_key.pem`, WeChat Pay's public key (微信支付公钥).
    ///
    /// # Errors
    /// [`BadKey::NotAPublicKey`].
    pub fn public_key(pem: &str) -> Result<VerifyingKey, BadKey> {
        let Some((SectionKind::PublicKey, spki)) = section(pem) else {
            return Err(BadKey::NotAPublicKey);
        };
        let key = VerifyingKey { spki, validity: None };
        if key.is_rsa() { Ok(key) } else { Err(BadKey::NotAPublicKey) }
    }

    /// Reads a platform certificate (微信支付平台证书) that must have this serial number.
    ///
    /// # Errors
    /// [`BadKey::NotACertificate`] or [`BadKey::OtherSerial`].
    pub fn certificate(pem: &str, serial: &str) -> Result<VerifyingKey, BadKey> {
        let Some((SectionKind::Certificate, der)) = section(pem) else {
            return Err(BadKey::NotACertificate);
        };
        let der = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&der).map_err(|_| BadKey::NotACertificate)?;
        let found = shared::crypto::hex(certificate.serial());
        // DER keeps a positive number positive with a leading zero byte.
        let bare = |text: &str| text.trim_start_matches('0').to_ascii_uppercase();
        if bare(&found) != bare(serial) {
            return Err(BadKey::OtherSerial);
        }
        let validity = validity(&der, certificate.issuer()).ok_or(BadKey::NotACertificate)?;
        let spki = certificate.subject_public_key_info().as_ref().to_vec();
        let key = VerifyingKey { spki, validity: Some(validity) };
        if key.is_rsa() { Ok(key) } else { Err(BadKey::NotACertificate) }
    }

    /// Whether `signature`, in base64, is this key's of `message`.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64_STANDARD.decode(signature) else { return false };
        let spki = SubjectPublicKeyInfoDer::from(self.spki.as_slice());
        RawPublicKeyEntity::try_from(&spki).is_ok_and(|key| {
            key.verify_signature(RSA_PKCS1_2048_8192_SHA256, message, &signature).is_ok()
        })
    }

    /// When a certificate expires, in seconds since 1970; a public key does not.
    pub fn expires_at(&self) -> Option<u64> {
        self.validity.map(|(_, until)| until)
    }

    /// Whether the key may be trusted at this time.
    pub fn is_valid_at(&self, now: u64) -> bool {
        self.validity.is_none_or(|(from, until)| (from..=until).contains(&now))
    }

    /// Whether the key is RSA of 2048 bits or more: a wrong signature is then refused for what it
    /// is, not for its algorithm.
    fn is_rsa(&self) -> bool {
        const MODULUS: usize = 2048 / 8;
        let spki = SubjectPublicKeyInfoDer::from(self.spki.as_slice());
        RawPublicKeyEntity::try_from(&spki).is_ok_and(|key| {
            let verdict = key.verify_signature(RSA_PKCS1_2048_8192_SHA256, b"", b"");
            matches!(verdict, Err(webpki::Error::InvalidSignatureForPublicKey))
                && self.spki.len() > MODULUS
        })
    }
}

/// The one section of a PEM text that may have lost its line ends to a form or an environment
/// variable.
fn section(pem: &str) -> Option<(SectionKind, Vec<u8>)> {
    let text = pem.replace("\\r", "").replace("\\n", "\n");
    let mut parts = text.split("-----").map(str::trim).filter(|part| !part.is_empty());
    let (begin, body, end) = (parts.next()?, parts.next()?, parts.next()?);
    let body: String = body.split_whitespace().collect();
    let text = format!("-----{begin}-----\n{body}\n-----{end}-----\n");
    <(SectionKind, Vec<u8>)>::from_pem_slice(text.as_bytes()).ok()
}

/// The validity of a certificate, which webpki checks but does not return: it follows the issuer.
fn validity(certificate: &[u8], issuer: &[u8]) -> Option<(u64, u64)> {
    let at = certificate.windows(issuer.len()).position(|window| window == issuer)?;
    let (SEQUENCE, times, _) = element(&certificate[at + issuer.len()..])? else { return None };
    let (tag, from, rest) = element(times)?;
    let from = asn1_time(tag, from)?;
    let (tag, until, _) = element(rest)?;
    Some((from, asn1_time(tag, until)?))
}

const SEQUENCE: u8 = 0x30;

/// The first element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let length = usize::from(length);
    // Times and the sequence of two of them are far shorter than 128 bytes.
    (length < 128 && rest.len() >= length).then(|| (tag, &rest[..length], &rest[length..]))
}
