//! What one request did, counted for its line in the log.
//!
//! Not in its span: fields of a span can be written but neither read nor added to, and the metrics
//! and the reads before the first request need both.

use std::{cell::RefCell, fmt, future::Future};

use model::crypto::sha256_hex;

tokio::task_local! {
    static SUMMARY: RefCell<Summary>;
}

/// What a request did.
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
    /// The user the call is by or for.
    pub user: Option<User>,
}

/// A user, for the log.
#[derive(Clone, PartialEq, Eq)]
pub struct User(String);

impl User {
    /// A hash to know the user by: personal data stays out of the log.
    pub fn hash(&self) -> String {
        sha256_hex(&self.0)[..16].to_owned()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User")
    }
}

/// Runs `work` and returns what it did.
pub async fn scope<F: Future>(work: F) -> (F::Output, Summary) {
    let work = async { (work.await, SUMMARY.with(RefCell::take)) };
    SUMMARY.scope(RefCell::default(), work).await
}

/// Outside of a request nothing is counted.
fn note(count: impl FnOnce(&mut Summary)) {
    let _ = SUMMARY.try_with(|summary| count(&mut summary.borrow_mut()));
}

pub(crate) fn table_read() {
    note(|summary| summary.table_reads += 1);
}

pub(crate) fn table_write() {
    note(|summary| summary.table_writes += 1);
}

pub(crate) fn upstream_call(ms: u64) {
    note(|summary| {
        summary.upstream_calls += 1;
        summary.upstream_ms += ms;
    });
}

/// Whether this request has called WeChat.
pub(crate) fn has_called_wechat() -> bool {
    SUMMARY.try_with(|summary| summary.borrow().upstream_calls > 0).unwrap_or_default()
}

pub(crate) fn signal_raised() {
    note(|summary| summary.signals += 1);
}

pub(crate) fn refusal(errcode: i64, rid: Option<&str>) {
    note(|summary| {
        summary.errcode = Some(errcode);
        summary.rid = rid.map(str::to_owned);
    });
}

/// Names the user the call is by or for.
pub(crate) fn user(appid: &str, openid: &str) {
    note(|summary| summary.user = Some(User([appid, "#", openid].concat())));
}
