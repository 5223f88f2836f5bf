//! Signatures for pages that use WeChat's JS-SDK.

mod config;

pub use config::Config;
