//! All of the bundle in one process: what `cargo run` leaves running and every test starts anew.

use std::{
    collections::HashMap,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use functions::refresh_credentials;
use serde_json::{Value, json};
use shared::{
    Account, AccountKind, Clock, Log, Secret, SecretSource,
    config::{Aws, Config, TokenMode, check_base},
    crypto::{nonce, random_bytes},
    fetch::{Internet, Network},
    lambda::Outcome,
    session::{Session, SigningKey},
    site::SiteFiles,
    table::Table,
    transport::Transport,
};
use simulator::Simulator;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    console::{self, Console},
    demo::Demo,
    dynamodb::Dynamodb,
    gateway,
    host::{Host, SharedHost},
    iam, ssm,
};

/// The table's name on one machine.
const TABLE: &str = "wechat";

/// Where the signing key is kept.
const SIGNING_KEY: &str = "/wechat/local/session-key";

/// The schedule.
const TICK: Duration = Duration::from_secs(60);

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the functions listen; the simulator and DynamoDB take the next two ports, or free
    /// ones if this is 0.
    pub listen: SocketAddr,
    /// Another WeChat than the simulator.
    pub wechat_api: Option<String>,
    /// The accounts; by default the demo accounts.
    pub accounts: Vec<Account>,
    /// Another DynamoDB than the embedded one; it needs the table `wechat`.
    pub dynamodb: Option<String>,
    /// Keep the table and the signing key here; by default they live in memory.
    pub data_dir: Option<PathBuf>,
    /// How access tokens are fetched.
    pub token_mode: TokenMode,
    /// Hosts whose pages may be signed.
    pub jssdk_allowed_hosts: Vec<String>,
    /// `SITE_FILES`; by default those of the example, so that there is something to see.
    pub site_files: String,
    /// Hand OAuth tokens to clients.
    pub expose_sns_tokens: bool,
    /// The `jweixin` script for the demo page: a file, or the directory of npm's `weixin-js-sdk`.
    pub jweixin: Option<PathBuf>,
    /// The public web as the functions reach it.
    pub network: Arc<dyn Network>,
    /// The time.
    pub clock: Clock,
    /// Where log lines go.
    pub log: Log,
    /// Whether the refresher runs every minute by itself.
    pub schedule: bool,
}

impl Default for Options {
    /// Everything embedded, on free ports of the loopback, with the system's clock.
    fn default() -> Options {
        Options {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            wechat_api: None,
            accounts: demo_accounts(),
            dynamodb: None,
            data_dir: None,
            token_mode: TokenMode::Stable,
            jssdk_allowed_hosts: vec!["example.com".to_owned(), "localhost".to_owned()],
            site_files: SiteFiles::EXAMPLE.to_owned(),
            expose_sns_tokens: false,
            jweixin: None,
            network: Arc::new(Internet),
            clock: Clock::system(),
            log: Log::from_env(),
            schedule: true,
        }
    }
}

/// The accounts the simulator knows unless others are given.
pub fn demo_accounts() -> Vec<Account> {
    let account = |appid: &str, kind| Account {
        appid: appid.to_owned(),
        kind,
        secret: SecretSource::Value(Secret::new(format!("secret-of-{appid}"))),
    };
    vec![
        account("wx1111111111111111", AccountKind::MiniProgram),
        account("wx2222222222222222", AccountKind::OfficialAccount),
        account("wx3333333333333333", AccountKind::MobileApp),
        account("wx4444444444444444", AccountKind::Website),
    ]
}

/// A running copy of the bundle, private to its owner. Dropping it ends all of it.
pub struct Stack {
    /// Where the functions answer, without a slash at the end.
    pub url: String,
    /// Where WeChat answers.
    pub wechat_url: String,
    /// Where DynamoDB answers.
    pub dynamodb_url: String,
    /// Where the embedded engine answers, behind the functions' policies; else as `dynamodb_url`.
    pub engine_url: String,
    /// The simulator, unless another WeChat was given.
    pub wechat: Option<Simulator>,
    /// The time of functions and table; WeChat's follows it.
    pub clock: Clock,
    /// The functions.
    pub host: SharedHost,
    /// The table, read by the real SDK.
    pub table: Table,
    /// The first refresh's report.
    pub report: Value,
    config: Config,
    ssm_url: String,
    signing_key: Arc<SigningKey>,
    site_files: String,
    _tasks: JoinSet<()>,
}

/// Why a stack does not start; one line for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

fn fail<E: std::fmt::Display>(what: impl std::fmt::Display) -> impl FnOnce(E) -> StartError {
    move |error| StartError(format!("{what}: {error}"))
}

impl Stack {
    /// Starts everything and refreshes the credentials once.
    ///
    /// # Errors
    /// A port in use, a directory that cannot be written, settings that cannot be used.
    pub async fn start(options: Options) -> Result<Stack, StartError> {
        let Options { listen, clock, data_dir, .. } = &options;
        let mut tasks = JoinSet::new();
        let signing_key = signing_key(data_dir.as_deref())?;
        let front = bind(*listen).await?;
        let url = http(&front)?;

        let (wechat, wechat_url) = match &options.wechat_api {
            Some(url) => {
                check_base(url).map_err(|why| StartError(format!("--wechat-api {why}")))?;
                (None, url.trim_end_matches('/').to_owned())
            }
            None => {
                let listener = bind(next_to(*listen, 1)).await?;
                let url = http(&listener)?;
                let simulator = Simulator::new(clock, known_to_wechat(&options.accounts)?);
                tasks.spawn(simulator.clone().serve(listener));
                (Some(simulator), url)
            }
        };

        let (dynamodb, dynamodb_url, engine_url) = match &options.dynamodb {
            Some(url) => (None, url.clone(), url.clone()),
            None => {
                let listener = bind(next_to(*listen, 2)).await?;
                let url = http(&listener)?;
                let dynamodb = Dynamodb::open(data_dir.as_deref(), TABLE, clock)
                    .map_err(fail("The embedded DynamoDB does not start"))?;
                let database = dynamodb.database();
                let inner = bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
                let engine_url = http(&inner)?;
                let guard = iam::router(engine_url.clone()).map_err(StartError)?;
                tasks.spawn(dynoxide::server::serve_on(inner, database));
                tasks.spawn(async move {
                    let _ = axum::serve(listener, guard).await;
                });
                (Some(dynamodb), url, engine_url)
            }
        };

        let mut parameters =
            HashMap::from([(SIGNING_KEY.to_owned(), signing_key.expose().to_owned())]);
        let signing_key = SigningKey::parse(&signing_key)
            .map_err(fail("The session signing key cannot be used"))?;
        let signing_key = Arc::new(signing_key);
        let public_key = signing_key.public_key();
        let accounts =
            options.accounts.iter().map(|account| in_ssm(account, &mut parameters)).collect();
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let ssm_url = http(&listener)?;
        let ssm = ssm::router(Arc::new(parameters));
        tasks.spawn(async move {
            let _ = axum::serve(listener, ssm).await;
        });

        let config = Config {
            table_name: TABLE.to_owned(),
            accounts,
            wechat_api: vec![wechat_url.clone()],
            token_mode: options.token_mode,
            session_public_keys: vec![public_key],
            session_signing_key: Some(SecretSource::Ssm(SIGNING_KEY.to_owned())),
            jssdk_allowed_hosts: options.jssdk_allowed_hosts.clone(),
            edge_only: false,
            expose_sns_tokens: options.expose_sns_tokens,
            site_files: SiteFiles::parse(&options.site_files).map_err(fail("SITE_FILES"))?,
            aws: Aws {
                region: "local".to_owned(),
                access_key_id: "local".to_owned(),
                secret_access_key: Secret::new("local"),
                session_token: None,
                dynamodb_endpoint: Some(dynamodb_url.clone()),
                ssm_endpoint: Some(ssm_url.clone()),
                ca_bundle: None,
            },
        };
        let transport = Transport::new(None).map_err(StartError)?;
        let host = Host::new(
            config.clone(),
            transport.clone(),
            clock.clone(),
            options.log.clone(),
            Arc::clone(&options.network),
        );
        let host = Arc::new(host);
        let table = Table::new(transport.clone(), TABLE, &config.aws);

        if let Some(mut signals) = dynamodb.and_then(|dynamodb| dynamodb.signals()) {
            let host = Arc::clone(&host);
            tasks.spawn(async move {
                loop {
                    let event = signals.next().await;
                    refresh(&host, &event).await;
                }
            });
        }
        let report = refresh(&host, &json!({})).await;
        if options.schedule {
            let host = Arc::clone(&host);
            tasks.spawn(async move {
                let mut ticks = tokio::time::interval(TICK);
                ticks.tick().await;
                loop {
                    ticks.tick().await;
                    refresh(&host, &json!({})).await;
                }
            });
        }
        let console = Console {
            run: nonce(),
            accounts: options.accounts.clone().into(),
            token_mode: options.token_mode,
            table: table.clone(),
            clock: clock.clone(),
            wechat_url: wechat_url.clone(),
            wechat: wechat.clone(),
            transport: transport.clone(),
        };
        let demo = Demo {
            account: options
                .accounts
                .iter()
                .find(|a| a.kind == AccountKind::OfficialAccount)
                .cloned(),
            wechat: wechat.clone(),
            signing_key: Arc::clone(&signing_key),
            clock: clock.clone(),
            host: Arc::clone(&host),
            jweixin: options.jweixin.clone(),
        };
        let router = gateway::router(Arc::clone(&host), demo).merge(console::router(console));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn(async move {
            let _ = axum::serve(front, service).await;
        });
        Ok(Stack {
            url,
            wechat_url,
            dynamodb_url,
            engine_url,
            wechat,
            clock: clock.clone(),
            host,
            table,
            report,
            config,
            ssm_url,
            signing_key,
            site_files: options.site_files,
            _tasks: tasks,
        })
    }

    /// Runs the refresher once and returns its report, or its problem.
    pub async fn refresh(&self, event: &Value) -> Value {
        refresh(&self.host, event).await
    }

    /// A session of somebody who did not log in, at any of the accounts.
    pub fn session(&self, appid: &str, openid: &str) -> String {
        let session = Session::new(appid, openid, None, "local", self.clock.now());
        self.signing_key.sign(&session)
    }

    /// What a function's process needs to run against this stack.
    pub fn environment(&self) -> Vec<(String, String)> {
        let config = &self.config;
        let apps: Vec<Value> = config
            .accounts
            .iter()
            .map(|account| {
                let SecretSource::Ssm(name) = &account.secret else { return Value::Null };
                json!({ "appid": account.appid, "kind": account.kind, "secret": { "ssm": name } })
            })
            .collect();
        let key = &config.session_public_keys[0];
        let keys = format!("{}:{}", key.kid, BASE64_URL_SAFE_NO_PAD.encode(key.bytes));
        let variables = [
            ("TABLE_NAME", TABLE.to_owned()),
            ("WECHAT_APPS", Value::Array(apps).to_string()),
            ("WECHAT_API_BASE", self.wechat_url.clone()),
            ("SESSION_PUBLIC_KEYS", keys),
            ("SESSION_SIGNING_KEY_SSM", SIGNING_KEY.to_owned()),
            ("JSSDK_ALLOWED_HOSTS", config.jssdk_allowed_hosts.join(",")),
            ("SITE_FILES", self.site_files.clone()),
            ("EXPOSE_SNS_TOKENS", config.expose_sns_tokens.to_string()),
            ("MALLOC_ARENA_MAX", "1".to_owned()),
            ("AWS_REGION", config.aws.region.clone()),
            ("AWS_ACCESS_KEY_ID", config.aws.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", config.aws.secret_access_key.expose().to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.dynamodb_url.clone()),
            ("AWS_ENDPOINT_URL_SSM", self.ssm_url.clone()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}

async fn refresh(host: &Host, event: &Value) -> Value {
    let event = event.to_string();
    let outcome = host.invoke(refresh_credentials::NAME, event.as_bytes()).await;
    match outcome.expect("the host has the refresher") {
        Outcome::Output(report) => serde_json::from_str(&report).unwrap_or_default(),
        Outcome::Failure { error_message, .. } => {
            serde_json::from_str(&error_message).unwrap_or_default()
        }
        Outcome::Http(_) | Outcome::Streamed(..) => Value::Null,
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => "; choose another with --listen",
            _ => "",
        };
        StartError(format!("Cannot listen on {address}: {error}{hint}"))
    })
}

fn http(listener: &TcpListener) -> Result<String, StartError> {
    let address = listener.local_addr().map_err(fail("A port is gone"))?;
    Ok(format!("http://{address}"))
}

/// The port `steps` after the front door's, or a free one if that was free.
fn next_to(listen: SocketAddr, steps: u16) -> SocketAddr {
    let port = if listen.port() == 0 { 0 } else { listen.port().wrapping_add(steps) };
    // Only the front door may be reachable from elsewhere.
    (Ipv4Addr::LOCALHOST, port).into()
}

/// The accounts as WeChat's console has them.
fn known_to_wechat(accounts: &[Account]) -> Result<Vec<simulator::Account>, StartError> {
    accounts
        .iter()
        .map(|account| match &account.secret {
            SecretSource::Value(secret) => {
                Ok(simulator::Account::new(&account.appid, account.kind, secret.expose()))
            }
            SecretSource::Ssm(_) => Err(StartError(format!(
                "The secret of {} is in SSM: on one machine give it as {{\"value\":\"…\"}}.",
                account.appid
            ))),
        })
        .collect()
}

/// Moves an account's secret into the SSM stand-in, where a deployment has it.
fn in_ssm(account: &Account, parameters: &mut HashMap<String, String>) -> Account {
    let SecretSource::Value(secret) = &account.secret else { return account.clone() };
    let name = format!("/wechat/local/{}", account.appid);
    parameters.insert(name.clone(), secret.expose().to_owned());
    Account { secret: SecretSource::Ssm(name), ..account.clone() }
}

/// The signing key in `data_dir`, or a new one.
fn signing_key(data_dir: Option<&Path>) -> Result<Secret, StartError> {
    let fresh = || format!("local:{}", BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()));
    let Some(directory) = data_dir else { return Ok(Secret::new(fresh())) };
    let unusable = |error: io::Error| {
        StartError(format!("Cannot use the data directory {}: {error}", directory.display()))
    };
    fs::create_dir_all(directory).map_err(unusable)?;
    let file = directory.join("session-key");
    match fs::read_to_string(&file) {
        Ok(key) => Ok(Secret::new(key)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = fresh();
            fs::write(&file, &key).map_err(unusable)?;
            Ok(Secret::new(key))
        }
        Err(error) => Err(unusable(error)),
    }
}
