//! `POST /orderShipping/getOrder`
//!
//! WeChat: `POST /wxa/sec/order/get_order`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat, value::Text,
};

use super::{MerchantId, TradeNo, TransactionId, check_numbers, order::Order};

/// Shows an order: whether it is shipped, how, and what became of it.
///
/// 查询一个订单：是否已发货、如何发货、现处于什么状态。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetOrder {
    /// WeChat Pay's number.
    ///
    /// 微信支付订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    /// The merchant, with `merchant_trade_no`.
    ///
    /// 商户号，与 `merchant_trade_no` 一并填写。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merchant_id: Option<Text<MerchantId>>,
    /// The sub-merchant, where there is one.
    ///
    /// 子商户号，如有则填写。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_merchant_id: Option<Text<MerchantId>>,
    /// The merchant's number.
    ///
    /// 商户订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merchant_trade_no: Option<Text<TradeNo>>,
}

/// An order.
///
/// 一个订单。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Found {
    /// The order.
    ///
    /// 订单详情。
    order: Order,
}

impl Operation for GetOrder {
    const ID: &'static str = "orderShipping.getOrder";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_getorder.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"transaction_id":"4200000000000000001"}"#;
    type Uses = Wechat;
    type Output = Found;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Found> {
        let GetOrder { transaction_id, merchant_id, merchant_trade_no, .. } = &self;
        let (merchant, trade_no) = (merchant_id.is_some(), merchant_trade_no.is_some());
        check_numbers(transaction_id.is_some(), merchant, trade_no)?;
        let call = wechat.post("/wxa/sec/order/get_order", &self);
        call.refusals(Self::REFUSALS).json().await
    }
}
