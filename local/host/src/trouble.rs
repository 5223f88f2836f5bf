//! Trouble between the functions and the table, as a table in the cloud has it now and then.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use shared::crypto::random_bytes;

/// How long a slow call waits.
const SLOW: Duration = Duration::from_millis(300);

/// How much trouble calls of the embedded table meet; at first none. Clones are handles to the
/// same.
#[derive(Clone, Debug, Default)]
pub struct TableTrouble(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    per_mille: AtomicU32,
    met: AtomicU64,
}

/// What one call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The table has too much to do, and does nothing.
    Throttled,
    /// The table fails, and has done nothing.
    Failed,
    /// The table acts, and its answer is lost.
    Lost,
}

impl TableTrouble {
    /// From now on so many of a thousand calls meet trouble.
    pub fn set(&self, per_mille: u32) {
        self.0.per_mille.store(per_mille, Ordering::Relaxed);
    }

    /// How many calls met trouble.
    pub fn met(&self) -> u64 {
        self.0.met.load(Ordering::Relaxed)
    }

    /// What this call meets; a slow one has waited when this returns.
    pub(crate) async fn meet(&self) -> Option<Trouble> {
        let per_mille = self.0.per_mille.load(Ordering::Relaxed);
        if per_mille == 0 || u32::from_be_bytes(random_bytes()) % 1_000 >= per_mille {
            return None;
        }
        match self.0.met.fetch_add(1, Ordering::Relaxed) % 4 {
            0 => Some(Trouble::Throttled),
            1 => Some(Trouble::Failed),
            2 => Some(Trouble::Lost),
            _ => {
                tokio::time::sleep(SLOW).await;
                None
            }
        }
    }
}
