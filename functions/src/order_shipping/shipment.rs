//! What a shipment is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Error, Result, text,
    value::{Chars, Int, List, Openid, Text},
};

use super::{Done, numbers::OrderKey};

text! {
    /// A parcel's number, at the company that carries it.
    TrackingNo: 1..=128, Chars::VISIBLE;
    /// A company's id, as WeChat lists them.
    Company: 1..=128, Chars::VISIBLE;
    /// What is in a parcel.
    ItemDesc: 1..=120, Chars::ANY;
    /// A phone number, masked.
    Contact: 1..=1024, Chars::PRINTABLE,
        ["Mask it as `189****1234`.", "请掩码为 `189****1234` 的形式。"];
    /// A time with its zone.
    UploadTime: 20..=40, Chars::VISIBLE,
        [
            "Send it as `2026-11-20T12:00:00.000+08:00`.",
            "请以 `2026-11-20T12:00:00.000+08:00` 的格式发送。",
        ],
        check |text: &str| {
            let zoned = text.as_bytes().get(10) == Some(&b'T')
                && (text.ends_with('Z') || text.get(text.len() - 6..).is_some_and(is_offset));
            if zoned { Ok(()) } else { Err([
                "Send it as `2026-11-20T12:00:00.000+08:00`.",
                "请以 `2026-11-20T12:00:00.000+08:00` 的格式发送。",
            ]) }
        };
}

fn is_offset(text: &str) -> bool {
    text.starts_with(['+', '-']) && text.as_bytes()[3] == b':'
}

/// What was shipped, and how.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct Shipment {
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

/// Who paid.
///
/// 支付者。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Payer {
    /// At the mini program.
    ///
    /// 用户在小程序下的 openid。
    openid: Text<Openid>,
}

/// A parcel.
///
/// 一个包裹。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parcel {
    /// Its number; express only.
    ///
    /// 物流单号；仅限快递。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tracking_no: Option<Text<TrackingNo>>,
    /// Who carries it; express only.
    ///
    /// 物流公司编码；仅限快递。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    express_company: Option<Text<Company>>,
    /// What is in it.
    ///
    /// 商品信息。
    item_desc: Text<ItemDesc>,
    /// A phone number; needed by 顺丰 (SF).
    ///
    /// 联系方式；快递公司为顺丰时必填。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contact: Option<ParcelContact>,
}

/// A phone number, masked, with the last four digits clear.
///
/// 掩码后的联系方式，后四位须可见。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ParcelContact {
    /// Of whoever sends it.
    ///
    /// 寄件人联系方式。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consignor_contact: Option<Text<Contact>>,
    /// Of whoever gets it.
    ///
    /// 收件人联系方式。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receiver_contact: Option<Text<Contact>>,
}

impl Shipment {
    /// What one value alone cannot say.
    pub(super) fn check(&self) -> Result<()> {
        self.order_key.check()?;
        let (is_express, in_parts) =
            (self.logistics_type.get() == 1, self.delivery_mode.get() == 2);
        if in_parts && !is_express {
            return Err(Error::invalid(
                "delivery_mode",
                ["Only express shipments can be split.", "只有物流快递可以分拆发货。"],
            ));
        }
        if in_parts && self.is_all_delivered.is_none() {
            return Err(Error::invalid(
                "is_all_delivered",
                ["A shipment in parts needs it.", "分拆发货需要该字段。"],
            ));
        }
        if !in_parts && self.shipping_list.len() != 1 {
            let detail =
                ["Must be one parcel if all is sent at once.", "一次性发货只能有一个包裹。"];
            return Err(Error::invalid("shipping_list", detail));
        }
        let mut express = self.shipping_list.iter().enumerate().filter(|_| is_express);
        express.try_for_each(|(index, parcel)| parcel.check(index))
    }
}

impl Parcel {
    /// An express parcel has a number and is carried by a company.
    fn check(&self, index: usize) -> Result<()> {
        let missing = match (&self.tracking_no, &self.express_company) {
            (None, _) => "tracking_no",
            (_, None) => "express_company",
            _ => return Ok(()),
        };
        let field = format!("shipping_list[{index}].{missing}");
        Err(Error::invalid(field, ["An express parcel needs it.", "物流快递需要该字段。"]))
    }
}

/// What WeChat knows exactly so already is a success.
pub(super) fn unless_known(outcome: Result<()>) -> Result<Done> {
    match outcome {
        Err(error) if error.wechat_errcode() == Some(10_060_023) => Ok(Done {}),
        outcome => outcome.map(|()| Done {}),
    }
}
