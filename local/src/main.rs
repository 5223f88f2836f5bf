//! `cargo run`: the whole bundle on this machine.

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use local::{Options, Stack, demo_accounts};
use shared::config::parse_accounts;

/// Runs the whole WeChat backend on this machine: every operation, a DynamoDB, the refresher, and
/// a simulated WeChat with four demo apps. No AWS and no WeChat account is needed.
#[derive(Parser)]
#[command(name = "local", version, after_help = EXAMPLES)]
struct Flags {
    /// Where the operations listen. The simulator and DynamoDB take the next two ports.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Talk to this WeChat instead of the simulator, for example https://api.weixin.qq.com.
    #[arg(long, env = "WECHAT_API", value_name = "URL")]
    wechat_api: Option<String>,
    /// A JSON list of apps instead of the demo apps, as WECHAT_APPS has it, with the secrets as
    /// {"value":"…"}.
    #[arg(long, env = "APPS", value_name = "FILE")]
    apps: Option<PathBuf>,
    /// Use this DynamoDB instead of the embedded one; it needs the table "wechat".
    #[arg(long, env = "DYNAMODB", value_name = "URL")]
    dynamodb: Option<String>,
    /// Keep the table and the session key in this directory; by default they live in memory.
    #[arg(long, env = "DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The real jweixin script for the page /demo/jssdk: a file, or the directory of npm's
    /// weixin-js-sdk.
    #[arg(long, env = "JWEIXIN", value_name = "PATH")]
    jweixin: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:
  cargo run
  cargo run -- --listen 127.0.0.1:8080 --data-dir ./data
  cargo run -- --apps apps.json --wechat-api https://api.weixin.qq.com

apps.json:
  [{\"appid\":\"wx0123456789abcdef\",\"kind\":\"mini_program\",\"secret\":{\"value\":\"…\"}}]
  kinds: mini_program, official_account, mobile_app, website";

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
        accounts,
        dynamodb: flags.dynamodb,
        data_dir: flags.data_dir,
        jweixin: flags.jweixin,
        ..Options::default()
    };
    let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
    greet(&stack);
    tokio::signal::ctrl_c().await.map_err(|error| error.to_string())?;
    eprintln!("\nStopped.");
    Ok(())
}

/// On standard error, so that standard output is the log alone.
fn greet(stack: &Stack) {
    let Stack { url, wechat_url, dynamodb_url, .. } = stack;
    eprintln!("\nThe WeChat backend is running. Ctrl-C stops it.\n");
    eprintln!("  operations  {url}   (list: {url}/, OpenAPI: {url}/openapi.json)");
    let simulated =
        if stack.wechat.is_some() { "   (simulated; control: /_simulator)" } else { "" };
    eprintln!("  WeChat      {wechat_url}{simulated}");
    eprintln!("  DynamoDB    {dynamodb_url}   (table wechat)");
    eprintln!("  JS-SDK demo {url}/demo/jssdk\n");
    for entry in stack.report["credentials"].as_array().into_iter().flatten() {
        if let Some(message) = entry["message"].as_str() {
            let text = |name: &str| entry[name].as_str().unwrap_or_default();
            eprintln!("  trouble: {} {}: {message}\n", text("appid"), text("kind"));
        }
    }
    if stack.wechat.is_some() {
        eprintln!("Log a user in, and use the session. Paste:\n");
        eprintln!(
            "  CODE=$(curl -s -X POST {wechat_url}/_simulator/codes -d '{{}}' | sed 's/.*\"code\":\"\\([^\"]*\\)\".*/\\1/')\n  \
             TOKEN=$(curl -s {url}/auth/code2Session -d '{{\"js_code\":\"'$CODE'\"}}' -H 'content-type: application/json' | tee /dev/stderr | sed 's/.*\"session_token\":\"\\([^\"]*\\)\".*/\\1/')\n  \
             curl -s -X POST {url}/auth/checkSession -H \"authorization: Bearer $TOKEN\"\n"
        );
    }
}
