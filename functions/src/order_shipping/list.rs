//! Pages of orders: which are asked for, and what WeChat answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    text,
    value::{Chars, Int, Openid, Text},
};

use super::order::Order;

text! {
    /// Where the next page begins.
    LastIndex: 0..=256, Chars::VISIBLE,
        ["Send `last_index` of the answer before.", "请发送上次应答中的 `last_index`。"];
}

/// Which orders, and which page of them.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct Filter {
    /// When they were paid.
    ///
    /// 支付时间范围。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pay_time_range: Option<Range>,
    /// 1 to ship, 2 shipped, 3 received, 4 done, 5 refunded, 6 to be settled.
    ///
    /// 订单状态：1 待发货，2 已发货，3 确认收货，4 交易完成，5 已退款，6 资金待结算。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order_state: Option<Int<1, 6>>,
    /// Who paid.
    ///
    /// 支付者。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    openid: Option<Text<Openid>>,
    /// `last_index` of the page before; none for the first.
    ///
    /// 上一页的 `last_index`；第一页不填。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_index: Option<Text<LastIndex>>,
    /// Orders on a page; by default 100.
    ///
    /// 每页订单数；默认 100。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page_size: Option<Int<1, 100>>,
}

/// A span of time, seconds since 1970.
///
/// 时间范围，Unix 时间戳（秒）。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Range {
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
