//! `POST /orderShipping/notifyConfirmReceive`
//!
//! WeChat: `POST /wxa/sec/order/notify_confirm_receive`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::{Done, numbers};

numbers::naming_an_order! {
    /// Reminds a user to confirm that an express order arrived. Once per order.
    ///
    /// 提醒用户确认快递订单已收货。每个订单限一次。
    #[derive(Deserialize, Serialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub struct NotifyConfirmReceive {
        /// When it was delivered, seconds since 1970.
        ///
        /// 快递签收时间，Unix 时间戳（秒）。
        received_time: u64,
    }
}

impl Operation for NotifyConfirmReceive {
    const ID: &'static str = "orderShipping.notifyConfirmReceive";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_notifyconfirmreceive.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str =
        r#"{"transaction_id":"4200000000000000002","received_time":1795147200}"#;
    type Uses = Wechat;
    type Output = Done;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Done> {
        self.check()?;
        let call = wechat.post("/wxa/sec/order/notify_confirm_receive", &self).once();
        call.refusals(Self::REFUSALS).done().await.map(|()| Done {})
    }
}
