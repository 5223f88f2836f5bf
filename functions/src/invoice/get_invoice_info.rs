//! `invoice.getInvoiceInfo`
//!
//! WeChat: `POST /card/invoice/reimburse/getinvoiceinfo`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Operation, Result, Touch, wechat::Call};

use super::{Invoice, VERDICTS, check_key};

/// Reads an invoice the user chose.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInvoiceInfo {
    /// The card of the invoice, as `chooseInvoice` gave it.
    #[schemars(length(min = 1, max = 64))]
    card_id: String,
    /// The invoice's encrypted code, as `chooseInvoice` gave it.
    #[schemars(length(min = 1, max = 1024))]
    encrypt_code: String,
}

impl Operation for GetInvoiceInfo {
    const ID: &'static str = "invoice.getInvoiceInfo";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str =
        r#"{"card_id":"pjZ8YtinvoiceAlice","encrypt_code":"aW52b2ljZS1vZi1hbGljZQ=="}"#;
    type Output = Invoice;

    async fn run(self, app: &App, caller: &Caller) -> Result<Invoice> {
        check_key("", &self.card_id, &self.encrypt_code)?;
        let path = "/card/invoice/reimburse/getinvoiceinfo";
        let call = Call::post(path, &self)?.verdicts(VERDICTS);
        app.call(caller.appid(), call).await?.json()
    }
}
