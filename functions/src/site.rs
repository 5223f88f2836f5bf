//! Files at fixed places of a domain.
//!
//! 域名下固定位置的文件。

mod files;
mod well_known;

pub use files::SiteFiles;
pub use well_known::WellKnown;
