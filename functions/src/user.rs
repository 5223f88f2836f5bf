//! Those who follow an official account.

mod get_info;

pub use get_info::GetInfo;
