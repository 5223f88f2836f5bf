//! `cargo bench`: the release binaries under a Runtime API, beside a function that does nothing
//! and one that does the same job by hand.
//!
//! Everything is measured from outside the process: exec to first poll, exec to first answer,
//! warm calls, peak memory, size.
//! Rounds are interleaved, figures are medians, and what counts is the ratio to the no-op in the
//! same run.
//!
//! `cargo bench -- --help` lists the options.

mod build;
mod load;
mod others;
mod peers;
mod processor;
mod proxy;
mod report;
mod subject;
mod waterfall;

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use clap::Parser;
use local::Stack;

use crate::{
    proxy::Proxies,
    report::{Figures, Report},
    subject::{Subject, Throttle},
};

/// Measures the functions beside a function that does nothing.
#[derive(Parser)]
struct Flags {
    /// Functions to measure, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = FUNCTIONS.map(str::to_owned))]
    functions: Vec<String>,
    /// Cold starts of each function, with one call each.
    #[arg(long, default_value_t = 41)]
    starts: usize,
    /// Rounds of warm calls; each starts every function anew, because where a process lies in memory
    /// costs or saves it a tenth.
    #[arg(long, default_value_t = 81)]
    rounds: usize,
    /// Warm calls of each function in each round.
    #[arg(long, default_value_t = 60)]
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
    /// Measure requests a second instead, of release binaries and of the bundle.
    #[arg(long)]
    load: bool,
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
const FUNCTIONS: [&str; 5] = [
    "jssdk-config",
    "auth-code2session",
    "subscribemessage-send",
    "push-receive",
    "refresh-credentials",
];

/// After others have called, until their connections are gone.
const SETTLE: Duration = Duration::from_millis(2);

fn main() {
    let flags = Flags::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(PathBuf::from);
    let root = root.expect("the workspace holds this crate");
    if flags.build_cost {
        for (what, took) in build::cost(&root) {
            println!("{:6.1} s  {what}", took.as_secs_f64());
        }
        return;
    }
    let target = build::target(&root);
    if flags.load {
        build::functions(&root, &load::functions());
        return load::run(&target, flags.calls);
    }
    build::functions(&root, &flags.functions);
    let mut peers = Vec::new();
    if flags.default_stack {
        peers.push(peers::default_stack(&target));
    }
    if flags.peers {
        peers.extend(peers::installed(&target));
    }
    // Every other thread is started from here.
    processor::take(processor::REST);
    let handle = processor::Thread::start().handle;
    let stack = handle.block_on(Stack::start(load::options())).expect("the stack starts");
    let simulator = stack.wechat.clone().expect("the stack has a simulator");
    let latency = Duration::from_millis(flags.latency_ms);
    let directory = target.join("bench");
    fs::create_dir_all(&directory).expect("the target directory is writable");
    let ca = (!flags.plain).then(|| directory.join("ca.pem"));
    let proxies = handle.block_on(Proxies::start(&stack, ca, latency));

    let deployed = |binary: &str, name: &str| {
        build::deploy(&target.join("release").join(binary), &directory.join(name))
    };
    let mut subjects = vec![Subject::noop(deployed("examples/noop", "noop"))];
    for job in &subject::BY_HAND {
        if !flags.functions.iter().any(|name| name == job.function) {
            continue;
        }
        let binary = deployed("examples/floor", "floor");
        subjects.push(Subject::floor(job, binary, &stack, &simulator, &proxies));
    }
    for name in &flags.functions {
        subjects.push(Subject::function(name, deployed(name, name), &stack, &simulator, &proxies));
    }
    subjects
        .extend(peers.into_iter().map(|peer| Subject::peer(peer, &stack, &simulator, &proxies)));
    let throttle = (flags.cpu_percent < 100).then_some(Throttle { percent: flags.cpu_percent });
    let mut report = Report::new(&subjects, latency);
    let log = directory.join("log");
    let measure = |subject: &Subject, calls| {
        handle.block_on(others::call(&stack, &proxies));
        thread::sleep(SETTLE + latency);
        proxies.waterfall.clear();
        let figures = subject.measure(calls, throttle, &log);
        Figures { steps: proxies.waterfall.steps(), ..figures }
    };
    for start in 0..=flags.starts {
        for (index, subject) in subjects.iter().enumerate() {
            let figures = measure(subject, 0);
            // The first start only warms the disk cache.
            if start > 0 {
                report.add_start(index, figures);
            }
        }
        eprint!("\rstart {start} of {}", flags.starts);
    }
    for round in 1..=flags.rounds {
        for (index, subject) in subjects.iter().enumerate() {
            report.add_round(index, measure(subject, flags.calls));
        }
        eprint!("\rround {round} of {}  ", flags.rounds);
    }
    eprintln!();
    report.print();
    let file = directory.join("figures.json");
    fs::write(&file, report.json()).expect("the target directory is writable");
    println!("\nAll figures: {}", file.display());
}
