//! User data that only the client gets from WeChat, and only encrypted.
//!
//! 只有客户端能从微信拿到、且为加密的用户数据。
//!
//! AES-128-CBC without a signature proves little: anyone who controls the client can alter blocks
//! of it. Ask WeChat for what must be trusted, as `phonenumber.getPhoneNumber` does.

mod get_payload;
mod get_phone_number;
mod get_user_data;
mod payload;
mod payload_keys;

use aes::Aes128;
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};
use shared::{
    Caller, Error, Identity, Problem, Result, Secret,
    capability::ReadSessionKeys,
    spelling::{base64, base64_readings, wechat_json},
    text,
    value::{Chars, Fault, Text},
};

pub use get_payload::GetPayload;
pub use get_phone_number::GetPhoneNumber;
pub use get_user_data::GetUserData;

use crate::phonenumber::Watermark;

/// The cipher's block, and its key, in bytes.
const BLOCK: usize = 16;

text! {
    /// Encrypted data in base64; a month of steps has less than 3,000 characters.
    EncryptedData: 22..=32768, Chars::ANY,
        [
            "Send encryptedData unchanged, as JSON and not as a form.",
            "请原样发送 encryptedData，用 JSON 而不是表单。",
        ];
    /// One block in base64.
    Iv: 22..=32, Chars::ANY, ["Send iv unchanged.", "请原样发送 iv。"];
}

/// `encryptedData`: whole blocks, in each reading of its spaces; the one that decrypts is right.
#[derive(Deserialize, JsonSchema)]
#[serde(try_from = "Text<EncryptedData>")]
#[schemars(inline)]
struct Blocks(Vec<Vec<u8>>);

impl TryFrom<Text<EncryptedData>> for Blocks {
    type Error = Fault;

    fn try_from(text: Text<EncryptedData>) -> Result<Blocks, Fault> {
        match base64_readings(&text, whole_blocks) {
            readings if readings.is_empty() => Err(Fault::new([
                "Must be whole blocks of 16 bytes in base64. Send encryptedData unchanged, as \
                 JSON and not as a form.",
                "须为整数个 16 字节分组的 base64。请原样发送 encryptedData，用 JSON 而不是表单。",
            ])),
            readings => Ok(Blocks(readings)),
        }
    }
}

/// `iv`: the block that decryption begins with.
#[derive(Deserialize, JsonSchema)]
#[serde(try_from = "Text<Iv>")]
#[schemars(inline)]
struct FirstBlock([u8; BLOCK]);

impl TryFrom<Text<Iv>> for FirstBlock {
    type Error = Fault;

    fn try_from(text: Text<Iv>) -> Result<FirstBlock, Fault> {
        block(&text).map(FirstBlock).ok_or_else(|| {
            Fault::new([
                "Must be 16 bytes in base64. Send iv unchanged.",
                "须为 16 字节的 base64。请原样发送 iv。",
            ])
        })
    }
}

/// Encrypted data as the client got it from WeChat.
struct Sealed {
    data: Blocks,
    iv: FirstBlock,
}

impl Sealed {
    /// The decrypted data; `None`, without a reason, if this is not the key.
    fn open(&self, session_key: &Secret) -> Option<Plain> {
        let key = block(session_key.expose())?;
        self.data.0.iter().find_map(|data| Plain::read(&decrypted(data, key, self.iv.0)?))
    }
}

/// Decrypted data: a JSON object.
#[derive(Debug)]
struct Plain {
    members: Map<String, Value>,
    /// The same as WeChat wrote it, every digit of its numbers included.
    json: Box<RawValue>,
}

impl Plain {
    /// Reads it as WeChat's answers are read: nicknames hold control characters, too.
    fn read(plain: &[u8]) -> Option<Plain> {
        let json = wechat_json(plain);
        let members = serde_json::from_str(&json).ok()?;
        Some(Plain { members, json: RawValue::from_string(json.into_owned()).ok()? })
    }
}

/// Data that one of the keys opened.
struct Opened {
    data: Plain,
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

#[derive(Deserialize)]
struct Marked {
    watermark: Watermark,
}

impl Opened {
    /// Gives the data its type.
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.data.members).map_err(|_| unusable())
    }
}

/// The keys to try: the one a service names, else those of the user's session.
async fn keys(
    stored: ReadSessionKeys<'_>,
    caller: &Caller,
    session_key: Option<Secret>,
) -> Result<impl Iterator<Item = Secret> + use<>> {
    let (current, previous) = match session_key {
        Some(_) if matches!(caller.identity, Identity::User(_)) => {
            return Err(Error::new(
                Problem::Forbidden,
                [
                    "Only a service may send a session key; leave `sessionKey` out.",
                    "只有后端服务可以发送 session_key，请勿发送 `sessionKey`。",
                ],
            )
            .field("sessionKey"));
        }
        Some(named) if block(named.expose()).is_none() => {
            return Err(Error::invalid(
                "sessionKey",
                ["Must be 16 bytes in base64.", "须为 16 字节的 base64。"],
            ));
        }
        Some(named) => (named, None),
        None => {
            let keys = stored.get().await?.ok_or_else(stale)?;
            (keys.current, keys.previous)
        }
    };
    Ok(std::iter::once(current).chain(previous))
}

fn stale() -> Error {
    Error::new(
        Problem::StaleSessionKey,
        [
            "The data is not encrypted with the stored session key: call wx.login, log in, and get \
             the data again.",
            "数据不是用已保存的 session_key 加密的：请调用 wx.login 登录，再重新获取数据。",
        ],
    )
}

/// One message for everything that can be wrong with decrypted data.
fn unusable() -> Error {
    Error::new(
        Problem::Undecryptable,
        [
            "The data was altered, is too old, or is of another app or another kind; get it again.",
            "数据被改动、已过期，或属于其他应用、其他类型，请重新获取。",
        ],
    )
}

/// What AES-128-CBC with padding makes of data.
fn decrypted(data: &[u8], key: [u8; BLOCK], iv: [u8; BLOCK]) -> Option<Vec<u8>> {
    Decryptor::<Aes128>::new(&key.into(), &iv.into()).decrypt_padded_vec::<Pkcs7>(data).ok()
}

/// Whether the cipher can have made these bytes.
fn whole_blocks(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len().is_multiple_of(BLOCK)
}

/// 16 bytes in base64.
fn block(text: &str) -> Option<[u8; BLOCK]> {
    base64(text, |bytes| bytes.len() == BLOCK)?.try_into().ok()
}

#[cfg(test)]
mod tests;
