//! The signature with which users choose among cards or invoices.

use schemars::JsonSchema;
use serde::Serialize;
use shared::{Caller, Secret, crypto::nonce};

use super::sign_card;

/// A signature, as `wx.chooseCard` and `chooseInvoice` take it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Signature {
    /// Seconds since 1970, as a text.
    ///
    /// Unix 时间戳（秒），文本形式。
    timestamp: String,
    /// A random text, new for every signature.
    ///
    /// 随机字符串，每次签名都不同。
    #[serde(rename = "nonceStr")]
    nonce_str: String,
    /// `SHA1`.
    ///
    /// 签名算法，恒为 `SHA1`。
    #[serde(rename = "signType")]
    sign_type: &'static str,
    /// SHA-1 in lower-case hex.
    ///
    /// 签名：SHA-1，小写十六进制。
    #[serde(rename = "cardSign")]
    card_sign: String,
}

impl Signature {
    /// Signs for the caller's app what the choice is restricted to.
    pub(super) fn new<const N: usize>(
        ticket: &Secret,
        caller: &Caller,
        filters: [&str; N],
    ) -> Signature {
        let (timestamp, nonce_str) = (caller.now().to_string(), nonce());
        let mut values = vec![ticket.expose(), caller.appid(), &timestamp, &nonce_str];
        values.extend(filters);
        let card_sign = sign_card(values);
        Signature { timestamp, nonce_str, sign_type: "SHA1", card_sign }
    }
}
