//! What one request did, counted for its summary line.

use std::{
    cell::{Cell, RefCell},
    future::Future,
};

tokio::task_local! {
    static TRACE: Trace;
}

/// Counters of one request.
#[derive(Debug, Default)]
pub struct Trace {
    table_reads: Cell<u32>,
    table_writes: Cell<u32>,
    upstream_calls: Cell<u32>,
    upstream_ms: Cell<u64>,
    signals: Cell<u32>,
    last_errcode: Cell<Option<i64>>,
    last_rid: RefCell<Option<String>>,
}

/// What a request did, once it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Items read from the table.
    pub table_reads: u32,
    /// Items written to the table.
    pub table_writes: u32,
    /// Calls to WeChat, repeats included.
    pub upstream_calls: u32,
    /// Milliseconds spent waiting for WeChat.
    pub upstream_ms: u64,
    /// Signals put for the refresher.
    pub signals: u32,
    /// WeChat's last code that was not 0.
    pub errcode: Option<i64>,
    /// WeChat's last request id.
    pub rid: Option<String>,
}

/// Runs `work` and tells what it did.
pub async fn scope<F: Future>(work: F) -> (F::Output, Summary) {
    TRACE
        .scope(Trace::default(), async {
            let output = work.await;
            let summary = TRACE.with(|trace| Summary {
                table_reads: trace.table_reads.get(),
                table_writes: trace.table_writes.get(),
                upstream_calls: trace.upstream_calls.get(),
                upstream_ms: trace.upstream_ms.get(),
                signals: trace.signals.get(),
                errcode: trace.last_errcode.get(),
                rid: trace.last_rid.take(),
            });
            (output, summary)
        })
        .await
}

/// Outside of a request nothing is counted.
fn note(count: impl FnOnce(&Trace)) {
    let _ = TRACE.try_with(count);
}

pub(crate) fn table_read() {
    note(|trace| trace.table_reads.set(trace.table_reads.get() + 1));
}

pub(crate) fn table_write() {
    note(|trace| trace.table_writes.set(trace.table_writes.get() + 1));
}

pub(crate) fn upstream_call(ms: u64) {
    note(|trace| {
        trace.upstream_calls.set(trace.upstream_calls.get() + 1);
        trace.upstream_ms.set(trace.upstream_ms.get() + ms);
    });
}

pub(crate) fn signal_raised() {
    note(|trace| trace.signals.set(trace.signals.get() + 1));
}

pub(crate) fn refusal(errcode: i64, rid: Option<&str>) {
    note(|trace| {
        trace.last_errcode.set(Some(errcode));
        *trace.last_rid.borrow_mut() = rid.map(str::to_owned);
    });
}
