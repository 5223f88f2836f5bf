//! All of the bundle in one process: what `cargo run` leaves running and every test starts for itself.

use std::{
    collections::HashMap,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use functions::{refresh_credentials::RefreshCredentials, site::SiteFiles};
use serde_json::{Value, json};
use shared::{
    Account, AccountKind, Clock, Config, Job, Log, Secret, SecretSource,
    capability::Setting as _,
    config::{TokenMode, check_base},
    crypto::{nonce, random_bytes},
    fetch::{Internet, Network},
    invoke::Outcome,
    session::{Session, SigningKey},
    table::Table,
    transport::Transport,
};
use simulator::{Simulator, demo_accounts};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    console::{self, Console},
    demo::Demo,
    dynamodb::{Dynamodb, Signals},
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
    /// `BUDGETS`: other budgets than those in the code; empty for none.
    pub budgets: String,
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
            budgets: String::new(),
            expose_sns_tokens: false,
            jweixin: None,
            network: Arc::new(Internet),
            clock: Clock::system(),
            log: Log::from_env(),
            schedule: true,
        }
    }
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
    environment: Vec<(String, String)>,
    signing_key: Arc<SigningKey>,
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
        let mut tasks = JoinSet::new();
        let secrets = Secrets::start(&options, &mut tasks).await?;
        let front = bind(options.listen).await?;
        let wechat = Wechat::start(&options, &mut tasks).await?;
        let tables = Tables::start(&options, &mut tasks).await?;
        let environment = environment(&options, &secrets, &wechat.url, &tables.url);
        let config = settings(&environment)?;
        let transport = Transport::new(None).map_err(StartError)?;
        let host = Arc::new(Host::new(
            config.clone(),
            transport.clone(),
            options.clock.clone(),
            options.log.clone(),
            Arc::clone(&options.network),
        ));
        let table = Table::new(transport.clone(), TABLE, &config.aws);
        if let Some(signals) = tables.signals {
            tasks.spawn(on_signals(Arc::clone(&host), signals));
        }
        let report = refresh(&host, &json!({})).await;
        if options.schedule {
            tasks.spawn(every_minute(Arc::clone(&host)));
        }
        let console = Console {
            run: nonce(),
            accounts: options.accounts.clone().into(),
            token_mode: options.token_mode,
            table: table.clone(),
            clock: options.clock.clone(),
            wechat_url: wechat.url.clone(),
            wechat: wechat.simulator.clone(),
            transport,
        };
        let official = |account: &&Account| account.kind == AccountKind::OfficialAccount;
        let demo = Demo {
            account: options.accounts.iter().find(official).cloned(),
            wechat: wechat.simulator.clone(),
            signing_key: Arc::clone(&secrets.signing_key),
            clock: options.clock.clone(),
            host: Arc::clone(&host),
            jweixin: options.jweixin.clone(),
        };
        let url = http(&front)?;
        let router = gateway::router(Arc::clone(&host), demo).merge(console::router(console));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tasks.spawn(async move {
            let _ = axum::serve(front, service).await;
        });
        Ok(Stack {
            url,
            wechat_url: wechat.url,
            dynamodb_url: tables.url,
            engine_url: tables.engine_url,
            wechat: wechat.simulator,
            clock: options.clock,
            host,
            table,
            report,
            environment,
            signing_key: secrets.signing_key,
            _tasks: tasks,
        })
    }

    /// Runs the refresher once and returns its report, or its problem.
    pub async fn refresh(&self, event: &Value) -> Value {
        refresh(&self.host, event).await
    }

    /// A session at any of the accounts, without a login.
    pub fn session(&self, appid: &str, openid: &str) -> String {
        let session = Session::new(appid, openid, None, "local", self.clock.now());
        self.signing_key.sign(&session)
    }

    /// What a function's process needs to run against this stack.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }
}

/// WeChat: the simulator, or another.
struct Wechat {
    url: String,
    simulator: Option<Simulator>,
}

impl Wechat {
    async fn start(options: &Options, tasks: &mut JoinSet<()>) -> Result<Wechat, StartError> {
        if let Some(url) = &options.wechat_api {
            check_base(url).map_err(|why| StartError(format!("--wechat-api {why}")))?;
            return Ok(Wechat { url: url.trim_end_matches('/').to_owned(), simulator: None });
        }
        let listener = bind(next_to(options.listen, 1)).await?;
        let url = http(&listener)?;
        let accounts = options.accounts.iter().map(simulator::Account::try_from);
        let accounts = accounts.collect::<Result<_, _>>();
        let accounts = accounts.map_err(|error| StartError(error.to_string()))?;
        let simulator = Simulator::new(&options.clock, accounts);
        tasks.spawn(simulator.clone().serve(listener));
        Ok(Wechat { url, simulator: Some(simulator) })
    }
}

/// DynamoDB: the embedded one behind the functions' policies, or another.
struct Tables {
    url: String,
    engine_url: String,
    signals: Option<Signals>,
}

impl Tables {
    async fn start(options: &Options, tasks: &mut JoinSet<()>) -> Result<Tables, StartError> {
        if let Some(url) = &options.dynamodb {
            return Ok(Tables { url: url.clone(), engine_url: url.clone(), signals: None });
        }
        let listener = bind(next_to(options.listen, 2)).await?;
        let url = http(&listener)?;
        let dynamodb = Dynamodb::open(options.data_dir.as_deref(), TABLE, &options.clock)
            .map_err(fail("The embedded DynamoDB does not start"))?;
        let inner = bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let engine_url = http(&inner)?;
        let guard = iam::router(engine_url.clone()).map_err(StartError)?;
        tasks.spawn(dynoxide::server::serve_on(inner, dynamodb.database()));
        tasks.spawn(async move {
            let _ = axum::serve(listener, guard).await;
        });
        Ok(Tables { url, engine_url, signals: dynamodb.signals() })
    }
}

/// SSM with the secrets in it, as a deployment has them.
struct Secrets {
    url: String,
    signing_key: Arc<SigningKey>,
    /// The accounts, each with its secret in SSM.
    accounts: Vec<Account>,
}

impl Secrets {
    async fn start(options: &Options, tasks: &mut JoinSet<()>) -> Result<Secrets, StartError> {
        let key = signing_key(options.data_dir.as_deref())?;
        let mut parameters = HashMap::from([(SIGNING_KEY.to_owned(), key.expose().to_owned())]);
        let signing_key =
            SigningKey::parse(&key).map_err(fail("The session signing key cannot be used"))?;
        let accounts =
            options.accounts.iter().map(|account| in_ssm(account, &mut parameters)).collect();
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let url = http(&listener)?;
        let ssm = ssm::router(Arc::new(parameters));
        tasks.spawn(async move {
            let _ = axum::serve(listener, ssm).await;
        });
        Ok(Secrets { url, signing_key: Arc::new(signing_key), accounts })
    }
}

/// Runs the refresher for every signal of the table.
async fn on_signals(host: SharedHost, mut signals: Signals) {
    loop {
        let event = signals.next().await;
        refresh(&host, &event).await;
    }
}

/// Runs the refresher on its schedule.
async fn every_minute(host: SharedHost) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        refresh(&host, &json!({})).await;
    }
}

async fn refresh(host: &Host, event: &Value) -> Value {
    let event = event.to_string();
    let outcome = host.invoke(RefreshCredentials::NAME, event.as_bytes()).await;
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

/// What the functions are configured with: as in a deployment, variables.
fn environment(
    options: &Options,
    secrets: &Secrets,
    wechat_url: &str,
    dynamodb_url: &str,
) -> Vec<(String, String)> {
    let public_key = secrets.signing_key.public_key();
    let apps = secrets.accounts.iter().map(|account| {
        let SecretSource::Ssm(name) = &account.secret else { return Value::Null };
        json!({ "appid": account.appid, "kind": account.kind, "secret": { "ssm": name } })
    });
    let key = BASE64_URL_SAFE_NO_PAD.encode(public_key.bytes);
    let variables = [
        ("TABLE_NAME", TABLE.to_owned()),
        ("WECHAT_APPS", Value::Array(apps.collect()).to_string()),
        ("WECHAT_API_BASE", wechat_url.to_owned()),
        ("TOKEN_MODE", options.token_mode.as_str().to_owned()),
        ("SESSION_PUBLIC_KEYS", format!("{}:{key}", public_key.kid)),
        ("SESSION_SIGNING_KEY_SSM", SIGNING_KEY.to_owned()),
        ("JSSDK_ALLOWED_HOSTS", options.jssdk_allowed_hosts.join(",")),
        ("SITE_FILES", options.site_files.clone()),
        ("EXPOSE_SNS_TOKENS", options.expose_sns_tokens.to_string()),
        ("BUDGETS", options.budgets.clone()),
        ("MALLOC_ARENA_MAX", "1".to_owned()),
        ("AWS_REGION", "local".to_owned()),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url.to_owned()),
        ("AWS_ENDPOINT_URL_SSM", secrets.url.clone()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// The same as the functions read it.
fn settings(environment: &[(String, String)]) -> Result<Config, StartError> {
    let read = |name: &str| {
        let found = environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    Config::read(read, &functions::settings()).map_err(|error| StartError(error.to_string()))
}
