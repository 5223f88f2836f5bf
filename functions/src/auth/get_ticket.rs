//! `auth.getTicket`
//!
//! WeChat: none; `refresh-credentials` fetched it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Problem, Result, Uses,
    capability::{JsapiTicket, Reads, WxCardTicket},
    credentials::Credential,
};

/// Hands a current ticket to a back end that signs pages or cards itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTicket {
    /// Which ticket: `jsapi` signs JS-SDK pages, `wx_card` cards and invoices.
    r#type: TicketType,
    /// `false` reads past the copy that this function keeps for up to four minutes; asked again
    /// within seconds, it does so by itself.
    #[serde(default)]
    cache: Option<bool>,
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
    /// Seconds until it expires.
    expires_in: u64,
    /// Grows by one with every new ticket.
    version: u64,
}

impl Operation for GetTicket {
    const ID: &'static str = "auth.getTicket";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::OfficialAccount];
    const DOCS: &'static [&'static str] =
        &["https://developers.weixin.qq.com/doc/service/api/webdev/jssdk/api_getticket.html"];
    const EXAMPLE: &'static str = r#"{"type":"jsapi"}"#;
    type Uses = (Reads<JsapiTicket>, Reads<WxCardTicket>);
    type Output = Ticket;

    async fn run(self, (jsapi, wx_card): Uses<'_, Self>, caller: &Caller) -> Result<Ticket> {
        let read = self.cache == Some(false);
        let ticket = match self.r#type {
            TicketType::Jsapi => jsapi.hand_out(read).await?,
            TicketType::WxCard => wx_card.hand_out(read).await?,
        };
        let expires_in = ticket.ticket_seconds_left(caller.now());
        if expires_in == 0 {
            return Err(Error::new(
                Problem::CredentialUnavailable,
                "The ticket has just expired and WeChat is about to issue the next; try again \
                 after Retry-After.",
            )
            .retry_after(Credential::TICKET_GRACE));
        }
        Ok(Ticket { ticket: ticket.value.expose().to_owned(), expires_in, version: ticket.version })
    }
}
