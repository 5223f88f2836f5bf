//! Where orders are kept: documents with versions, written together or not at all.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{
    Error, Problem, Result,
    table::{Document, DocumentWrite, Table},
};

/// Keeps documents. The table is one; a simulation has another.
pub trait Ledger: Send + Sync {
    /// Reads a document as it is now.
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<Document>>> + Send;

    /// Writes all of these or none; `false` if a version has moved on.
    fn write(&self, writes: Vec<DocumentWrite>) -> impl Future<Output = Result<bool>> + Send;

    /// The keys a list of the index has up to a time, the earliest first.
    fn due(
        &self,
        list: &str,
        until: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<String>>> + Send;
}

impl Ledger for Table {
    async fn read(&self, key: &str) -> Result<Option<Document>> {
        self.document(key).await
    }

    async fn write(&self, writes: Vec<DocumentWrite>) -> Result<bool> {
        self.write_documents(writes).await
    }

    async fn due(&self, list: &str, until: u64, limit: usize) -> Result<Vec<String>> {
        Table::due(self, list, until, limit).await
    }
}

/// Reads a document with its type and version.
///
/// # Errors
/// The table cannot be reached, or the document is not of this type.
pub(super) async fn read<T: DeserializeOwned>(
    ledger: &impl Ledger,
    key: &str,
) -> Result<Option<(T, u64)>> {
    let Some(Document { version, body }) = ledger.read(key).await? else { return Ok(None) };
    let document = serde_json::from_value(Value::Object(body));
    document.map(|document| Some((document, version))).map_err(Error::internal)
}

/// What is said when others kept changing the same document.
pub(super) fn contended() -> Error {
    Error::new(
        Problem::InProgress,
        ["The same order is being changed; try again.", "同一订单正在变更，请重试。"],
    )
}
