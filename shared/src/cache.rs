//! What an environment remembers for a few seconds, so that a crowd asks WeChat once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use crate::{Clock, Result};

/// Beyond so many answers, those that nobody waits for are forgotten.
const LIMIT: usize = 256;

/// Answers by key, for a time. Clones share them.
#[derive(Clone, Debug)]
pub struct Cache {
    clock: Clock,
    cells: Arc<Mutex<HashMap<String, Arc<Cell>>>>,
}

/// When an answer ends, and the answer; locked while it is fetched.
type Cell = tokio::sync::Mutex<Option<(u64, Bytes)>>;

impl Cache {
    /// An empty cache.
    pub fn new(clock: Clock) -> Cache {
        Cache { clock, cells: Arc::default() }
    }

    /// The answer under this key, fetched unless one is younger than `life` seconds.
    ///
    /// Of simultaneous requests one fetches and the others wait. A failure is not kept.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub async fn get(
        &self,
        key: String,
        life: u64,
        fetch: impl Future<Output = Result<Bytes>>,
    ) -> Result<Bytes> {
        let cell = self.cell(key);
        let mut kept = cell.lock().await;
        if let Some((ends_at, answer)) = &*kept
            && self.clock.now() < *ends_at
        {
            return Ok(answer.clone());
        }
        let answer = fetch.await?;
        *kept = Some((self.clock.now() + life, answer.clone()));
        Ok(answer)
    }

    fn cell(&self, key: String) -> Arc<Cell> {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= LIMIT && !cells.contains_key(&key) {
            cells.retain(|_, cell| Arc::strong_count(cell) > 1);
        }
        Arc::clone(cells.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::{Error, Problem};

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    #[test]
    fn a_crowd_asks_once_and_again_when_the_time_is_over() {
        let (clock, fetches) = (Clock::frozen(1_000), AtomicU64::new(0));
        let cache = Cache::new(clock.clone());
        let ask = || {
            cache.get("k".to_owned(), 10, async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(Bytes::from(fetches.fetch_add(1, Ordering::SeqCst).to_string()))
            })
        };
        runtime().block_on(async {
            let (a, b) = futures_util::join!(ask(), ask());
            assert_eq!((&a.unwrap()[..], &b.unwrap()[..]), (&b"0"[..], &b"0"[..]));
            clock.advance(Duration::from_secs(9));
            assert_eq!(&ask().await.unwrap()[..], b"0");
            clock.advance(Duration::from_secs(1));
            assert_eq!(&ask().await.unwrap()[..], b"1");
        });
    }

    #[test]
    fn failures_are_not_kept_and_the_memory_is_bounded() {
        let cache = Cache::new(Clock::frozen(1_000));
        runtime().block_on(async {
            let failing = async { Err(Error::new(Problem::WechatBusy, "")) };
            assert!(cache.get("k".to_owned(), 10, failing).await.is_err());
            for key in 0..3 * LIMIT {
                let fetch = async { Ok(Bytes::new()) };
                cache.get(key.to_string(), 10, fetch).await.unwrap();
            }
        });
        assert!(cache.cells.lock().unwrap().len() <= LIMIT);
    }
}
