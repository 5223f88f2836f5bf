//! `POST /pay/closeOrder`
//!
//! WeChat: `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, Caller, Operation, Problem, Result, Uses, value::Text};

use super::{get_order::check_owner, input::OutTradeNo, order::OrderState, uses::Orders};

/// Closes an order that is not paid, so that it can no longer be paid.
///
/// An order that turns out to be paid stays paid, and the answer says so.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseOrder {
    /// The order's number.
    out_trade_no: Text<OutTradeNo>,
}

/// An order after it was to be closed.
#[derive(Serialize, JsonSchema)]
pub struct ClosedOrder {
    /// `closed`, or `paid` if the user was faster.
    state: OrderState,
}

impl Operation for CloseOrder {
    const ID: &'static str = "pay.closeOrder";
    const ACCESS: Access = Access::User;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &["https://pay.weixin.qq.com/doc/v3/merchant/4012791860"];
    const PROBLEMS: &'static [Problem] = &[Problem::NotFound];
    const EXAMPLE: &'static str = r#"{"out_trade_no":"BOX20261104A0000001"}"#;
    type Uses = Orders;
    type Output = ClosedOrder;

    async fn run(self, orders: Uses<'_, Self>, caller: &Caller) -> Result<ClosedOrder> {
        let desk = orders.desk().await?;
        let payments = desk.payments();
        let (order, _) = payments.order(&self.out_trade_no).await?;
        check_owner(&order, caller)?;
        let order = payments.close(&self.out_trade_no).await?;
        Ok(ClosedOrder { state: order.state })
    }
}
