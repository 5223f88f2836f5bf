//! The layer that makes a JSON line of an event, with its metrics in CloudWatch's [embedded format].
//!
//! [embedded format]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::{fmt, sync::Arc};

use aws_smithy_types::date_time::{DateTime, Format};
use serde::Serialize;
use serde_json::Value;
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

/// The fields that a line may have, sorted; what is not listed is not written.
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

/// The fields that are metrics, sorted, and their units.
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
        let mut known = Known::default();
        span.record(&mut known);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(known);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::new();
        event.record(&mut fields);
        let level = *event.metadata().level();
        if level > self.level && fields.metrics.is_empty() {
            return;
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(known) = span.extensions().get::<Known>() {
                fields.add(known);
            }
        }
        if let Ok(line) = self.line(level, &fields) {
            (self.sink)(&line);
        }
    }
}

impl Lines {
    /// The line, in one buffer: what the fields say is JSON already.
    fn line(&self, level: Level, fields: &Fields) -> serde_json::Result<String> {
        let now_ms = self.clock.now_ms();
        let mut line = Object::with_capacity(1024);
        line.member("timestamp", &timestamp(now_ms))?;
        line.member("level", level.as_str())?;
        line.member("service", &self.service)?;
        line.member("function_name", &self.function_name)?;
        line.extend(&fields.members);
        if !fields.metrics.is_empty() {
            let has = |dimension: &&str| fields.names.contains(dimension);
            let directive = Directive {
                namespace: &self.namespace,
                dimensions: [["service"]
                    .into_iter()
                    .chain(DIMENSIONS.iter().copied().filter(has))
                    .collect()],
                metrics: &fields.metrics,
            };
            let metrics = Metrics { timestamp: now_ms, cloud_watch_metrics: [directive] };
            line.member("_aws", &metrics)?;
        }
        Ok(line.end())
    }
}

fn timestamp(ms: u64) -> String {
    let at = DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.fmt(Format::DateTime).unwrap_or_default()
}

/// What makes members of a line metrics.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics<'a> {
    timestamp: u64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [Vec<&'static str>; 1],
    metrics: &'a [Metric],
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

/// The members of a JSON object, one after the other.
struct Object(Vec<u8>);

impl Object {
    fn with_capacity(bytes: usize) -> Object {
        Object(Vec::with_capacity(bytes))
    }

    /// Adds a member; its name needs no escapes.
    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> serde_json::Result<()> {
        for part in [",\"", name, "\":"] {
            self.0.extend_from_slice(part.as_bytes());
        }
        serde_json::to_writer(&mut self.0, value)
    }

    fn extend(&mut self, members: &Object) {
        self.0.extend_from_slice(&members.0);
    }

    fn end(mut self) -> String {
        match self.0.first_mut() {
            Some(first) => *first = b'{',
            None => self.0.push(b'{'),
        }
        self.0.push(b'}');
        String::from_utf8(self.0).unwrap_or_default()
    }
}

/// What an event says, as far as it is written.
struct Fields {
    members: Object,
    /// The names of the members.
    names: Vec<&'static str>,
    metrics: Vec<Metric>,
}

impl Fields {
    fn new() -> Fields {
        Fields {
            members: Object::with_capacity(512),
            names: Vec::with_capacity(24),
            metrics: Vec::with_capacity(4),
        }
    }

    fn record<T: Serialize + ?Sized>(&mut self, field: &Field, value: &T) {
        let name = field.name();
        if let Ok(index) = METRICS.binary_search_by_key(&name, |(metric, _)| metric) {
            let (name, unit) = METRICS[index];
            self.metrics.push(Metric { name, unit });
        } else if FIELDS.binary_search(&name).is_err() {
            return;
        }
        self.write(name, value);
    }

    fn write<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        // Writing numbers, truth values and texts to memory cannot fail.
        let _ = self.members.member(name, value);
        self.names.push(name);
    }

    /// Adds what a span around the event says and it does not.
    fn add(&mut self, known: &Known) {
        for (name, value) in &known.0 {
            if !self.names.contains(name) {
                self.write(name, value);
            }
        }
    }
}

/// Numbers, truth values and texts; nothing by its `Debug`, except the message.
impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if JSON.contains(&field.name()) {
            let json: Value = serde_json::from_str(value).unwrap_or_default();
            self.write(field.name(), &json);
        } else {
            self.record(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.record(field, &format!("{value:?}"));
        }
    }
}

/// What a span says, kept as it is until a line needs it: that is after the answer.
#[derive(Default)]
struct Known(Vec<(&'static str, Value)>);

impl Known {
    fn record(&mut self, field: &Field, value: impl Into<Value>) {
        if FIELDS.binary_search(&field.name()).is_ok() {
            self.0.push((field.name(), value.into()));
        }
    }
}

impl Visit for Known {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, value);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_searched_is_sorted() {
        assert!(FIELDS.is_sorted() && METRICS.is_sorted());
    }
}
