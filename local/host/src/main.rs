//! `cargo run`: the whole bundle on this machine.

use std::{
    env, fs,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use functions::OPERATIONS;
use local::{Options, Stack, demo_accounts, terminal};
use shared::{Log, config::parse_accounts};

/// Runs the whole WeChat backend on this machine: every operation, a DynamoDB, the refresher, a
/// simulated WeChat with demo apps, and a console in the browser that tries all of it.
/// No AWS and no WeChat account is needed.
#[derive(Parser)]
#[command(name = "local", version, after_help = EXAMPLES)]
struct Flags {
    /// Where operations and console listen. The simulated WeChat and DynamoDB take the next two
    /// ports, on this machine only.
    #[arg(
        long, env = "LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDRESS",
        value_parser = address,
    )]
    listen: SocketAddr,
    /// Talk to this WeChat instead of the simulated one, for example https://api.weixin.qq.com.
    /// Its console must allow this machine's address.
    #[arg(long, env = "WECHAT_API", value_name = "URL")]
    wechat_api: Option<String>,
    /// A JSON list of apps instead of the demo apps, as WECHAT_APPS has it, with the secrets as
    /// {"value":"…"}.
    #[arg(long, env = "APPS", value_name = "FILE")]
    apps: Option<PathBuf>,
    /// A JSON list of merchants instead of the demo merchant, as WECHAT_PAY has it, with the keys as
    /// {"value":"…"}.
    #[arg(long, env = "PAY", value_name = "FILE")]
    pay: Option<PathBuf>,
    /// Talk to this WeChat Pay instead of the simulated one, for example
    /// https://api.mch.weixin.qq.com; further hosts after commas.
    #[arg(long, env = "WECHAT_PAY_API_BASE", value_name = "URLS", value_delimiter = ',')]
    wechat_pay_api: Vec<String>,
    /// Where WeChat Pay notifies: the public address of pay.notify on this machine.
    #[arg(long, env = "PAY_NOTIFY_URL", value_name = "URL")]
    pay_notify_url: Option<String>,
    /// Use this DynamoDB instead of the embedded one; it needs the table "wechat".
    #[arg(long, env = "DYNAMODB", value_name = "URL", value_parser = url)]
    dynamodb: Option<String>,
    /// Keep the table and the session key in this directory; by default they live in memory and
    /// end with the process.
    #[arg(long, env = "DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The real jweixin script for the page /demo/jssdk: a file, or the directory of npm's
    /// weixin-js-sdk.
    #[arg(long, env = "JWEIXIN", value_name = "PATH")]
    jweixin: Option<PathBuf>,
}

const EXAMPLES: &str = "\
First steps:
  cargo run                                  then open http://127.0.0.1:9000
  curl 'http://127.0.0.1:9000/jssdk/config?url=https://example.com/'

More:
  cargo run -- --listen 127.0.0.1:8080       other ports
  cargo run -- --data-dir ./data             keep tokens and sessions
  cargo run -- --apps apps.json --wechat-api https://api.weixin.qq.com
                                             your own apps at the real WeChat

apps.json:
  [{\"appid\":\"wx0123456789abcdef\",\"kind\":\"mini_program\",\"secret\":{\"value\":\"…\"}}]
  kinds: mini_program, official_account, mobile_app, website

Output:
  Standard error says where everything is; standard output is the log, one line per call: short on
  a terminal, JSON as on Lambda anywhere else (cargo run > log.jsonl).

Exit status: 0 stopped by Ctrl-C, 1 could not start, 2 bad flags.";

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let port =
            text.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).unwrap_or(9000);
        format!("an address is an IP address and a port, such as 127.0.0.1:{port}")
    })
}

fn url(text: &str) -> Result<String, String> {
    let known = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    let complaint = "a URL begins with http:// or https://, such as http://127.0.0.1:8000";
    known.then(|| text.to_owned()).ok_or_else(|| complaint.to_owned())
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(|error| error.to_string()).and_then(|rt| rt.block_on(run(flags))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("error: {complaint}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<(), String> {
    let accounts = match &flags.apps {
        None => demo_accounts(),
        Some(file) => {
            let complain = |why: String| format!("The apps file {}: {why}", file.display());
            let text = fs::read_to_string(file).map_err(|error| complain(error.to_string()))?;
            parse_accounts(&text).map_err(complain)?
        }
    };
    let options = Options {
        listen: flags.listen,
        wechat_api: flags.wechat_api,
        pay: match &flags.pay {
            None => std::env::var("WECHAT_PAY").ok().filter(|text| !text.is_empty()),
            Some(file) => {
                let read = fs::read_to_string(file);
                Some(read.map_err(|error| format!("The file {}: {error}", file.display()))?)
            }
        },
        wechat_pay_api: flags.wechat_pay_api,
        pay_notify_url: flags.pay_notify_url,
        accounts,
        dynamodb: flags.dynamodb,
        data_dir: flags.data_dir,
        jweixin: flags.jweixin,
        log: log(),
        ..Options::default()
    };
    let kept = match (&options.dynamodb, &options.data_dir) {
        (Some(_), _) => "table wechat, not embedded".to_owned(),
        (None, Some(directory)) => format!("table wechat, kept in {}", directory.display()),
        (None, None) => "table wechat, in memory".to_owned(),
    };
    let forgotten = match (&options.dynamodb, &options.data_dir) {
        (_, Some(_)) => "",
        (Some(_), None) => " Sessions are forgotten.",
        (None, None) => " Tokens and sessions are forgotten.",
    };
    let started = Instant::now();
    let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
    greet(&stack, started.elapsed(), &kept);
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
    eprintln!("\nStopped.{forgotten}");
    Ok(())
}

/// JSON as on Lambda, or short lines where a person looks.
fn log() -> Log {
    if !io::stdout().is_terminal() {
        return Log::from_env();
    }
    let colors = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Log::to(move |line| {
        if let Some(line) = terminal::readable(line, colors) {
            // A log that cannot be written must not fail a request.
            let _ = writeln!(io::stdout().lock(), "{line}");
        }
    })
}

/// On standard error, so that standard output is the log alone.
fn greet(stack: &Stack, took: Duration, kept: &str) {
    let Stack { url, wechat_url, dynamodb_url, .. } = stack;
    let simulated = stack.wechat.is_some();
    let wechat = if simulated { "simulated, with demo users" } else { "not simulated" };
    eprintln!("\nThe WeChat backend is running (started in {} ms).\n", took.as_millis());
    eprintln!("  console     {url}/   try every operation in the browser");
    eprintln!(
        "  operations  {url}   {} of them, described in {url}/openapi.json",
        OPERATIONS.len()
    );
    eprintln!("  WeChat      {wechat_url}   {wechat}");
    eprintln!("  DynamoDB    {dynamodb_url}   {kept}");
    eprintln!("  JS-SDK demo {url}/demo/jssdk\n");
    for entry in stack.report["credentials"].as_array().into_iter().flatten() {
        if let Some(message) = entry["message"].as_str() {
            let text = |name: &str| entry[name].as_str().unwrap_or_default();
            eprintln!("  trouble: {} {}: {message}\n", text("appid"), text("kind"));
        }
    }
    if simulated {
        eprintln!("A first answer:\n\n  curl '{url}/jssdk/config?url=https://example.com/'\n");
    }
    eprintln!("Ctrl-C stops all of it.\n");
}
