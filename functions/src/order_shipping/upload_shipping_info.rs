//! `POST /orderShipping/uploadShippingInfo`
//!
//! WeChat: `POST /wxa/sec/order/upload_shipping_info`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat};

use super::{
    Done,
    shipment::{Shipment, unless_known},
};

/// Tells WeChat that an order is shipped; the user is told as well.
///
/// It can be reported once more, to correct it. To report the same again is a success.
///
/// 向微信录入订单的发货信息；用户也会收到通知。
///
/// 可重新录入一次以更正。重复录入相同内容视为成功。
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct UploadShippingInfo(Shipment);

impl Operation for UploadShippingInfo {
    const ID: &'static str = "orderShipping.uploadShippingInfo";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = &[AccountKind::MiniProgram];
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_uploadshippinginfo.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"order_key":{"order_number_type":2,"transaction_id":"4200000000000000001"},"logistics_type":1,"delivery_mode":1,"shipping_list":[{"tracking_no":"SF1234567890123","express_company":"SF","item_desc":"龙井茶","contact":{"receiver_contact":"189****1234"}}],"upload_time":"2026-11-20T12:00:00.000+08:00","payer":{"openid":"ocd3MONZJTd0lUm5MA6tWHmkE2GX"}}"#;
    type Uses = Wechat;
    type Output = Done;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Done> {
        self.0.check()?;
        let call = wechat.post("/wxa/sec/order/upload_shipping_info", &self.0).once();
        unless_known(call.refusals(Self::REFUSALS).done().await)
    }
}
