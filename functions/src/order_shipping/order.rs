//! An order, as WeChat keeps it for its shipping.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An order that was paid.
///
/// 已支付的订单。
#[derive(Deserialize, Serialize, JsonSchema)]
pub(super) struct Order {
    /// WeChat Pay's number.
    ///
    /// 微信支付订单号。
    transaction_id: String,
    /// The merchant.
    ///
    /// 商户号。
    #[serde(default)]
    merchant_id: String,
    /// The merchant's number.
    ///
    /// 商户订单号。
    #[serde(default)]
    merchant_trade_no: String,
    /// What it is for; WeChat cuts it after 120 characters.
    ///
    /// 商品描述；超过 120 字的部分微信会截断。
    #[serde(default)]
    description: String,
    /// In fen.
    ///
    /// 单位为分。
    #[serde(default)]
    paid_amount: u64,
    /// Who paid.
    ///
    /// 支付者。
    #[serde(default)]
    openid: String,
    /// When it was paid, seconds since 1970.
    ///
    /// 支付时间，Unix 时间戳（秒）。
    #[serde(default)]
    pay_time: u64,
    /// 1 to ship, 2 shipped, 3 received, 4 done, 5 refunded, 6 to be settled.
    ///
    /// 订单状态：1 待发货，2 已发货，3 确认收货，4 交易完成，5 已退款，6 资金待结算。
    order_state: u8,
    /// Whether the user complains.
    ///
    /// 用户是否在投诉中。
    #[serde(default)]
    in_complaint: bool,
    /// How it was shipped.
    ///
    /// 发货信息。
    #[serde(default)]
    shipping: Shipping,
    /// What else WeChat tells.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// How an order was shipped.
///
/// 订单的发货信息。
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Shipping {
    /// 1 all at once, 2 in parts.
    ///
    /// 发货模式：1 统一发货，2 分拆发货。
    delivery_mode: u8,
    /// 1 express, 2 within the city, 3 virtual, 4 picked up.
    ///
    /// 物流模式：1 快递，2 同城配送，3 虚拟商品，4 用户自提。
    logistics_type: u8,
    /// Whether all is sent.
    ///
    /// 是否已全部发货。
    finish_shipping: bool,
    /// How often that was reported.
    ///
    /// 已完成全部发货的次数。
    finish_shipping_count: u8,
    /// The parcels.
    ///
    /// 物流信息列表。
    shipping_list: Vec<Map<String, Value>>,
    /// What else WeChat tells.
    #[serde(flatten)]
    more: Map<String, Value>,
}
