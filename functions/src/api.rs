//! The whole of WeChat's API behind one door, closed unless a deployment opens it.

pub mod allow;
mod answer;
mod call;
mod exhausted;
pub mod instead;
mod path;
mod request;
pub(crate) mod withheld;

pub use call::CallApi;
