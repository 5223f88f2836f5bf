//! `POST /orderShipping/isTradeManaged`
//!
//! WeChat: `POST /wxa/sec/order/is_trade_managed`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

/// Tells whether the mini program must report its shipments.
///
/// 查询小程序是否必须上报发货信息。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IsTradeManaged {}

/// Whether shipments must be reported.
///
/// 是否必须上报发货信息。
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Managed {
    /// Whether WeChat manages the mini program's trade.
    ///
    /// 小程序是否已开通发货信息管理服务。
    is_trade_managed: bool,
}

impl Operation for IsTradeManaged {
    const ID: &'static str = "orderShipping.isTradeManaged";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_istrademanaged.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = "{}";
    type Uses = Wechat;
    type Output = Managed;

    async fn run(self, wechat: Uses<'_, Self>, caller: &Caller) -> Result<Managed> {
        let request = json!({ "appid": caller.appid() });
        let call = wechat.post("/wxa/sec/order/is_trade_managed", &request);
        call.refusals(Self::REFUSALS).json().await
    }
}
