//! An order, as WeChat keeps it for its shipping.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An order that was paid.
#[derive(Deserialize, Serialize, JsonSchema)]
pub(super) struct Order {
    /// WeChat Pay's number.
    transaction_id: String,
    /// The merchant.
    #[serde(default)]
    merchant_id: String,
    /// The merchant's number.
    #[serde(default)]
    merchant_trade_no: String,
    /// What it is for; WeChat cuts it after 120 characters.
    #[serde(default)]
    description: String,
    /// In fen.
    #[serde(default)]
    paid_amount: u64,
    /// Who paid.
    #[serde(default)]
    openid: String,
    /// When it was paid, seconds since 1970.
    #[serde(default)]
    pay_time: u64,
    /// 1 to ship, 2 shipped, 3 received, 4 done, 5 refunded, 6 to be settled.
    order_state: u8,
    /// Whether the user complains.
    #[serde(default)]
    in_complaint: bool,
    /// How it was shipped.
    #[serde(default)]
    shipping: Shipping,
    /// What else WeChat tells.
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// How an order was shipped.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Shipping {
    /// 1 all at once, 2 in parts.
    delivery_mode: u8,
    /// 1 express, 2 within the city, 3 virtual, 4 picked up.
    logistics_type: u8,
    /// Whether all is sent.
    finish_shipping: bool,
    /// How often that was reported.
    finish_shipping_count: u8,
    /// The parcels.
    shipping_list: Vec<Map<String, Value>>,
    /// What else WeChat tells.
    #[serde(flatten)]
    more: Map<String, Value>,
}
