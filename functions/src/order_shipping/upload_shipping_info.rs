//! `POST /orderShipping/uploadShippingInfo`
//!
//! WeChat: `POST /wxa/sec/order/upload_shipping_info`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{Int, List, Text},
};

use super::{
    Done,
    shipment::{self, OrderKey, Parcel, Payer, UploadTime},
};

/// Tells WeChat that an order is shipped; the user is told as well.
///
/// It can be reported once more, to correct it. To report the same again is a success.
///
/// 向微信录入订单的发货信息；用户也会收到通知。
///
/// 可重新录入一次以更正。重复录入相同内容视为成功。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadShippingInfo {
    /// Which order.
    ///
    /// 哪个订单。
    order_key: OrderKey,
    /// 1 express, 2 within the city, 3 virtual, 4 picked up by the user.
    ///
    /// 物流模式：1 快递，2 同城配送，3 虚拟商品，4 用户自提。
    logistics_type: Int<1, 4>,
    /// 1 all at once, 2 in parts (express only).
    ///
    /// 发货模式：1 统一发货，2 分拆发货（仅限快递）。
    delivery_mode: Int<1, 2>,
    /// In parts: whether this is all of it, and the user is told.
    ///
    /// 分拆发货时：是否已全部发货，若是则通知用户。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_all_delivered: Option<bool>,
    /// The parcels; one if `delivery_mode` is 1.
    ///
    /// 物流信息列表；`delivery_mode` 为 1 时只有一项。
    shipping_list: List<Parcel, 1, 15>,
    /// When this was reported, in RFC 3339 with a zone; of two reports the later one counts.
    ///
    /// 上传时间，RFC 3339 格式并带时区；两次上传以较晚者为准。
    upload_time: Text<UploadTime>,
    /// Who paid.
    ///
    /// 支付者。
    payer: Payer,
}

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
        let (kind, mode) = (self.logistics_type.get(), self.delivery_mode.get());
        self.order_key.check()?;
        shipment::check(kind, mode, self.is_all_delivered, &self.shipping_list)?;
        let call = wechat.post("/wxa/sec/order/upload_shipping_info", &self).once();
        shipment::unless_known(call.refusals(Self::REFUSALS).done().await)
    }
}
