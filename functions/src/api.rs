//! The whole of WeChat's API behind one door, closed unless a deployment opens it.

pub mod allow;
pub mod answer;
mod instead;
pub mod path;
pub mod request;
pub mod withheld;
