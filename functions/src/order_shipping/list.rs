//! Pages of orders.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{text, value::Chars};

use super::order::Order;

text! {
    /// Where the next page begins.
    pub(super) LastIndex: 0..=256, Chars::VISIBLE,
        ["Send `last_index` of the answer before.", "请发送上次应答中的 `last_index`。"];
}

/// A span of time, seconds since 1970.
///
/// 时间范围，Unix 时间戳（秒）。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// From.
    ///
    /// 开始时间。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begin_time: Option<u64>,
    /// Until.
    ///
    /// 结束时间。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_time: Option<u64>,
}

/// A page of orders.
///
/// 一页订单。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Orders {
    /// The orders.
    ///
    /// 订单列表。
    #[serde(default)]
    order_list: Vec<Order>,
    /// Whether there are more.
    ///
    /// 是否还有更多。
    #[serde(default)]
    has_more: bool,
    /// Where the next page begins.
    ///
    /// 下一页的起始位置。
    #[serde(default)]
    last_index: String,
}
