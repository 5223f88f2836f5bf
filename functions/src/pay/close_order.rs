//! `POST /pay/closeOrder`
//!
//! WeChat: `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`

use futures_util::future::try_join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Result, Uses, capability::CurrentLogin,
    value::Text,
};

use super::{input::OutTradeNo, order::OrderState, uses::Orders, view::check_owner};

/// Closes an order that is not paid, so that it can no longer be paid.
///
/// An order that turns out to be paid stays paid, and the answer says so.
///
/// 关闭未付款的订单，此后不能再付款。若订单实际已付款，则保持已付款状态，并在返回中说明。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseOrder {
    /// The order's number.
    ///
    /// 商户订单号。
    out_trade_no: Text<OutTradeNo>,
}

/// An order after it was to be closed.
///
/// 关单后的订单。
#[derive(Serialize, JsonSchema)]
pub struct ClosedOrder {
    /// `closed`, or `paid` if the user was faster.
    ///
    /// `closed`；若用户先完成付款则为 `paid`。
    state: OrderState,
}

impl Operation for CloseOrder {
    const ID: &'static str = "pay.closeOrder";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &["https://pay.weixin.qq.com/doc/v3/merchant/4012791860"];
    const PROBLEMS: &'static [Problem] = &[Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"out_trade_no":"BOX20261104A0000001"}"#;
    type Uses = (Orders, CurrentLogin);
    type Output = ClosedOrder;

    async fn run(self, (orders, login): Uses<'_, Self>, caller: &Caller) -> Result<ClosedOrder> {
        let (desk, ()) = try_join(orders.desk(), login.check()).await?;
        let payments = desk.payments();
        let (order, _) = payments.order(&self.out_trade_no).await?;
        check_owner(&order, caller)?;
        let order = payments.close(&self.out_trade_no).await?;
        Ok(ClosedOrder { state: order.state })
    }
}
