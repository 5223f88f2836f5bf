//! The cost tables of `docs/performance.md`, computed from the prices, limits and measurements that
//! `docs/cost.yaml` states.

use std::io;

use serde::Deserialize;
use serde_json::Value as Json;
use shared::registry::Registry;

use crate::marked::Part;

/// Prices, limits and measurements.
pub(crate) const PATH: &str = "docs/cost.yaml";

/// Seconds of a month of 730 hours.
const MONTH_S: f64 = 730.0 * 3600.0;

const GB: f64 = (1_u64 << 30) as f64;

/// Requests a second that the table has a column for.
const RATES: [f64; 3] = [1.0, 100.0, 10_000.0];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    prices: Prices,
    limits: Vec<Limit>,
    function: Function,
    requests: Vec<Request>,
    delivery: Delivery,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    region: String,
    lambda_requests: Price,
    lambda_gb_seconds: Tiers,
    table_reads: Price,
    table_writes: Price,
    events: Price,
    http_api: Tiers,
    logs: Tiers,
    traffic: Tiers,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    usd: f64,
    per: f64,
    #[serde(rename = "from")]
    _from: String,
}

impl Price {
    fn of(&self, amount: f64) -> f64 {
        self.usd * amount / self.per
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tiers {
    tiers: Vec<Tier>,
    #[serde(rename = "from")]
    _from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    usd: f64,
    /// How much of a month's amount has this price; the last has the rest.
    first: Option<f64>,
}

impl Tiers {
    fn of(&self, amount: f64) -> f64 {
        let (mut left, mut usd) = (amount, 0.0);
        for tier in &self.tiers {
            let part = tier.first.unwrap_or(f64::INFINITY).min(left);
            usd += part * tier.usd;
            left -= part;
        }
        usd
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    name: String,
    uses: Use,
    allowed: f64,
    from: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Use {
    Concurrency,
    Invocations,
    Requests,
    Reads,
    Writes,
    Events,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    memory_mb: f64,
    memory_of_a_processor_mb: f64,
    table_ms: f64,
    wechat_ms: Vec<f64>,
    call_us: f64,
    platform_log_bytes: f64,
    wechat_request_bytes: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    name: String,
    operation: String,
    share: f64,
    processor_us: f64,
    table_calls: f64,
    wechat_calls: f64,
    reads: f64,
    writes: f64,
    events: f64,
    log_bytes: f64,
    answer_bytes: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    processor_us: f64,
    calls: f64,
    log_bytes: f64,
}

/// What a request takes, or the mean of several.
#[derive(Clone, Copy, Default)]
struct Usage {
    invocations: f64,
    /// Milliseconds that are billed, of the request itself.
    request_ms: f64,
    /// The same, with the delivery of its events.
    all_ms: f64,
    reads: f64,
    writes: f64,
    events: f64,
    log_bytes: f64,
    sent_bytes: f64,
}

impl Usage {
    fn add(&mut self, share: f64, other: Usage) {
        self.invocations += share * other.invocations;
        self.request_ms += share * other.request_ms;
        self.all_ms += share * other.all_ms;
        self.reads += share * other.reads;
        self.writes += share * other.writes;
        self.events += share * other.events;
        self.log_bytes += share * other.log_bytes;
        self.sent_bytes += share * other.sent_bytes;
    }

    /// How much of a limit one request a second takes.
    fn of(&self, what: Use) -> f64 {
        match what {
            Use::Concurrency => self.all_ms / 1000.0,
            Use::Invocations => self.invocations,
            Use::Requests => 1.0,
            Use::Reads => self.reads,
            Use::Writes => self.writes,
            Use::Events => self.events,
        }
    }
}

impl Function {
    /// What a run is billed: processor time at the function's share of one, and waits.
    fn billed_ms(&self, processor_us: f64, calls: f64, wait_ms: f64) -> f64 {
        let work_us = (processor_us + calls * self.call_us) * self.memory_of_a_processor_mb;
        (work_us / self.memory_mb / 1000.0 + wait_ms).ceil()
    }
}

impl Stated {
    fn usage(&self, request: &Request, wechat_ms: f64) -> Usage {
        let Stated { function, delivery, .. } = self;
        let waits = request.table_calls * function.table_ms + request.wechat_calls * wechat_ms;
        let request_ms = function.billed_ms(request.processor_us, request.table_calls, waits);
        let delivery_ms = function.billed_ms(
            delivery.processor_us,
            delivery.calls,
            delivery.calls * function.table_ms,
        );
        let invocations = 1.0 + request.events;
        let logged = request.log_bytes
            + request.events * delivery.log_bytes
            + invocations * function.platform_log_bytes;
        Usage {
            invocations,
            request_ms,
            all_ms: request_ms + request.events * delivery_ms,
            reads: request.reads,
            writes: request.writes,
            events: request.events,
            log_bytes: logged,
            sent_bytes: request.answer_bytes + request.wechat_calls * function.wechat_request_bytes,
        }
    }

    /// The mean of all requests.
    fn mix(&self, wechat_ms: f64) -> Usage {
        let shares: f64 = self.requests.iter().map(|request| request.share).sum();
        let mut mix = Usage::default();
        for request in &self.requests {
            mix.add(request.share / shares, self.usage(request, wechat_ms));
        }
        mix
    }

    /// What so many requests cost, by line of the table; the domain last.
    fn lines(&self, usage: &Usage, requests: f64) -> [(&'static str, f64); 7] {
        let Prices { lambda_requests, lambda_gb_seconds, table_reads, table_writes, .. } =
            &self.prices;
        let Prices { events, http_api, logs, traffic, .. } = &self.prices;
        let gb_seconds = usage.all_ms / 1000.0 * self.function.memory_mb / 1024.0;
        let table =
            table_reads.of(requests * usage.reads) + table_writes.of(requests * usage.writes);
        [
            ("Lambda, requests", lambda_requests.of(requests * usage.invocations)),
            ("Lambda, duration", lambda_gb_seconds.of(requests * gb_seconds)),
            ("DynamoDB", table),
            ("EventBridge", events.of(requests * usage.events)),
            ("logs", logs.of(requests * usage.log_bytes / GB)),
            ("traffic to the internet", traffic.of(requests * usage.sent_bytes / GB)),
            ("HTTP API, if there is a domain", http_api.of(requests)),
        ]
    }

    fn of_requests(&self, near: f64) -> String {
        let mut table = "| request | billed ms | at once per request a second | USD a million by function URL | by the domain |\n|---|---|---|---|---|\n".to_owned();
        let million = 1e6;
        for request in &self.requests {
            let usage = self.usage(request, near);
            let lines = self.lines(&usage, million);
            let all: f64 = lines.iter().map(|(_, usd)| usd).sum();
            let [.., (_, domain)] = lines;
            table.push_str(&format!(
                "| {}: `{}` | {} | {:.3} | {:.2} | {:.2} |\n",
                request.name,
                request.operation,
                usage.request_ms,
                usage.of(Use::Concurrency),
                all - domain,
                all,
            ));
        }
        table
    }

    fn of_months(&self, wechat_ms: f64) -> String {
        let mix = self.mix(wechat_ms);
        let columns = RATES.map(|rate| self.lines(&mix, rate * MONTH_S));
        let heads = RATES.map(|rate| format!("{} a second", grouped(rate)));
        let mut table = format!("| USD a month | {} |\n|---|---|---|---|\n", heads.join(" | "));
        let mut row = |name: &str, usd: [f64; 3]| {
            table.push_str(&format!("| {name} | {} |\n", usd.map(money).join(" | ")));
        };
        let lines = columns[0].len();
        for line in 0..lines {
            row(columns[0][line].0, columns.map(|column| column[line].1));
        }
        let all = columns.map(|column| column.iter().map(|(_, usd)| usd).sum::<f64>());
        let domain = columns.map(|column| column[lines - 1].1);
        let by_url = [0, 1, 2].map(|index| all[index] - domain[index]);
        row("**together, by function URLs**", by_url);
        row("**together, by the domain**", all);
        table
    }

    fn of_limits(&self) -> String {
        let heads: Vec<String> =
            self.function.wechat_ms.iter().map(|ms| format!("met at, WeChat {ms} ms")).collect();
        let mut table = format!(
            "| limit | allowed | {} | from |\n|---|---|{}---|\n",
            heads.join(" | "),
            "---|".repeat(heads.len()),
        );
        let mixes: Vec<Usage> =
            self.function.wechat_ms.iter().map(|wechat_ms| self.mix(*wechat_ms)).collect();
        let met = |limit: &Limit, mix: &Usage| limit.allowed / mix.of(limit.uses);
        let mut limits: Vec<&Limit> = self.limits.iter().collect();
        limits.sort_by(|a, b| met(a, &mixes[0]).total_cmp(&met(b, &mixes[0])));
        for limit in limits {
            let met: Vec<String> =
                mixes.iter().map(|mix| grouped(met(limit, mix).floor())).collect();
            table.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                limit.name,
                grouped(limit.allowed),
                met.join(" | "),
                limit.from,
            ));
        }
        table
    }
}

/// The tables, from the text of [`PATH`].
///
/// # Errors
/// The text is not of its shape, or names an operation that does not exist.
pub(crate) fn part(text: &str, registry: &Registry) -> io::Result<Part> {
    // Through JSON, whose numbers are all of one kind.
    let stated: Json = serde_norway::from_str(text).map_err(io::Error::other)?;
    let stated: Stated = serde_json::from_value(stated).map_err(io::Error::other)?;
    for request in &stated.requests {
        if !registry.operations().any(|operation| operation.id() == request.operation) {
            let complaint = format!("{PATH}: there is no operation {}", request.operation);
            return Err(io::Error::other(complaint));
        }
    }
    let Function { memory_mb, table_ms, wechat_ms, .. } = &stated.function;
    let [near, .., far] = wechat_ms[..] else {
        return Err(io::Error::other(format!("{PATH}: wechat_ms has less than two values")));
    };
    let shares: Vec<String> = stated
        .requests
        .iter()
        .map(|request| format!("{} {}", request.share, request.operation))
        .collect();
    let mut tables = format!(
        "A warm request, with {memory_mb} MB, the table at {table_ms} ms and WeChat at {near} ms; prices of {}:\n\n",
        stated.prices.region,
    );
    tables.push_str(&stated.of_requests(near));
    tables.push_str(&format!(
        "\nOf a hundred requests: {}. With WeChat at {near} ms:\n\n",
        shares.join(", "),
    ));
    tables.push_str(&stated.of_months(near));
    tables.push_str(&format!("\nWith WeChat at {far} ms:\n\n"));
    tables.push_str(&stated.of_months(far));
    tables.push_str("\nWhich limit is met first, in requests a second of that mix:\n\n");
    tables.push_str(&stated.of_limits());
    Ok(Part::of_markdown("cost", tables))
}

/// An amount of money, with cents where they matter.
fn money(usd: f64) -> String {
    if usd < 100.0 { format!("{usd:.2}") } else { grouped(usd.round()) }
}

/// A whole number with commas.
fn grouped(number: f64) -> String {
    if !number.is_finite() {
        return "never".to_owned();
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers(tiers: &[(f64, Option<f64>)]) -> Tiers {
        let tiers = tiers.iter().map(|(usd, first)| Tier { usd: *usd, first: *first });
        Tiers { tiers: tiers.collect(), _from: String::new() }
    }

    #[test]
    fn an_amount_goes_through_the_tiers() {
        let logs = tiers(&[(0.5, Some(10.0)), (0.25, Some(20.0)), (0.1, None)]);
        assert_eq!(logs.of(4.0), 2.0);
        assert_eq!(logs.of(30.0), 10.0);
        assert_eq!(logs.of(40.0), 11.0);
    }

    #[test]
    fn a_run_is_billed_in_whole_milliseconds_at_its_share_of_a_processor() {
        let function = Function {
            memory_mb: 256.0,
            memory_of_a_processor_mb: 1024.0,
            table_ms: 5.0,
            wechat_ms: Vec::new(),
            call_us: 100.0,
            platform_log_bytes: 0.0,
            wechat_request_bytes: 0.0,
        };
        // 150 µs at a quarter of a processor.
        assert_eq!(function.billed_ms(150.0, 0.0, 0.0), 1.0);
        assert_eq!(function.billed_ms(150.0, 1.0, 0.0), 1.0);
        assert_eq!(function.billed_ms(150.0, 2.0, 20.0), 22.0);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(1.0), "1");
        assert_eq!(grouped(999.0), "999");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(money(99.994), "99.99");
        assert_eq!(money(1234.4), "1,234");
    }
}
