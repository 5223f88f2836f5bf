//! The time a request may take: one deadline runs through all it does.

use std::time::Duration;

use model::{Error, Problem};
use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// What is kept of Lambda's time to write the answer.
const MARGIN: Duration = Duration::from_secs(1);

/// What a request may take where nothing ends it.
const USUAL: Duration = Duration::from_secs(28);

/// When the work for a request must end: a second before `end`, which is when Lambda ends it.
pub(crate) fn before(end: Option<Instant>) -> Instant {
    let now = Instant::now();
    match end {
        Some(end) => end.checked_sub(MARGIN).unwrap_or(now).max(now),
        None => now + USUAL,
    }
}

/// Runs `work` until the deadline.
///
/// # Errors
/// [`Problem::OutOfTime`], and the work is dropped.
pub(crate) async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let work = tokio::time::timeout_at(deadline, DEADLINE.scope(deadline, work));
    work.await.unwrap_or_else(|_| {
        let detail = [
            "The request took too long; try again after Retry-After.",
            "请求处理超时，请在 Retry-After 之后重试。",
        ];
        Err(Error::new(Problem::OutOfTime, detail))
    })
}

/// What is left of the request's time; plenty outside of a request.
pub(crate) fn left() -> Duration {
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(Instant::now()))
        .unwrap_or(USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_ends_a_second_before_lambda_ends_it() {
        let start = Instant::now();
        let deadline = before(Some(start + Duration::from_secs(3)));
        let work = async {
            assert_eq!(left(), Duration::from_secs(2));
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        };
        let error = within(deadline, work).await.unwrap_err();
        assert_eq!(error.problem(), Problem::OutOfTime);
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_is_near_or_past_leaves_no_time() {
        assert_eq!(before(Some(Instant::now())), Instant::now());
        assert_eq!(left(), USUAL);
    }
}
