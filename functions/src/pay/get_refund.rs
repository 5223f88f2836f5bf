//! `pay.getRefund`, by direct invocation
//!
//! WeChat: `GET /v3/refund/domestic/refunds/{out_refund_no}`

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{Access, AccountKind, Caller, Error, Operation, Problem, Result, Uses, value::Text};

use super::{
    input::{OutRefundNo, OutTradeNo},
    uses::Orders,
    view::RefundView,
};

/// Tells what became of a refund; WeChat Pay is asked while it is under way.
///
/// 查询退款的结果；退款处理中时会向微信支付查询。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRefund {
    /// The refund's number.
    ///
    /// 商户退款单号。
    out_refund_no: Text<OutRefundNo>,
    /// The order's number, to be sure.
    ///
    /// 商户订单号，用于核对。
    #[serde(default)]
    out_trade_no: Option<Text<OutTradeNo>>,
}

impl Operation for GetRefund {
    const ID: &'static str = "pay.getRefund";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &["https://pay.weixin.qq.com/doc/v3/merchant/4013070374"];
    const PROBLEMS: &'static [Problem] = &[Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"out_refund_no":"R-BOX20261104A0000001-1"}"#;
    type Uses = Orders;
    type Output = RefundView;

    async fn run(self, orders: Uses<'_, Self>, _caller: &Caller) -> Result<RefundView> {
        let desk = orders.desk().await?;
        let refund = desk.payments().settle_refund(&self.out_refund_no).await?;
        if self.out_trade_no.is_some_and(|number| *number != *refund.out_trade_no) {
            let detail = ["There is no such refund of this order.", "该订单没有此退款。"];
            return Err(Error::new(Problem::NotFound, detail).field("out_trade_no"));
        }
        Ok(refund.into())
    }
}
