//! `cargo run -p simulator`: a WeChat on this machine.

use std::{error::Error, fs, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Parser;
use model::{Clock, SecretSource};
use simulator::{Account, Simulator, demo_accounts, guard::Reach};
use tokio::net::TcpListener;

/// Runs a simulated WeChat on this machine. Point any SDK at it instead of
/// https://api.weixin.qq.com.
#[derive(Parser)]
#[command(name = "simulator", version, after_help = EXAMPLES)]
struct Flags {
    /// Where WeChat answers.
    #[arg(long, default_value = "127.0.0.1:9001", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// A JSON list of apps instead of the demo apps.
    #[arg(long, value_name = "FILE")]
    apps: Option<PathBuf>,
    /// Allow --listen to name an address that other machines reach. They can then do everything
    /// that /_simulator offers.
    #[arg(long)]
    expose: bool,
}

const EXAMPLES: &str = "\
First steps:
  cargo run -p simulator
  curl http://127.0.0.1:9001/_simulator

apps.json:
  [{\"appid\":\"wx0123456789abcdef\",\"kind\":\"mini_program\",\"secret\":{\"value\":\"…\"}}]
  kinds: mini_program, official_account, mobile_app, website

Exit status: 0 stopped by Ctrl-C, 1 could not start, 2 bad flags.";

fn main() -> ExitCode {
    let flags = Flags::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(&flags)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let apps = match &flags.apps {
        None => demo_accounts(),
        Some(file) => {
            let complain = |why: String| format!("The apps file {}: {why}", file.display());
            let text = fs::read_to_string(file).map_err(|error| complain(error.to_string()))?;
            model::Account::list(&text).map_err(complain)?
        }
    };
    let accounts = apps.iter().map(Account::try_from).collect::<Result<Vec<_>, _>>()?;
    let reach = Reach::of(flags.listen, flags.expose)?;
    let listener = TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("Cannot listen on {}: {error}", flags.listen))?;
    let url = format!("http://{}", listener.local_addr()?);
    eprintln!("\nWeChat is simulated at {url}\n");
    for app in &apps {
        // The demo secrets are public; those of a file stay in the file.
        let secret = match &app.secret {
            SecretSource::Value(secret) if flags.apps.is_none() => secret.expose(),
            _ => "",
        };
        eprintln!("  {}  {:<16}  {secret}", app.appid, app.kind.as_str());
    }
    eprintln!("\nControls: curl {url}/_simulator\nCtrl-C stops it.\n");
    if reach == Reach::Network {
        eprintln!(
            "Exposed: whatever reaches {url} can log in as any user and use every control.\n"
        );
    }
    let simulator = Simulator::new(&Clock::system(), accounts).within(reach);
    if flags.apps.is_none() {
        simulator.furnish();
    }
    tokio::select! {
        () = simulator.serve(listener) => Ok(()),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}
