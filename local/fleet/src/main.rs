//! Simulates a day of a fleet: `cargo run -p fleet -- --help`.

use std::time::Instant;

use clap::{Parser, builder::PossibleValuesParser};
use fleet::{SCENARIOS, Scenario};

/// Simulates a day of a fleet of handler environments: the real credentials engine on virtual time,
/// against the simulated WeChat and a model of the table.
#[derive(Parser)]
#[command(name = "fleet", version, after_help = scenarios())]
struct Flags {
    /// Handler environments; by default 1, 100 and 10000 side by side.
    #[arg(long, value_name = "N", default_values_t = [1, 100, 10_000])]
    environments: Vec<usize>,
    /// The same seed gives the same day.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong, or `all` for every scenario.
    #[arg(
        long, default_value = "calm", value_name = "NAME", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(names().chain(["all"])),
    )]
    scenario: String,
}

fn names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|(name, ..)| *name)
}

fn scenarios() -> String {
    let lines = SCENARIOS.iter().map(|(name, about, _)| format!("  {name:<14} {about}\n"));
    format!("Scenarios:\n{}", lines.collect::<String>())
}

fn main() {
    let Flags { environments, seed, scenario } = Flags::parse();
    for name in names().filter(|name| scenario == "all" || scenario == *name) {
        let began = Instant::now();
        let reports: Vec<_> = environments
            .iter()
            .filter_map(|environments| Scenario::named(name, *environments, seed))
            .map(|scenario| fleet::run(&scenario))
            .collect();
        println!("{}  in {:.1} s\n", fleet::side_by_side(&reports), began.elapsed().as_secs_f64());
    }
}
