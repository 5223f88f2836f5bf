//! Signatures of WeChat Pay's answers and notifications.
//!
//! WeChat: [how to verify][doc], [the public key mode][public]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4013053249
//! [public]: https://pay.weixin.qq.com/doc/v3/merchant/4012153196

use std::collections::BTreeMap;

use super::{BadKey, VerifyingKey};

/// How far WeChat Pay's clock and ours may be apart, in seconds.
const CLOCK_LIMIT: u64 = 300;

const ALGORITHM: &str = "WECHATPAY2-SHA256-RSA2048";

/// What WeChat Pay puts before a wrong signature, to see whether it is checked.
///
/// It must fail as any wrong signature does; the true message comes again.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// Begins the name of a public key; a certificate is named by its serial.
const PUBLIC_KEY: &str = "PUB_KEY_ID_";

/// Why a message proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header is missing or is not what it must be.
    #[error("the header {0} is missing or malformed")]
    Header(&'static str),
    /// Not the algorithm of this scheme; SM2 is not spoken here.
    #[error("the signature is of another algorithm")]
    Algorithm,
    /// Signed more than five minutes ago, or ahead.
    #[error("the signature is more than 5 minutes old, or ahead of this clock")]
    Stale,
    /// WeChat Pay probes whether signatures are checked.
    #[error("the signature is a probe of WeChat Pay's")]
    Probe,
    /// No key has that name; new certificates may have to be fetched.
    #[error("the signature is of an unknown key")]
    UnknownKey,
    /// The certificate had expired, or was not valid yet.
    #[error("the signature is of a certificate that is not valid now")]
    Expired,
    /// The key did not sign these bytes.
    #[error("the signature does not fit")]
    Forged,
}

/// WeChat Pay's keys by name: any number of public keys and certificates side by side, because
/// during a switch messages of both kinds arrive.
#[derive(Clone, Debug, Default)]
pub struct VerifyingKeys(BTreeMap<String, VerifyingKey>);

impl VerifyingKeys {
    /// Adds a key: under `PUB_KEY_ID_…` a public key, else a certificate with that serial.
    ///
    /// # Errors
    /// The name or the PEM cannot be used.
    pub fn add(&mut self, name: &str, pem: &str) -> Result<(), BadKey> {
        let key = if name.starts_with(PUBLIC_KEY) {
            VerifyingKey::public_key(pem)?
        } else if is_serial(name) {
            VerifyingKey::certificate(pem, name)?
        } else {
            return Err(BadKey::BadName);
        };
        self.insert(name, key);
        Ok(())
    }

    /// Adds a key that was read before.
    pub fn insert(&mut self, name: &str, key: VerifyingKey) {
        self.0.insert(spelled(name), key);
    }

    /// The names of all keys.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The first public key's name, if there is one.
    pub fn public_key(&self) -> Option<&str> {
        self.names().find(|name| name.starts_with(PUBLIC_KEY))
    }

    /// When the last certificate expires, unless a public key is there as well, which does not.
    pub fn last_certificate_expires_at(&self) -> Option<u64> {
        if self.public_key().is_some() {
            return None;
        }
        self.0.values().filter_map(VerifyingKey::expires_at).max()
    }

    /// Whether WeChat Pay signed these bytes just now.
    ///
    /// `header` looks a header up by its lower-case name. `body` is what came over the wire: any
    /// re-encoding breaks the signature.
    ///
    /// # Errors
    /// Says what is wrong; the message then proves nothing.
    pub fn verify<'a>(
        &self,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &[u8],
        now: u64,
    ) -> Result<(), Unverified> {
        let required =
            |name| header(name).filter(|v| !v.is_empty()).ok_or(Unverified::Header(name));
        if header("wechatpay-signature-type").is_some_and(|kind| kind != ALGORITHM) {
            return Err(Unverified::Algorithm);
        }
        let timestamp = required("wechatpay-timestamp")?;
        let nonce = required("wechatpay-nonce")?;
        let signature = required("wechatpay-signature")?;
        let name = required("wechatpay-serial")?;
        if signature.starts_with(PROBE) {
            return Err(Unverified::Probe);
        }
        let at: u64 = timestamp.parse().map_err(|_| Unverified::Header("wechatpay-timestamp"))?;
        if at.abs_diff(now) > CLOCK_LIMIT {
            return Err(Unverified::Stale);
        }
        let key = self.0.get(&spelled(name)).ok_or(Unverified::UnknownKey)?;
        if !key.is_valid_at(now) {
            return Err(Unverified::Expired);
        }
        let message = [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat();
        if key.verifies(&message, signature) { Ok(()) } else { Err(Unverified::Forged) }
    }
}

/// The spelling a key is kept under: a public key's name as it is, a serial in upper case.
fn spelled(name: &str) -> String {
    if name.starts_with(PUBLIC_KEY) { name.to_owned() } else { name.to_ascii_uppercase() }
}

fn is_serial(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
