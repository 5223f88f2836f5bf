//! WeChat Pay: orders, refunds and bills of a direct merchant.

pub mod apiv3;
mod bill;
pub mod ledger;
mod order;
mod payments;
mod problem;
pub mod setting;
#[cfg(test)]
mod tests;

pub use bill::{BillReport, BillType};
pub use order::{Channel, OrderState, RefundState};
pub use payments::{Applied, NewOrder, Payments, Rejected};
