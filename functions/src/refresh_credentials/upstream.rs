//! WeChat's token and ticket endpoints: the only callers of them in the whole bundle.

use serde::Deserialize;
use serde_json::json;
use shared::{
    Account, CredentialKind, Error, Problem, Refusal, Result, Secret, capability::Refreshing,
    config::TokenMode,
};

use super::{Issued, Source};

/// WeChat, with the app secrets.
pub(super) struct Upstream<'a>(pub(super) Refreshing<'a>);

#[derive(Deserialize)]
struct Token {
    access_token: Secret,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Ticket {
    ticket: Secret,
    expires_in: u64,
}

/// At a token endpoint the code is about the secret, not about a token.
const TOKEN_REFUSALS: &[Refusal] = &[Refusal::new(
    40001,
    Problem::Misconfigured,
    [
        "The app secret is wrong; put the right one into the secret store.",
        "AppSecret 错误，请在密钥存储中改为正确的值。",
    ],
)];

/// An account of the wrong kind.
const TICKET_REFUSALS: &[Refusal] = &[Refusal::new(
    40097,
    Problem::AccountNotPermitted,
    [
        "The account has no right to this ticket; check its kind in WECHAT_APPS and at WeChat.",
        "该账号无权获取此 ticket，请检查其在 WECHAT_APPS 和微信侧的类型。",
    ],
)];

impl Source for Upstream<'_> {
    async fn access_token(
        &self,
        account: &Account,
        mode: TokenMode,
        force: bool,
    ) -> Result<Issued> {
        let secret = self.0.secrets.resolve(&account.secret).await?;
        match self.fetch(account, &secret, mode, force).await {
            // A rotated secret: read it again, once.
            Err(error)
                if matches!(error.wechat_errcode(), Some(40125 | 40001))
                    && self.0.secrets.forget(&account.secret).await =>
            {
                let secret = self.0.secrets.resolve(&account.secret).await?;
                self.fetch(account, &secret, mode, force).await
            }
            outcome => outcome,
        }
    }

    async fn ticket(
        &self,
        account: &Account,
        kind: CredentialKind,
        access_token: &Secret,
    ) -> Result<Issued> {
        let name = match kind {
            CredentialKind::JsapiTicket => "jsapi",
            CredentialKind::WxCardTicket => "wx_card",
            CredentialKind::AccessToken => {
                return Err(Error::internal("an access token is not a ticket"));
            }
        };
        let call = self
            .0
            .wechat
            .get("/cgi-bin/ticket/getticket")
            .query("access_token", access_token.expose())
            .query("type", name)
            .refusals(TICKET_REFUSALS);
        let Ticket { ticket, expires_in } = call.json().await?;
        Issued::checked(ticket, expires_in, &account.appid)
    }
}

impl Upstream<'_> {
    async fn fetch(
        &self,
        account: &Account,
        secret: &Secret,
        mode: TokenMode,
        force: bool,
    ) -> Result<Issued> {
        let (appid, secret) = (&account.appid, secret.expose());
        let wechat = self.0.wechat;
        let call = match mode {
            TokenMode::Stable => wechat.post(
                "/cgi-bin/stable_token",
                &json!({
                    "grant_type": "client_credential",
                    "appid": appid,
                    "secret": secret,
                    "force_refresh": force,
                }),
            ),
            // Every call retires the previous token, so a repeat would cost one.
            TokenMode::Legacy => wechat
                .get("/cgi-bin/token")
                .query("grant_type", "client_credential")
                .query("appid", appid)
                .query("secret", secret)
                .once(),
        };
        // WeChat allows twenty forced refreshes a day, so a repeat would cost one.
        let call = if force { call.once() } else { call };
        let Token { access_token, expires_in } = call.refusals(TOKEN_REFUSALS).json().await?;
        Issued::checked(access_token, expires_in, appid)
    }
}
