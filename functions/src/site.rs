//! Files at fixed places of a domain.

mod wellknown;

pub use wellknown::WellKnown;
