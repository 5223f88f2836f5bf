//! Those who follow an official account.

mod follower;
mod get_info;

pub use get_info::GetInfo;
