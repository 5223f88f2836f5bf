//! `POST /jssdk/cardExt`
//!
//! WeChat: none; the card is signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Error, Identity, Operation, Result, Touch,
    credentials::{CredentialKey, CredentialKind},
    crypto::nonce,
};

use super::sign_card;

/// Signs a card for `wx.addCard`.
///
/// `wx.addCard({cardList: [answer]})` takes the answer as it is; for several cards ask several
/// times, each signature is good for one card.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardExt {
    /// The card.
    #[schemars(length(min = 1, max = 32))]
    card_id: String,
    /// The card's code; only for cards whose codes you make yourself.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64))]
    code: Option<String>,
    /// Lets nobody else collect the card; needed for cards made with `bind_openid`. A service
    /// that names an `openid` means that user unless it says otherwise.
    #[serde(default)]
    bind_openid: Option<bool>,
    /// When a card of fixed term begins to count, in seconds since 1970; not signed.
    #[serde(default)]
    fixed_begintimestamp: Option<u64>,
    /// Where the card was collected, for your statistics; not signed.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    outer_str: Option<String>,
    /// The amount in a red packet, in fen; only for cards that are red packets.
    #[serde(default)]
    balance: Option<u32>,
}

/// An element of `wx.addCard`'s `cardList`.
#[derive(Serialize, JsonSchema)]
pub struct Card {
    /// The card.
    #[serde(rename = "cardId")]
    card_id: String,
    /// JSON as a text, as `wx.addCard` wants it.
    #[serde(rename = "cardExt")]
    card_ext: String,
}

/// What `cardExt` says.
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
    const TOUCHES: &'static [Touch] = &[Touch::Credential(CredentialKind::WxCardTicket)];
    const EXAMPLE: &'static str = r#"{"card_id":"pjZ8Yt1XGILfi-FUsewpnnolGgZk"}"#;
    type Output = Card;

    async fn run(self, app: &App, caller: &Caller) -> Result<Card> {
        self.check()?;
        let openid = match (&caller.identity, self.bind_openid) {
            (_, Some(true)) => Some(caller.openid()?),
            (_, Some(false)) => None,
            (Identity::Service { openid }, None) => openid.as_deref(),
            (Identity::User(_) | Identity::Anyone, None) => None,
        };
        let key = CredentialKey::new(caller.appid(), CredentialKind::WxCardTicket);
        let ticket = app.credentials.get(&key).await?;
        let timestamp = app.clock.now().to_string();
        let card_ext = self.extension(ticket.value.expose(), openid, &timestamp, &nonce())?;
        Ok(Card { card_id: self.card_id, card_ext })
    }
}

impl CardExt {
    fn check(&self) -> Result<()> {
        let fits = |field: &'static str, text: &str, limit: usize| {
            let right = (1..=limit).contains(&text.len()) && !text.chars().any(char::is_control);
            if right {
                return Ok(());
            }
            Err(Error::invalid(
                field,
                format!("`{field}` has 1 to {limit} bytes, none of control."),
            ))
        };
        fits("card_id", &self.card_id, 32)?;
        fits("code", self.code.as_deref().unwrap_or("-"), 64)?;
        fits("outer_str", self.outer_str.as_deref().unwrap_or("-"), 128)
    }

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
            card_id: "pjZ8Yt1XGILfi-FUsewpnnolGgZk".into(),
            code: Some("1434008071".into()),
            bind_openid: None,
            fixed_begintimestamp: Some(1_404_896_000),
            outer_str: Some("12b".into()),
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
            card_id in ".{1,32}", code in proptest::option::of(".{1,64}"),
            openid in proptest::option::of(any::<String>()), balance in any::<Option<u32>>(),
        ) {
            let card = CardExt {
                card_id: card_id.clone(), code: code.clone(), bind_openid: None,
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
