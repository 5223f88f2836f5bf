//! A processor for what is measured and another for everything else, and the time spent on them.
//!
//! Left to the scheduler, a message now and then wakes its reader on the processor that it was
//! sent from, and costs a tenth: figures then have two values. On Lambda, too, what a function
//! talks to is elsewhere.

use std::{fs, future::pending, path::Path, sync::mpsc, thread, time::Duration};

use rustix::thread::{CpuSet, Pid, gettid, sched_setaffinity};
use tokio::runtime::{Builder, Handle};

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

/// How long the threads of a process have run.
pub(crate) fn spent(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    threads.into_iter().flatten().flatten().map(|thread| ran(&thread.path())).sum()
}

fn ran(thread: &Path) -> Duration {
    let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let first = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(first.unwrap_or_default())
}

/// A thread with a runtime. With several threads, what came last is often served first.
pub(crate) struct Thread {
    /// What is spawned through it runs there; it ends with the process.
    pub(crate) handle: Handle,
    id: Pid,
}

impl Thread {
    /// Starts one.
    pub(crate) fn start() -> Thread {
        let (sender, started) = mpsc::channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime starts");
            let _ = sender.send(Thread { handle: runtime.handle().clone(), id: gettid() });
            runtime.block_on(pending::<()>());
        });
        started.recv().expect("a thread starts")
    }

    /// How long it has run.
    pub(crate) fn spent(&self) -> Duration {
        ran(Path::new(&format!("/proc/self/task/{}", self.id.as_raw_nonzero())))
    }
}
