//! JSON lines on stdout, one per request, with CloudWatch metrics embedded.
//!
//! Never in a line: tokens, tickets, secrets, codes, openids, bodies, query strings.

use std::{fmt, io::Write, sync::Arc};

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Map, Value, json};

use crate::Clock;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nothing to do.
    Info,
    /// Refused, and nobody's fault here.
    Warn,
    /// Somebody should act.
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        }
    }
}

/// Writes lines that carry the names CloudWatch queries expect.
#[derive(Clone)]
pub struct Log {
    service: String,
    function_name: String,
    namespace: String,
    least: Level,
    sink: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Log {
    /// A log on stdout, named by the environment: `POWERTOOLS_SERVICE_NAME`,
    /// `POWERTOOLS_METRICS_NAMESPACE`, `AWS_LAMBDA_FUNCTION_NAME`, `AWS_LAMBDA_LOG_LEVEL`.
    pub fn from_env() -> Log {
        let read = |name: &str, default: &str| {
            std::env::var(name).ok().filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let least = match read("AWS_LAMBDA_LOG_LEVEL", "INFO").to_ascii_uppercase().as_str() {
            "WARN" => Level::Warn,
            "ERROR" | "FATAL" => Level::Error,
            _ => Level::Info,
        };
        Log {
            service: read("POWERTOOLS_SERVICE_NAME", "wechat"),
            function_name: read("AWS_LAMBDA_FUNCTION_NAME", "local"),
            namespace: read("POWERTOOLS_METRICS_NAMESPACE", "WeChat"),
            least,
            sink: Arc::new(|line| {
                // A log that cannot be written must not fail a request.
                let _ = writeln!(std::io::stdout().lock(), "{line}");
            }),
        }
    }

    /// A log that hands its lines to `sink`.
    pub fn to(sink: impl Fn(&str) + Send + Sync + 'static) -> Log {
        Log { sink: Arc::new(sink), least: Level::Info, ..Log::from_env() }
    }

    /// The same log in the name of another function.
    pub fn named(&self, function_name: &str) -> Log {
        Log { function_name: function_name.to_owned(), ..self.clone() }
    }

    /// Writes a line with its fields, and the metrics.
    ///
    /// A line of CloudWatch's embedded format has one value per metric and dimension, so metrics
    /// by another dimension value get lines of their own.
    pub(crate) fn write(
        &self,
        clock: &Clock,
        level: Level,
        message: &str,
        fields: Map<String, Value>,
        metrics: &[Metric],
    ) {
        let mut groups = metrics.chunk_by(|a, b| a.dimension == b.dimension).peekable();
        let plain = groups.next_if(|group| group[0].dimension.is_none()).unwrap_or_default();
        if level >= self.least || !plain.is_empty() {
            self.line(clock, level, message, fields, plain);
        }
        for group in groups {
            self.line(clock, Level::Info, "metrics", Map::new(), group);
        }
    }

    fn line(
        &self,
        clock: &Clock,
        level: Level,
        message: &str,
        fields: Map<String, Value>,
        metrics: &[Metric],
    ) {
        let now_ms = clock.now_ms();
        let mut line = fields;
        line.insert("timestamp".into(), timestamp(now_ms).into());
        line.insert("level".into(), level.as_str().into());
        line.insert("message".into(), message.into());
        line.insert("service".into(), self.service.clone().into());
        line.insert("function_name".into(), self.function_name.clone().into());
        if let Some(first) = metrics.first() {
            let mut dimensions = vec!["service"];
            if let Some((dimension, value)) = &first.dimension {
                dimensions.push(dimension);
                line.insert((*dimension).into(), value.clone().into());
            }
            let definitions: Vec<Value> = metrics
                .iter()
                .map(|metric| json!({ "Name": metric.name, "Unit": metric.unit }))
                .collect();
            for metric in metrics {
                line.insert(metric.name.into(), metric.value.into());
            }
            let directive = json!({
                "Namespace": self.namespace, "Dimensions": [dimensions], "Metrics": definitions,
            });
            let aws = json!({ "Timestamp": now_ms, "CloudWatchMetrics": [directive] });
            line.insert("_aws".into(), aws);
        }
        (self.sink)(&Value::Object(line).to_string());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("function_name", &self.function_name).finish_non_exhaustive()
    }
}

/// A number for CloudWatch, by service and at most one more dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    pub name: &'static str,
    pub unit: &'static str,
    pub value: u64,
    pub dimension: Option<(&'static str, String)>,
}

impl Metric {
    pub(crate) fn count(name: &'static str, value: u64) -> Metric {
        Metric { name, unit: "Count", value, dimension: None }
    }

    pub(crate) fn by(mut self, dimension: &'static str, value: impl Into<String>) -> Metric {
        self.dimension = Some((dimension, value.into()));
        self
    }

    pub(crate) fn unit(mut self, unit: &'static str) -> Metric {
        self.unit = unit;
        self
    }
}

fn timestamp(ms: u64) -> String {
    let at = DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.fmt(Format::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    #[test]
    fn a_line_of_metrics_has_one_value_per_name() {
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let sink = Arc::clone(&lines);
        let log = Log::to(move |line| {
            let line = serde_json::from_str(line).unwrap();
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        });
        let metrics = [
            Metric::count("ColdStart", 1),
            Metric::count("RefreshOk", 1).by("kind", "a"),
            Metric::count("RefreshFail", 0).by("kind", "a"),
            Metric::count("RefreshOk", 2).by("kind", "b"),
        ];

        log.write(&Clock::frozen(1_000), Level::Info, "done", Map::new(), &metrics);

        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["timestamp"], "1970-01-01T00:16:40Z");
        assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["service"]]));
        assert_eq!((&lines[1]["kind"], &lines[1]["RefreshOk"]), (&json!("a"), &json!(1)));
        assert_eq!(
            lines[1]["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(),
            2
        );
        assert_eq!((&lines[2]["kind"], &lines[2]["RefreshOk"]), (&json!("b"), &json!(2)));
    }
}
