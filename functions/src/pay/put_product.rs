//! `pay.putProduct`, by direct invocation
//!
//! WeChat: none. The catalogue is ours: a user orders a product, never an amount.

use schemars::JsonSchema;
use serde::Deserialize;
use shared::{
    Access, AccountKind, Caller, Operation, Problem, Result, Uses, table::DocumentWrite,
    value::Text,
};

use super::{
    input::{Attach, Description, Fen, ProductId},
    ledger::{Ledger, contended, read},
    product::Product,
    uses::EditCatalogue,
};

/// Adds a product to the catalogue, or changes it.
///
/// Orders that were made keep their price.
///
/// 向商品目录添加商品，或修改商品。已创建的订单价格不变。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutProduct {
    /// The product's id.
    ///
    /// 商品 id。
    product: Text<ProductId>,
    /// What the user sees on the bill.
    ///
    /// 用户账单上的描述。
    description: Text<Description>,
    /// The price of one, in fen.
    ///
    /// 单价，单位为分。
    amount: Fen,
    /// Comes back with the payment.
    ///
    /// 附加数据，随支付结果返回。
    #[serde(default)]
    attach: Option<Text<Attach>>,
    /// Whether it can no longer be ordered.
    ///
    /// 是否已下架。
    #[serde(default)]
    closed: bool,
}

impl Operation for PutProduct {
    const ID: &'static str = "pay.putProduct";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[];
    const PROBLEMS: &'static [Problem] = &[];
    const EXAMPLE: &'static str =
        r#"{"product":"box-a","description":"季度蔬菜箱 A","amount":4999}"#;
    type Uses = EditCatalogue;
    type Output = Product;

    async fn run(self, table: Uses<'_, Self>, _caller: &Caller) -> Result<Product> {
        let product = Product {
            product: self.product.into_string(),
            description: self.description.into_string(),
            amount: self.amount.get(),
            attach: self.attach.map(Text::into_string),
            closed: self.closed,
        };
        let key = Product::key(&product.product);
        let kept: Option<(Product, u64)> = read(table, &key).await?;
        let version = kept.map_or(0, |(_, version)| version);
        let write = DocumentWrite::new(key, version, &product)?;
        if table.write(vec![write]).await? { Ok(product) } else { Err(contended()) }
    }
}
