//! One-time subscription messages.

mod subscribe;

pub use subscribe::Subscribe;
