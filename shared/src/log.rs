//! JSON lines on stdout, one per request, with CloudWatch metrics embedded.
//!
//! Never in a line: tokens, tickets, secrets, codes, openids, bodies, query strings.

use std::{fmt, io::Write, sync::Arc};

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Map, Value, json};

use crate::Clock;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
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

    /// Writes a line with its fields and metrics.
    pub(crate) fn write(
        &self,
        clock: &Clock,
        level: Level,
        message: &str,
        fields: Map<String, Value>,
        metrics: &[Metric],
    ) {
        if level < self.least && metrics.is_empty() {
            return;
        }
        let now_ms = clock.now_ms();
        let mut line = Map::new();
        line.insert("timestamp".into(), timestamp(now_ms).into());
        line.insert("level".into(), level.as_str().into());
        line.insert("message".into(), message.into());
        line.insert("service".into(), self.service.clone().into());
        line.insert("function_name".into(), self.function_name.clone().into());
        line.extend(fields);
        if !metrics.is_empty() {
            let directives: Vec<Value> =
                metrics.iter().map(|metric| metric.directive(&self.namespace)).collect();
            for metric in metrics {
                line.insert(metric.name.into(), metric.value.into());
                if let Some((dimension, value)) = &metric.dimension {
                    line.insert((*dimension).into(), value.clone().into());
                }
            }
            let aws = json!({ "Timestamp": now_ms, "CloudWatchMetrics": directives });
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

    fn directive(&self, namespace: &str) -> Value {
        let dimensions: Vec<&str> =
            ["service"].into_iter().chain(self.dimension.iter().map(|(name, _)| *name)).collect();
        json!({
            "Namespace": namespace,
            "Dimensions": [dimensions],
            "Metrics": [{ "Name": self.name, "Unit": self.unit }],
        })
    }
}

fn timestamp(ms: u64) -> String {
    let at = DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.fmt(Format::DateTime).unwrap_or_default()
}
