//! WeChat Pay: orders, refunds and bills of a direct merchant.
//!
//! 微信支付：直连商户的下单、退款与账单。

pub mod apiv3;
mod bill;
mod certificates;
mod close_order;
mod create_order;
mod download_bill;
mod get_order;
mod get_refund;
mod input;
pub mod ledger;
mod notify;
mod order;
mod payments;
mod problem;
mod product;
mod put_product;
mod refund;
pub mod setting;
#[cfg(test)]
mod tests;
mod uses;
mod view;

pub use bill::{BillReport, BillType};
pub use close_order::CloseOrder;
pub use create_order::CreateOrder;
pub use download_bill::DownloadBill;
pub use get_order::GetOrder;
pub use get_refund::GetRefund;
pub use notify::Notify;
pub use order::{Channel, OrderState, RefundState};
pub use payments::{Applied, Looked, NewOrder, Payments, Rejected};
pub use put_product::PutProduct;
pub use refund::Refund;
pub use uses::{Catalogue, EditCatalogue, Orders, PayCalls, Reconciled};
