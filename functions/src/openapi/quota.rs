//! How often a path may be called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A path's quota.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Quota {
    /// Of this day in China.
    quota: Daily,
    /// Of a shorter time, where there is such a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_limit: Option<Rate>,
    /// The same for third-party platforms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    component_rate_limit: Option<Rate>,
}

/// The quota of a day.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Daily {
    /// Calls a day.
    daily_limit: u64,
    /// Calls so far.
    used: u64,
    /// Calls that are left.
    remain: u64,
}

/// A limit within seconds.
#[derive(Deserialize, Serialize, JsonSchema)]
struct Rate {
    /// Calls.
    call_count: u64,
    /// Within so many seconds.
    refresh_second: u64,
}
