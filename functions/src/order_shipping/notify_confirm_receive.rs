//! `POST /orderShipping/notifyConfirmReceive`
//!
//! WeChat: `POST /wxa/sec/order/notify_confirm_receive`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat, value::Text,
};

use super::{Done, MerchantId, TradeNo, TransactionId, check_numbers};

/// Reminds a user to confirm that an express order arrived. Once per order.
///
/// 提醒用户确认快递订单已收货。每个订单限一次。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifyConfirmReceive {
    /// WeChat Pay's number.
    ///
    /// 微信支付订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Text<TransactionId>>,
    /// The merchant, with `merchant_trade_no`.
    ///
    /// 商户号，与 `merchant_trade_no` 一并填写。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merchant_id: Option<Text<MerchantId>>,
    /// The sub-merchant, where there is one.
    ///
    /// 子商户号，如有则填写。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub_merchant_id: Option<Text<MerchantId>>,
    /// The merchant's number.
    ///
    /// 商户订单号。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merchant_trade_no: Option<Text<TradeNo>>,
    /// When it was delivered, seconds since 1970.
    ///
    /// 快递签收时间，Unix 时间戳（秒）。
    received_time: u64,
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
        let NotifyConfirmReceive { transaction_id, merchant_id, merchant_trade_no, .. } = &self;
        let (merchant, trade_no) = (merchant_id.is_some(), merchant_trade_no.is_some());
        check_numbers(transaction_id.is_some(), merchant, trade_no)?;
        let call = wechat.post("/wxa/sec/order/notify_confirm_receive", &self).once();
        call.refusals(Self::REFUSALS).done().await.map(|()| Done {})
    }
}
