//! `pay.refund`, by direct invocation
//!
//! WeChat: `POST /v3/refund/domestic/refunds`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Result, Uses, crypto::hex, value::Text,
};

use super::{
    input::{Fen, OutRefundNo, OutTradeNo, Reason},
    uses::Orders,
    view::RefundView,
};

/// Refunds an order, in whole or in part.
///
/// The same `out_refund_no` again is the same refund: repeat the call after a lost answer. What is
/// refunded and under way never exceeds what was paid.
///
/// 全额或部分退款。同一 `out_refund_no` 即同一笔退款：应答丢失后请重复调用。已退款与退款中的总额不会超过实付金额。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refund {
    /// The order's number.
    ///
    /// 商户订单号。
    out_trade_no: Text<OutTradeNo>,
    /// The refund's own number; send one, so that the call can be repeated.
    ///
    /// 商户退款单号；请自行指定，以便重复调用。
    #[serde(default)]
    out_refund_no: Option<Text<OutRefundNo>>,
    /// Fen; by default what is left.
    ///
    /// 退款金额，单位为分，默认为剩余可退金额。
    #[serde(default)]
    amount: Option<Fen>,
    /// What the user is told.
    ///
    /// 展示给用户的退款原因。
    #[serde(default)]
    reason: Option<Text<Reason>>,
}

impl Operation for Refund {
    const ID: &'static str = "pay.refund";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &["https://pay.weixin.qq.com/doc/v3/merchant/4013070371"];
    const PROBLEMS: &'static [Problem] =
        &[Problem::NotFound, Problem::WrongState, Problem::ReceiverState];
    const EXAMPLE: &'static str = r#"{"out_trade_no":"BOX20261104A0000001","out_refund_no":"R-BOX20261104A0000001-1","amount":999,"reason":"缺货"}"#;
    type Uses = Orders;
    type Output = RefundView;

    async fn run(self, orders: Uses<'_, Self>, _caller: &Caller) -> Result<RefundView> {
        let desk = orders.desk().await?;
        let number = self
            .out_refund_no
            .map_or_else(|| hex(&shared::crypto::random_bytes::<16>()), Text::into_string);
        let (amount, reason) = (self.amount.map(Fen::get), self.reason.as_deref());
        let payments = desk.payments();
        let refund = payments.refund(&self.out_trade_no, &number, amount, reason).await?;
        Ok(refund.into())
    }
}
