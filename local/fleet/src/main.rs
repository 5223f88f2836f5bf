//! Simulates a day of a fleet: `cargo run -p fleet -- --help`.

use std::{process::ExitCode, time::Instant};

use fleet::{self, SCENARIOS, Scenario};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => simulate(&options),
        Ok(None) => {
            println!("{}", help());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", help());
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
struct Options {
    environments: Vec<usize>,
    seed: u64,
    scenario: String,
}

impl Options {
    /// `None`: the help is asked for.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
        let mut options =
            Options { environments: vec![1, 100, 10_000], seed: 1, scenario: "calm".to_owned() };
        while let Some(argument) = arguments.next() {
            if matches!(argument.as_str(), "-h" | "--help") {
                return Ok(None);
            }
            let value = arguments.next().ok_or(format!("{argument} needs a value."))?;
            let number = || value.parse().map_err(|_| format!("{argument} takes a number."));
            match argument.as_str() {
                "--environments" => options.environments = vec![number()? as usize],
                "--seed" => options.seed = number()?,
                "--scenario" => options.scenario = value,
                _ => return Err(format!("{argument} is not known.")),
            }
        }
        if options.scenario != "all" && Scenario::named(&options.scenario, 1, 1).is_none() {
            return Err(format!("There is no scenario {}.", options.scenario));
        }
        Ok(Some(options))
    }
}

fn simulate(options: &Options) -> ExitCode {
    let names: Vec<&str> = match options.scenario.as_str() {
        "all" => SCENARIOS.iter().map(|(name, ..)| *name).collect(),
        name => vec![name],
    };
    for name in names {
        let began = Instant::now();
        let reports: Vec<_> = options
            .environments
            .iter()
            .filter_map(|environments| Scenario::named(name, *environments, options.seed))
            .map(|scenario| fleet::run(&scenario))
            .collect();
        println!("{}  in {:.1} s\n", fleet::side_by_side(&reports), began.elapsed().as_secs_f64());
    }
    ExitCode::SUCCESS
}

fn help() -> String {
    let mut help = "\
Simulates a day of a fleet of handler environments: the real credentials engine on virtual time,
against models of the table and of WeChat.

cargo run -p fleet -- [--environments N] [--seed S] [--scenario NAME]

  --environments N  handler environments (default: 1, 100 and 10000 side by side)
  --seed S          the same seed gives the same day (default: 1)
  --scenario NAME   what goes wrong (default: calm); `all` for every one:
"
    .to_owned();
    for (name, about, _) in SCENARIOS {
        help.push_str(&format!("                      {name:<12} {about}\n"));
    }
    help
}
