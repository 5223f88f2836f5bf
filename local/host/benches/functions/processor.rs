//! A processor for what is measured, and another for everything else.
//!
//! Left to the scheduler, a message now and then wakes its reader on the processor that it was
//! sent from, and costs a tenth: figures then have two values. On Lambda, too, what a function
//! talks to is elsewhere.

use rustix::thread::{CpuSet, sched_setaffinity};

/// Of the function or the peer that is measured.
pub(crate) const FUNCTION: usize = 1;

/// Of the Runtime API, the table and WeChat.
pub(crate) const REST: usize = 0;

/// Binds this thread, and what it starts, to a processor.
pub(crate) fn take(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor);
    // On a machine with one processor there is nothing to choose.
    let _ = sched_setaffinity(None, &set);
}
