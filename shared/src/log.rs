//! The log: JSON lines on standard output, one per request, with CloudWatch metrics embedded.
//!
//! Lines are events of `tracing` and get what the span of their request says. Only events with
//! [`Log::TARGET`] are written: what other crates log, URLs included, never reaches a line. Never in a
//! field: tokens, tickets, secrets, codes, openids, bodies, query strings.

mod json;

use std::{
    fmt,
    io::Write,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tracing::{Dispatch, Level, Span, dispatcher};
use tracing_subscriber::{Registry, layer::SubscriberExt};

use crate::{
    Clock, Error,
    invoke::Invocation,
    trace::{Summary, User},
};
use json::Lines;

/// Where the lines of a function go, and the names they carry.
#[derive(Clone)]
pub struct Log {
    lines: Lines,
    dispatch: Arc<OnceLock<Dispatch>>,
}

impl Log {
    /// The target of events that are written.
    pub const TARGET: &'static str = "wechat";

    /// The names that a line may have, for what reads lines.
    pub fn fields() -> impl Iterator<Item = &'static str> {
        json::fields()
    }

    /// A log on standard output, named by the environment: `POWERTOOLS_SERVICE_NAME`,
    /// `POWERTOOLS_METRICS_NAMESPACE`, `AWS_LAMBDA_FUNCTION_NAME`, `AWS_LAMBDA_LOG_LEVEL`.
    ///
    /// Lines are JSON whatever `AWS_LAMBDA_LOG_FORMAT` says: they carry metrics.
    pub fn from_env() -> Log {
        let read = |name: &str, default: &str| {
            std::env::var(name).ok().filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        Log::over(Lines {
            service: read("POWERTOOLS_SERVICE_NAME", "wechat"),
            function_name: read("AWS_LAMBDA_FUNCTION_NAME", "local"),
            namespace: read("POWERTOOLS_METRICS_NAMESPACE", "WeChat"),
            level: level(&read("AWS_LAMBDA_LOG_LEVEL", "INFO")),
            clock: Clock::system(),
            sink: Arc::new(|line| {
                // One write, however long the line is.
                let line = [line, "\n"].concat();
                // A log that cannot be written must not fail a request.
                let _ = std::io::stdout().lock().write_all(line.as_bytes());
            }),
        })
    }

    /// A log that hands its lines to `sink`.
    pub fn to(sink: impl Fn(&str) + Send + Sync + 'static) -> Log {
        let lines = Log::from_env().lines;
        Log::over(Lines { sink: Arc::new(sink), level: Level::INFO, ..lines })
    }

    /// The same log in the name of another function.
    pub fn named(&self, function_name: &str) -> Log {
        Log::over(Lines { function_name: function_name.to_owned(), ..self.lines.clone() })
    }

    /// The same log, each of whose lines `reader` gets as well.
    pub fn read_by(&self, reader: impl Fn(&str) + Send + Sync + 'static) -> Log {
        let sink = Arc::clone(&self.lines.sink);
        let both = move |line: &str| {
            reader(line);
            sink(line);
        };
        Log::over(Lines { sink: Arc::new(both), ..self.lines.clone() })
    }

    /// The same log with the time of another clock.
    pub(crate) fn at(&self, clock: &Clock) -> Log {
        Log::over(Lines { clock: clock.clone(), ..self.lines.clone() })
    }

    fn over(lines: Lines) -> Log {
        Log { lines, dispatch: Arc::default() }
    }

    /// What events must be dispatched to for this log to write them.
    pub(crate) fn dispatch(&self) -> Dispatch {
        let make = || Registry::default().with(self.lines.clone()).into();
        self.dispatch.get_or_init(make).clone()
    }

    /// Makes this the log of the whole process, unless it has one.
    pub(crate) fn install(&self) {
        let _ = dispatcher::set_global_default(self.dispatch());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.lines.function_name;
        f.debug_struct("Log").field("function_name", name).finish_non_exhaustive()
    }
}

/// Lambda's levels; below `INFO`, there is nothing more to write.
fn level(name: &str) -> Level {
    match name.to_ascii_uppercase().as_str() {
        "WARN" => Level::WARN,
        "ERROR" | "FATAL" => Level::ERROR,
        _ => Level::INFO,
    }
}

/// What every line of a request says.
pub(crate) fn span(operation: &str, invocation: &Invocation, correlation_id: Option<&str>) -> Span {
    let function_request_id = invocation.request_id.as_str();
    tracing::info_span!(
        target: Log::TARGET,
        "request",
        operation,
        function_request_id,
        correlation_id = correlation_id.unwrap_or(function_request_id),
        cold_start = invocation.cold_start,
        xray_trace_id = invocation.xray_trace_id,
    )
}

/// The line of a request or of a job, complete but not yet written.
#[must_use]
pub(crate) struct Line {
    span: Span,
    summary: Summary,
    took: Duration,
    says: Says,
}

enum Says {
    Verdict { verdict: Result<(), Error>, cold_start: bool },
    Report { report: String, trouble: bool },
}

/// An event with what a request did.
macro_rules! line {
    ($level:ident, $line:ident, $($fields:tt)+) => {
        tracing::event!(
            target: Log::TARGET,
            Level::$level,
            duration_ms = $line.took.as_millis() as u64,
            upstream_calls = $line.summary.upstream_calls,
            upstream_ms = $line.summary.upstream_ms,
            table_reads = $line.summary.table_reads,
            table_writes = $line.summary.table_writes,
            errcode = $line.summary.errcode,
            rid = $line.summary.rid.as_deref(),
            $($fields)+
        )
    };
}

impl Line {
    /// The line of a request, with its metrics.
    pub(crate) fn request(
        span: Span,
        cold_start: bool,
        verdict: Result<(), Error>,
        summary: Summary,
        took: Duration,
    ) -> Line {
        Line { span, summary, took, says: Says::Verdict { verdict, cold_start } }
    }

    /// The line of a job that reported.
    pub(crate) fn report(
        span: Span,
        report: String,
        trouble: bool,
        summary: Summary,
        took: Duration,
    ) -> Line {
        Line { span, summary, took, says: Says::Report { report, trouble } }
    }

    /// Writes it.
    pub(crate) fn write(self) {
        let _entered = self.span.enter();
        match &self.says {
            Says::Verdict { verdict, cold_start } => {
                self.write_verdict(verdict.as_ref().copied(), *cold_start);
            }
            Says::Report { report, trouble: true } => line!(ERROR, self, report, "job done"),
            Says::Report { report, trouble: false } => line!(INFO, self, report, "job done"),
        }
    }

    fn write_verdict(&self, verdict: Result<(), &Error>, cold_start: bool) {
        let called = self.summary.upstream_calls > 0;
        let signals = self.summary.signals;
        macro_rules! request {
            ($level:ident, $($fields:tt)+) => {
                line!(
                    $level, self,
                    Requests = 1_u64,
                    ServerErrors =
                        u64::from(verdict.is_err_and(|error| error.problem().status() >= 500)),
                    user = self.summary.user.as_ref().map(User::hash).as_deref(),
                    ColdStart = cold_start.then_some(1_u64),
                    WechatLatencyMs = called.then_some(self.summary.upstream_ms),
                    SignalRaised = (signals > 0).then_some(signals),
                    $($fields)+
                )
            };
        }
        let Err(error) = verdict else { return request!(INFO, status = 200_u64, "answered") };
        let (status, problem, cause) =
            (error.problem().status(), error.problem().slug(), error.cause());
        if status >= 500 {
            request!(ERROR, status, problem, cause, "refused");
        } else {
            request!(WARN, status, problem, cause, "refused");
        }
        if called {
            // A line of its own: a line has one value per metric and dimension.
            tracing::info!(
                target: Log::TARGET,
                parent: None,
                class = problem,
                WechatError = 1_u64,
                "metrics"
            );
        }
    }
}

/// Writes the metric of what WeChat says is left of a path's quota.
pub fn quota_left(path: &str, left: u64) {
    // A line of its own, for its dimension.
    tracing::info!(target: Log::TARGET, parent: None, path, QuotaLeft = left, "metrics");
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use serde_json::{Value, json};
    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::Problem;

    #[derive(Clone, Default)]
    struct Collected(Arc<Mutex<Vec<Value>>>);

    impl Collected {
        fn log(&self) -> Log {
            let lines = self.clone();
            let sink = move |line: &str| {
                let line = serde_json::from_str(line).unwrap();
                lines.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            };
            Log::to(sink).at(&Clock::frozen(1_000))
        }

        fn lines(&self) -> Vec<Value> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    fn invocation() -> Invocation {
        Invocation {
            request_id: "8f0c1a52".to_owned(),
            cold_start: true,
            deadline: None,
            xray_trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        }
    }

    fn write(log: &Log, verdict: Result<(), Error>, summary: Summary) {
        dispatcher::with_default(&log.dispatch(), || {
            let span = span("auth.code2Session", &invocation(), Some("order-17"));
            Line::request(span, true, verdict, summary, Duration::from_millis(42)).write();
        });
    }

    #[test]
    fn a_request_is_one_line_with_its_metrics() {
        let collected = Collected::default();
        let summary =
            Summary { upstream_calls: 2, upstream_ms: 31, table_reads: 1, ..Summary::default() };

        write(&collected.log().named("auth-code2session"), Ok(()), summary);

        let lines = collected.lines();
        assert_eq!(lines.len(), 1);
        let metrics = json!([
            { "Name": "Requests", "Unit": "Count" },
            { "Name": "ServerErrors", "Unit": "Count" },
            { "Name": "ColdStart", "Unit": "Count" },
            { "Name": "WechatLatencyMs", "Unit": "Milliseconds" },
        ]);
        let expected = json!({
            "timestamp": "1970-01-01T00:16:40Z", "level": "INFO", "message": "answered",
            "service": "wechat", "function_name": "auth-code2session",
            "operation": "auth.code2Session", "function_request_id": "8f0c1a52",
            "correlation_id": "order-17", "cold_start": true,
            "xray_trace_id": "Root=1-5759e988-bd862e3fe1be46a994272793", "status": 200,
            "duration_ms": 42, "upstream_calls": 2, "upstream_ms": 31, "table_reads": 1, "table_writes": 0,
            "Requests": 1, "ServerErrors": 0, "ColdStart": 1, "WechatLatencyMs": 31,
            "_aws": {
                "Timestamp": 1_000_000,
                "CloudWatchMetrics": [{
                    "Namespace": "WeChat", "Dimensions": [["service"]], "Metrics": metrics,
                }],
            },
        });
        assert_eq!(lines[0], expected);
    }

    #[test]
    fn a_metric_by_class_has_a_line_of_its_own() {
        let collected = Collected::default();
        let summary = Summary {
            upstream_calls: 1,
            errcode: Some(40029),
            rid: Some("61250a39-612fed42-36740516".to_owned()),
            ..Summary::default()
        };
        let error =
            Error::new(Problem::WechatUnreachable, ["Try again.", "请重试。"]).because("no answer");

        write(&collected.log(), Err(error), summary);

        let lines = collected.lines();
        assert_eq!(lines.len(), 2);
        let line = &lines[0];
        assert_eq!((&line["level"], &line["message"]), (&json!("ERROR"), &json!("refused")));
        assert_eq!(
            (&line["status"], &line["problem"]),
            (&json!(502), &json!("wechat-unreachable"))
        );
        assert_eq!((&line["errcode"], &line["cause"]), (&json!(40029), &json!("no answer")));
        assert_eq!(line["rid"], "61250a39-612fed42-36740516");
        assert_eq!((line.get("class"), line.get("WechatError")), (None, None));
        let line = &lines[1];
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Dimensions"], json!([["service", "class"]]));
        assert_eq!(directive["Metrics"], json!([{ "Name": "WechatError", "Unit": "Count" }]));
        assert_eq!(
            (&line["class"], &line["WechatError"]),
            (&json!("wechat-unreachable"), &json!(1))
        );
        assert_eq!(line.get("operation"), None, "a metric is not a line of the request");
    }

    #[test]
    fn a_level_hides_lines_but_no_metrics() {
        let collected = Collected::default();
        let mut log = collected.log();
        for (name, seen) in [("debug", 3), ("INFO", 3), ("Warn", 2), ("ERROR", 1), ("FATAL", 1)] {
            log = Log::over(Lines { level: level(name), ..log.lines });
            dispatcher::with_default(&log.dispatch(), || {
                tracing::info!(target: Log::TARGET, "a");
                tracing::warn!(target: Log::TARGET, "b");
                tracing::error!(target: Log::TARGET, "c");
                tracing::info!(target: Log::TARGET, ColdStart = 1_u64, "d");
            });
            let lines = collected.lines();
            assert_eq!(lines.len(), seen + 1, "{name}: {lines:?}");
            assert_eq!(lines[seen]["ColdStart"], 1);
        }
    }

    #[test]
    fn only_listed_fields_of_our_own_events_are_written() {
        let collected = Collected::default();
        dispatcher::with_default(&collected.log().dispatch(), || {
            let url = "https://api.weixin.qq.com/?access_token=SECRET";
            tracing::error!(url, "foreign");
            tracing::error!(target: "hyper_util::client", operation = url, "foreign");
            let foreign = tracing::error_span!(target: "aws_smithy", "call", operation = url);
            foreign
                .in_scope(|| tracing::error!(target: Log::TARGET, url, token = "SECRET", "ours"));
            let by_debug = &["SECRET"][..];
            tracing::error!(target: Log::TARGET, operation = ?by_debug, cause = %url, "ours");
        });
        let lines = collected.lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|line| !line.to_string().contains("SECRET")), "{lines:?}");
    }

    #[tokio::test]
    async fn functions_of_one_process_write_under_their_own_names() {
        let collected = Collected::default();
        let log = collected.log();
        let work = async |turns: u32| {
            for _ in 0..turns {
                tokio::task::yield_now().await;
                tracing::info!(target: Log::TARGET, "a");
            }
        };
        let one = work(2).with_subscriber(log.named("one").dispatch());
        let two = work(3).with_subscriber(log.named("two").dispatch());
        tokio::join!(one, two);
        let lines = collected.lines();
        let of = |name| lines.iter().filter(|line| line["function_name"] == name).count();
        assert_eq!((of("one"), of("two"), lines.len()), (2, 3, 5));
    }
}
