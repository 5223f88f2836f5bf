//! Medians, ratios and the budgets.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use flate2::{Compression, write::DeflateEncoder};
use serde_json::json;

use crate::{
    subject::Subject,
    waterfall::{Seen, Step},
};

/// What one run of a subject gave.
pub(crate) struct Figures {
    /// When it was started.
    pub(crate) started: Instant,
    /// When it reached what it talks to.
    pub(crate) steps: Vec<Seen>,
    /// exec to first poll.
    pub(crate) init: Duration,
    /// exec to first answer.
    pub(crate) cold: Duration,
    /// First event to first answer.
    pub(crate) cold_invoke: Duration,
    /// The other calls.
    pub(crate) warm: Vec<Duration>,
    /// Peak memory.
    pub(crate) peak_kb: u64,
    /// How long it ran.
    pub(crate) processor: Duration,
    /// Table accesses and upstream calls of the first and the last request.
    pub(crate) counts: Option<[u64; 4]>,
}

/// All starts and rounds of all subjects.
pub(crate) struct Report {
    rows: Vec<Row>,
    /// Between a function and what it talks to.
    latency: Duration,
}

struct Row {
    name: String,
    floor: Option<&'static str>,
    size: (u64, u64),
    /// Cold starts, one call each.
    starts: Vec<Figures>,
    /// Cold starts and many calls.
    rounds: Vec<Figures>,
}

impl Report {
    /// An empty report on these subjects; the first is the yardstick.
    pub(crate) fn new(subjects: &[Subject], latency: Duration) -> Report {
        let row = |subject: &Subject| Row {
            name: subject.name.clone(),
            floor: subject.floor,
            size: size(&subject.deployed).expect("it was built"),
            starts: Vec::new(),
            rounds: Vec::new(),
        };
        Report { rows: subjects.iter().map(row).collect(), latency }
    }

    /// Adds a start of the subject at `index`.
    pub(crate) fn add_start(&mut self, index: usize, figures: Figures) {
        self.rows[index].starts.push(figures);
    }

    /// Adds a round of warm calls of the subject at `index`.
    pub(crate) fn add_round(&mut self, index: usize, figures: Figures) {
        self.rows[index].rounds.push(figures);
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        let yardstick = &self.rows[0];
        println!(
            "{:22} {:>8} {:>8} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>6} {:>6} {:>6}  cold/warm: table+WeChat",
            "medians",
            "init ms",
            "cold ms",
            "×",
            "warm µs",
            "p99 µs",
            "×",
            "calls/s",
            "peak MB",
            "×",
            "MB",
            "zip MB"
        );
        for row in &self.rows {
            let warm = row.warm(50);
            let counts = row.rounds.last().and_then(|round| round.counts);
            let counts = counts
                .map_or_else(String::new, |[ct, cu, wt, wu]| format!("{ct}+{cu} / {wt}+{wu}"));
            println!(
                "{:22} {:8.2} {:8.2} {:6.2} {:8.0} {:8.0} {:6.2} {:8.0} {:8.2} {:6.2} {:6.2} {:6.2}  {counts}",
                row.name,
                ms(row.init()),
                ms(row.cold()),
                ratio(row.cold(), yardstick.cold()),
                warm.as_secs_f64() * 1e6,
                row.warm(99).as_secs_f64() * 1e6,
                ratio(warm, yardstick.warm(50)),
                1.0 / row.mean_warm().as_secs_f64(),
                row.peak_kb() as f64 / 1024.0,
                row.peak_kb() as f64 / yardstick.peak_kb() as f64,
                row.size.0 as f64 / 1e6,
                row.size.1 as f64 / 1e6,
            );
        }
        println!("\nagainst the same job by hand:    cold ×  warm ×  peak ×");
        for (row, floor) in self.by_hand() {
            println!(
                "{:30} {:8.2} {:7.2} {:7.2}",
                row.name,
                ratio(row.cold(), floor.cold()),
                ratio(row.warm(50), floor.warm(50)),
                row.peak_kb() as f64 / floor.peak_kb() as f64,
            );
        }
        println!("\ncold starts, ms after exec:");
        for row in &self.rows {
            let steps: Vec<_> = row
                .steps()
                .iter()
                .map(|(what, after)| format!("{what} {:.2}", ms(*after)))
                .collect();
            println!("{:22} {}", row.name, steps.join(", "));
        }
        if !self.latency.is_zero() {
            println!("\nserial round trips of a cold start, of {} ms each:", ms(self.latency));
            for row in &self.rows {
                println!("{:22} {}", row.name, self.round_trips(row));
            }
        }
    }

    /// Each function whose job was also done by hand, and who did.
    fn by_hand(&self) -> impl Iterator<Item = (&Row, &Row)> {
        self.rows.iter().filter_map(|row| {
            let floor = self.rows.iter().find(|other| Some(other.name.as_str()) == row.floor)?;
            Some((row, floor))
        })
    }

    /// What a cold start waits for, one after the other: all else takes much less than one.
    fn round_trips(&self, row: &Row) -> u128 {
        row.cold().as_micros().checked_div(self.latency.as_micros()).unwrap_or_default()
    }

    /// The same as JSON.
    pub(crate) fn json(&self) -> String {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "name": row.name,
                    "starts": row.starts.len(),
                    "rounds": row.rounds.len(),
                    "init_ms": ms(row.init()),
                    "cold_ms": ms(row.cold()),
                    "cold_invoke_ms": ms(median(row.starts.iter().map(|start| start.cold_invoke))),
                    "warm_p50_us": row.warm(50).as_secs_f64() * 1e6,
                    "warm_p99_us": row.warm(99).as_secs_f64() * 1e6,
                    "calls_per_second": 1.0 / row.mean_warm().as_secs_f64(),
                    "peak_kb": row.peak_kb(),
                    "deployed_bytes": row.size.0,
                    "zip_bytes": row.size.1,
                    "round_trips": self.round_trips(row),
                    "steps_ms": row.steps().into_iter().map(|(what, after)| json!([what, ms(after)])).collect::<Vec<_>>(),
                    "counts": row.rounds.last().and_then(|round| round.counts),
                })
            })
            .collect();
        serde_json::to_string_pretty(&rows).expect("plain values serialize")
    }
}

impl Row {
    fn init(&self) -> Duration {
        median(self.starts.iter().map(|start| start.init))
    }

    fn cold(&self) -> Duration {
        median(self.starts.iter().map(|start| start.cold))
    }

    /// The steps of a cold start in their order.
    fn steps(&self) -> Vec<(String, Duration)> {
        let mut steps = vec![("polled".to_owned(), self.init())];
        // A short start may end before a step that it does not wait for.
        let seen = self.starts.iter().max_by_key(|start| start.steps.len());
        for (server, step, _) in seen.into_iter().flat_map(|start| &start.steps) {
            let after = median(self.starts.iter().filter_map(|start| {
                let same = |(at, is, _): &&Seen| (at, is) == (server, step);
                let (_, _, at) = start.steps.iter().find(same)?;
                Some(*at - start.started)
            }));
            let step = match step {
                Step::Connected => "connected",
                Step::Greeted => "greeted",
                Step::Asked => "asked",
                Step::Answered => "answers",
            };
            steps.push((format!("{server} {step}"), after));
        }
        steps.push(("answered".to_owned(), self.cold()));
        steps.sort_by_key(|(_, after)| *after);
        steps
    }

    fn peak_kb(&self) -> u64 {
        let mut peaks: Vec<_> = self.rounds.iter().map(|round| round.peak_kb).collect();
        peaks.sort_unstable();
        peaks.get(peaks.len() / 2).copied().unwrap_or_default()
    }

    /// The median over the rounds of a percentile within each.
    fn warm(&self, percentile: usize) -> Duration {
        median(self.rounds.iter().map(|round| {
            let mut warm = round.warm.clone();
            warm.sort_unstable();
            let index = (warm.len() * percentile / 100).min(warm.len().saturating_sub(1));
            warm.get(index).copied().unwrap_or_default()
        }))
    }

    fn mean_warm(&self) -> Duration {
        median(self.rounds.iter().map(|round| {
            let total: Duration = round.warm.iter().sum();
            total / u32::try_from(round.warm.len().max(1)).expect("few calls")
        }))
    }
}

fn median(values: impl Iterator<Item = Duration>) -> Duration {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn ratio(duration: Duration, yardstick: Duration) -> f64 {
    duration.as_secs_f64() / yardstick.as_secs_f64()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The size of a file, or of all files in a directory, as it is and in a zip.
fn size(path: &Path) -> io::Result<(u64, u64)> {
    if !path.is_dir() {
        let bytes = fs::read(path)?;
        return Ok((bytes.len() as u64, deflated(&bytes)));
    }
    let mut total = (0, 0);
    for entry in fs::read_dir(path)? {
        let (plain, zipped) = size(&entry?.path())?;
        total = (total.0 + plain, total.1 + zipped);
    }
    Ok(total)
}

/// The size in a zip, as Lambda stores it.
fn deflated(bytes: &[u8]) -> u64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it").len() as u64
}
