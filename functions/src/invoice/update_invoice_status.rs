//! `invoice.updateInvoiceStatus`
//!
//! WeChat: `POST /card/invoice/reimburse/updateinvoicestatus`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Operation, Refusal, Result, Uses, capability::Wechat, value::Text,
};

use super::{CardId, EncryptCode, ReimburseStatus, encrypt_code};

/// Locks an invoice, frees it, or closes it after reimbursement.
///
/// Lock an invoice before reimbursing it. Only a locked invoice can be closed, and closing is final.
///
/// 锁定、解锁发票，或在报销后核销。
///
/// 报销前先锁定。只有已锁定的发票可以核销，核销后不可撤销。
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateInvoiceStatus {
    /// The card of the invoice.
    ///
    /// 发票的 card_id。
    card_id: Text<CardId>,
    /// The invoice's encrypted code.
    ///
    /// 发票的加密 code。
    #[serde(deserialize_with = "encrypt_code")]
    encrypt_code: Text<EncryptCode>,
    /// The new status.
    ///
    /// 新的报销状态。
    reimburse_status: ReimburseStatus,
}

/// The result.
///
/// 结果。
#[derive(Serialize, JsonSchema)]
pub struct Updated {
    /// The invoice's status now.
    ///
    /// 发票当前的报销状态。
    reimburse_status: ReimburseStatus,
}

impl Operation for UpdateInvoiceStatus {
    const ID: &'static str = "invoice.updateInvoiceStatus";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const DOCS: &'static [&'static str] = &[
        "https://developers.weixin.qq.com/doc/service/api/invoice/reimbursement/api_invoicebxupdatainvoicestatus.html",
    ];
    const REFUSALS: &'static [Refusal] = super::REFUSALS;
    const EXAMPLE: &'static str = r#"{"card_id":"pjZ8YtinvoiceAlice","encrypt_code":"aW52b2ljZS1vZi1hbGljZQ==","reimburse_status":"INVOICE_REIMBURSE_LOCK"}"#;
    type Uses = Wechat;
    type Output = Updated;

    async fn run(self, wechat: Uses<'_, Self>, _caller: &Caller) -> Result<Updated> {
        let call = wechat.post("/card/invoice/reimburse/updateinvoicestatus", &self);
        call.refusals(Self::REFUSALS).done().await?;
        Ok(Updated { reimburse_status: self.reimburse_status })
    }
}
