//! Files at fixed places of a domain.

mod files;
mod well_known;

pub use files::SiteFiles;
pub use well_known::WellKnown;
