//! AES-256-GCM with the APIv3 key: notifications and platform certificates.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde::Deserialize;

use super::BadKey;

/// What WeChat Pay encrypts.
#[derive(Debug, Deserialize)]
pub struct Sealed {
    algorithm: String,
    ciphertext: String,
    /// Absent and empty mean the same.
    #[serde(default)]
    associated_data: Option<String>,
    nonce: String,
    /// What is inside: `transaction`, `refund` …; certificates do not say.
    #[serde(default)]
    pub original_type: String,
}

/// The data was not encrypted with any of the APIv3 keys, or was altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be decrypted with any of the APIv3 keys")]
pub struct Undecryptable;

/// An APIv3 key (APIv3密钥).
#[derive(Clone)]
pub struct ApiV3Key(LessSafeKey);

impl ApiV3Key {
    /// Takes the 32 bytes that were entered at WeChat Pay.
    ///
    /// # Errors
    /// [`BadKey::NotApiV3`].
    pub fn parse(text: &str) -> Result<ApiV3Key, BadKey> {
        let key = UnboundKey::new(&AES_256_GCM, text.as_bytes()).map_err(|_| BadKey::NotApiV3)?;
        Ok(ApiV3Key(LessSafeKey::new(key)))
    }

    /// Opens what was encrypted with this key.
    ///
    /// # Errors
    /// [`Undecryptable`], whatever the cause.
    pub fn open(&self, sealed: &Sealed) -> Result<Vec<u8>, Undecryptable> {
        if sealed.algorithm != "AEAD_AES_256_GCM" {
            return Err(Undecryptable);
        }
        let nonce = Nonce::try_assume_unique_for_key(sealed.nonce.as_bytes());
        let nonce = nonce.map_err(|_| Undecryptable)?;
        let aad = Aad::from(sealed.associated_data.as_deref().unwrap_or_default().as_bytes());
        let mut data = BASE64_STANDARD.decode(&sealed.ciphertext).map_err(|_| Undecryptable)?;
        let opened = self.0.open_in_place(nonce, aad, &mut data).map_err(|_| Undecryptable)?.len();
        data.truncate(opened);
        Ok(data)
    }
}

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiV3Key")
    }
}
