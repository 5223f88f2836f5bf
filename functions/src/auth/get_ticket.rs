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
///
/// 向自行签名网页或卡券的后端提供当前的 ticket。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTicket {
    /// Which ticket: `jsapi` signs JS-SDK pages, `wx_card` cards and invoices.
    ///
    /// ticket 的种类：`jsapi` 用于 JS-SDK 网页签名，`wx_card` 用于卡券与发票签名。
    r#type: TicketType,
    /// `false` reads past the copy that this function keeps for up to four minutes; asked again
    /// within seconds, it does so by itself.
    ///
    /// 填 `false` 则绕过函数的缓存（最长四分钟）；数秒内再次请求时会自动绕过。
    #[serde(default)]
    cache: Option<bool>,
}

/// WeChat's names of the tickets.
///
/// 微信对 ticket 种类的命名。
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum TicketType {
    Jsapi,
    WxCard,
}

/// A ticket.
///
/// 凭证 ticket。
#[derive(Serialize, JsonSchema)]
pub struct Ticket {
    /// The ticket.
    ///
    /// ticket 的值。
    ticket: String,
    /// Seconds until it expires.
    ///
    /// 距过期的秒数。
    expires_in: u64,
    /// Grows by one with every new ticket.
    ///
    /// 版本号，每换一个新 ticket 加一。
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
                [
                    "The ticket has just expired and WeChat is about to issue the next; try again \
                     after Retry-After.",
                    "ticket 刚刚过期，微信即将签发新值，请在 Retry-After 之后重试。",
                ],
            )
            .retry_after(Credential::TICKET_GRACE));
        }
        Ok(Ticket { ticket: ticket.value.expose().to_owned(), expires_in, version: ticket.version })
    }
}
