//! Pages of orders.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{text, value::Chars};

use super::order::Order;

text! {
    /// Where the next page begins.
    pub(super) LastIndex: 0..=256, Chars::VISIBLE, "Send `last_index` of the answer before.";
}

/// A span of time, seconds since 1970.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// From.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begin_time: Option<u64>,
    /// Until.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_time: Option<u64>,
}

/// A page of orders.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Orders {
    /// The orders.
    #[serde(default)]
    order_list: Vec<Order>,
    /// Whether there are more.
    #[serde(default)]
    has_more: bool,
    /// Where the next page begins.
    #[serde(default)]
    last_index: String,
}
