//! What a bundle consists of, for the local host and for everything that is generated.

use crate::{Endpoint, JobEndpoint};

/// All functions of a bundle.
#[derive(Clone, Copy)]
pub struct Registry {
    /// The operations, by namespace.
    pub namespaces: &'static [Namespace],
    /// The functions that are not operations.
    pub jobs: &'static [JobEntry],
}

impl Registry {
    /// Every operation, in the registry's order.
    pub fn operations(&self) -> impl Iterator<Item = &'static Endpoint> {
        self.entries().map(|entry| &entry.endpoint)
    }

    /// Every operation with its Rust path, in the registry's order.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        self.namespaces.iter().flat_map(|namespace| namespace.entries)
    }
}

/// The operations of one module.
#[derive(Clone, Copy)]
pub struct Namespace {
    /// The text of the module's file; its first paragraph says what the namespace is about.
    pub source: &'static str,
    /// The operations.
    pub entries: &'static [Entry],
}

/// An operation and where it is.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The path of its type within the crate, as in `auth::Code2Session`.
    pub path: &'static str,
    /// The operation.
    pub endpoint: Endpoint,
}

/// A job and where it is.
#[derive(Clone, Copy)]
pub struct JobEntry {
    /// The path of its type within the crate.
    pub path: &'static str,
    /// The job.
    pub endpoint: JobEndpoint,
}

/// The operations of all namespaces in one list.
///
/// # Panics
/// `N` is not their number; evaluated at compile time, this does not compile.
pub const fn flatten<const N: usize>(namespaces: &[Namespace]) -> [Endpoint; N] {
    let mut all = [namespaces[0].entries[0].endpoint; N];
    let (mut namespace, mut at) = (0, 0);
    while namespace < namespaces.len() {
        let entries = namespaces[namespace].entries;
        let mut index = 0;
        while index < entries.len() {
            all[at] = entries[index].endpoint;
            (index, at) = (index + 1, at + 1);
        }
        namespace += 1;
    }
    assert!(at == N);
    all
}

/// How many operations there are in all namespaces.
pub const fn count(namespaces: &[Namespace]) -> usize {
    let (mut namespace, mut sum) = (0, 0);
    while namespace < namespaces.len() {
        sum += namespaces[namespace].entries.len();
        namespace += 1;
    }
    sum
}
