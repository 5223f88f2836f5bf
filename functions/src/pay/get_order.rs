//! `POST /pay/getOrder`
//!
//! WeChat: `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Problem, Result, Uses, value::Text};

use super::{
    input::OutTradeNo,
    order::OrderState,
    uses::Orders,
    view::{RefundView, check_owner},
};

/// WeChat Pay is not asked again within this time, in seconds.
const FRESH: u64 = 3;

/// Tells what became of an order.
///
/// Call it after the client's answer, whatever that was: only this tells whether the user paid. An
/// order that is not paid is asked for at WeChat Pay, at most every three seconds.
///
/// 查询订单的结果。无论客户端返回什么，都请在其后调用：只有它能确认用户是否已付款。未付款的订单会向微信支付查单，
/// 最多每三秒一次。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetOrder {
    /// The order's number. A user sees their own orders only.
    ///
    /// 商户订单号；用户只能查到自己的订单。
    out_trade_no: Text<OutTradeNo>,
}

/// An order as its owner may see it.
///
/// 订单，以其所有者可见的内容为限。
#[derive(Serialize, JsonSchema)]
pub struct OrderView {
    /// The order's number.
    ///
    /// 商户订单号。
    pub out_trade_no: String,
    /// What became of it.
    ///
    /// 当前状态。
    pub state: OrderState,
    /// Fen.
    ///
    /// 金额，单位为分。
    pub amount: i64,
    /// What the user really paid, without coupons, in fen.
    ///
    /// 用户实付金额（不含优惠），单位为分。
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer_total: Option<i64>,
    /// WeChat Pay's number of the payment.
    ///
    /// 微信支付订单号。
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳，单位为秒。
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<u64>,
    /// Its refunds, the oldest first.
    ///
    /// 退款列表，最早的在前。
    pub refunds: Vec<RefundView>,
}

impl Operation for GetOrder {
    const ID: &'static str = "pay.getOrder";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &["https://pay.weixin.qq.com/doc/v3/merchant/4012791858"];
    const PROBLEMS: &'static [Problem] = &[Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"out_trade_no":"BOX20261104A0000001"}"#;
    type Uses = Orders;
    type Output = OrderView;

    async fn run(self, orders: Uses<'_, Self>, caller: &Caller) -> Result<OrderView> {
        let desk = orders.desk().await?;
        let payments = desk.payments();
        let (mut order, _) = payments.order(&self.out_trade_no).await?;
        check_owner(&order, caller)?;
        if order.is_open() && order.asked_at + FRESH < caller.now() {
            match payments.settle(&self.out_trade_no).await {
                Ok(settled) => order = settled,
                // What is kept is still true; the job asks again.
                Err(error) if error.problem() != Problem::TableUnavailable => {}
                Err(error) => return Err(error),
            }
        }
        let mut refunds = Vec::new();
        for number in &order.refunds {
            let (refund, _) = payments.kept_refund(number).await?;
            refunds.push(refund.into());
        }
        let paid = order.paid;
        Ok(OrderView {
            out_trade_no: order.out_trade_no,
            state: order.state,
            amount: order.amount,
            payer_total: paid.as_ref().map(|paid| paid.payer_total),
            paid_at: paid.as_ref().map(|paid| paid.at),
            transaction_id: paid.map(|paid| paid.transaction_id),
            refunds,
        })
    }
}
