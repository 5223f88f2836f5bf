//! Where the time comes from: the system, or a test.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that can be moved by hand.
///
/// Clones share one clock. Production never moves it; tests and the simulator's control
/// interface do, so that two hours pass without waiting for them.
#[derive(Clone, Debug)]
pub struct Clock {
    base: Base,
    /// Milliseconds this clock was moved by hand.
    offset: Arc<AtomicI64>,
}

#[derive(Clone, Debug)]
enum Base {
    System,
    Frozen(Duration),
    Timers(tokio::time::Instant, Duration),
    Follows(Arc<Clock>),
}

impl Clock {
    /// The time of this machine.
    pub fn system() -> Clock {
        Clock { base: Base::System, offset: Arc::default() }
    }

    /// Stands still at `unix_seconds` until somebody advances it.
    pub fn frozen(unix_seconds: u64) -> Clock {
        Clock { base: Base::Frozen(Duration::from_secs(unix_seconds)), offset: Arc::default() }
    }

    /// Starts at `unix_seconds` and moves with tokio's timers, so that where their time is paused
    /// a sleep moves this clock too, at once.
    pub fn of_timers(unix_seconds: u64) -> Clock {
        let base = Base::Timers(tokio::time::Instant::now(), Duration::from_secs(unix_seconds));
        Clock { base, offset: Arc::default() }
    }

    /// A clock that moves with this one and can be moved further on its own.
    pub fn follower(&self) -> Clock {
        Clock { base: Base::Follows(Arc::new(self.clone())), offset: Arc::default() }
    }

    /// Moves this clock, and those that follow it, by `milliseconds` (negative: back).
    pub fn advance_ms(&self, milliseconds: i64) {
        self.offset.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Moves this clock, and those that follow it, forward.
    pub fn advance(&self, by: Duration) {
        self.advance_ms(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    /// By how many milliseconds it was moved by hand, beyond the clock it follows.
    pub fn ahead_ms(&self) -> i64 {
        self.offset.load(Ordering::SeqCst)
    }

    /// Seconds since 1970.
    pub fn now(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        let base = match &self.base {
            Base::System => {
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
            }
            Base::Frozen(at) => at.as_millis() as u64,
            Base::Timers(start, at) => (*at + start.elapsed()).as_millis() as u64,
            Base::Follows(clock) => clock.now_ms(),
        };
        base.saturating_add_signed(self.ahead_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_moves_with_its_clock_and_on_its_own() {
        let clock = Clock::frozen(1_000);
        let follower = clock.follower();

        clock.advance(Duration::from_secs(5));
        follower.advance(Duration::from_secs(7));

        assert_eq!((clock.now(), follower.now()), (1_005, 1_012));
    }
}
