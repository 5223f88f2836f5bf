//! `limit#<operation>#<who>#<window>`: how often an operation was called, for a time.

use super::{TTL, Table, number};
use crate::Result;

impl Table {
    /// Counts one call in a window that ends at `ends_at`; `false` if there were `calls` already.
    pub(crate) async fn count(&self, pk: String, calls: u32, ends_at: u64) -> Result<bool> {
        self.update(pk)
            .change("SET #ttl = :ttl ADD calls :one")
            .only_if("attribute_not_exists(calls) OR calls < :calls")
            .name("#ttl", TTL)
            .value(":ttl", number(ends_at + 3_600))
            .value(":one", number(1))
            .value(":calls", number(calls))
            .apply()
            .await
    }
}
