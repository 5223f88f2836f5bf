//! What a shipment is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Error, Result, text,
    value::{Chars, Int, Openid, Text},
};

use super::{Done, MerchantId, TradeNo, TransactionId};

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
    pub(super) UploadTime: 20..=40, Chars::VISIBLE,
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

/// An order: by the merchant's number (1), or by WeChat Pay's (2).
///
/// 订单：按商户订单号（1）或微信支付订单号（2）指定。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderKey {
    /// 1: `mchid` and `out_trade_no`. 2: `transaction_id`.
    ///
    /// 1：用 `mchid` 和 `out_trade_no` 指定。2：用 `transaction_id` 指定。
    order_number_type: Int<1, 2>,
    /// WeChat Pay's number.
    ///
    /// 微信支付订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    /// The merchant.
    ///
    /// 商户号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mchid: Option<Text<MerchantId>>,
    /// The merchant's number.
    ///
    /// 商户订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<Text<TradeNo>>,
}

/// Who paid.
///
/// 支付者。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Payer {
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
pub(super) struct Parcel {
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

impl OrderKey {
    /// The numbers must be those of the type.
    pub(super) fn check(&self) -> Result<()> {
        let missing = match self.order_number_type.get() {
            1 if self.mchid.is_none() => "order_key.mchid",
            1 if self.out_trade_no.is_none() => "order_key.out_trade_no",
            2 if self.transaction_id.is_none() => "order_key.transaction_id",
            _ => return Ok(()),
        };
        Err(Error::invalid(
            missing,
            ["This type of order number needs it.", "此类订单号需要该字段。"],
        ))
    }
}

impl Parcel {
    /// An express parcel has a number and is carried by a company.
    pub(super) fn check(&self, index: usize) -> Result<()> {
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

/// What one value alone cannot say.
pub(super) fn check(
    kind: i64,
    mode: i64,
    is_all_delivered: Option<bool>,
    parcels: &[Parcel],
) -> Result<()> {
    if mode == 2 && kind != 1 {
        return Err(Error::invalid(
            "delivery_mode",
            ["Only express shipments can be split.", "只有物流快递可以分拆发货。"],
        ));
    }
    if mode == 2 && is_all_delivered.is_none() {
        return Err(Error::invalid(
            "is_all_delivered",
            ["A shipment in parts needs it.", "分拆发货需要该字段。"],
        ));
    }
    if mode == 1 && parcels.len() != 1 {
        return Err(Error::invalid(
            "shipping_list",
            ["Must be one parcel if all is sent at once.", "一次性发货只能有一个包裹。"],
        ));
    }
    let mut express = parcels.iter().enumerate().filter(|_| kind == 1);
    express.try_for_each(|(index, parcel)| parcel.check(index))
}
