//! `invoice.getInvoiceBatch`
//!
//! WeChat: `POST /card/invoice/reimburse/getinvoicebatch`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{Access, AccountKind, App, Caller, Error, Operation, Result, Touch, wechat::Call};

use super::{Invoice, InvoiceKey, VERDICTS, check_key};

/// Reads several invoices the user chose.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInvoiceBatch {
    /// The invoices; WeChat does not publish how many it takes at once.
    #[schemars(length(min = 1))]
    item_list: Vec<InvoiceKey>,
}

/// Several invoices.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Invoices {
    /// In the order they were asked for.
    item_list: Vec<Invoice>,
}

impl Operation for GetInvoiceBatch {
    const ID: &'static str = "invoice.getInvoiceBatch";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = super::ACCOUNTS;
    const TOUCHES: &'static [Touch] = &[Touch::Wechat];
    const EXAMPLE: &'static str = r#"{"item_list":[{"card_id":"pjZ8YtinvoiceAlice","encrypt_code":"aW52b2ljZS1vZi1hbGljZQ=="}]}"#;
    type Output = Invoices;

    async fn run(self, app: &App, caller: &Caller) -> Result<Invoices> {
        if self.item_list.is_empty() {
            return Err(Error::invalid("item_list", "Name at least one invoice."));
        }
        for (index, key) in self.item_list.iter().enumerate() {
            check_key(&format!("item_list[{index}]."), &key.card_id, &key.encrypt_code)?;
        }
        let path = "/card/invoice/reimburse/getinvoicebatch";
        let call = Call::post(path, &self)?.verdicts(VERDICTS);
        app.call(caller.appid(), call).await?.json()
    }
}
