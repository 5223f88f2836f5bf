//! A day of a whole fleet in seconds: the real reader and the real refresher on virtual time,
//! against the simulated WeChat and a model of the table, with seeded load and seeded faults.
//!
//! Nothing of the engine is copied. Handler environments hold a
//! [`Credentials`] each, ticks and signals run a
//! [`Refresher`], and tokio's stopped time jumps from
//! one event to the next. The same seed gives the same [`Report`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod fault;
mod random;
mod report;
mod scenario;
mod table;
mod wechat;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use functions::refresh_credentials::{Demand, Entry, Refresher};
use shared::{
    Account, AccountKind, Clock, Error, Problem, Result, Secret, SecretSource,
    config::TokenMode,
    credentials::{Credential, CredentialKey, CredentialKind, Credentials},
};
use simulator::Simulator;
use tokio::sync::mpsc::UnboundedReceiver;

pub use fault::{Blow, Fault, Trouble};
pub use report::{Report, side_by_side};
pub use scenario::{SCENARIOS, Scenario};
pub use table::{Table, TableLog};
pub use wechat::{Wechat, WechatLog};

use fault::Faults;
use random::Random;

/// The simulated day begins at noon in China, so that WeChat's midnight falls into it.
const START: u64 = 1_800_000_000 / 86_400 * 86_400 + 4 * 3600;

/// Seconds between two ticks.
const TICK: u64 = 60;

/// What AWS gives the refresher.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30);

/// From a put signal to the refresher that it wakes, in milliseconds.
const STREAM_DELAY_MS: u64 = 300;

/// Requests are dealt out in steps of this, in milliseconds.
const STEP_MS: u64 = 100;

/// Runs a scenario to its end.
pub fn run(scenario: &Scenario) -> Report {
    block_on(simulate(scenario))
}

/// Runs `work` with tokio's time stopped: it jumps ahead whenever everything waits.
pub fn block_on<F: Future>(work: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing of the system");
    runtime.block_on(work)
}

/// Runs `work` until it would wait for the `kills_at`th time, and drops it there.
///
/// `None`: it was killed.
pub async fn killed_at<F: Future>(kills_at: u64, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut waits = 0;
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waits == kills_at => Poll::Ready(None),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

/// Table, WeChat, time and troubles of one simulation.
#[derive(Clone, Debug)]
pub struct World {
    /// The true time.
    pub clock: Clock,
    /// The table.
    pub table: Table,
    /// WeChat.
    pub wechat: Wechat,
    /// The accounts.
    pub accounts: Arc<[Account]>,
    mode: TokenMode,
    faults: Faults,
    random: Arc<Mutex<Random>>,
    skew_ms: u64,
    runs: Arc<AtomicU64>,
    killed: Arc<AtomicU64>,
}

impl World {
    /// A world in which nothing has happened yet, and the signals put in it.
    pub fn new(
        mode: TokenMode,
        kinds: &[AccountKind],
        seed: u64,
    ) -> (World, UnboundedReceiver<CredentialKey>) {
        random::seed_jitter(seed);
        let clock = Clock::of_timers(START);
        let faults = Faults::new(clock.clone());
        let (stream, signals) = tokio::sync::mpsc::unbounded_channel();
        let account = |(number, kind): (usize, &AccountKind)| Account {
            appid: format!("wx{number:016x}"),
            kind: *kind,
            secret: SecretSource::Value(Secret::new(wechat::SECRET)),
            push: None,
        };
        let accounts: Arc<[Account]> = kinds.iter().enumerate().map(account).collect();
        let known = |app: &Account| simulator::Account::new(&app.appid, app.kind, wechat::SECRET);
        let simulator = Simulator::new(&clock, accounts.iter().map(known).collect());
        let world = World {
            table: Table::new(clock.clone(), faults.clone(), simulator.clone(), stream, seed ^ 1),
            wechat: Wechat::new(simulator, clock.clone(), faults.clone(), seed ^ 2),
            accounts,
            mode,
            random: Arc::new(Mutex::new(Random::new(seed ^ 3))),
            skew_ms: 0,
            runs: Arc::default(),
            killed: Arc::default(),
            faults,
            clock,
        };
        (world, signals)
    }

    /// Lets every environment's clock be wrong by up to this, either way.
    pub fn with_skew_ms(self, skew_ms: u64) -> World {
        World { skew_ms, ..self }
    }

    /// Adds a trouble; its times count from the start of the world.
    pub fn add_fault(&self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Strikes every account.
    pub fn strike(&self, blow: Blow) {
        for account in self.accounts.iter() {
            match blow {
                Blow::Invalidate => self.wechat.invalidate(&account.appid),
                Blow::Poison => self.wechat.poison(&account.appid),
            }
        }
    }

    /// The key of an account's credential.
    pub fn key(&self, account: usize, kind: CredentialKind) -> CredentialKey {
        CredentialKey::new(&self.accounts[account].appid, kind)
    }

    /// A handler environment with an empty cache; its table counts its reads.
    pub fn environment(&self) -> (Credentials<Table>, Table) {
        let table = self.table.for_another();
        let credentials = Credentials::new(table.clone(), self.wrong_clock());
        (credentials.jitter(random::jitter), table)
    }

    /// One run of the refresher over all accounts.
    pub async fn refresh(&self, demand: Demand) -> Vec<Entry> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let refresher = Refresher {
            store: self.table.clone(),
            source: self.wechat.clone(),
            clock: self.wrong_clock(),
            mode: self.mode,
            owner: format!("run {run}"),
        };
        let mut entries = Vec::new();
        for account in self.accounts.iter() {
            entries.extend(refresher.refresh(account, None, demand).await);
        }
        entries
    }

    /// A run as AWS makes it: it may be killed, and it is not waited for.
    fn start_run(&self) {
        let world = self.clone();
        let kills = self.faults.find(|trouble| match trouble {
            Trouble::Killed(percent) => Some(percent),
            _ => None,
        });
        let kills_at = match kills {
            Some(percent) if self.draw(|random| random.percent(percent)) => {
                self.draw(|random| random.below(16))
            }
            _ => u64::MAX,
        };
        tokio::spawn(async move {
            let run = killed_at(kills_at, world.refresh(Demand::Due));
            if !matches!(tokio::time::timeout(FUNCTION_TIMEOUT, run).await, Ok(Some(_))) {
                world.killed.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// Starts a run at every tick, a moment late as schedules are.
    async fn tick(self, first: u64, ticks: u64) {
        let start = tokio::time::Instant::now() + Duration::from_secs(first);
        for tick in 0..ticks {
            tokio::time::sleep_until(start + Duration::from_secs(tick * TICK)).await;
            let twins = self.faults.has(Trouble::Twins);
            for _ in 0..1 + u64::from(twins) {
                let late = Duration::from_millis(self.draw(|random| random.below(50)));
                let world = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    world.start_run();
                });
            }
        }
    }

    /// Starts a run for every signal that the stream brings.
    pub async fn stream(self, mut signals: UnboundedReceiver<CredentialKey>) {
        while signals.recv().await.is_some() {
            if self.faults.has(Trouble::StreamLost) {
                continue;
            }
            tokio::time::sleep(Duration::from_millis(STREAM_DELAY_MS)).await;
            self.start_run();
        }
    }

    fn wrong_clock(&self) -> Clock {
        let clock = self.clock.follower();
        if self.skew_ms > 0 {
            let skew = self.draw(|random| random.below(2 * self.skew_ms + 1));
            clock.advance_ms(skew as i64 - self.skew_ms as i64);
        }
        clock
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Random) -> T) -> T {
        draw(&mut lock(&self.random))
    }
}

/// A handler environment and its load.
struct Environment {
    credentials: Arc<Credentials<Table>>,
    table: Table,
    /// Milliseconds between two requests, on average.
    mean_ms: u64,
}

async fn simulate(scenario: &Scenario) -> Report {
    let (world, signals) = World::new(scenario.mode, scenario.accounts, scenario.seed);
    let world = world.with_skew_ms(scenario.skew_ms);
    for fault in &scenario.faults {
        world.add_fault(*fault);
    }
    let end = scenario.hours * 3600;
    if scenario.refresher {
        let first = if scenario.cold { TICK / 2 } else { 0 };
        tokio::spawn(world.clone().tick(first, end / TICK));
        tokio::spawn(world.clone().stream(signals));
    }
    tokio::spawn(strikes(world.clone(), scenario.blows.clone()));

    let world = Arc::new(world);
    let mut random = Random::new(scenario.seed ^ 4);
    let environments: Vec<Environment> = (0..scenario.environments)
        .map(|number| {
            let (credentials, table) = world.environment();
            // One environment in a hundred is busy; the others idle as most of a fleet does.
            let mean_ms = if number % 100 == 0 { 20_000 } else { 600_000 };
            Environment { credentials: Arc::new(credentials), table, mean_ms }
        })
        .collect();
    let mut arrivals: BinaryHeap<Reverse<(u64, usize)>> = environments
        .iter()
        .enumerate()
        .map(|(number, environment)| Reverse((random.below(environment.mean_ms), number)))
        .collect();

    let log = Arc::new(Mutex::new(report::RequestLog::default()));
    let start = tokio::time::Instant::now();
    let mut now = 0;
    // The first tick comes before the first request.
    let warm_up = if scenario.cold { 0 } else { 5_000 };
    while let Some(Reverse((at, number))) = arrivals.pop() {
        if at >= end * 1000 {
            break;
        }
        let step = (at / STEP_MS * STEP_MS).max(warm_up);
        if step > now {
            now = step;
            tokio::time::sleep_until(start + Duration::from_millis(now)).await;
        }
        let environment = &environments[number];
        let errand = scenario.errand(&world, &mut random);
        let credentials = Arc::clone(&environment.credentials);
        let mut request =
            Box::pin(request(Arc::clone(&world), credentials, errand, Arc::clone(&log)));
        // Most requests never wait: only the others become tasks.
        if is_pending(request.as_mut()) {
            tokio::spawn(request);
        }
        let next = at + 1 + random.pause(environment.mean_ms);
        arrivals.push(Reverse((next, number)));
    }
    tokio::time::sleep(Duration::from_secs(TICK)).await;

    let reads: Vec<u64> =
        environments.iter().map(|environment| environment.table.reads()).collect();
    let requests = lock(&log).clone();
    Report {
        scenario: scenario.name,
        environments: scenario.environments,
        seed: scenario.seed,
        hours: scenario.hours,
        reads: reads.iter().sum(),
        most_reads: reads.into_iter().max().unwrap_or_default(),
        requests,
        table: world.table.log(),
        wechat: world.wechat.log(),
        runs: world.runs.load(Ordering::Relaxed),
        killed: world.killed.load(Ordering::Relaxed),
    }
}

async fn strikes(world: World, blows: Vec<(u64, Blow)>) {
    let start = tokio::time::Instant::now();
    for (at, blow) in blows {
        tokio::time::sleep_until(start + Duration::from_secs(at)).await;
        world.strike(blow);
    }
}

/// What a user wants.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// An operation at WeChat, with the access token.
    Call(CredentialKey),
    /// One that WeChat answers with 40001 whatever the token.
    StubbornCall(CredentialKey),
    /// A page to be signed with a ticket.
    Sign(CredentialKey),
}

async fn request(
    world: Arc<World>,
    credentials: Arc<Credentials<Table>>,
    errand: Errand,
    log: Arc<Mutex<report::RequestLog>>,
) {
    let began_ms = world.clock.now_ms();
    let calls = AtomicU64::new(0);
    let hand_out = |credential: &Credential| {
        if let Some(dead_ms) = world.wechat.dead_for(&credential.value) {
            let mut log = lock(&log);
            log.dead(errand.key().kind, dead_ms);
        }
    };
    let outcome: Result<()> = match &errand {
        Errand::Call(key) | Errand::StubbornCall(key) => {
            credentials
                .with(key, async |token: Credential| {
                    hand_out(&token);
                    calls.fetch_add(1, Ordering::Relaxed);
                    match errand {
                        Errand::StubbornCall(_) => Err(Error::new(
                            Problem::CredentialUnavailable,
                            ["This operation refuses every token.", "该接口拒绝所有 token。"],
                        )
                        .errcode(40001, None)),
                        Errand::Call(_) | Errand::Sign(_) => world.wechat.operation(&token.value),
                    }
                })
                .await
        }
        Errand::Sign(key) => credentials.get(key).await.map(|ticket| hand_out(&ticket)),
    };
    let now_ms = world.clock.now_ms();
    let mut log = lock(&log);
    let stubborn = matches!(errand, Errand::StubbornCall(_));
    log.request(stubborn, calls.into_inner(), now_ms - began_ms);
    if let Err(error) = outcome
        && !stubborn
    {
        log.failure(&error, now_ms / 1000 - START);
    }
}

impl Errand {
    fn key(&self) -> &CredentialKey {
        match self {
            Errand::Call(key) | Errand::StubbornCall(key) | Errand::Sign(key) => key,
        }
    }
}

/// Locks what no panic can leave half done: states change in single steps.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_pending(work: Pin<&mut impl Future>) -> bool {
    work.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}
