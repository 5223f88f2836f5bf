//! Seeded randomness: the same seed gives the same day.

use std::cell::Cell;

thread_local! {
    /// What the readers of the simulation on this thread spread their looks with.
    static JITTER: Cell<u64> = const { Cell::new(0) };
}

/// SplitMix64: short, fast, and the same on every machine.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// The pause to the next of many independent events, on average `mean`.
    pub(super) fn pause(&mut self, mean: u64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        (-(1.0 - uniform).ln() * mean as f64) as u64
    }
}

/// Restarts [`jitter`] on this thread.
pub(super) fn seed_jitter(seed: u64) {
    JITTER.set(seed);
}

/// Stands in for the operating system's randomness in a reader.
pub(super) fn jitter(bound: u64) -> u64 {
    let mut random = Random::new(JITTER.get());
    let number = random.below(bound.max(1));
    JITTER.set(random.0);
    number
}
