//! `invoice.updateInvoiceStatus`
//!
//! WeChat: `POST /card/invoice/reimburse/updateinvoicestatus`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Result, Touch, wechat::Call};

use super::{ReimburseStatus, VERDICTS, check_key};

/// Locks an invoice, frees it, or closes it once it is reimbursed.
///
/// Lock an invoice before paying for it; only a locked one can be closed, and closing is final.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateInvoiceStatus {
    /// The card of the invoice.
    #[schemars(length(min = 1, max = 64))]
    card_id: String,
    /// The invoice's encrypted code.
    #[schemars(length(min = 1, max = 1024))]
    encrypt_code: String,
    /// The status it is to have.
    reimburse_status: ReimburseStatus,
}

/// What became of it.
#[derive(Serialize, JsonSchema)]
pub struct Updated {
    /// The status it has now.
    reimburse_status: ReimburseStatus,
}

impl Operation for UpdateInvoiceStatus {
    const ID: &'static str = "invoice.updateInvoiceStatus";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"card_id":"pjZ8YtinvoiceAlice","encrypt_code":"aW52b2ljZS1vZi1hbGljZQ==","reimburse_status":"INVOICE_REIMBURSE_LOCK"}"#;
    type Output = Updated;

    async fn run(self, app: &App, caller: &Caller) -> Result<Updated> {
        check_key("", &self.card_id, &self.encrypt_code)?;
        let path = "/card/invoice/reimburse/updateinvoicestatus";
        let call = Call::post(path, &self)?.verdicts(VERDICTS);
        app.call(caller.appid(), call).await?;
        Ok(Updated { reimburse_status: self.reimburse_status })
    }
}
