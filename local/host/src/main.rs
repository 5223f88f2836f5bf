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
use local::{Options, Stack, Variables, demo_accounts, terminal};
use shared::{AccountKind, Log, config::parse_accounts};

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
    /// Allow --listen to name an address that other machines reach. They can then call every
    /// operation and invoke every function as a service, which hands out access tokens.
    #[arg(long, env = "EXPOSE")]
    expose: bool,
    /// Talk to this WeChat instead of the simulated one, for example https://api.weixin.qq.com.
    /// Its console must allow this machine's address. Several are separated by commas, the
    /// preferred one first.
    #[arg(long, env = "WECHAT_API", value_name = "URL")]
    wechat_api: Option<String>,
    /// Post every message and event there as JSON, until it is taken; several are separated by
    /// commas.
    #[arg(long, env = "EVENTS", value_name = "URL", value_parser = url, value_delimiter = ',')]
    events: Vec<String>,
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
    #[arg(long, env = "WECHAT_PAY_API", value_name = "URL")]
    wechat_pay_api: Option<String>,
    /// Where WeChat Pay notifies: the public address of pay.notify on this machine.
    #[arg(long, env = "PAY_NOTIFY_URL", value_name = "URL")]
    pay_notify_url: Option<String>,
    /// Use this DynamoDB instead of the embedded one; it needs the table "wechat".
    #[arg(long, env = "DYNAMODB", value_name = "URL", value_parser = url)]
    dynamodb: Option<String>,
    /// Keep the table, the session key and what the simulated WeChat remembers in this directory; by
    /// default they live in memory and end with the process.
    #[arg(long, env = "DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// What api.call may call: a comma list of areas, prefixes and paths of WeChat's API, such as
    /// area:users-tags,/datacube/,/cgi-bin/menu/create; by default nothing, and at the simulated
    /// WeChat area:users-tags,/cgi-bin/get_api_domain_ip.
    #[arg(long, env = "API_CALL_ALLOW", value_name = "LIST")]
    api_call_allow: Option<String>,
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
  cargo run -- --data-dir ./data             keep tokens, sessions and the simulated WeChat
  cargo run -- --apps apps.json --wechat-api https://api.weixin.qq.com
                                             your own apps at the real WeChat

apps.json:
  [{\"appid\":\"wx0123456789abcdef\",\"kind\":\"mini_program\",\"secret\":{\"value\":\"…\"}}]
  kinds: mini_program, official_account, mobile_app, website

pay.json, for --pay; docs/pay.md says what is what:
  [{\"mchid\":\"1900000001\",\"serial_no\":\"5157…\",\"apps\":[\"wx0123456789abcdef\"],
    \"private_key\":{\"value\":\"-----BEGIN PRIVATE KEY-----…\"},\"apiv3_keys\":[{\"value\":\"…\"}],
    \"verify\":{\"PUB_KEY_ID_…\":{\"value\":\"-----BEGIN PUBLIC KEY-----…\"}}}]

Settings:
  The variables of a deployment are honored where no flag says otherwise: WECHAT_APPS,
  WECHAT_API_BASE, TABLE_NAME, TOKEN_MODE, JSSDK_ALLOWED_HOSTS, SITE_FILES, AWS_ENDPOINT_URL_DYNAMODB
  and the others.

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
    let variables = Variables::of_process();
    let apps = variables.get("WECHAT_APPS");
    let furnished = flags.apps.is_none() && apps.is_none();
    let accounts = match (&flags.apps, apps) {
        (None, None) => demo_accounts(),
        (None, Some(apps)) => parse_accounts(apps).map_err(|why| format!("WECHAT_APPS {why}"))?,
        (Some(file), _) => {
            let named = format!("The apps file {}", file.display());
            let text = fs::read_to_string(file).map_err(|error| format!("{named}: {error}"))?;
            parse_accounts(&text).map_err(|why| format!("{named} {why}"))?
        }
    };
    let pay = match &flags.pay {
        None => None,
        Some(file) => {
            let text = fs::read_to_string(file);
            Some(text.map_err(|error| format!("The pay file {}: {error}", file.display()))?)
        }
    };
    let options = Options {
        listen: flags.listen,
        api_call_allow: flags.api_call_allow.unwrap_or_else(|| match flags.wechat_api {
            Some(_) => String::new(),
            None => "area:users-tags,/cgi-bin/get_api_domain_ip".to_owned(),
        }),
        expose: flags.expose,
        wechat_api: flags.wechat_api,
        pay,
        wechat_pay_api: flags.wechat_pay_api,
        pay_notify_url: flags.pay_notify_url,
        accounts,
        dynamodb: flags.dynamodb,
        data_dir: flags.data_dir,
        jweixin: flags.jweixin,
        events: flags.events,
        log: log(),
        furnished,
        variables,
        ..Options::default()
    };
    let embedded = options.has_own_table();
    let kept = match (embedded, &options.data_dir) {
        (false, _) => "not embedded".to_owned(),
        (true, Some(directory)) => format!("kept in {}", directory.display()),
        (true, None) => "in memory".to_owned(),
    };
    let forgotten = match (embedded, &options.data_dir) {
        (_, Some(_)) => "",
        (false, None) => " Sessions are forgotten.",
        (true, None) => " Tokens and sessions are forgotten.",
    };
    let kinds: Vec<AccountKind> = options.accounts.iter().map(|account| account.kind).collect();
    let started = Instant::now();
    let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
    greet(&stack, &kinds, started.elapsed(), &kept);
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
fn greet(stack: &Stack, kinds: &[AccountKind], took: Duration, kept: &str) {
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
    eprintln!("  DynamoDB    {dynamodb_url}   table {}, {kept}", stack.table.name());
    eprintln!("  JS-SDK demo {url}/demo/jssdk\n");
    for entry in stack.report["credentials"].as_array().into_iter().flatten() {
        if let Some(message) = entry["message"].as_str() {
            let text = |name: &str| entry[name].as_str().unwrap_or_default();
            eprintln!("  trouble: {} {}: {message}\n", text("appid"), text("kind"));
        }
    }
    if simulated && kinds.contains(&AccountKind::MiniProgram) {
        eprintln!(
            r#"A user logs in, and a code is drawn for them:

  code=$(curl -s -d '{{}}' {wechat_url}/_simulator/codes | sed 's/.*"code":"\([^"]*\)".*/\1/')
  session=$(curl -s -H 'content-type: application/json' -d "{{\"js_code\":\"$code\"}}" {url}/auth/code2Session | sed 's/.*"session_token":"\([^"]*\)".*/\1/')
  curl -s -H "authorization: Bearer $session" '{url}/wxacode/getUnlimited?scene=id%3D1' -o code.jpg
"#
        );
    } else if simulated && kinds.contains(&AccountKind::OfficialAccount) {
        eprintln!("A first answer:\n\n  curl '{url}/jssdk/config?url=https://example.com/'\n");
    }
    if stack.exposed {
        eprintln!(
            "Exposed: whatever reaches {url} can call every operation and invoke every function as a\n\
             service, which hands out access tokens. Console, WeChat and DynamoDB answer this machine\n\
             only.\n"
        );
    }
    eprintln!("Ctrl-C stops all of it.\n");
}
