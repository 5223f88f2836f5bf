//! Files at fixed places of a domain.

mod well_known;

pub use well_known::WellKnown;
