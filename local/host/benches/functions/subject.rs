//! Something that is measured: a command that polls a Runtime API.

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use local::Stack;
use serde_json::{Value, json};
use simulator::{Simulator, User};

use crate::{peers::Peer, processor, proxy::Proxies, report::Figures};

/// Between two warm calls. Without it processors never sleep, and a call costs between a fifth and
/// all of what it costs on a machine that waits for requests.
const PAUSE: Duration = Duration::from_millis(1);

/// The demo mini program.
pub(crate) const MINI: &str = "wx1111111111111111";

/// The check that the event of `security-getmediacheck` asks for.
pub(crate) const CHECKED: &str = "60ae120f-371d5872-7941a05b";

/// The function whose job the peers do.
const SIGNER: &str = "jssdk-config";

/// A job that `shared/examples/floor.rs` does by hand.
pub(crate) struct Job {
    /// The function that does it for users.
    pub(crate) function: &'static str,
    name: &'static str,
    arguments: &'static [&'static str],
}

/// The functions that are compared with the same job by hand.
pub(crate) const BY_HAND: [Job; 2] = [
    Job { function: SIGNER, name: "floor: sign", arguments: &["sign"] },
    Job { function: "subscribemessage-send", name: "floor: send", arguments: &["send"] },
];

/// A function, the no-op, the floor, or a peer.
pub(crate) struct Subject {
    /// Its name in the report.
    pub(crate) name: String,
    /// The file or the directory whose size counts.
    pub(crate) deployed: PathBuf,
    program: PathBuf,
    arguments: &'static [&'static str],
    variables: Vec<(String, String)>,
    event: Box<dyn Fn() -> String>,
    /// Whether each answer has to hold a signature.
    signs: bool,
    /// The subject of the same run that does its job by hand.
    pub(crate) floor: Option<&'static str>,
}

/// How much of a CPU a function gets once it polls.
#[derive(Clone, Copy)]
pub(crate) struct Throttle {
    /// Of one CPU.
    pub(crate) percent: u64,
}

/// What the Runtime API saw.
#[derive(Default)]
struct Timeline {
    first_poll: Option<Instant>,
    sent_at: Option<Instant>,
    answered_at: Vec<Instant>,
    latencies: Vec<Duration>,
    bad_answer: Option<String>,
}

impl Subject {
    /// The yardstick.
    pub(crate) fn noop(binary: PathBuf) -> Subject {
        Subject {
            name: "no-op".to_owned(),
            deployed: binary.clone(),
            program: binary,
            arguments: &[],
            variables: Vec::new(),
            event: Box::new(|| "{}".to_owned()),
            signs: false,
            floor: None,
        }
    }

    /// A job by hand.
    pub(crate) fn floor(
        job: &Job,
        binary: PathBuf,
        stack: &Stack,
        simulator: &Simulator,
        proxies: &Proxies,
    ) -> Subject {
        Subject {
            name: job.name.to_owned(),
            arguments: job.arguments,
            floor: None,
            ..Subject::function(job.function, binary, stack, simulator, proxies)
        }
    }

    /// One of our functions.
    pub(crate) fn function(
        name: &str,
        binary: PathBuf,
        stack: &Stack,
        simulator: &Simulator,
        proxies: &Proxies,
    ) -> Subject {
        Subject {
            name: name.to_owned(),
            deployed: binary.clone(),
            program: binary,
            arguments: &[],
            variables: proxies.through(stack.environment()),
            event: event(name, stack, simulator),
            signs: name == SIGNER,
            floor: BY_HAND.iter().find(|job| job.function == name).map(|job| job.name),
        }
    }

    /// Something else that does the job of `jssdk-config`.
    pub(crate) fn peer(
        peer: Peer,
        stack: &Stack,
        simulator: &Simulator,
        proxies: &Proxies,
    ) -> Subject {
        Subject {
            name: peer.name.to_owned(),
            deployed: peer.deployed,
            program: peer.program,
            arguments: peer.arguments,
            variables: proxies.through(stack.environment()),
            event: event(SIGNER, stack, simulator),
            signs: true,
            floor: None,
        }
    }

    /// Starts it, feeds it events, ends it.
    ///
    /// What it prints goes to the file `log`: a pipe's reader would compete for processors.
    pub(crate) fn measure(&self, calls: usize, throttle: Option<Throttle>, log: &Path) -> Figures {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let events: VecDeque<String> = (0..=calls).map(|_| (self.event)()).collect();
        let shared = Arc::new((Mutex::new((Timeline::default(), events)), Condvar::new()));
        {
            let (shared, signs) = (Arc::clone(&shared), self.signs);
            // It ends with the process: the listener is gone when the test is.
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || converse(stream, &shared, signs));
                }
            });
        }
        let log = File::options().read(true).write(true).create(true).truncate(true).open(log);
        let mut log = log.expect("the target directory is writable");
        // As on Lambda, it starts where it is deployed.
        let directory = self.deployed.ancestors().find(|path| path.is_dir());
        let mut command = Command::new(&self.program);
        command
            .args(self.arguments)
            .current_dir(directory.expect("it was built"))
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &self.name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be opened twice"))
            .stderr(Stdio::inherit());
        // A process inherits the processor of the thread that starts it.
        let program = &self.program;
        let spawn = || {
            processor::take(processor::FUNCTION);
            let started = Instant::now();
            let child = command.spawn();
            (child.unwrap_or_else(|error| panic!("{}: {error}", program.display())), started)
        };
        let (mut child, started) =
            thread::scope(|scope| scope.spawn(spawn).join().expect("it starts"));
        let pid = child.id();
        let (lock, changed) = &*shared;
        let mut guard = lock.lock().expect("no thread panics");
        let deadline = started + Duration::from_secs(120);
        while guard.0.answered_at.len() <= calls {
            if let (Some(throttle), Some(_), true) =
                (throttle, guard.0.first_poll, guard.0.answered_at.is_empty())
            {
                drop(guard);
                pause(pid, throttle, lock);
                guard = lock.lock().expect("no thread panics");
                continue;
            }
            let (next, _) =
                changed.wait_timeout(guard, Duration::from_secs(1)).expect("no thread panics");
            guard = next;
            assert!(Instant::now() < deadline, "{} does not answer", self.name);
            if let Some(answer) = &guard.0.bad_answer {
                panic!("{} failed: {answer}", self.name);
            }
        }
        let (peak_kb, processor) = (peak_memory_kb(pid), processor::spent(pid));
        child.kill().expect("it runs");
        child.wait().expect("it runs");
        let mut lines = String::new();
        log.seek(SeekFrom::Start(0)).expect("it is a file");
        log.read_to_string(&mut lines).expect("log lines are UTF-8");
        let timeline = &guard.0;
        let first_poll = timeline.first_poll.expect("it answered, so it polled");
        Figures {
            started,
            steps: Vec::new(),
            init: first_poll - started,
            cold: timeline.answered_at[0] - started,
            cold_invoke: timeline.latencies[0],
            warm: timeline.latencies[1..].to_vec(),
            peak_kb,
            processor,
            counts: counts(&lines),
        }
    }
}

/// Table reads and calls to WeChat of the first and the last request, from its own log.
fn counts(lines: &str) -> Option<[u64; 4]> {
    let requests: Vec<Value> = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["table_reads"].is_u64())
        .collect();
    let (first, last) = (requests.first()?, requests.last()?);
    let count = |line: &Value, name: &str| line[name].as_u64().unwrap_or_default();
    Some([
        count(first, "table_reads") + count(first, "table_writes"),
        count(first, "upstream_calls"),
        count(last, "table_reads") + count(last, "table_writes"),
        count(last, "upstream_calls"),
    ])
}

/// Lets the process run for its share of a tenth of a second, and stops it for the rest.
fn pause(pid: u32, throttle: Throttle, shared: &Mutex<(Timeline, VecDeque<String>)>) {
    let period = Duration::from_millis(100);
    let share = period * u32::try_from(throttle.percent).expect("a percentage") / 100;
    thread::sleep(share);
    let answered = !shared.lock().expect("no thread panics").0.answered_at.is_empty();
    if answered {
        return;
    }
    signal(pid, "STOP");
    thread::sleep(period - share);
    signal(pid, "CONT");
}

fn signal(pid: u32, name: &str) {
    // The process may have ended by itself.
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
}

fn peak_memory_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    line("VmHWM:").or_else(|| line("VmRSS:")).unwrap_or_default()
}

/// Speaks the Runtime API on one connection: as little of HTTP as its clients need.
fn converse(
    stream: TcpStream,
    shared: &(Mutex<(Timeline, VecDeque<String>)>, Condvar),
    signs: bool,
) {
    // Without it the kernel waits for more to send.
    let _ = stream.set_nodelay(true);
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let (mut length, mut header) = (0, String::new());
        loop {
            header.clear();
            if reader.read_line(&mut header).unwrap_or(0) == 0 {
                return;
            }
            if header == "\r\n" {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let now = Instant::now();
        let (lock, changed) = shared;
        let mut guard = lock.lock().expect("no thread panics");
        if line.starts_with("GET") && !guard.0.answered_at.is_empty() {
            drop(guard);
            thread::sleep(PAUSE);
            guard = lock.lock().expect("no thread panics");
        }
        let (timeline, events) = &mut *guard;
        let answer = if line.starts_with("GET") {
            if timeline.first_poll.is_none() {
                timeline.first_poll = Some(now);
                changed.notify_all();
            }
            let Some(event) = events.pop_front() else {
                // Nothing more to do: the poll stays open, as Lambda leaves it.
                drop(guard);
                thread::sleep(Duration::from_secs(3600));
                return;
            };
            timeline.sent_at = Some(Instant::now());
            let id = format!("00000000-0000-4000-8000-{:012}", events.len());
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: {id}\r\n\
                 lambda-runtime-deadline-ms: 9999999999999\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:local:0:function:f\r\n\
                 lambda-runtime-trace-id: Root=1-0-0\r\ncontent-length: {}\r\n\r\n{event}",
                event.len()
            )
        } else {
            let body = String::from_utf8_lossy(&body);
            let answer = serde_json::from_str(&body).unwrap_or_default();
            let failed = line.contains("/error") || !is_good(&answer, signs);
            if failed {
                timeline.bad_answer = Some(body.into_owned());
            }
            if let Some(sent_at) = timeline.sent_at {
                timeline.latencies.push(now - sent_at);
            }
            timeline.answered_at.push(now);
            // Whoever waits is not woken for every answer: that would cost the function a core.
            if failed || events.is_empty() {
                changed.notify_all();
            }
            "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned()
        };
        drop(guard);
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Whether it is no failure and, if it has to be, a signature.
fn is_good(answer: &Value, signs: bool) -> bool {
    let status = answer["statusCode"].as_u64();
    let signature = || {
        let body: Value = serde_json::from_str(answer["body"].as_str()?).ok()?;
        body["signature"].as_str().map(str::to_owned)
    };
    let is_signature =
        |text: String| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if signs {
        status == Some(200) && signature().is_some_and(is_signature)
    } else {
        status.is_none_or(|status| status < 400)
    }
}

/// The events of a function, each good for one request.
pub(crate) fn event(name: &str, stack: &Stack, simulator: &Simulator) -> Box<dyn Fn() -> String> {
    let http = |method: &str, query: &str, body: &str| {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": query,
            "headers": { "content-type": "application/json", "user-agent": "bench" },
            "requestContext": {
                "domainName": "example.lambda-url.ap-east-1.on.aws",
                "http": { "method": method, "path": "/", "sourceIp": "203.0.113.1" },
            },
            "body": body, "isBase64Encoded": false,
        })
        .to_string()
    };
    match name {
        SIGNER => {
            let event = http("GET", "url=https%3A%2F%2Fexample.com%2Fshop%3Fid%3D1", "");
            Box::new(move || event.clone())
        }
        "auth-code2session" => {
            let simulator = simulator.clone();
            let next = std::cell::Cell::new(0);
            Box::new(move || {
                // Different people: WeChat allows one person a hundred logins a minute.
                next.set(next.get() + 1);
                let user = User::new(&format!("user{}", next.get()));
                let code = simulator.mint_code(MINI, &user);
                http("POST", "", &json!({ "js_code": code }).to_string())
            })
        }
        "push-receive" => {
            let simulator = simulator.clone();
            let next = std::cell::Cell::new(0);
            Box::new(move || {
                // Different messages: one that was received is answered without a write.
                next.set(next.get() + 1);
                let message = json!({ "MsgId": next.get(), "Content": "hello" });
                let request = simulator.push_request(MINI, message).expect("it has a push URL");
                json!({
                    "version": "2.0", "routeKey": "$default",
                    "rawPath": request.uri().path(),
                    "rawQueryString": request.uri().query(),
                    "headers": { "content-type": "application/json", "user-agent": "Mozilla/4.0" },
                    "requestContext": {
                        "domainName": "example.lambda-url.ap-east-1.on.aws",
                        "http": {
                            "method": "POST", "path": request.uri().path(),
                            "sourceIp": "203.0.113.1",
                        },
                    },
                    "body": request.body(), "isBase64Encoded": false,
                })
                .to_string()
            })
        }
        "subscribemessage-send" | "security-getmediacheck" => {
            let file = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
            let event = std::fs::read_to_string(file).expect("the event is there");
            let session = stack.session(MINI, &User::new("alice").openid(MINI));
            let event = event.replace("{{session}}", &session);
            Box::new(move || event.clone())
        }
        _ => Box::new(|| "{}".to_owned()),
    }
}
