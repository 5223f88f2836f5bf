//! What every operation gets: settings, table, credentials and the way to WeChat.

use std::sync::Arc;

use crate::{
    Cache, Clock, Log, Result,
    config::{Config, ConfigError},
    credentials::{Credential, CredentialKey, CredentialKind, Credentials},
    fetch::{Internet, Web},
    secrets::Secrets,
    session::SigningKey,
    table::Table,
    transport::Transport,
    wechat::{Answer, Call, Wechat},
};

/// One environment of a function: built once, shared by its requests.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The table.
    pub table: Table,
    /// Tokens and tickets.
    pub credentials: Credentials<Table>,
    /// WeChat, for calls that need no access token.
    pub wechat: Wechat,
    /// The public web, for addresses that users gave.
    pub web: Web,
    /// App secrets and the signing key; most functions may not read any.
    pub secrets: Secrets,
    /// Answers of WeChat's that may be a few seconds old.
    pub cache: Cache,
    /// The log.
    pub log: Log,
}

impl App {
    /// Builds an environment. Nothing is connected or read yet.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub fn new(config: Config, clock: Clock, log: Log) -> Result<App, ConfigError> {
        let transport =
            Transport::new(config.aws.ca_bundle.as_deref()).map_err(ConfigError::new)?;
        let table = Table::new(transport.clone(), &config.table_name, &config.aws);
        Ok(App {
            credentials: Credentials::new(table.clone(), clock.clone()),
            wechat: Wechat::new(transport.clone(), &config.wechat_api, clock.clone()),
            web: Web::new(transport.clone(), Arc::new(Internet)),
            secrets: Secrets::new(transport, &config.aws, clock.clone()),
            cache: Cache::new(clock.clone()),
            table,
            config,
            clock,
            log,
        })
    }

    /// Calls WeChat with the account's access token.
    ///
    /// If WeChat refuses the token, a newer one is waited for, bounded, and the call is made
    /// once more: never a third time, whatever WeChat answers.
    ///
    /// # Errors
    /// As [`Wechat::call`], and [`crate::Problem::CredentialUnavailable`].
    pub async fn call(&self, appid: &str, call: Call) -> Result<Answer> {
        let key = CredentialKey::new(appid, CredentialKind::AccessToken);
        let call = &call;
        let with_token = async |token: Credential| {
            self.wechat.call(&call.clone().access_token(&token.value)).await
        };
        self.credentials.with(&key, with_token).await
    }

    /// The key that signs sessions.
    ///
    /// # Errors
    /// [`crate::Problem::Misconfigured`] if this function has none.
    pub async fn signing_key(&self) -> Result<SigningKey> {
        let source = self.config.session_signing_key.as_ref().ok_or_else(|| {
            crate::Error::new(
                crate::Problem::Misconfigured,
                "This function signs sessions and needs SESSION_SIGNING_KEY_SSM.",
            )
        })?;
        SigningKey::parse(&self.secrets.resolve(source).await?)
    }
}
