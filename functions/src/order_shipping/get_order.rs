//! `POST /orderShipping/getOrder`
//!
//! WeChat: `POST /wxa/sec/order/get_order`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::{numbers, order::Order};

numbers::naming_an_order! {
    /// Shows an order: whether it is shipped, how, and what became of it.
    ///
    /// 查询一个订单：是否已发货、如何发货、现处于什么状态。
    #[derive(Deserialize, Serialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct GetOrder {}
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
        self.check()?;
        let call = wechat.post("/wxa/sec/order/get_order", &self);
        call.refusals(Self::REFUSALS).json().await
    }
}
