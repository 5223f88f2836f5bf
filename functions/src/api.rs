//! The whole of WeChat's API behind one door, closed unless a deployment opens it.
//!
//! 微信的全部接口，统一入口；默认关闭，部署时按需启用。

pub mod allow;
mod answer;
mod call;
pub mod instead;
mod path;
mod request;
pub(crate) mod withheld;

pub use call::CallApi;
