//! `POST /orderShipping/getOrderList`
//!
//! WeChat: `POST /wxa/sec/order/get_order_list`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::list::{Filter, Orders};

/// Lists orders, by the time of payment, their state or the user.
///
/// 按支付时间、状态或用户查询订单列表。
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct GetOrderList(Filter);

impl Operation for GetOrderList {
    const ID: &'static str = "orderShipping.getOrderList";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_getorderlist.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"order_state":1,"page_size":20}"#;
    type Uses = Wechat;
    type Output = Orders;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Orders> {
        let call = wechat.post("/wxa/sec/order/get_order_list", &self.0);
        call.refusals(Self::REFUSALS).json().await
    }
}
