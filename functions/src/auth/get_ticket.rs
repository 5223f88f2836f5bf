//! `auth.getTicket`
//!
//! WeChat: none; the refresher fetched it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, App, Caller, Operation, Result, Touch,
    credentials::{CredentialKey, CredentialKind},
};

/// Hands a current ticket to a back end that signs pages or cards itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTicket {
    /// Which ticket: `jsapi` signs JS-SDK pages, `wx_card` cards and invoices.
    r#type: TicketType,
}

/// WeChat's names of the tickets.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum TicketType {
    Jsapi,
    WxCard,
}

/// A ticket.
#[derive(Serialize, JsonSchema)]
pub struct Ticket {
    /// The ticket.
    ticket: String,
    /// Seconds it still lives.
    expires_in: u64,
    /// Grows by one with every new ticket.
    version: u64,
}

impl Operation for GetTicket {
    const ID: &'static str = "auth.getTicket";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const TOUCHES: &'static [Touch] = &[
        Touch::Credential(CredentialKind::JsapiTicket),
        Touch::Credential(CredentialKind::WxCardTicket),
    ];
    const EXAMPLE: &'static str = r#"{"type":"jsapi"}"#;
    type Output = Ticket;

    async fn run(self, app: &App, caller: &Caller) -> Result<Ticket> {
        let kind = match self.r#type {
            TicketType::Jsapi => CredentialKind::JsapiTicket,
            TicketType::WxCard => CredentialKind::WxCardTicket,
        };
        let ticket = app.credentials.get(&CredentialKey::new(caller.appid(), kind)).await?;
        Ok(Ticket {
            ticket: ticket.value.expose().to_owned(),
            expires_in: ticket.seconds_left(app.clock.now()),
            version: ticket.version,
        })
    }
}
