//! `POST /jssdk/chooseInvoice`
//!
//! WeChat: none; signed with the wx_card ticket the refresher fetched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Operation, Result, Touch,
    credentials::{CredentialKey, CredentialKind},
    crypto::nonce,
};

use super::sign_card;

/// What every invoice's card type is, in the signature.
const CARD_TYPE: &str = "INVOICE";

/// Signs `wx.invoke('chooseInvoice', …)`, which lets the user choose among their invoices.
///
/// The page's `wx.config` needs `beta: true` and `chooseInvoice` in its `jsApiList`; client/h5
/// sees to both. A native app gives the same values to `WXChooseInvoiceReq`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseInvoice {}

/// The parameters of `chooseInvoice`.
#[derive(Serialize, JsonSchema)]
pub struct InvoiceChoice {
    /// The account.
    #[serde(rename = "appId")]
    app_id: String,
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

impl Operation for ChooseInvoice {
    const ID: &'static str = "jssdk.chooseInvoice";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[Touch::Credential(CredentialKind::WxCardTicket)];
    const EXAMPLE: &'static str = "{}";
    type Output = InvoiceChoice;

    async fn run(self, app: &App, caller: &Caller) -> Result<InvoiceChoice> {
        let key = CredentialKey::new(caller.appid(), CredentialKind::WxCardTicket);
        let ticket = app.credentials.get(&key).await?;
        let (timestamp, nonce_str) = (app.clock.now().to_string(), nonce());
        let card_sign =
            sign_card([ticket.value.expose(), caller.appid(), &timestamp, &nonce_str, CARD_TYPE]);
        Ok(InvoiceChoice {
            app_id: caller.appid().to_owned(),
            timestamp,
            nonce_str,
            sign_type: "SHA1",
            card_sign,
        })
    }
}
