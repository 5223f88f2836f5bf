//! `POST /jssdk/chooseCard`
//!
//! WeChat: none; signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Operation, Result, Touch,
    credentials::{CredentialKey, CredentialKind},
    crypto::nonce,
};

use super::sign_card;

/// Signs `wx.chooseCard`, which lets the user choose among their cards.
///
/// The answer can be given to `wx.chooseCard` as it is; all three filters are part of the
/// signature, and WeChat shows an empty list, not an error, if it does not fit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseCard {
    /// Only cards for this shop.
    #[serde(default, rename = "shopId")]
    #[schemars(length(max = 24))]
    shop_id: String,
    /// Only cards of this type, for example GROUPON.
    #[serde(default, rename = "cardType")]
    #[schemars(length(max = 24))]
    card_type: String,
    /// Only this card.
    #[serde(default, rename = "cardId")]
    #[schemars(length(max = 32))]
    card_id: String,
}

/// The parameters of `wx.chooseCard`.
#[derive(Serialize, JsonSchema)]
pub struct CardChoice {
    /// As asked for.
    #[serde(rename = "shopId")]
    shop_id: String,
    /// As asked for.
    #[serde(rename = "cardType")]
    card_type: String,
    /// As asked for.
    #[serde(rename = "cardId")]
    card_id: String,
    /// Seconds since 1970, as a text.
    timestamp: String,
    /// Of this signature only.
    #[serde(rename = "nonceStr")]
    nonce_str: String,
    /// `SHA1`.
    #[serde(rename = "signType")]
    sign_type: &'static str,
    /// SHA-1 in lower-case hex.
    #[serde(rename = "cardSign")]
    card_sign: String,
}

impl Operation for ChooseCard {
    const ID: &'static str = "jssdk.chooseCard";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Credential(CredentialKind::WxCardTicket)];
    const EXAMPLE: &'static str = r#"{"cardType":"GROUPON"}"#;
    type Output = CardChoice;

    async fn run(self, app: &App, caller: &Caller) -> Result<CardChoice> {
        let ChooseCard { shop_id, card_type, card_id } = self;
        for (field, value, limit) in
            [("shopId", &shop_id, 24), ("cardType", &card_type, 24), ("cardId", &card_id, 32)]
        {
            if value.len() > limit || value.chars().any(char::is_control) {
                let detail = format!("`{field}` may have {limit} bytes, none of control.");
                return Err(Error::invalid(field, detail));
            }
        }
        let key = CredentialKey::new(caller.appid(), CredentialKind::WxCardTicket);
        let ticket = app.credentials.get(&key).await?;
        let (timestamp, nonce_str) = (app.clock.now().to_string(), nonce());
        let card_sign = sign_card([
            ticket.value.expose(),
            caller.appid(),
            &shop_id,
            &timestamp,
            &nonce_str,
            &card_id,
            &card_type,
        ]);
        Ok(CardChoice {
            shop_id,
            card_type,
            card_id,
            timestamp,
            nonce_str,
            sign_type: "SHA1",
            card_sign,
        })
    }
}
