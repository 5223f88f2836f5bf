//! All of the bundle in one process: what `cargo run` leaves running and every test starts for itself.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use functions::{
    api::allow::Allow, deliver_events::DeliverEvents, reconcile_payments::ReconcilePayments,
    refresh_credentials::RefreshCredentials, site::SiteFiles,
};
use serde_json::{Value, json};
use shared::{
    Account, AccountKind, Clock, Config, Job, Log, PushMode, PushSettings, Secret, SecretSource,
    capability::Setting as _,
    config::{TokenMode, parse_base},
    crypto::{nonce, random_bytes},
    fetch::{Internet, Network},
    invoke::Outcome,
    session::{Session, SigningKey},
    table::Table,
    transport::Transport,
};
use simulator::{Simulator, demo_accounts, guard::Reach};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    console::{self, Console},
    demo::{self, Demo},
    dynamodb::{self, Changes, Dynamodb},
    eventbridge::{self, Bus},
    gateway,
    guard::Guard,
    host::{Host, NOBODY, SharedHost},
    iam, lambda_api,
    merchants::Merchants,
    private_files, ssm,
    trouble::TableTrouble,
    variables::Variables,
    wechat_memory::WechatMemory,
};

/// The table's name, unless `TABLE_NAME` says otherwise.
const TABLE: &str = "wechat";

/// Where the signing key is kept.
const SIGNING_KEY: &str = "/wechat/local/session-key";

/// The schedule.
const TICK: Duration = Duration::from_secs(60);

/// How often the clock is looked at, which may have been moved.
const LOOK: Duration = Duration::from_millis(500);

/// How often what the simulated WeChat remembers is written down.
const KEEP: Duration = Duration::from_secs(1);

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the functions listen; the simulator and DynamoDB take the next two ports, or free
    /// ones if this is 0.
    pub listen: SocketAddr,
    /// Whether `listen` may be an address that other machines reach.
    pub expose: bool,
    /// Another WeChat than the simulator: its hosts, comma separated, the preferred one first.
    pub wechat_api: Option<String>,
    /// The accounts; by default the demo accounts.
    pub accounts: Vec<Account>,
    /// The merchants, as `WECHAT_PAY` has them; by default the simulator's demo merchant.
    pub pay: Option<String>,
    /// Another WeChat Pay than the simulator: its hosts, comma separated, the preferred one first.
    pub wechat_pay_api: Option<String>,
    /// Where WeChat Pay notifies; by default `pay.notify` on this machine.
    pub pay_notify_url: Option<String>,
    /// Another DynamoDB than the embedded one; it needs the table `wechat`.
    pub dynamodb: Option<String>,
    /// Keep the table, the signing key and what the simulated WeChat remembers here; by default
    /// they live in memory.
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
    /// `API_CALL_ALLOW`: what `api.call` may call.
    pub api_call_allow: String,
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
    /// Whether the simulator has something to show, such as live rooms.
    pub furnished: bool,
    /// Settings of the functions that take precedence over those above, except for another WeChat
    /// or DynamoDB.
    pub variables: Variables,
    /// Where every event of the bus is posted.
    pub events: Vec<String>,
}

impl Default for Options {
    /// Everything embedded, on free ports of the loopback, with the system's clock.
    fn default() -> Options {
        Options {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            expose: false,
            wechat_api: None,
            accounts: demo_accounts(),
            pay: None,
            wechat_pay_api: None,
            pay_notify_url: None,
            dynamodb: None,
            data_dir: None,
            token_mode: TokenMode::Stable,
            jssdk_allowed_hosts: vec!["example.com".to_owned(), "localhost".to_owned()],
            site_files: SiteFiles::EXAMPLE.to_owned(),
            budgets: String::new(),
            expose_sns_tokens: false,
            api_call_allow: String::new(),
            jweixin: None,
            network: Arc::new(Internet),
            clock: Clock::system(),
            log: Log::from_env(),
            schedule: true,
            furnished: false,
            variables: Variables::default(),
            events: Vec::new(),
        }
    }
}

impl Options {
    /// Whether the table is the embedded one.
    pub fn has_own_table(&self) -> bool {
        self.other_dynamodb().is_none()
    }

    fn table(&self) -> &str {
        self.variables.get("TABLE_NAME").unwrap_or(TABLE)
    }

    fn signing_key_name(&self) -> &str {
        self.variables.get("SESSION_SIGNING_KEY_SSM").unwrap_or(SIGNING_KEY)
    }

    /// The hosts of another WeChat.
    fn wechat_hosts(&self) -> Option<Vec<String>> {
        let hosts = self.wechat_api.as_deref().or_else(|| self.variables.get("WECHAT_API_BASE"))?;
        let hosts = hosts.split(',').map(|host| host.trim().trim_end_matches('/').to_owned());
        Some(hosts.filter(|host| !host.is_empty()).collect())
    }

    /// Where another DynamoDB answers.
    fn other_dynamodb(&self) -> Option<&str> {
        self.dynamodb.as_deref().or_else(|| self.variables.endpoint("DYNAMODB"))
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
    /// It is an address that only this process knows, because the engine refuses no page.
    pub engine_url: String,
    /// The simulator, unless another WeChat was given.
    pub wechat: Option<Simulator>,
    /// The time of functions and table; WeChat's follows it.
    pub clock: Clock,
    /// The functions.
    pub host: SharedHost,
    /// The table, read by the real SDK.
    pub table: Table,
    /// The bus that events are published on.
    pub bus: Bus,
    /// The first refresh's report.
    pub report: Value,
    /// Trouble that the embedded table can be told to make.
    pub trouble: TableTrouble,
    /// Whether other machines reach the functions.
    pub exposed: bool,
    environment: Vec<(String, String)>,
    signing_key: Arc<SigningKey>,
    _kept: Option<Kept>,
    _tasks: JoinSet<()>,
}

/// Writes down what the simulated WeChat remembers when the stack ends.
struct Kept(Arc<WechatMemory>);

impl Drop for Kept {
    fn drop(&mut self) {
        // Nobody is left to be told; what was written a second ago is still there.
        let _ = self.0.save();
    }
}

/// Why a stack does not start; one line for a person.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub(crate) String);

fn fail<E: std::fmt::Display>(what: impl std::fmt::Display) -> impl FnOnce(E) -> StartError {
    move |error| StartError(format!("{what}: {error}"))
}

impl Stack {
    /// Starts everything and refreshes the credentials once.
    ///
    /// # Errors
    /// A port in use, a directory that cannot be written, settings that cannot be used.
    pub async fn start(options: Options) -> Result<Stack, StartError> {
        let reach = Reach::of(options.listen, options.expose)
            .map_err(|error| StartError(error.to_string()))?;
        let mut tasks = JoinSet::new();
        check_jweixin(options.jweixin.as_deref())?;
        let front = bind(options.listen).await?;
        let wechat = Wechat::start(&options, &mut tasks).await?;
        let mut merchants = Merchants::of(&options, &wechat, &front)?;
        let secrets = Secrets::start(&options, &mut merchants, &mut tasks).await?;
        let tables = Tables::start(&options, &mut tasks).await?;
        // The bus answers before the functions' settings name it.
        let bus_transport = Transport::new(None).map_err(StartError)?;
        let bus = Bus::new(options.events.clone(), bus_transport);
        let bus_url = serve_bus(bus.clone(), &mut tasks).await?;
        let urls = [&wechat.hosts, &tables.url, &bus_url];
        let mut environment = environment(&options, &secrets, urls.map(String::as_str));
        environment.extend(merchants.variables());
        let config = settings(&environment)?;
        let transport = Transport::new(config.aws.ca_bundle.as_deref()).map_err(StartError)?;
        let host = Arc::new(Host::new(
            config.clone(),
            transport.clone(),
            options.clock.clone(),
            options.log.clone(),
            Arc::clone(&options.network),
        ));
        let table = Table::new(transport.clone(), options.table(), &config.aws);
        if let Some(url) = options.other_dynamodb() {
            check_table(&table, url).await?;
        }
        if let Some(signals) = tables.signals {
            tasks.spawn(on_signals(Arc::clone(&host), signals));
        }
        if let Some(events) = tables.events {
            tasks.spawn(on_events(Arc::clone(&host), events));
        }
        let report = refresh(&host, &json!({})).await;
        if options.schedule {
            tasks.spawn(every_minute(Arc::clone(&host)));
            tasks.spawn(reconcile(Arc::clone(&host), options.clock.clone()));
        }
        let console = Console {
            run: nonce(),
            accounts: options.accounts.clone().into(),
            token_mode: config.token_mode,
            table: table.clone(),
            bus: bus.clone(),
            api: Arc::new(config.settings.get::<Allow>().clone()),
            clock: options.clock.clone(),
            wechat_url: wechat.url.clone(),
            wechat: wechat.simulator.clone(),
            transport,
        };
        let official = |account: &&Account| account.kind == AccountKind::OfficialAccount;
        let demo = Demo {
            account: options.accounts.iter().find(official).cloned(),
            wechat: wechat.simulator.clone(),
            host: Arc::clone(&host),
            jweixin: options.jweixin.clone(),
        };
        let url = http(&front)?;
        if let Some(simulator) = &wechat.simulator {
            enter_push_urls(simulator, &options.accounts, &url);
        }
        let guard = Guard { reach, pages: pages(&environment) };
        let router = gateway::router(Arc::clone(&host), demo, guard.clone())
            .merge(lambda_api::router(Arc::clone(&host), guard))
            .merge(console::router(console));
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
            bus,
            report,
            trouble: tables.trouble,
            exposed: reach == Reach::Network,
            environment,
            signing_key: secrets.signing_key,
            _kept: wechat.kept,
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
pub(crate) struct Wechat {
    /// Where it answers, the preferred host if there are several.
    pub(crate) url: String,
    /// All of its hosts, comma separated.
    hosts: String,
    pub(crate) simulator: Option<Simulator>,
    kept: Option<Kept>,
}

impl Wechat {
    async fn start(options: &Options, tasks: &mut JoinSet<()>) -> Result<Wechat, StartError> {
        if let Some(hosts) = options.wechat_hosts() {
            for host in &hosts {
                parse_base(host).map_err(|why| StartError(format!("--wechat-api {why}")))?;
            }
            let url = hosts.first().cloned().ok_or_else(|| {
                StartError(
                    "--wechat-api is empty; for example https://api.weixin.qq.com".to_owned(),
                )
            })?;
            return Ok(Wechat { url, hosts: hosts.join(","), simulator: None, kept: None });
        }
        let listener = bind(next_to(options.listen, 1)).await?;
        let url = http(&listener)?;
        let accounts = options.accounts.iter().map(simulator::Account::try_from);
        let accounts = accounts.collect::<Result<_, _>>();
        let accounts = accounts.map_err(|error| StartError(error.to_string()))?;
        let simulator = Simulator::new(&options.clock, accounts);
        let mut is_new = true;
        let mut kept = None;
        if let Some(directory) = &options.data_dir {
            private_files::create_directory(directory).map_err(unusable(directory))?;
            let opened = WechatMemory::open(directory, &simulator, &options.clock);
            let (memory, known) = opened.map_err(unusable(directory))?;
            let memory = Arc::new(memory);
            tasks.spawn(keep(Arc::clone(&memory)));
            (kept, is_new) = (Some(Kept(memory)), !known);
        }
        if options.furnished && is_new {
            simulator.furnish();
        }
        tasks.spawn(simulator.clone().serve(listener));
        Ok(Wechat { hosts: url.clone(), url, simulator: Some(simulator), kept })
    }
}

/// DynamoDB: the embedded one behind the functions' policies, or another.
struct Tables {
    url: String,
    engine_url: String,
    signals: Option<Changes>,
    events: Option<Changes>,
    trouble: TableTrouble,
}

impl Tables {
    async fn start(options: &Options, tasks: &mut JoinSet<()>) -> Result<Tables, StartError> {
        let trouble = TableTrouble::default();
        if let Some(url) = options.other_dynamodb() {
            let url = url.to_owned();
            return Ok(Tables {
                engine_url: url.clone(),
                url,
                signals: None,
                events: None,
                trouble,
            });
        }
        let listener = bind(next_to(options.listen, 2)).await?;
        let url = http(&listener)?;
        let dynamodb = Dynamodb::open(options.data_dir.as_deref(), options.table(), &options.clock)
            .map_err(fail("The embedded DynamoDB does not start"))?;
        let inner = bind_hidden().await?;
        let engine_url = http(&inner)?;
        let guard = iam::router(engine_url.clone(), trouble.clone()).map_err(StartError)?;
        tasks.spawn(dynoxide::server::serve_on(inner, dynamodb.database()));
        tasks.spawn(async move {
            let _ = axum::serve(listener, guard).await;
        });
        let (signals, events) = (dynamodb.signals(), dynamodb.events());
        Ok(Tables { url, engine_url, signals, events, trouble })
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
    async fn start(
        options: &Options,
        merchants: &mut Merchants,
        tasks: &mut JoinSet<()>,
    ) -> Result<Secrets, StartError> {
        let key = signing_key(options.data_dir.as_deref())?;
        let name = options.signing_key_name().to_owned();
        let mut parameters = HashMap::from([(name, key.expose().to_owned())]);
        let signing_key =
            SigningKey::parse(&key).map_err(fail("The session signing key cannot be used"))?;
        if let Some(url) = options.variables.endpoint("SSM") {
            let names = ["SESSION_SIGNING_KEY_SSM", "SESSION_PUBLIC_KEYS"];
            if let Some(name) = names.iter().find(|name| options.variables.get(name).is_none()) {
                let line = format!("{name} is not set, and AWS_ENDPOINT_URL_SSM needs it");
                return Err(StartError(line));
            }
            let (url, accounts) = (url.to_owned(), options.accounts.clone());
            return Ok(Secrets { url, signing_key: Arc::new(signing_key), accounts });
        }
        for account in &options.accounts {
            if let SecretSource::Ssm(name) = &account.secret {
                let appid = &account.appid;
                return Err(StartError(format!(
                    "The secret of {appid} is in SSM ({name}): set AWS_ENDPOINT_URL_SSM, or give it as {{\"value\":\"…\"}}"
                )));
            }
        }
        let accounts =
            options.accounts.iter().map(|account| in_ssm(account, &mut parameters)).collect();
        merchants.move_into(&mut parameters)?;
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
async fn on_signals(host: SharedHost, mut signals: Changes) {
    loop {
        let event = signals.next().await;
        refresh(&host, &event).await;
    }
}

/// Publishes what is in the outbox. What the bus does not take is tried again, as the event source
/// mapping does.
async fn on_events(host: SharedHost, mut events: Changes) {
    loop {
        let mut event = events.next().await;
        let mut pause = Duration::from_millis(100);
        loop {
            let outcome = host.invoke(DeliverEvents::NAME, event.to_string().as_bytes()).await;
            let failed: Vec<Value> = match outcome {
                Ok(Outcome::Output(report)) => {
                    let report: Value = serde_json::from_str(&report).unwrap_or_default();
                    let failed = report["batchItemFailures"].as_array().cloned();
                    failed.unwrap_or_default()
                }
                // The function failed as a whole: all of it comes again.
                _ => vec![Value::Null],
            };
            if failed.is_empty() {
                break;
            }
            let numbers: Vec<&Value> =
                failed.iter().map(|failure| &failure["itemIdentifier"]).collect();
            if let Some(records) = event["Records"].as_array_mut()
                && !numbers.iter().any(|number| number.is_null())
            {
                records.retain(|record| numbers.contains(&&record["dynamodb"]["SequenceNumber"]));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

/// Serves the bus where the functions look for EventBridge.
async fn serve_bus(bus: Bus, tasks: &mut JoinSet<()>) -> Result<String, StartError> {
    let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
    let url = http(&listener)?;
    tasks.spawn(async move {
        let _ = axum::serve(listener, eventbridge::router(bus)).await;
    });
    Ok(url)
}

/// Tells the simulator where each account receives messages, as its owner would in the console.
fn enter_push_urls(simulator: &Simulator, accounts: &[Account], url: &str) {
    for account in accounts {
        let Some(PushSettings { mode, keys: SecretSource::Value(keys) }) = &account.push else {
            continue;
        };
        let keys: Value = serde_json::from_str(keys.expose()).unwrap_or_default();
        let first = |name: &str| keys[name][0].as_str().unwrap_or_default().to_owned();
        let push = simulator::Push {
            url: format!("{url}/push/receive/{}", account.appid),
            token: first("tokens"),
            key: first("keys"),
            mode: match mode {
                PushMode::Plain => simulator::PushMode::Plain,
                PushMode::Compatible => simulator::PushMode::Compatible,
                PushMode::Safe => simulator::PushMode::Safe,
            },
            format: match account.kind {
                AccountKind::OfficialAccount => simulator::Format::Xml,
                _ => simulator::Format::Json,
            },
        };
        simulator.change_account(&account.appid, |known| known.push = Some(push));
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

/// Settles payments every minute of the functions' clock, which people may move.
async fn reconcile(host: SharedHost, clock: Clock) {
    let mut ran_at = clock.now();
    loop {
        tokio::time::sleep(LOOK).await;
        if clock.now() >= ran_at + TICK.as_secs() {
            ran_at = clock.now();
            // What it reports, and what fails, is in the log.
            let _ = host.invoke(ReconcilePayments::NAME, b"{}").await;
        }
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

/// A port that no page finds: one of millions of addresses that lead to this machine, where the
/// system has them.
async fn bind_hidden() -> Result<TcpListener, StartError> {
    let [b, c, d] = random_bytes::<3>();
    let hidden = Ipv4Addr::new(127, b, c, d.clamp(2, 253));
    match TcpListener::bind((hidden, 0)).await {
        Ok(listener) => Ok(listener),
        // macOS has 127.0.0.1 alone.
        Err(_) => bind((Ipv4Addr::LOCALHOST, 0).into()).await,
    }
}

/// The hosts whose pages call operations, as the functions know them.
fn pages(environment: &[(String, String)]) -> Arc<[String]> {
    let hosts = environment.iter().find(|(name, _)| name == "JSSDK_ALLOWED_HOSTS");
    let hosts = hosts.map(|(_, hosts)| hosts.as_str()).unwrap_or_default().split(',');
    let hosts = hosts.map(|host| host.trim().to_ascii_lowercase());
    hosts.filter(|host| !host.is_empty()).collect()
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
    let mut account = account.clone();
    let mut put = |source: &mut SecretSource, name: String| {
        if let SecretSource::Value(secret) = source {
            parameters.insert(name.clone(), secret.expose().to_owned());
            *source = SecretSource::Ssm(name);
        }
    };
    put(&mut account.secret, format!("/wechat/local/{}", account.appid));
    if let Some(push) = &mut account.push {
        put(&mut push.keys, format!("/wechat/local/push-{}", account.appid));
    }
    account
}

fn unusable(directory: &Path) -> impl Fn(io::Error) -> StartError {
    move |error| {
        StartError(format!("Cannot use the data directory {}: {error}", directory.display()))
    }
}

/// Writes down what the simulated WeChat remembers, about as soon as it changes.
async fn keep(memory: Arc<WechatMemory>) {
    loop {
        tokio::time::sleep(KEEP).await;
        if let Err(error) = memory.save() {
            eprintln!("What the simulated WeChat remembers cannot be kept: {error}");
        }
    }
}

/// Checks that there is a script to show.
fn check_jweixin(path: Option<&Path>) -> Result<(), StartError> {
    let Some(path) = path else { return Ok(()) };
    let script = demo::script(path);
    if script.is_file() {
        return Ok(());
    }
    Err(StartError(format!(
        "--jweixin: there is no {}; npm install --prefix tests/browser fetches it, then use \
         --jweixin tests/browser/node_modules/weixin-js-sdk",
        script.display()
    )))
}

/// Checks that another DynamoDB answers and has the table.
async fn check_table(table: &Table, url: &str) -> Result<(), StartError> {
    let name = table.name();
    let Err(error) = table.client().describe_table().table_name(name).send().await else {
        return Ok(());
    };
    match error.as_service_error() {
        Some(refusal) if refusal.is_resource_not_found_exception() => Err(StartError(format!(
            "DynamoDB at {url} has no table {name}; this makes it: \
             aws dynamodb create-table --endpoint-url {url} --cli-input-json '{}'",
            dynamodb::definition(name)
        ))),
        // Whoever may not describe the table may still use it.
        Some(_) => Ok(()),
        None => Err(StartError(format!("DynamoDB at {url} does not answer; is it running?"))),
    }
}

/// The signing key in `data_dir`, or a new one.
fn signing_key(data_dir: Option<&Path>) -> Result<Secret, StartError> {
    let fresh = || format!("local:{}", BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()));
    let Some(directory) = data_dir else { return Ok(Secret::new(fresh())) };
    let unusable = unusable(directory);
    private_files::create_directory(directory).map_err(&unusable)?;
    // SQLite gives its other files the mode of this one.
    let table = [
        dynamodb::FILE.to_owned(),
        format!("{}-wal", dynamodb::FILE),
        format!("{}-shm", dynamodb::FILE),
    ];
    private_files::create(&directory.join(&table[0])).map_err(&unusable)?;
    for name in &table[1..] {
        private_files::restrict(&directory.join(name)).map_err(&unusable)?;
    }
    let file = directory.join("session-key");
    let mut file = private_files::create(&file).map_err(&unusable)?;
    let mut key = String::new();
    file.read_to_string(&mut key).map_err(&unusable)?;
    if key.is_empty() {
        key = fresh();
        file.write_all(key.as_bytes()).map_err(&unusable)?;
    }
    Ok(Secret::new(key))
}

/// What the functions are configured with: as in a deployment, variables.
fn environment(
    options: &Options,
    secrets: &Secrets,
    [wechat_hosts, dynamodb_url, bus_url]: [&str; 3],
) -> Vec<(String, String)> {
    let public_key = secrets.signing_key.public_key();
    let source = |secret: &SecretSource| match secret {
        SecretSource::Ssm(name) => json!({ "ssm": name }),
        SecretSource::Value(secret) => json!({ "value": secret.expose() }),
    };
    let apps = secrets.accounts.iter().map(|account| {
        let mut app = json!({
            "appid": account.appid, "kind": account.kind, "secret": source(&account.secret),
        });
        if let Some(PushSettings { mode, keys }) = &account.push {
            app["push"] = json!({ "mode": mode, "keys": source(keys) });
        }
        app
    });
    let key = BASE64_URL_SAFE_NO_PAD.encode(public_key.bytes);
    let mut keys = format!("{}:{key}", public_key.kid);
    if let Some(further) = options.variables.get("SESSION_PUBLIC_KEYS") {
        keys = format!("{keys},{further}");
    }
    let variables = [
        ("TABLE_NAME", options.table().to_owned()),
        ("WECHAT_APPS", Value::Array(apps.collect()).to_string()),
        ("WECHAT_API_BASE", wechat_hosts.to_owned()),
        ("TOKEN_MODE", options.token_mode.as_str().to_owned()),
        ("SESSION_PUBLIC_KEYS", keys),
        ("SESSION_SIGNING_KEY_SSM", options.signing_key_name().to_owned()),
        ("JSSDK_ALLOWED_HOSTS", options.jssdk_allowed_hosts.join(",")),
        ("SITE_FILES", options.site_files.clone()),
        ("EXPOSE_SNS_TOKENS", options.expose_sns_tokens.to_string()),
        ("BUDGETS", options.budgets.clone()),
        ("API_CALL_ALLOW", options.api_call_allow.clone()),
        ("MALLOC_ARENA_MAX", "1".to_owned()),
        ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=64".to_owned()),
        ("AWS_REGION", "local".to_owned()),
        ("AWS_ACCESS_KEY_ID", NOBODY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url.to_owned()),
        ("EVENT_BUS", "local".to_owned()),
        ("AWS_ENDPOINT_URL_EVENTBRIDGE", bus_url.to_owned()),
        ("AWS_ENDPOINT_URL_SSM", secrets.url.clone()),
    ];
    let mut variables: BTreeMap<&str, String> = variables.into();
    let given = &options.variables;
    let owned = |(name, value): (_, &str)| (name, value.to_owned());
    variables.extend(given.plain().map(owned));
    // The stand-ins know a function by the name it signs with.
    if !options.has_own_table() || given.endpoint("SSM").is_some() {
        variables.extend(given.keys().map(owned));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The same as the functions read it.
fn settings(environment: &[(String, String)]) -> Result<Config, StartError> {
    let read = |name: &str| {
        let found = environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    Config::read(read, &functions::settings()).map_err(|error| StartError(error.to_string()))
}
