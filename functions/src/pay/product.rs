//! A product of the catalogue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A product as it is kept.
///
/// 保存的商品。
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Product {
    /// The product's id.
    ///
    /// 商品 id。
    pub product: String,
    /// What the user sees on the bill.
    ///
    /// 用户账单上的描述。
    pub description: String,
    /// The price of one, in fen.
    ///
    /// 单价，单位为分。
    pub amount: i64,
    /// Comes back with the payment.
    ///
    /// 附加数据，随支付结果返回。
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// Whether it can no longer be ordered.
    ///
    /// 是否已下架。
    pub closed: bool,
}

impl Product {
    pub(super) fn key(product: &str) -> String {
        format!("product#{product}")
    }
}
