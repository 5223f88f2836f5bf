//! What every operation gets: settings, table, credentials and the way to WeChat.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use crate::{
    Account, AccountKind, Cache, Clock, Log, Result, Touch,
    config::Config,
    credentials::{Credential, CredentialKey, CredentialKind, Credentials},
    fetch::{Internet, Web},
    secrets::Secrets,
    session::{SigningKey, Verifier},
    table::Table,
    trace,
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
    /// Who callers are.
    pub sessions: Verifier,
    /// Answers of WeChat's that may be a few seconds old.
    pub cache: Cache,
    /// The log.
    pub log: Log,
    transport: Transport,
    /// What was read of the table before the first request, whose summary tells it.
    early_reads: AtomicU32,
}

impl App {
    /// Builds an environment. Nothing is connected or read yet.
    pub fn new(config: Config, transport: Transport, clock: Clock, log: Log) -> App {
        let table = Table::new(transport.clone(), &config.table_name, &config.aws);
        App {
            credentials: Credentials::new(table.clone(), clock.clone()),
            wechat: Wechat::new(transport.clone(), &config.wechat_api, clock.clone()),
            web: Web::new(transport.clone(), Arc::new(Internet)),
            secrets: Secrets::new(transport.clone(), &config.aws, clock.clone()),
            sessions: Verifier::new(&config.session_public_keys),
            cache: Cache::new(clock.clone()),
            table,
            config,
            log: log.at(&clock),
            clock,
            transport,
            early_reads: AtomicU32::new(0),
        }
    }

    /// Begins, in the background, what the first request of an operation will wait for:
    /// connections to what it touches, and reading the credential of its default account.
    ///
    /// Nothing depends on it: what fails here, the request that needs it does again.
    pub(crate) fn prepare(self: &Arc<App>, touches: &[Touch], accounts: &[AccountKind]) {
        let has = |wanted: fn(Touch) -> bool| touches.iter().copied().any(wanted);
        if has(Touch::uses_table) {
            let credential = touches.iter().find_map(|touch| touch.credential());
            let account = self.default_account(accounts);
            let key = credential
                .zip(account)
                .map(|(kind, account)| CredentialKey::new(&account.appid, kind));
            self.prepare_table(key);
        }
        if has(Touch::calls_wechat) {
            drop(self.transport.connect_early(&self.config.wechat_api[0]));
        }
    }

    /// Connects to the table, builds its client meanwhile, and reads a credential.
    fn prepare_table(self: &Arc<App>, credential: Option<CredentialKey>) {
        let is_up = self.transport.connect_early(&self.config.aws.likely_dynamodb());
        let app = Arc::clone(self);
        tokio::spawn(async move {
            let client = async {
                is_up.await;
                app.table.client();
            };
            let Some(key) = credential else { return client.await };
            let reading = trace::scope(app.credentials.read_early(&key, client));
            let ((), summary) = reading.await;
            app.early_reads.fetch_add(summary.table_reads, Ordering::Relaxed);
        });
    }

    /// The same for the secrets of an operation that signs sessions.
    ///
    /// Apart from [`App::prepare`], so that other functions need not carry the client of SSM.
    pub(crate) fn prepare_secrets(self: &Arc<App>, touches: &[Touch], accounts: &[AccountKind]) {
        let logs_in = touches.contains(&Touch::LogIn);
        let account = self.default_account(accounts).filter(|_| logs_in);
        let app_secret = account.map(|account| &account.secret);
        let secrets = app_secret.into_iter().chain(&self.config.session_signing_key);
        for source in secrets {
            let (app, source) = (Arc::clone(self), source.clone());
            tokio::spawn(async move { app.secrets.resolve(&source).await.map(drop) });
        }
    }

    /// The same for the refresher, which reads the table at once and WeChat when it must.
    pub(crate) fn prepare_job(self: &Arc<App>) {
        self.prepare_table(None);
    }

    /// How often the table was read early; told once.
    pub(crate) fn early_reads(&self) -> u32 {
        self.early_reads.swap(0, Ordering::Relaxed)
    }

    /// The first configured account of the kinds an operation is for, in their order.
    pub(crate) fn default_account(&self, kinds: &[AccountKind]) -> Option<&Account> {
        let configured = |kind| self.config.accounts.iter().find(|account| account.kind == kind);
        kinds.iter().copied().find_map(configured)
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
