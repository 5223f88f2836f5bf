//! `cargo bench … -- --load`: requests a second and what each costs in processor time, by what an
//! operation needs and by the distance of the table and of WeChat.
//!
//! A release binary answers one request at a time, as a Lambda environment does. The bundle of
//! `cargo run` answers many at once, on a thread of its own; clients, table and WeChat have others.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use http::Request;
use local::{Options, Stack};
use serde_json::Value;
use shared::{Log, transport::Transport};
use simulator::User;
use tokio::task::JoinSet;

use crate::{
    build,
    processor::{self, Thread},
    proxy::Proxies,
    subject::{self, CHECKED, MINI, Subject},
};

/// What a request needs, the function that needs it, and its path.
const CLASSES: [(&str, &str, &str); 4] = [
    ("a signature", "jssdk-config", "/jssdk/config"),
    ("a read of the table", "security-getmediacheck", "/security/getMediaCheck"),
    ("a call to WeChat", "subscribemessage-send", "/subscribeMessage/send"),
    ("a login", "auth-code2session", "/auth/code2Session"),
];

/// Milliseconds to the table and to WeChat, there and back.
const DISTANCES: [u64; 3] = [1, 20, 100];

/// Requests that the bundle answers at once.
const CLIENTS: usize = 64;

/// Requests to the bundle for each one to a binary.
const MORE: usize = 10;

/// Nothing is counted: the clients here are few and call often.
const NO_BUDGETS: &str = r#"{"*":{"user":"off","address":"off"}}"#;

/// The functions that are built.
pub(crate) fn functions() -> Vec<String> {
    CLASSES.map(|(_, function, _)| function.to_owned()).into()
}

/// What everything here starts with.
pub(crate) fn options() -> Options {
    Options { log: Log::to(|_| {}), budgets: NO_BUDGETS.to_owned(), ..Options::default() }
}

/// Measures both and prints the tables; the functions are built.
pub(crate) fn run(target: &Path, calls: usize) {
    let directory = target.join("bench");
    std::fs::create_dir_all(&directory).expect("the target directory is writable");
    let head = "| a request needs | distance ms | p50 ms | requests/s | processor µs | requests/s per core |\n|---|---|---|---|---|---|";
    println!("The bundle, {CLIENTS} requests at once:\n\n{head}");
    for distance in DISTANCES {
        for line in bundle(distance, calls * MORE) {
            println!("{line}");
        }
    }
    println!("\nOne environment of a release binary:\n\n{head}");
    processor::take(processor::REST);
    for distance in DISTANCES {
        for line in binaries(target, &directory, distance, calls) {
            println!("{line}");
        }
    }
}

/// A table and a WeChat, the proxies before them, and the thread they are on.
fn world(distance: u64, ca_bundle: Option<std::path::PathBuf>) -> (Thread, Stack, Proxies) {
    let thread = Thread::start();
    let latency = Duration::from_millis(distance);
    let (stack, proxies) = thread.handle.block_on(async {
        let stack = Stack::start(options()).await.expect("the stack starts");
        let proxies = Proxies::start(&stack, ca_bundle, latency).await;
        (stack, proxies)
    });
    (thread, stack, proxies)
}

fn binaries(target: &Path, directory: &Path, distance: u64, calls: usize) -> Vec<String> {
    let (thread, stack, proxies) = world(distance, Some(directory.join("ca.pem")));
    let simulator = stack.wechat.clone().expect("the stack has a simulator");
    thread.handle.block_on(prepare(&stack));
    let measure = |(class, name, _): (&str, &str, &str)| {
        let binary = build::deploy(&target.join("release").join(name), &directory.join(name));
        let subject = Subject::function(name, binary, &stack, &simulator, &proxies);
        let log = directory.join("log");
        let start = subject.measure(0, None, &log).processor;
        let figures = subject.measure(calls, None, &log);
        let took: Duration = figures.warm.iter().sum();
        line(class, distance, figures.warm, took, figures.processor - start)
    };
    CLASSES.map(measure).into()
}

fn bundle(distance: u64, calls: usize) -> Vec<String> {
    let (_thread, behind, proxies) = world(distance, None);
    let simulator = behind.wechat.clone().expect("the stack has a simulator");
    let variables = proxies.through(behind.environment());
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let (here, clients) = (Thread::start(), Thread::start());
    let options = Options {
        dynamodb: variable("AWS_ENDPOINT_URL_DYNAMODB"),
        wechat_api: variable("WECHAT_API_BASE"),
        ..options()
    };
    let stack = here.handle.block_on(Stack::start(options)).expect("the stack starts");
    here.handle.block_on(prepare(&stack));
    let measure = |(class, name, path): (&str, &str, &str)| {
        let event = subject::event(name, &stack, &simulator);
        let requests = |count: usize| {
            let url = format!("{}{path}", stack.url);
            (0..count).map(|_| request(&url, &event())).collect::<VecDeque<_>>()
        };
        // What is kept is there, and connections are open.
        clients.handle.block_on(send(requests(CLIENTS)));
        let (before, started) = (here.spent(), Instant::now());
        let latencies = clients.handle.block_on(send(requests(calls)));
        line(class, distance, latencies, started.elapsed(), here.spent() - before)
    };
    CLASSES.map(measure).into()
}

/// A check of a picture for `security-getmediacheck` to read.
async fn prepare(stack: &Stack) {
    let openid = User::new("alice").openid(MINI);
    let started = stack.table.start_media_check(CHECKED, MINI, &openid, stack.clock.now());
    started.await.expect("the table answers");
}

/// The event of a function as a request to the bundle.
fn request(url: &str, event: &str) -> Request<Bytes> {
    let event: Value = serde_json::from_str(event).expect("an event is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let query = text(&event["rawQueryString"]);
    let request = Request::builder()
        .method(text(&event["requestContext"]["http"]["method"]).as_str())
        .uri(if query.is_empty() { url.to_owned() } else { format!("{url}?{query}") })
        .header("content-type", "application/json")
        .header("authorization", text(&event["headers"]["authorization"]));
    request.body(text(&event["body"]).into()).expect("an event is a request")
}

/// Sends them all, so many at once, and returns how long each took.
async fn send(requests: VecDeque<Request<Bytes>>) -> Vec<Duration> {
    let transport = Transport::new(None).expect("a client is made");
    let requests = Arc::new(Mutex::new(requests));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (transport, requests) = (transport.clone(), Arc::clone(&requests));
        clients.spawn(async move {
            let mut latencies = Vec::new();
            let next = || requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some(request) = next() {
                let started = Instant::now();
                let answer = transport.send(request, Duration::from_secs(30), 1 << 20).await;
                let answer = answer.expect("the bundle answers");
                assert!(answer.status().is_success(), "{answer:?}");
                latencies.push(started.elapsed());
            }
            latencies
        });
    }
    clients.join_all().await.concat()
}

fn line(
    class: &str,
    distance: u64,
    mut latencies: Vec<Duration>,
    took: Duration,
    processor: Duration,
) -> String {
    latencies.sort_unstable();
    let calls = latencies.len() as f64;
    format!(
        "| {class} | {distance} | {:.2} | {:.0} | {:.0} | {:.0} |",
        latencies[latencies.len() / 2].as_secs_f64() * 1e3,
        calls / took.as_secs_f64(),
        processor.as_secs_f64() * 1e6 / calls,
        calls / processor.as_secs_f64(),
    )
}
