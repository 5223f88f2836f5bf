//! `POST /orderShipping/getOrderList`
//!
//! WeChat: `POST /wxa/sec/order/get_order_list`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{Int, Openid, Text},
};

use super::list::{LastIndex, Orders, Range};

/// Lists orders, by the time of payment, their state or the user.
///
/// 按支付时间、状态或用户查询订单列表。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetOrderList {
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
        let call = wechat.post("/wxa/sec/order/get_order_list", &self);
        call.refusals(Self::REFUSALS).json().await
    }
}
