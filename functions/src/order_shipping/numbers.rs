//! How an order is named: by WeChat Pay's number, or by the merchant's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Error, Result, text,
    value::{Chars, Int, Text},
};

text! {
    /// WeChat Pay's number of a payment.
    pub(super) TransactionId: 1..=64, Chars::ID;
    /// A merchant of WeChat Pay.
    pub(super) MerchantId: 1..=32, Chars::DIGITS;
    /// The merchant's number of an order.
    pub(super) TradeNo: 1..=64, Chars::VISIBLE;
}

/// Declares an input that names an order by its numbers, before what else it has; invoked as
/// `numbers::naming_an_order!`.
///
/// A flattened struct would do that as well, but then an error could not name the field at fault.
macro_rules! naming_an_order {
    ($(#[$about:meta])* pub struct $name:ident { $($more:tt)* }) => {
        $(#[$about])*
        pub struct $name {
            /// WeChat Pay's number.
            ///
            /// 微信支付订单号。
            #[serde(default, skip_serializing_if = "Option::is_none")]
            transaction_id: Option<shared::value::Text<numbers::TransactionId>>,
            /// The merchant, with `merchant_trade_no`.
            ///
            /// 商户号，与 `merchant_trade_no` 一并填写。
            #[serde(default, skip_serializing_if = "Option::is_none")]
            merchant_id: Option<shared::value::Text<numbers::MerchantId>>,
            /// The sub-merchant, where there is one.
            ///
            /// 子商户号，如有则填写。
            #[serde(default, skip_serializing_if = "Option::is_none")]
            sub_merchant_id: Option<shared::value::Text<numbers::MerchantId>>,
            /// The merchant's number.
            ///
            /// 商户订单号。
            #[serde(default, skip_serializing_if = "Option::is_none")]
            merchant_trade_no: Option<shared::value::Text<numbers::TradeNo>>,
            $($more)*
        }

        impl $name {
            fn check(&self) -> shared::Result<()> {
                let Self { transaction_id, merchant_id, merchant_trade_no, .. } = self;
                numbers::check(transaction_id, merchant_id, merchant_trade_no)
            }
        }
    };
}

pub(super) use naming_an_order;

/// WeChat needs one of the two ways to name an order.
pub(super) fn check(
    transaction_id: &Option<Text<TransactionId>>,
    merchant_id: &Option<Text<MerchantId>>,
    merchant_trade_no: &Option<Text<TradeNo>>,
) -> Result<()> {
    let missing = match (transaction_id, merchant_id, merchant_trade_no) {
        (Some(_), ..) | (None, Some(_), Some(_)) => return Ok(()),
        (None, None, Some(_)) => "merchant_id",
        (None, Some(_), None) => "merchant_trade_no",
        (None, None, None) => "transaction_id",
    };
    let numbers = [
        "Send `transaction_id`, or `merchant_id` and `merchant_trade_no`.",
        "请发送 `transaction_id`，或 `merchant_id` 与 `merchant_trade_no`。",
    ];
    Err(Error::invalid(missing, numbers))
}

/// An order: by the merchant's number (1), or by WeChat Pay's (2).
///
/// 订单：按商户订单号（1）或微信支付订单号（2）指定。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderKey {
    /// 1: `mchid` and `out_trade_no`. 2: `transaction_id`.
    ///
    /// 1：用 `mchid` 和 `out_trade_no` 指定。2：用 `transaction_id` 指定。
    order_number_type: Int<1, 2>,
    /// WeChat Pay's number.
    ///
    /// 微信支付订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    /// The merchant.
    ///
    /// 商户号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mchid: Option<Text<MerchantId>>,
    /// The merchant's number.
    ///
    /// 商户订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<Text<TradeNo>>,
}

impl OrderKey {
    /// The numbers must be those of the type.
    pub(super) fn check(&self) -> Result<()> {
        let missing = match self.order_number_type.get() {
            1 if self.mchid.is_none() => "order_key.mchid",
            1 if self.out_trade_no.is_none() => "order_key.out_trade_no",
            2 if self.transaction_id.is_none() => "order_key.transaction_id",
            _ => return Ok(()),
        };
        Err(Error::invalid(
            missing,
            ["This type of order number needs it.", "此类订单号需要该字段。"],
        ))
    }
}
