//! WeChat's answers of the last seconds, so that a crowd costs one call.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use shared::{Result, wechat::Answer};

/// How long an answer is kept, in seconds. Everyone who looks at a page within that time shares
/// one of the account's 100,000 calls a day.
const LIFE: u64 = 10;

/// Above this many entries, idle ones are evicted.
const LIMIT: usize = 256;

/// Answers by key.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<String, Arc<Cell>>>);

/// When an answer expires, and the answer; locked while it is fetched.
type Cell = tokio::sync::Mutex<Option<(u64, Answer)>>;

impl Cache {
    /// The answer under this key, fetched unless one has not expired.
    ///
    /// Of simultaneous requests one fetches and the others wait. A failure is not kept.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub async fn get(
        &self,
        key: String,
        now: impl Fn() -> u64,
        fetch: impl Future<Output = Result<Answer>>,
    ) -> Result<Answer> {
        let cell = self.cell(key);
        let mut kept = cell.lock().await;
        if let Some((expires_at, answer)) = &*kept
            && now() < *expires_at
        {
            return Ok(answer.clone());
        }
        let answer = fetch.await?;
        *kept = Some((now() + LIFE, answer.clone()));
        Ok(answer)
    }

    fn cell(&self, key: String) -> Arc<Cell> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

    use shared::{Clock, Error, Problem};

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    fn answer(text: &str) -> Answer {
        Answer { body: text.to_owned().into(), ..Answer::default() }
    }

    #[test]
    fn a_crowd_asks_once_and_again_when_the_answer_has_expired() {
        let (clock, fetches) = (Clock::frozen(1_000), AtomicU64::new(0));
        let cache = Cache::default();
        let ask = async || {
            let fetch = async {
                // Until the other request waits for this one.
                tokio::task::yield_now().await;
                Ok(answer(&fetches.fetch_add(1, Ordering::SeqCst).to_string()))
            };
            cache.get("k".to_owned(), || clock.now(), fetch).await.unwrap().body
        };
        runtime().block_on(async {
            let (a, b) = futures_util::join!(ask(), ask());
            assert_eq!((&a[..], &b[..]), (&b"0"[..], &b"0"[..]));
            clock.advance(Duration::from_secs(9));
            assert_eq!(&ask().await[..], b"0");
            clock.advance(Duration::from_secs(1));
            assert_eq!(&ask().await[..], b"1");
        });
    }

    #[test]
    fn failures_are_not_kept_and_the_memory_is_bounded() {
        let cache = Cache::default();
        runtime().block_on(async {
            let failing = async { Err(Error::new(Problem::WechatBusy, ["", ""])) };
            assert!(cache.get("k".to_owned(), || 1_000, failing).await.is_err());
            for key in 0..3 * LIMIT {
                let fetch = async { Ok(Answer::default()) };
                cache.get(key.to_string(), || 1_000, fetch).await.unwrap();
            }
        });
        assert!(cache.0.lock().unwrap().len() <= LIMIT);
    }
}
