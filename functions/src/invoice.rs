//! Electronic invoices that a user hands in for reimbursement.

mod get_invoice_batch;
mod get_invoice_info;
mod update_invoice_status;

pub use get_invoice_batch::GetInvoiceBatch;
pub use get_invoice_info::GetInvoiceInfo;
pub use update_invoice_status::UpdateInvoiceStatus;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{AccountKind, Error, Problem, Result, wechat::Verdict};

/// The kinds of account that may handle invoices.
const ACCOUNTS: &[AccountKind] =
    &[AccountKind::OfficialAccount, AccountKind::MiniProgram, AccountKind::MobileApp];

/// What the codes mean at all of `/card/invoice/reimburse`.
#[rustfmt::skip]
const VERDICTS: &[Verdict] = &[
    (72015, Problem::AccountNotPermitted, "The account may not handle this invoice; check the invoice right in WeChat's console."),
    (72017, Problem::InvalidInput, "The invoice's title is not valid for WeChat."),
    (72023, Problem::WrongState, "Another party has locked the invoice."),
    (72024, Problem::WrongState, "The invoice's status does not allow this."),
    (72025, Problem::CredentialUnavailable, "WeChat does not accept our access token just now; try again shortly."),
    (72031, Problem::InvalidInput, "WeChat does not accept card_id or encrypt_code; send them as chooseInvoice gave them."),
    (72036, Problem::WechatBusy, "WeChat is busy; try again shortly."),
    (72037, Problem::InvalidInput, "The invoices are not all of one user."),
    (72038, Problem::WrongState, "The invoice was never authorized; let the user choose it anew."),
    (72039, Problem::WrongState, "The invoice must be locked first."),
    (72052, Problem::InvalidInput, "These are too many invoices at once."),
    (72054, Problem::WechatBusy, "WeChat is still inserting the invoice; try again shortly."),
    (72055, Problem::InvalidInput, "These are too many invoices at once."),
    (72059, Problem::WrongState, "The user is giving the invoice away."),
    (72060, Problem::WrongState, "The invoice was cancelled."),
    (72061, Problem::WrongState, "The invoice is closed: it was reimbursed."),
];

/// An invoice as `chooseInvoice` gives it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceKey {
    /// The card of the invoice.
    #[schemars(length(min = 1, max = 64))]
    card_id: String,
    /// The invoice's encrypted code.
    #[schemars(length(min = 1, max = 1024))]
    encrypt_code: String,
}

/// Checks what names an invoice; `place` leads to it in the input.
fn check_key(place: &str, card_id: &str, encrypt_code: &str) -> Result<()> {
    for (field, text, limit) in [("card_id", card_id, 64), ("encrypt_code", encrypt_code, 1024)] {
        if !(1..=limit).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            let detail = format!("`{field}` has 1 to {limit} characters of ASCII, no spaces.");
            return Err(Error::invalid(format!("{place}{field}"), detail));
        }
    }
    Ok(())
}

/// Where an invoice is on its way to be reimbursed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub enum ReimburseStatus {
    /// Free.
    #[serde(rename = "INVOICE_REIMBURSE_INIT")]
    Init,
    /// Locked by whoever is going to reimburse it; nobody else can take it.
    #[serde(rename = "INVOICE_REIMBURSE_LOCK")]
    Lock,
    /// Reimbursed: final, and the invoice leaves the user's wallet.
    #[serde(rename = "INVOICE_REIMBURSE_CLOSURE")]
    Closure,
}

/// An invoice.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct Invoice {
    /// The card of the invoice.
    card_id: String,
    /// Whose it is, as this account knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    openid: Option<String>,
    /// What kind of invoice.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// Who made it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payee: Option<String>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Seconds since 1970.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    begin_time: Option<i64>,
    /// Seconds since 1970.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    /// The invoice itself.
    user_info: InvoiceContent,
}

/// What an invoice says; amounts are in fen.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct InvoiceContent {
    /// The total.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    fee: Option<i64>,
    /// To whom it is made out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Seconds since 1970.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    billing_time: Option<i64>,
    /// 20 digits for a fully digital invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    billing_no: Option<String>,
    /// Empty for a fully digital invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    billing_code: Option<String>,
    /// Its lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    info: Vec<InvoiceLine>,
    /// The total without tax.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    fee_without_tax: Option<i64>,
    /// The tax.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    tax: Option<i64>,
    /// Where the document is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pdf_url: Option<String>,
    /// Where the list of trips is.
    #[serde(default, alias = "trip_pdf_ur", skip_serializing_if = "Option::is_none")]
    trip_pdf_url: Option<String>,
    /// Empty for a fully digital invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    check_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buyer_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buyer_address_and_phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buyer_bank_account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seller_address_and_phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seller_bank_account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remarks: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cashier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maker: Option<String>,
    /// Where it is on its way to be reimbursed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reimburse_status: Option<ReimburseStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
}

/// A line of an invoice.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct InvoiceLine {
    name: String,
    /// How many.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    num: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// In fen.
    #[serde(default, deserialize_with = "number", skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
}

/// Merchants fill invoices in, and not all of them write numbers as numbers.
fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Text(String),
    }
    Ok(Option::<Written>::deserialize(input)?.and_then(|written| match written {
        Written::Number(number) => Some(number),
        Written::Text(text) => text.trim().parse().ok(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_merchants_write_is_read() {
        let invoice: Invoice = serde_json::from_value(json!({
            "errcode": 0, "errmsg": "ok", "card_id": "p", "begin_time": "1480342498",
            "user_info": {
                "fee": "1100", "billing_time": 1480342498, "trip_pdf_ur": "https://pdf.example.com",
                "info": [{ "name": "餐费", "num": "", "price": 1100 }], "unheard_of": true,
                "reimburse_status": "INVOICE_REIMBURSE_LOCK",
            },
        }))
        .unwrap();
        assert_eq!(
            serde_json::to_value(invoice).unwrap(),
            json!({
                "card_id": "p", "begin_time": 1480342498,
                "user_info": {
                    "fee": 1100, "billing_time": 1480342498,
                    "trip_pdf_url": "https://pdf.example.com",
                    "info": [{ "name": "餐费", "price": 1100 }],
                    "reimburse_status": "INVOICE_REIMBURSE_LOCK",
                },
            })
        );
    }
}
