//! `cargo run -p local --example soak`: the whole bundle under steady load and steady trouble.
//!
//! Every ten seconds WeChat voids an app's access token, and 2 % of the calls of WeChat and of the
//! table meet a fault. A client that gets a problem does what the problem says, once. Every
//! failure after that is counted, those of our own cause apart; there must be none of them.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use clap::Parser;
use http::Request;
use local::{Options, Stack};
use serde_json::{Value, json};
use shared::{Log, crypto::random_bytes, transport::Transport};
use simulator::{Effect, Fault, Simulator, User, demo_accounts};

/// Soaks the bundle on this machine and prints what came of it.
#[derive(Parser)]
#[command(name = "soak")]
struct Flags {
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many clients, each a user of its own.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// How many of a thousand calls of WeChat, and of the table, meet a fault.
    #[arg(long, default_value_t = 20)]
    per_mille: u32,
}

/// How often an access token is voided.
const TOKEN_TROUBLE: Duration = Duration::from_secs(10);

/// Between two calls of a client.
const PAUSE: Duration = Duration::from_millis(600);

/// The longest wait a client obeys; what asks for more is a failure.
const PATIENCE: u64 = 70;

/// What the clients do, and where WeChat is asked for it.
const CALLS: &[Call] = &[
    Call { operation: "/auth/code2Session", upstream: "/sns/jscode2session", input: login },
    Call {
        operation: "/wxacode/getUnlimited",
        upstream: "/wxa/getwxacodeunlimit",
        input: |_, _| json!({ "scene": "soak" }),
    },
    Call {
        operation: "/security/msgSecCheck",
        upstream: "/wxa/msg_sec_check",
        input: |_, _| json!({ "content": "hello", "scene": 1 }),
    },
    Call {
        operation: "/urllink/generate",
        upstream: "/wxa/generate_urllink",
        input: |_, _| json!({ "path": "pages/index/index" }),
    },
    Call {
        operation: "/livebroadcast/getLiveInfo",
        upstream: "/wxa/business/getliveinfo",
        input: |_, _| json!({}),
    },
    Call {
        operation: "/auth/checkSession",
        upstream: "/wxa/checksession",
        input: |_, _| json!({}),
    },
];

struct Call {
    operation: &'static str,
    upstream: &'static str,
    input: fn(&Simulator, &User) -> Value,
}

fn login(wechat: &Simulator, user: &User) -> Value {
    json!({ "js_code": wechat.mint_code(&demo_accounts()[0].appid, user) })
}

/// What came of the calls.
#[derive(Default)]
struct Figures {
    calls: u64,
    took_ms: Vec<u64>,
    /// First answers that were problems, by type.
    first: BTreeMap<String, u64>,
    /// After the one retry: met another injected fault.
    theirs: BTreeMap<String, u64>,
    /// After the one retry: of our own cause.
    ours: BTreeMap<String, u64>,
    wechat_faults: u64,
    voided: u64,
}

/// An answer: its status, and its body as JSON if it is JSON.
struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    fn problem(&self) -> Option<String> {
        let slug = self.body["type"].as_str().unwrap_or("no problem document");
        (self.status != 200).then(|| format!("{} {slug}", self.status))
    }
}

struct Client {
    stack: Arc<Stack>,
    wechat: Simulator,
    transport: Transport,
    figures: Arc<Mutex<Figures>>,
    user: User,
    session: String,
    per_mille: u32,
}

impl Client {
    fn count(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn work_until(mut self, end: Instant) {
        for call in CALLS.iter().cycle() {
            if Instant::now() >= end {
                return;
            }
            self.run(call).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// One call as a good client makes it: after a problem it obeys, and tries once more.
    async fn run(&mut self, call: &Call) {
        if u32::from_be_bytes(random_bytes()) % 1_000 < self.per_mille {
            self.wechat.fault(Fault::on(call.upstream, effect()).times(1));
            self.count(|figures| figures.wechat_faults += 1);
        }
        let started = Instant::now();
        let answer = self.send(call).await;
        let took = started.elapsed().as_millis() as u64;
        self.count(|figures| {
            figures.calls += 1;
            figures.took_ms.push(took);
        });
        let Some(problem) = answer.problem() else { return };
        self.count(|figures| *figures.first.entry(problem).or_default() += 1);
        let wait = answer.body["retry_after"].as_u64().unwrap_or(0);
        if wait <= PATIENCE {
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
        if answer.status == 401 {
            self.session = self.stack.session(&demo_accounts()[0].appid, &openid(&self.user));
        }
        // A login takes a new code, as its problems say.
        let before = (self.stack.trouble.met(), self.met());
        let again = self.send(call).await;
        let Some(problem) = again.problem() else { return };
        let injected = (self.stack.trouble.met(), self.met()) != before;
        let upstream = ["wechat-", "table-unavailable"].iter().any(|kind| problem.contains(kind));
        let line = format!("{} {problem}", call.operation);
        self.count(|figures| {
            let side = if injected && upstream { &mut figures.theirs } else { &mut figures.ours };
            *side.entry(line).or_default() += 1;
        });
    }

    /// How many faults of WeChat there were so far.
    fn met(&self) -> u64 {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).wechat_faults
    }

    async fn send(&mut self, call: &Call) -> Answer {
        let input = (call.input)(&self.wechat, &self.user).to_string();
        let request = Request::post(format!("{}{}", self.stack.url, call.operation))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.session))
            .body(input.into());
        let request = request.expect("the request is well formed");
        match self.transport.send(request, Duration::from_secs(40), 12 << 20).await {
            Ok(answer) => {
                let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
                if let Some(token) = body["session_token"].as_str() {
                    token.clone_into(&mut self.session);
                }
                Answer { status: answer.status().as_u16(), body }
            }
            Err(error) => Answer { status: 0, body: json!({ "type": error.to_string() }) },
        }
    }
}

fn openid(user: &User) -> String {
    user.openid(&demo_accounts()[0].appid)
}

/// One of the faults, in turn at random.
fn effect() -> Effect {
    match random_bytes::<1>()[0] % 7 {
        0 => Effect::Errcode { code: -1, errmsg: "system error".to_owned() },
        1 => Effect::Status { status: 502, body: "<html>".to_owned() },
        2 => Effect::DropBefore,
        3 => Effect::DropAfter,
        4 => Effect::Garbage,
        5 => Effect::Truncated,
        _ => Effect::Delay { ms: 3_000 },
    }
}

/// Voids the tokens of one app after another.
async fn void_tokens(wechat: Simulator, figures: Arc<Mutex<Figures>>) {
    let accounts = demo_accounts();
    let mut ticks = tokio::time::interval(TOKEN_TROUBLE);
    ticks.tick().await;
    for account in accounts[..2].iter().cycle() {
        ticks.tick().await;
        wechat.invalidate_token(&account.appid);
        figures.lock().unwrap_or_else(PoisonError::into_inner).voided += 1;
    }
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(|error| error.to_string()).and_then(|rt| rt.block_on(soak(&flags))) {
        Ok(clean) => ExitCode::from(u8::from(!clean)),
        Err(complaint) => {
            eprintln!("error: {complaint}");
            ExitCode::from(2)
        }
    }
}

/// Whether there was no failure of our own cause.
async fn soak(flags: &Flags) -> Result<bool, String> {
    let options = Options { log: Log::to(|_| {}), furnished: true, ..Options::default() };
    let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
    let stack = Arc::new(stack);
    let wechat = stack.wechat.clone().ok_or("the simulator did not start")?;
    let figures: Arc<Mutex<Figures>> = Arc::default();
    let end = Instant::now() + Duration::from_secs_f64(flags.minutes * 60.0);
    println!("{} clients for {} minutes …", flags.clients, flags.minutes);
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..flags.clients {
        let user = User::new(&format!("soak-{number}"));
        let mut client = Client {
            stack: Arc::clone(&stack),
            wechat: wechat.clone(),
            transport: Transport::new(None)?,
            figures: Arc::clone(&figures),
            user,
            session: String::new(),
            per_mille: flags.per_mille,
        };
        // Trouble begins once everyone is logged in.
        let answer = client.send(&CALLS[0]).await;
        if let Some(problem) = answer.problem() {
            return Err(format!("a login without trouble failed: {problem}"));
        }
        clients.spawn(client.work_until(end));
    }
    stack.trouble.set(flags.per_mille);
    let trouble = tokio::spawn(void_tokens(wechat.clone(), Arc::clone(&figures)));
    while clients.join_next().await.is_some() {}
    trouble.abort();
    let figures = figures.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(report(&figures, &stack, &wechat))
}

fn report(figures: &Figures, stack: &Stack, wechat: &Simulator) -> bool {
    let mut took = figures.took_ms.clone();
    took.sort_unstable();
    let share =
        |percent: usize| took.get((took.len() * percent / 100).min(took.len().saturating_sub(1)));
    let ms = |percent| share(percent).copied().unwrap_or_default();
    let tokens = wechat.calls("/cgi-bin/stable_token");
    println!("calls             {}", figures.calls);
    println!("first answer      p50 {} ms, p99 {} ms, longest {} ms", ms(50), ms(99), ms(100));
    println!("tokens voided     {}, fetched {tokens}", figures.voided);
    println!("faults            WeChat {}, table {}", figures.wechat_faults, stack.trouble.met());
    for (title, kinds) in [
        ("first problems", &figures.first),
        ("after one retry, another fault", &figures.theirs),
        ("after one retry, of our cause", &figures.ours),
    ] {
        println!("{title}: {}", kinds.values().sum::<u64>());
        for (kind, count) in kinds {
            println!("  {count:>5}  {kind}");
        }
    }
    figures.ours.is_empty()
}
