//! What goes wrong, and when.

use std::sync::{Arc, Mutex};

use shared::Clock;

use super::lock;

/// A trouble that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Seconds since the start.
    pub from: u64,
    /// Seconds since the start.
    pub until: u64,
    /// What happens in between.
    pub trouble: Trouble,
}

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// WeChat's token and ticket endpoints do not answer within 5 s.
    Down,
    /// They refuse with this code.
    Refuses(i64),
    /// They take this long, in milliseconds.
    Slow(u64),
    /// This share of the table's calls fails, in percent; some of the writes are made all the same.
    TableErrors(u64),
    /// Signals do not reach the refresher.
    StreamLost,
    /// This share of the refresher's runs ends at one of its await points, in percent.
    Killed(u64),
    /// Every tick starts two runs.
    Twins,
}

/// A trouble that happens at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// The token is refreshed elsewhere; a normal call returns the new one.
    Invalidate,
    /// WeChat refuses the token and still returns it, until a refresh is forced.
    Poison,
}

/// All troubles of a day.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    clock: Clock,
    start: u64,
    list: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    pub(super) fn new(clock: Clock) -> Faults {
        Faults { start: clock.now(), clock, list: Arc::default() }
    }

    pub(super) fn add(&self, fault: Fault) {
        lock(&self.list).push(fault);
    }

    /// The first trouble that is on and that `pick` knows.
    pub(super) fn find<T>(&self, pick: impl Fn(Trouble) -> Option<T>) -> Option<T> {
        let list = lock(&self.list);
        if list.is_empty() {
            return None;
        }
        let now = self.clock.now() - self.start;
        let on = list.iter().filter(|fault| fault.from <= now && now < fault.until);
        on.filter_map(|fault| pick(fault.trouble)).next()
    }

    pub(super) fn has(&self, trouble: Trouble) -> bool {
        self.find(|on| (on == trouble).then_some(())).is_some()
    }
}
