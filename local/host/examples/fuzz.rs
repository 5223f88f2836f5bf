//! `cargo run -p local --example fuzz -- decrypt`: inputs that nobody meant, by the million.
//!
//! A seed of the corpus is changed at random and given to a function of this process, as Lambda
//! gives it an event. Whatever it is, the answer must not be a failure of our own. The same seed
//! number tries the same inputs.

use std::{
    collections::BTreeMap,
    fs,
    net::IpAddr,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::{Parser, ValueEnum};
use local::{Options, Stack};
use serde_json::{Value, json};
use shared::{
    Clock, Log, PushMode,
    crypto::sha1_hex,
    fetch::{Connecting, Network},
    invoke::Outcome,
};
use simulator::{User, UserKey, demo_accounts};

/// No address but those of this machine: an input may name any.
#[derive(Debug)]
struct Nowhere;

impl Network for Nowhere {
    fn resolve<'a>(&'a self, _host: &'a str) -> Connecting<'a, Vec<IpAddr>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Gives changed inputs to the functions on this machine.
#[derive(Parser)]
#[command(name = "fuzz")]
struct Flags {
    /// What is tried.
    target: Target,
    /// How long.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// The plain text and the cipher text of a user's data.
    Decrypt,
    /// The event, whatever shape it has.
    Event,
    /// A form with a file.
    Multipart,
    /// A message that WeChat pushes.
    Push,
}

/// The token that signs messages.
const TOKEN: &str = "demoPushToken";

/// Parts that parsers look at.
const WORDS: &[&str] = &[
    "\0",
    "\r\n",
    "\"",
    "\\u",
    "\\ud83d",
    "{",
    "}",
    "[",
    "]",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "<![CDATA[",
    "]]>",
    "&#x",
    "&#1114112;",
    "&amp;",
    "<!DOCTYPE",
    "<xml>",
    "</xml>",
    "<?xml",
    "--b",
    "--b--",
    "; name=\"",
    "filename*=",
    "boundary=",
    "%",
    "%C4%E3",
    "+",
    "\u{feff}",
    "\u{1f600}",
    "requestContext",
    "headers",
    "isBase64Encoded",
];

/// Numbers that chance gives: the same for the same beginning.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// A part of something so long.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = 1 << self.below(6);
        start..start + self.below((length - start).min(most) + 1)
    }

    /// One of the seeds with a few changes, or none.
    fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = corpus[self.below(corpus.len())].clone();
        for _ in 0..self.below(5) {
            self.change(&mut bytes, corpus);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let range = self.range(bytes.len());
        match self.below(8) {
            0 => bytes
                .iter_mut()
                .skip(range.start)
                .take(1)
                .for_each(|byte| *byte ^= 1 << range.len().min(7)),
            1 => {
                bytes.iter_mut().skip(range.start).take(1).for_each(|byte| *byte = range.end as u8)
            }
            2 => drop(bytes.drain(range)),
            3 => {
                let again = bytes[range.clone()].repeat(1 + self.below(64));
                bytes.splice(range.end..range.end, again).for_each(drop);
            }
            4 => bytes.truncate(range.start),
            5 => {
                let other = &corpus[self.below(corpus.len())];
                let part = self.range(other.len());
                bytes.splice(range, other[part].iter().copied()).for_each(drop);
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                bytes.splice(range, word.bytes()).for_each(drop);
            }
        }
    }
}

/// One invocation: the function, and its event.
type Call = (String, Vec<u8>);

impl Target {
    /// The seeds, with the function they are for where that differs.
    fn corpus(self) -> Result<Vec<(String, Vec<u8>)>, String> {
        let own = |name: &str| format!("{}/examples/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let directory = match self {
            Target::Decrypt => own("decrypt"),
            Target::Event => format!("{}/../../events", env!("CARGO_MANIFEST_DIR")),
            Target::Multipart => own("multipart"),
            Target::Push => own("push"),
        };
        let mut seeds = Vec::new();
        for entry in fs::read_dir(Path::new(&directory)).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            seeds.push((name, fs::read(&path).map_err(|error| error.to_string())?));
        }
        seeds.sort();
        Ok(seeds)
    }

    /// The invocation with an input.
    fn call(self, input: &[u8], function: &str, key: &UserKey, chance: &mut Chance) -> Call {
        let (function, event) = match self {
            Target::Event => return (function.to_owned(), input.to_vec()),
            Target::Decrypt => {
                let mut data = key.seal(&String::from_utf8_lossy(input)).into_bytes();
                if chance.below(4) == 0 {
                    chance.change(&mut data, &[input.to_vec()]);
                }
                let event = json!({
                    "encryptedData": String::from_utf8_lossy(&data),
                    "iv": key.iv, "sessionKey": key.encrypt_key,
                });
                (["decrypt-getuserdata", "decrypt-getphonenumber"][chance.below(2)], event)
            }
            Target::Multipart => {
                let mut event = http("POST", input);
                event["headers"] = json!({ "content-type": "multipart/form-data; boundary=b" });
                event["requestContext"]["authorizer"] = json!({ "iam": {} });
                ("security-imgseccheck", event)
            }
            Target::Push => {
                let mut event = http("POST", input);
                let account = &demo_accounts()[chance.below(4) / 3].appid;
                event["rawPath"] = format!("/push/receive/{account}").into();
                let now = Clock::system().now().to_string();
                let mut signed = [TOKEN, &now, "nonce"];
                signed.sort_unstable();
                let signature = sha1_hex(signed.concat());
                let query = format!("signature={signature}&timestamp={now}&nonce=nonce");
                event["rawQueryString"] = query.into();
                ("push-receive", event)
            }
        };
        (function.to_owned(), event.to_string().into_bytes())
    }
}

/// An HTTP event with these bytes.
fn http(method: &str, body: &[u8]) -> Value {
    json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {},
        "requestContext": { "http": { "method": method, "sourceIp": "203.0.113.7" } },
        "isBase64Encoded": true, "body": BASE64_STANDARD.encode(body),
    })
}

/// What came of it, as the `type` of a problem, `ok` without one.
fn verdict(outcome: &Outcome) -> String {
    let document = match outcome {
        Outcome::Http(response) if response.status_code >= 400 => response.body.as_bytes(),
        Outcome::Streamed(response, body) if response.status_code >= 400 => body,
        Outcome::Failure { error_message, .. } => error_message.as_bytes(),
        _ => return "ok".to_owned(),
    };
    let problem: Value = serde_json::from_slice(document).unwrap_or_default();
    problem["type"].as_str().unwrap_or(INTERNAL).to_owned()
}

/// A failure of our own.
const INTERNAL: &str = "internal";

/// Tries inputs until the time is up; the first that breaks something is returned.
async fn fuzz(flags: &Flags) -> Result<Option<Call>, String> {
    let mut accounts = demo_accounts();
    // The signature of a plain message does not cover it, so that changed ones are read.
    for push in accounts[..1].iter_mut().filter_map(|account| account.push.as_mut()) {
        push.mode = PushMode::Plain;
    }
    let options = Options {
        accounts,
        log: Log::to(|_| {}),
        network: Arc::new(Nowhere),
        budgets: r#"{"*":{"user":"off","address":"off"}}"#.to_owned(),
        ..Options::default()
    };
    let stack = Arc::new(Stack::start(options).await.map_err(|error| error.to_string())?);
    let wechat = stack.wechat.clone().ok_or("the simulator did not start")?;
    let key = wechat.user_key(&demo_accounts()[0].appid, &User::new("fuzz"));
    let (functions, corpus): (Vec<_>, Vec<_>) = flags.target.corpus()?.into_iter().unzip();
    let mut chance = Chance(flags.seed.max(1));
    let end = Instant::now() + Duration::from_secs_f64(flags.minutes * 60.0);
    let mut verdicts = BTreeMap::<String, u64>::new();
    while Instant::now() < end {
        let input = chance.input(&corpus);
        let function = &functions[chance.below(functions.len())];
        let call = flags.target.call(&input, function, &key, &mut chance);
        let Ok(outcome) = stack.host.invoke(&call.0, &call.1).await else {
            return Err(format!("there is no function {}", call.0));
        };
        let verdict = verdict(&outcome);
        if verdict == INTERNAL {
            return Ok(Some(call));
        }
        *verdicts.entry(verdict).or_default() += 1;
    }
    println!("{} inputs: {verdicts:?}", verdicts.values().sum::<u64>());
    Ok(None)
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(|error| error.to_string()).and_then(|rt| rt.block_on(fuzz(&flags))) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some((function, event))) => {
            println!("{function} breaks on {}", event.escape_ascii());
            ExitCode::FAILURE
        }
        Err(complaint) => {
            eprintln!("error: {complaint}");
            ExitCode::from(2)
        }
    }
}
