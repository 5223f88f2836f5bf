//! `cargo bench`: the release binaries under a Runtime API, beside a function that does nothing.
//!
//! Everything is measured from outside the process: exec to first poll, exec to first answer,
//! warm calls, peak memory, size.
//! Rounds are interleaved, figures are medians, and what counts is the ratio to the no-op in the
//! same run.
//!
//! `cargo bench -- --help` lists the options.

mod build;
mod peers;
mod proxy;
mod report;
mod subject;

use std::{fs, path::PathBuf};

use clap::Parser;
use local::{Options, Stack};
use shared::Log;

use crate::{
    proxy::Proxies,
    report::{Figures, Report},
    subject::{Subject, Throttle},
};

/// Measures the functions beside a function that does nothing.
#[derive(Parser)]
struct Flags {
    /// Rounds; each starts every function anew.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Warm calls of each function in each round.
    #[arg(long, default_value_t = 300)]
    calls: usize,
    /// Talk to the table and to WeChat over plain HTTP instead of TLS.
    #[arg(long)]
    plain: bool,
    /// Milliseconds between function, table and WeChat, there and back.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Percent of a CPU that a function gets once it polls; 7 is about a 128 MB function.
    #[arg(long, default_value_t = 100)]
    cpu_percent: u64,
    /// Measure release builds instead, in a target directory of their own.
    #[arg(long)]
    build_cost: bool,
    /// Also measure the job of jssdk-config on everything's default features.
    #[arg(long)]
    default_stack: bool,
    /// Also measure that job in Node and in Python; npm and pip install their packages.
    #[arg(long)]
    peers: bool,
    /// cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The functions that are measured.
const FUNCTIONS: &[&str] =
    &["jssdk-config", "auth-code2session", "subscribemessage-send", "refresh-credentials"];

fn main() {
    let flags = Flags::parse();
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if flags.build_cost {
        for (what, took) in build::cost(&root) {
            println!("{:6.1} s  {what}", took.as_secs_f64());
        }
        return;
    }
    let target = build::target(&root);
    build::functions(&root, FUNCTIONS);
    let mut peers = Vec::new();
    if flags.default_stack {
        peers.push(peers::default_stack(&target));
    }
    if flags.peers {
        peers.extend(peers::installed(&target));
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let options = Options { log: Log::to(|_| {}), ..Options::default() };
    let stack = runtime.block_on(Stack::start(options)).expect("the stack starts");
    let latency = std::time::Duration::from_millis(flags.latency_ms);
    let proxies = runtime.block_on(Proxies::start(&stack, !flags.plain, latency));

    let release = target.join("release");
    let mut subjects = vec![Subject::noop(release.join("examples/noop"))];
    for name in FUNCTIONS {
        subjects.push(Subject::function(name, release.join(name), &stack, &proxies));
    }
    subjects.extend(peers.into_iter().map(|peer| Subject::peer(peer, &stack, &proxies)));
    let throttle = (flags.cpu_percent < 100).then_some(Throttle { percent: flags.cpu_percent });
    let mut report = Report::new(&subjects, latency);
    for round in 0..=flags.rounds {
        for (index, subject) in subjects.iter().enumerate() {
            let figures: Figures = subject.measure(flags.calls, throttle);
            // The first round only warms the disk cache.
            if round > 0 {
                report.add(index, figures);
            }
        }
        eprint!("\rround {round} of {}", flags.rounds);
    }
    eprintln!();
    report.print();
    let file = target.join("bench.json");
    fs::write(&file, report.json()).expect("the target directory is writable");
    println!("\nAll figures: {}", file.display());
}
