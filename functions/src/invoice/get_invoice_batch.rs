//! `invoice.getInvoiceBatch`
//!
//! WeChat: `POST /card/invoice/reimburse/getinvoicebatch`

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat, value::List,
};

use super::{Invoice, InvoiceKey};

/// Reads several invoices that the user chose.
///
/// 批量查询用户选择的电子发票。
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInvoiceBatch {
    /// The invoices. WeChat has a lower limit, which it does not publish.
    ///
    /// 发票列表。微信的实际上限更低，但未公布。
    item_list: List<InvoiceKey, 1, 1000>,
}

/// Several invoices.
///
/// 多张发票。
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Invoices {
    /// In the order of the request.
    ///
    /// 与请求中的顺序一致。
    #[serde(deserialize_with = "invoices")]
    item_list: Vec<Invoice>,
}

/// An entry that is not an invoice is an empty one, so that the others keep their places.
fn invoices<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Invoice>, D::Error> {
    let entries = Vec::<Value>::deserialize(from)?.into_iter();
    Ok(entries.map(|entry| Invoice::deserialize(entry).unwrap_or_default()).collect())
}

impl Operation for GetInvoiceBatch {
    const ID: &'static str = "invoice.getInvoiceBatch";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/invoice/reimbursement/api_invoicereimbursegetinvoicebatch.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"item_list":[{"card_id":"pjZ8YtinvoiceAlice","encrypt_code":"aW52b2ljZS1vZi1hbGljZQ=="}]}"#;
    type Uses = Wechat;
    type Output = Invoices;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Invoices> {
        let call = wechat.post("/card/invoice/reimburse/getinvoicebatch", &self);
        call.refusals(Self::REFUSALS).json().await
    }
}
