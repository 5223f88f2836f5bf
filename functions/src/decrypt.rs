//! User data that only the client gets from WeChat, and only encrypted.
//!
//! AES-128-CBC without a signature proves little: whoever has the client can alter blocks of it.
//! What must be trusted is better asked of WeChat, as `phonenumber.getPhoneNumber` does.

mod get_phone_number;
mod get_user_data;

use aes::Aes128;
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared::{App, Caller, Error, Identity, Problem, Result, Secret};

pub use get_phone_number::GetPhoneNumber;
pub use get_user_data::GetUserData;

use crate::{phonenumber::Watermark, spelling::base64};

/// The longest `encryptedData` in characters; a month of steps has less than 3,000.
const DATA_LIMIT: usize = 32 << 10;

const BLOCK: usize = 16;

/// `encryptedData` and `iv` as the client got them from WeChat.
struct Sealed {
    data: Vec<u8>,
    iv: [u8; BLOCK],
}

impl Sealed {
    /// Reads what does not depend on any key, so that saying what is wrong with it tells nothing.
    fn read(encrypted_data: &str, iv: &str) -> Result<Sealed> {
        if encrypted_data.len() > DATA_LIMIT {
            let detail = format!("Encrypted data may have {DATA_LIMIT} characters.");
            return Err(Error::invalid("encryptedData", detail));
        }
        let whole_blocks = |bytes: &[u8]| !bytes.is_empty() && bytes.len().is_multiple_of(BLOCK);
        let data = base64(encrypted_data, whole_blocks).ok_or_else(|| {
            Error::invalid(
                "encryptedData",
                "This is no encrypted data of WeChat's: base64 of whole blocks of 16 bytes. \
                 Send it as JSON, not as a form.",
            )
        })?;
        let iv = key(iv)
            .ok_or_else(|| Error::invalid("iv", "The iv is 16 bytes in base64, 24 characters."))?;
        Ok(Sealed { data, iv })
    }

    /// Decrypts; `None` if this is not the key, and nothing more is told.
    fn open(&self, session_key: &Secret) -> Option<Map<String, Value>> {
        let key = key(session_key.expose())?;
        let plain = Decryptor::<Aes128>::new(&key.into(), &self.iv.into())
            .decrypt_padded_vec::<Pkcs7>(&self.data)
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

/// Data that one of the keys opened.
struct Opened {
    data: Map<String, Value>,
    session_key: Secret,
}

/// Opens data with the first key that fits.
fn open(sealed: &Sealed, keys: impl IntoIterator<Item = Secret>, appid: &str) -> Result<Opened> {
    let opened = keys.into_iter().find_map(|session_key| {
        let data = sealed.open(&session_key)?;
        Some(Opened { data, session_key })
    });
    let opened = opened.ok_or_else(stale)?;
    if opened.read::<Marked>()?.watermark.appid == appid { Ok(opened) } else { Err(unusable()) }
}

#[derive(serde::Deserialize)]
struct Marked {
    watermark: Watermark,
}

impl Opened {
    /// Gives the data its type.
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.data).map_err(|_| unusable())
    }
}

/// The keys to try: the one a service names, else those of the user's session.
async fn keys(
    app: &App,
    caller: &Caller,
    session_key: Option<Secret>,
) -> Result<impl Iterator<Item = Secret> + use<>> {
    let (current, previous) = match session_key {
        Some(_) if matches!(caller.identity, Identity::User(_)) => {
            return Err(Error::new(
                Problem::Forbidden,
                "Session keys never leave the server; leave `sessionKey` out.",
            )
            .field("sessionKey"));
        }
        Some(named) if key(named.expose()).is_none() => {
            let detail = "A session key is 16 bytes in base64, 24 characters.";
            return Err(Error::invalid("sessionKey", detail));
        }
        Some(named) => (named, None),
        None => {
            let openid = caller.openid()?;
            let keys = app.table.session_keys(caller.appid(), openid, app.clock.now()).await?;
            let keys = keys.ok_or_else(stale)?;
            (keys.current, keys.previous)
        }
    };
    Ok(std::iter::once(current).chain(previous))
}

fn stale() -> Error {
    Error::new(
        Problem::StaleSessionKey,
        "The data is not encrypted with the stored session key: call wx.login, log in, and get \
         the data anew.",
    )
}

/// One message, whatever is wrong with data that was decrypted.
fn unusable() -> Error {
    Error::new(
        Problem::Undecryptable,
        "The data is altered, too old, of another app or of another kind; get it anew.",
    )
}

/// 16 bytes in base64.
fn key(text: &str) -> Option<[u8; BLOCK]> {
    base64(text, |bytes| bytes.len() == BLOCK)?.try_into().ok()
}

#[cfg(test)]
mod tests;
