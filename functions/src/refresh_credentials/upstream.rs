//! WeChat's token and ticket endpoints: the only callers of them in the whole bundle.

use serde::Deserialize;
use serde_json::json;
use shared::{
    Account, App, Error, Problem, Result, Secret,
    config::TokenMode,
    credentials::CredentialKind,
    wechat::{Call, Verdict},
};

use super::{Issued, Source};

/// WeChat, with the app secrets.
pub(super) struct Upstream<'a> {
    pub(super) app: &'a App,
}

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

/// At a token endpoint these mean the secret, not a token.
const TOKEN_VERDICTS: &[Verdict] = &[(
    40001,
    Problem::Misconfigured,
    "The app secret is wrong; put the right one into the secret store.",
)];

/// The wrong kind of account surfaces in any of these ways.
const TICKET_VERDICTS: &[Verdict] = &[(
    40097,
    Problem::AccountNotPermitted,
    "The account has no right to this ticket; check its kind in WECHAT_APPS and at WeChat.",
)];

impl Source for Upstream<'_> {
    async fn access_token(
        &self,
        account: &Account,
        mode: TokenMode,
        force: bool,
    ) -> Result<Issued> {
        let secret = self.app.secrets.resolve(&account.secret).await?;
        match self.fetch(account, &secret, mode, force).await {
            // A rotated secret: read it again, once.
            Err(error)
                if matches!(error.wechat_errcode(), Some(40125 | 40001))
                    && self.app.secrets.forget(&account.secret).await =>
            {
                let secret = self.app.secrets.resolve(&account.secret).await?;
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
            CredentialKind::AccessToken => return Err(Error::internal("a token is no ticket")),
        };
        let call = Call::get("/cgi-bin/ticket/getticket")
            .query("access_token", access_token.expose())
            .query("type", name)
            .verdicts(TICKET_VERDICTS);
        let Ticket { ticket, expires_in } = self.app.wechat.call(&call).await?.json()?;
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
        let call = match mode {
            TokenMode::Stable => Call::post(
                "/cgi-bin/stable_token",
                &json!({
                    "grant_type": "client_credential",
                    "appid": appid,
                    "secret": secret,
                    "force_refresh": force,
                }),
            )?,
            // Every call retires the token before, so a repeat would cost one.
            TokenMode::Legacy => Call::get("/cgi-bin/token")
                .query("grant_type", "client_credential")
                .query("appid", appid)
                .query("secret", secret)
                .once(),
        };
        // A forced refresh counts against the day's twenty: asked for once.
        let call = if force { call.once() } else { call };
        let answer = self.app.wechat.call(&call.verdicts(TOKEN_VERDICTS)).await?;
        let Token { access_token, expires_in } = answer.json()?;
        Issued::checked(access_token, expires_in, appid)
    }
}
