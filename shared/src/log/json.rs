//! The layer that makes a JSON line of an event, with its metrics in CloudWatch's [embedded format].
//!
//! [embedded format]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::{fmt, sync::Arc};

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id},
    subscriber::Interest,
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::Log;
use crate::Clock;

/// The fields that a line may have; what is not listed is not written.
const FIELDS: &[&str] = &[
    "appid",
    "cause",
    "class",
    "cold_start",
    "correlation_id",
    "duration_ms",
    "errcode",
    "function_request_id",
    "kind",
    "message",
    "operation",
    "path",
    "place",
    "problem",
    "rid",
    "status",
    "table_reads",
    "table_writes",
    "upstream_calls",
    "upstream_ms",
    "user",
    "xray_trace_id",
];

/// The fields whose text is JSON, which is written as such.
const JSON: &[&str] = &["report"];

/// The fields that are metrics, and their units.
const METRICS: &[(&str, &str)] = &[
    ("BillMismatch", "Count"),
    ("CertificateDaysLeft", "Count"),
    ("ColdStart", "Count"),
    ("NotificationRefused", "Count"),
    ("PaymentsUnknown", "Count"),
    ("QuotaLeft", "Count"),
    ("RefreshFail", "Count"),
    ("RefreshOk", "Count"),
    ("Requests", "Count"),
    ("ServerErrors", "Count"),
    ("SignalRaised", "Count"),
    ("TokenSecondsLeft", "Seconds"),
    ("WechatError", "Count"),
    ("WechatLatencyMs", "Milliseconds"),
];

/// The fields by which metrics are told apart, besides the service; an event has at most one.
const DIMENSIONS: &[&str] = &["class", "kind", "path"];

/// What stands in every line.
const ALWAYS: &[&str] = &["function_name", "level", "service", "timestamp"];

/// The names that a line may have.
pub(super) fn fields() -> impl Iterator<Item = &'static str> {
    let metrics = METRICS.iter().map(|(name, _)| *name);
    [ALWAYS, FIELDS, JSON].into_iter().flatten().copied().chain(metrics)
}

/// Writes lines that carry the names CloudWatch queries expect.
#[derive(Clone)]
pub(super) struct Lines {
    pub(super) service: String,
    pub(super) function_name: String,
    pub(super) namespace: String,
    /// Lines of a lower level are only written for their metrics.
    pub(super) level: Level,
    pub(super) clock: Clock,
    pub(super) sink: Arc<dyn Fn(&str) + Send + Sync>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == Log::TARGET { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == Log::TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        span.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        let scope = context.event_scope(event).into_iter().flatten();
        for span in scope {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.line.extend(outer.line.clone());
            }
        }
        event.record(&mut fields);
        let level = event.metadata().level();
        if *level <= self.level || !fields.metrics.is_empty() {
            (self.sink)(&self.line(level, fields).to_string());
        }
    }
}

impl Lines {
    fn line(&self, level: &Level, Fields { mut line, metrics }: Fields) -> Value {
        let now_ms = self.clock.now_ms();
        line.insert("timestamp".into(), timestamp(now_ms).into());
        line.insert("level".into(), level.as_str().into());
        line.insert("service".into(), self.service.clone().into());
        line.insert("function_name".into(), self.function_name.clone().into());
        if !metrics.is_empty() {
            let by = DIMENSIONS.iter().filter(|dimension| line.contains_key(**dimension));
            let dimensions: Vec<_> = ["service"].iter().chain(by).collect();
            let directive = json!({
                "Namespace": self.namespace, "Dimensions": [dimensions], "Metrics": metrics,
            });
            let aws = json!({ "Timestamp": now_ms, "CloudWatchMetrics": [directive] });
            line.insert("_aws".into(), aws);
        }
        Value::Object(line)
    }
}

fn timestamp(ms: u64) -> String {
    let at = DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.fmt(Format::DateTime).unwrap_or_default()
}

/// What a span or an event says, as far as it is written.
#[derive(Default)]
struct Fields {
    line: Map<String, Value>,
    /// The definitions of those that are metrics.
    metrics: Vec<Value>,
}

impl Fields {
    fn record(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if let Some((name, unit)) = METRICS.iter().find(|(metric, _)| *metric == name) {
            self.metrics.push(json!({ "Name": name, "Unit": unit }));
        } else if !FIELDS.contains(&name) {
            return;
        }
        self.line.insert(name.to_owned(), value);
    }
}

/// Numbers, truth values and texts; nothing by its `Debug`, except the message.
impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if JSON.contains(&field.name()) {
            let json = serde_json::from_str(value).unwrap_or_default();
            self.line.insert(field.name().to_owned(), json);
        } else {
            self.record(field, value.into());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.record(field, format!("{value:?}").into());
        }
    }
}
