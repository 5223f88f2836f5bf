//! What a caller may see of what is kept.

use schemars::JsonSchema;
use serde::Serialize;
use shared::{Caller, Error, Problem, Result};

use super::order::{Order, Refund, RefundState};

/// A refund.
///
/// 一笔退款。
#[derive(Serialize, JsonSchema)]
pub struct RefundView {
    /// The refund's number.
    ///
    /// 商户退款单号。
    pub out_refund_no: String,
    /// What became of it.
    ///
    /// 当前状态。
    pub state: RefundState,
    /// Fen.
    ///
    /// 金额，单位为分。
    pub amount: i64,
}

impl From<Refund> for RefundView {
    fn from(refund: Refund) -> RefundView {
        RefundView {
            out_refund_no: refund.out_refund_no,
            state: refund.state,
            amount: refund.amount,
        }
    }
}

/// Whether the caller may see an order: a service all of them, a user their own.
pub(super) fn check_owner(order: &Order, caller: &Caller) -> Result<()> {
    let owns = caller.is_service()
        || order.appid == caller.appid() && order.openid.as_deref() == caller.user();
    // The same words as for an order that does not exist: a number must not be probed.
    let missing = || {
        Error::new(Problem::NotFound, ["There is no such order.", "没有该订单。"])
            .field("out_trade_no")
    };
    if owns { Ok(()) } else { Err(missing()) }
}
