//! `POST /orderShipping/uploadShippingInfo`
//!
//! WeChat: `POST /wxa/sec/order/upload_shipping_info`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Refusal, Result, Uses,
    capability::Wechat,
    value::{Int, List, Text},
};

use super::{
    Done,
    shipment::{OrderKey, Parcel, Payer, UploadTime},
};

/// Tells WeChat that an order is shipped; the user is told as well.
///
/// It can be reported once more, to correct it. To report the same again is a success.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadShippingInfo {
    /// Which order.
    order_key: OrderKey,
    /// 1 express, 2 within the city, 3 virtual, 4 picked up by the user.
    logistics_type: Int<1, 4>,
    /// 1 all at once, 2 in parts (express only).
    delivery_mode: Int<1, 2>,
    /// In parts: whether this is all of it, and the user is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_all_delivered: Option<bool>,
    /// The parcels; one if `delivery_mode` is 1.
    shipping_list: List<Parcel, 1, 15>,
    /// When this was reported, in RFC 3339 with a zone; of two reports the later one counts.
    upload_time: Text<UploadTime>,
    /// Who paid.
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
    const EXAMPLE: &'static str = r#"{"order_key":{"order_number_type":2,"transaction_id":"4200000000000000001"},"logistics_type":1,"delivery_mode":1,"shipping_list":[{"tracking_no":"SF1234567890123","express_company":"SF","item_desc":"龙井茶","contact":{"receiver_contact":"189****1234"}}],"upload_time":"2026-11-20T12:00:00.000+08:00","payer":{"openid":"oqK9p5YIkqPcxRrCcG6EcyTWv4KE"}}"#;
    type Uses = Wechat;
    type Output = Done;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Done> {
        self.check()?;
        let call = wechat.post("/wxa/sec/order/upload_shipping_info", &self).once();
        match call.refusals(Self::REFUSALS).done().await {
            // WeChat knows exactly this already.
            Err(error) if error.wechat_errcode() == Some(10_060_023) => Ok(Done {}),
            outcome => outcome.map(|()| Done {}),
        }
    }
}

impl UploadShippingInfo {
    /// What one value alone cannot say.
    fn check(&self) -> Result<()> {
        self.order_key.check()?;
        let (kind, mode) = (self.logistics_type.get(), self.delivery_mode.get());
        if mode == 2 && kind != 1 {
            return Err(Error::invalid("delivery_mode", "Only express shipments can be split."));
        }
        if mode == 2 && self.is_all_delivered.is_none() {
            return Err(Error::invalid("is_all_delivered", "A shipment in parts needs it."));
        }
        if mode == 1 && self.shipping_list.len() != 1 {
            return Err(Error::invalid(
                "shipping_list",
                "Must be one parcel if all is sent at once.",
            ));
        }
        let mut express = self.shipping_list.iter().enumerate().filter(|_| kind == 1);
        express.try_for_each(|(index, parcel)| parcel.check(index))
    }
}
