//! Those who follow an official account.
//!
//! 公众号的关注者。

mod follower;
mod get_info;

pub use get_info::GetInfo;
