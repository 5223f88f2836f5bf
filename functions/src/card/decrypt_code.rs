//! `card.decryptCode`
//!
//! WeChat: `POST /card/code/decrypt`

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Refusal, Result, Uses,
    capability::Wechat,
    spelling::base64_from_query,
    text,
    value::{Chars, Text, Unit},
};

const BASE64: Chars = Chars {
    noun: ["characters of base64", "个 base64 字符"],
    unit: Unit::Characters,
    // What a query does to base64 is undone first.
    pattern: None,
    allow: |c| c.is_ascii_alphanumeric() || "+/=-_".contains(c),
};

text! {
    /// A card's encrypted code.
    EncryptCode: 1..=1024, BASE64,
        ["Send the encrypt_code unchanged.", "请原样发送 encrypt_code。"];
    /// A card's code.
    CardCode: 1..=64, Chars::VISIBLE;
}

/// Decrypts a card's code from `wx.chooseCard` or from one of WeChat's redirects.
///
/// The code of a redirect's query may be sent unchanged or decoded once.
///
/// 解密 `wx.chooseCard` 或微信跳转链接给出的卡券 code。
///
/// 跳转链接参数中的 code 可原样传入，也可先解码一次。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecryptCode {
    /// The encrypted code.
    ///
    /// 加密的 code。
    #[serde(deserialize_with = "plain")]
    encrypt_code: Text<EncryptCode>,
}

/// A card's code.
///
/// 卡券的 code。
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Code {
    /// The code for `wx.openCard` and for checkouts.
    ///
    /// 用于 `wx.openCard` 和核销的 code。
    // WeChat sometimes returns garbled codes, which are not visible ASCII.
    code: Text<CardCode>,
}

const INVALID: [&str; 2] = [
    "WeChat cannot decrypt this; send the encrypt_code unchanged, for the account of the card.",
    "微信无法解密，请原样发送 encrypt_code，并使用卡券所属的账号。",
];
const UNKNOWN: [&str; 2] =
    ["WeChat does not know the code of this card.", "微信查不到该卡券的 code。"];

impl Operation for DecryptCode {
    const ID: &'static str = "card.decryptCode";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/guide/product/card/Redeeming_a_coupon_voucher_or_card.html",
    ];
    const REFUSALS: &'static [Refusal] = &[
        Refusal::new(40056, Problem::InvalidInput, UNKNOWN).field("encrypt_code"),
        Refusal::new(40075, Problem::InvalidInput, INVALID).field("encrypt_code"),
        Refusal::new(40116, Problem::InvalidInput, UNKNOWN).field("encrypt_code"),
        Refusal::new(
            40127,
            Problem::WrongState,
            ["The user deleted the card or is giving it away.", "用户已删除该卡券，或正在转赠。"],
        ),
        Refusal::new(40133, Problem::InvalidInput, INVALID).field("encrypt_code"),
    ];
    const EXAMPLE: &'static str =
        r#"{"encrypt_code":"XXIzTtMqCxwOaawoE91+VJdsFmv7b8g0VZIZkqf4GWA60Fzpc8ksZ/5ZZ0DVkXdE"}"#;
    type Uses = Wechat;
    type Output = Code;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Code> {
        wechat.post("/card/code/decrypt", &self).refusals(Self::REFUSALS).json().await
    }
}

/// Undoes what a query may have done to base64.
fn plain<'de, D: Deserializer<'de>>(from: D) -> Result<Text<EncryptCode>, D::Error> {
    let code = String::deserialize(from)?;
    Text::new(base64_from_query(&code)).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(sent: &str) -> Option<Value> {
        let read: DecryptCode = serde_json::from_value(json!({ "encrypt_code": sent })).ok()?;
        Some(serde_json::to_value(read).unwrap()["encrypt_code"].take())
    }

    #[test]
    fn the_way_through_a_query_is_undone() {
        for sent in ["a+b/c==", "a%2Bb%2Fc%3D%3D", "a b/c==", "a%2bb%2fc%3d%3d"] {
            assert_eq!(read(sent).unwrap(), "a+b/c==", "{sent}");
        }
        assert_eq!(read(" a ").unwrap(), "+a+");
        for sent in ["", "ä", "a%252Bb", "{}", &"a".repeat(1025)] {
            assert_eq!(read(sent), None, "{sent}");
        }
    }
}
