//! What every operation gets: settings, table, credentials and the way to WeChat.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use crate::{
    Account, AccountKind, Clock, Log,
    budget::Counters,
    config::Config,
    credentials::{CredentialKey, Credentials},
    fetch::{Internet, Web},
    secrets::Secrets,
    session::Verifier,
    settings::Setting,
    state::States,
    table::Table,
    trace,
    transport::Transport,
    wechat::Wechat,
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
    /// The log.
    pub log: Log,
    /// How often operations were called, where memory counts.
    pub(crate) counters: Counters,
    transport: Transport,
    states: States,
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
            table,
            config,
            log: log.at(&clock),
            clock,
            counters: Counters::default(),
            transport,
            states: States::default(),
            early_reads: AtomicU32::new(0),
        }
    }

    /// The HTTP client, for a capability that talks to other hosts than WeChat's.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The value of a setting that a capability of this function names.
    pub fn setting<S: Setting>(&self) -> &S {
        self.config.settings.get()
    }

    /// Connects to the table, builds its client meanwhile, and reads a credential.
    pub(crate) fn prepare_table(self: &Arc<App>, credential: Option<CredentialKey>) {
        let address = self.config.aws.dynamodb().parse().ok();
        let is_up = address.map(|address| self.transport.connect_early(address));
        let app = Arc::clone(self);
        tokio::spawn(async move {
            let client = async {
                if let Some(is_up) = is_up {
                    is_up.await;
                }
                app.table.prepare();
            };
            let Some(key) = credential else { return client.await };
            let reading = trace::scope(app.credentials.read_early(&key, client));
            let ((), summary) = reading.await;
            app.early_reads.fetch_add(summary.table_reads, Ordering::Relaxed);
        });
    }

    /// Connects to WeChat.
    pub(crate) fn prepare_wechat(&self) {
        drop(self.transport.connect_early(self.config.wechat_api[0].clone()));
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

    /// What an environment keeps between requests for code outside of this crate, by its type.
    pub fn state<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.states.get()
    }
}
