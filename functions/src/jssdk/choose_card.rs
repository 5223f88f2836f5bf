//! `POST /jssdk/chooseCard`
//!
//! WeChat: none; signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Result, Uses,
    capability::{Reads, WxCardTicket},
    text,
    value::{Chars, Text, unless_empty},
};

use super::{CardId, signature::Signature};

text! {
    /// A shop, WeChat's `location_id`.
    ShopId: 1..=24, Chars::PRINTABLE_BYTES;
    /// A type of cards.
    CardType: 1..=24, Chars::PRINTABLE_BYTES;
}

/// Signs `wx.chooseCard`, which lets users choose among their cards.
///
/// Pass the answer to `wx.chooseCard` unchanged: all three filters are part of the signature, and
/// WeChat shows an empty list, not an error, if the signature does not fit.
///
/// 为 `wx.chooseCard` 签名，供用户从自己的卡券中选择。
///
/// 将应答原样传给 `wx.chooseCard`：三个筛选条件都参与签名，签名不符时微信显示空列表而不报错。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseCard {
    /// Only cards for this shop.
    ///
    /// 只显示该门店可用的卡券。
    #[serde(default, rename = "shopId", deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    shop_id: Option<Text<ShopId>>,
    /// Only cards of this type, for example GROUPON.
    ///
    /// 只显示该类型的卡券，例如 GROUPON。
    #[serde(default, rename = "cardType", deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    card_type: Option<Text<CardType>>,
    /// Only this card.
    ///
    /// 只显示该卡券。
    #[serde(default, rename = "cardId", deserialize_with = "unless_empty")]
    #[schemars(extend("minLength" = 0))]
    card_id: Option<Text<CardId>>,
}

/// The parameters of `wx.chooseCard`.
///
/// 传给 `wx.chooseCard` 的参数。
#[derive(Serialize, JsonSchema)]
pub struct CardChoice {
    /// As requested, or empty.
    ///
    /// 与请求一致，或为空。
    #[serde(rename = "shopId")]
    shop_id: String,
    /// As requested, or empty.
    ///
    /// 与请求一致，或为空。
    #[serde(rename = "cardType")]
    card_type: String,
    /// As requested, or empty.
    ///
    /// 与请求一致，或为空。
    #[serde(rename = "cardId")]
    card_id: String,
    /// What WeChat verifies.
    #[serde(flatten)]
    signature: Signature,
}

impl Operation for ChooseCard {
    const ID: &'static str = "jssdk.chooseCard";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html"];
    const EXAMPLE: &'static str = r#"{"cardType":"GROUPON"}"#;
    type Uses = Reads<WxCardTicket>;
    type Output = CardChoice;

    async fn run(self, ticket: Uses<'_, Self>, caller: &Caller) -> Result<CardChoice> {
        let shop_id = self.shop_id.map(Text::into_string).unwrap_or_default();
        let card_type = self.card_type.map(Text::into_string).unwrap_or_default();
        let card_id = self.card_id.map(Text::into_string).unwrap_or_default();
        let ticket = ticket.get().await?;
        let filters = [shop_id.as_str(), &card_id, &card_type];
        let signature = Signature::new(&ticket.value, caller, filters);
        Ok(CardChoice { shop_id, card_type, card_id, signature })
    }
}
