//! `invoice.getInvoiceInfo`
//!
//! WeChat: `POST /card/invoice/reimburse/getinvoiceinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat, value::Text,
};

use super::{CardId, EncryptCode, Invoice, encrypt_code};

/// Reads an invoice that the user chose.
///
/// 查询用户选择的一张电子发票。
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInvoiceInfo {
    /// The card of the invoice, as `chooseInvoice` returned it.
    ///
    /// 发票的 card_id，由 `chooseInvoice` 返回。
    card_id: Text<CardId>,
    /// The invoice's encrypted code, as `chooseInvoice` returned it.
    ///
    /// 发票的加密 code，由 `chooseInvoice` 返回。
    #[serde(deserialize_with = "encrypt_code")]
    encrypt_code: Text<EncryptCode>,
}

impl Operation for GetInvoiceInfo {
    const ID: &'static str = "invoice.getInvoiceInfo";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/invoice/reimbursement/api_invoicebxgetinvoice.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str =
        r#"{"card_id":"pjZ8YtinvoiceAlice","encrypt_code":"aW52b2ljZS1vZi1hbGljZQ=="}"#;
    type Uses = Wechat;
    type Output = Invoice;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Invoice> {
        let call = wechat.post("/card/invoice/reimburse/getinvoiceinfo", &self);
        call.refusals(Self::REFUSALS).json().await
    }
}
