//! `POST /jssdk/cardExt`
//!
//! WeChat: none; the card is signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Result, Uses,
    capability::{Reads, WxCardTicket},
    crypto::nonce,
    text,
    value::{Chars, Text},
};

use super::{CardId, sign_card};

text! {
    /// A card's own code.
    CardCode: 1..=20, Chars::PRINTABLE_BYTES;
    /// A channel through which cards are collected.
    OuterStr: 1..=128, Chars::PRINTABLE_BYTES;
}

/// Signs a card for `wx.addCard`.
///
/// Pass the answer to `wx.addCard({cardList: [answer]})` unchanged. Each signature is valid for
/// one card: call this once per card.
///
/// 为 `wx.addCard` 生成卡券签名。
///
/// 将应答原样传入 `wx.addCard({cardList: [answer]})`。每个签名只对一张卡券有效：每张卡券各调用一
/// 次。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardExt {
    /// The card.
    ///
    /// 卡券的 card_id。
    card_id: Text<CardId>,
    /// The card's code; only for cards with custom codes.
    ///
    /// 卡券 code；仅用于自定义 code 的卡券。
    #[serde(default)]
    code: Option<Text<CardCode>>,
    /// Restricts the card to this user; required for cards created with `bind_openid`. By default
    /// true if the call names an `openid`.
    ///
    /// 限定只有该用户可领取；创建时设置了 `bind_openid` 的卡券必填。若传了 `openid`，默认为 true。
    #[serde(default)]
    bind_openid: Option<bool>,
    /// When the term of a card with a fixed term begins, in seconds since 1970; not signed.
    ///
    /// 固定时长卡券的起始生效时间，Unix 时间戳（秒）；不参与签名。
    #[serde(default)]
    fixed_begintimestamp: Option<u64>,
    /// The channel the card is collected through, for statistics; not signed.
    ///
    /// 领取渠道，用于统计；不参与签名。
    #[serde(default)]
    outer_str: Option<Text<OuterStr>>,
    /// The amount of a red packet, in fen; only for cards that are red packets.
    ///
    /// 红包金额，单位为分；仅用于红包卡券。
    #[serde(default)]
    balance: Option<u32>,
}

/// An element of `wx.addCard`'s `cardList`.
///
/// 用于 `wx.addCard` 的 `cardList` 中的一项。
#[derive(Serialize, JsonSchema)]
pub struct Card {
    /// The card.
    ///
    /// 卡券的 card_id。
    #[serde(rename = "cardId")]
    card_id: Text<CardId>,
    /// JSON as a text, as `wx.addCard` expects it.
    ///
    /// JSON 文本，符合 `wx.addCard` 的要求。
    #[serde(rename = "cardExt")]
    card_ext: String,
}

/// The content of `cardExt`.
#[derive(Serialize)]
struct Extension<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
    timestamp: &'a str,
    nonce_str: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_begintimestamp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outer_str: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance: Option<&'a str>,
    signature: &'a str,
}

impl Operation for CardExt {
    const ID: &'static str = "jssdk.cardExt";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html"];
    const EXAMPLE: &'static str = r#"{"card_id":"pjZ8Yt1XGILfi-FUsewpnnolGgZk"}"#;
    type Uses = Reads<WxCardTicket>;
    type Output = Card;

    async fn run(self, ticket: Uses<'_, Self>, caller: &Caller) -> Result<Card> {
        let bound = self.bind_openid.unwrap_or(caller.names_user());
        let openid = if bound { Some(caller.openid()?) } else { None };
        let ticket = ticket.get().await?;
        let timestamp = caller.now().to_string();
        let card_ext = self.extension(ticket.value.expose(), openid, &timestamp, &nonce())?;
        Ok(Card { card_id: self.card_id, card_ext })
    }
}

impl CardExt {
    fn extension(
        &self,
        ticket: &str,
        openid: Option<&str>,
        timestamp: &str,
        nonce_str: &str,
    ) -> Result<String> {
        let code = self.code.as_deref();
        let balance = self.balance.map(|fen| fen.to_string());
        let balance = balance.as_deref();
        let signature = sign_card([
            ticket,
            timestamp,
            &self.card_id,
            code.unwrap_or_default(),
            openid.unwrap_or_default(),
            nonce_str,
            balance.unwrap_or_default(),
        ]);
        let extension = Extension {
            code,
            openid,
            timestamp,
            nonce_str,
            fixed_begintimestamp: self.fixed_begintimestamp,
            outer_str: self.outer_str.as_deref(),
            balance,
            signature: &signature,
        };
        serde_json::to_string(&extension).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const TICKET: &str = "ojZ8YtyVyr30HheH3CM73y7h4jJE";

    #[test]
    fn the_sample_of_wechat_is_signed_alike() {
        let card = CardExt {
            card_id: Text::new("pjZ8Yt1XGILfi-FUsewpnnolGgZk").unwrap(),
            code: Some(Text::new("1434008071").unwrap()),
            bind_openid: None,
            fixed_begintimestamp: Some(1_404_896_000),
            outer_str: Some(Text::new("12b").unwrap()),
            balance: None,
        };
        let text = card.extension(TICKET, None, "1404896688", "123").unwrap();
        assert_eq!(
            text,
            r#"{"code":"1434008071","timestamp":"1404896688","nonce_str":"123","fixed_begintimestamp":1404896000,"outer_str":"12b","signature":"f137ab68b7f8112d20ee528ab6074564e2796250"}"#
        );
    }

    proptest! {
        #[test]
        fn what_is_signed_is_what_is_said(
            card_id in "[ -~]{1,32}", code in proptest::option::of("[ -~]{1,20}"),
            openid in proptest::option::of(any::<String>()), balance in any::<Option<u32>>(),
        ) {
            let card = CardExt {
                card_id: Text::new(&card_id).unwrap(),
                code: code.clone().map(|code| Text::new(code).unwrap()), bind_openid: None,
                fixed_begintimestamp: None, outer_str: None, balance,
            };
            let text = card.extension(TICKET, openid.as_deref(), "1404896688", "n").unwrap();
            let said: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(said.get("code").cloned(), code.map(|code| json!(code)));
            prop_assert_eq!(said.get("openid").cloned(), openid.map(|openid| json!(openid)));
            let said = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
            let signature = sign_card([
                TICKET, &card_id, &said("code"), &said("openid"), &said("timestamp"),
                &said("nonce_str"), &said("balance"),
            ]);
            prop_assert_eq!(said("signature"), signature);
        }
    }
}
