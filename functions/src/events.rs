//! What was published on the event bus.

mod redeliver;

pub use redeliver::Redeliver;
