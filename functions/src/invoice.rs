//! Electronic invoices that users submit for reimbursement.
//!
//! 用户提交报销的电子发票。

mod get_invoice_batch;
mod get_invoice_info;
mod update_invoice_status;

pub use get_invoice_batch::GetInvoiceBatch;
pub use get_invoice_info::GetInvoiceInfo;
pub use update_invoice_status::UpdateInvoiceStatus;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::{
    AccountKind, Problem, Refusal,
    spelling::{base64_from_query, lenient, lenient_list, lenient_number, lenient_text},
    text,
    value::{Chars, Text},
};

/// The kinds of account that may handle invoices.
const ACCOUNTS: &[AccountKind] =
    &[AccountKind::OfficialAccount, AccountKind::MiniProgram, AccountKind::MobileApp];

const TOO_MANY: [&str; 2] =
    ["These are too many invoices at once; send fewer.", "一次发送的发票过多，请减少数量。"];
const CARD: [&str; 2] = [
    "WeChat does not accept this card_id; send it as chooseInvoice returned it.",
    "微信不接受该 card_id，请原样发送 chooseInvoice 返回的值。",
];

/// The meaning of the codes at all of `/card/invoice/reimburse`.
#[rustfmt::skip]
const REFUSALS: &[Refusal] = &[
    Refusal::new(40073, Problem::InvalidInput, CARD).field("card_id"),
    Refusal::new(40101, Problem::InvalidInput, CARD).field("card_id"),
    Refusal::new(72015, Problem::AccountNotPermitted, ["The account may not handle this invoice; check the invoice permission in the WeChat console.", "该账号无权处理此发票，请在微信公众平台检查发票权限。"]),
    Refusal::new(72017, Problem::InvalidInput, ["WeChat does not accept the invoice's title.", "微信不接受该发票抬头。"]),
    Refusal::new(72023, Problem::WrongState, ["Another party has locked the invoice.", "发票已被他方锁定。"]),
    Refusal::new(72024, Problem::WrongState, ["The invoice's status does not allow this.", "发票的状态不允许此操作。"]),
    Refusal::new(72025, Problem::CredentialUnavailable, ["WeChat does not accept the access token at the moment; try again shortly.", "微信暂不接受 access_token，请稍后重试。"]),
    Refusal::new(72031, Problem::InvalidInput, ["WeChat does not accept card_id or encrypt_code; send them as chooseInvoice returned them.", "微信不接受 card_id 或 encrypt_code，请原样发送 chooseInvoice 返回的值。"]),
    Refusal::new(72036, Problem::WechatBusy, ["WeChat is busy; try again shortly.", "微信繁忙，请稍后重试。"]),
    Refusal::new(72037, Problem::InvalidInput, ["The invoices must all belong to one user.", "所有发票须属于同一用户。"]),
    Refusal::new(72038, Problem::WrongState, ["The invoice was never authorized; let the user choose it again.", "发票未经授权，请让用户重新选择。"]),
    Refusal::new(72039, Problem::WrongState, ["The invoice must be locked first.", "须先锁定发票。"]),
    Refusal::new(72052, Problem::InvalidInput, TOO_MANY),
    Refusal::new(72054, Problem::WechatBusy, ["WeChat is still inserting the invoice; try again shortly.", "微信仍在插入该发票，请稍后重试。"]),
    Refusal::new(72055, Problem::InvalidInput, TOO_MANY),
    Refusal::new(72059, Problem::WrongState, ["The user is giving the invoice away.", "用户正在转赠该发票。"]),
    Refusal::new(72060, Problem::WrongState, ["The invoice was canceled.", "发票已作废。"]),
    Refusal::new(72061, Problem::WrongState, ["The invoice is closed: it was reimbursed.", "发票已关闭：已报销。"]),
];

text! {
    /// The card of an invoice.
    CardId: 1..=64, Chars::VISIBLE,
        [
            "Send the card_id as chooseInvoice returned it.",
            "请原样发送 chooseInvoice 返回的 card_id。",
        ];
    /// An invoice's encrypted code.
    EncryptCode: 1..=1024, Chars::VISIBLE,
        [
            "Send the encrypt_code as chooseInvoice returned it.",
            "请原样发送 chooseInvoice 返回的 encrypt_code。",
        ];
}

/// An invoice as `chooseInvoice` returns it.
///
/// `chooseInvoice` 返回的一张发票。
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceKey {
    /// The card of the invoice.
    ///
    /// 发票的 card_id。
    card_id: Text<CardId>,
    /// The invoice's encrypted code.
    ///
    /// 发票的加密 code。
    #[serde(deserialize_with = "encrypt_code")]
    encrypt_code: Text<EncryptCode>,
}

/// A query makes spaces of the `+` in an encrypted code.
fn encrypt_code<'de, D: Deserializer<'de>>(from: D) -> Result<Text<EncryptCode>, D::Error> {
    Text::new(base64_from_query(&String::deserialize(from)?)).map_err(D::Error::custom)
}

/// How far an invoice is reimbursed.
///
/// 发票的报销状态。
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub enum ReimburseStatus {
    /// Free.
    ///
    /// 初始状态，未锁定。
    #[serde(rename = "INVOICE_REIMBURSE_INIT")]
    Init,
    /// Locked by the party that is going to reimburse it; no other party can lock it.
    ///
    /// 已由准备报销的一方锁定，其他方无法再锁定。
    #[serde(rename = "INVOICE_REIMBURSE_LOCK")]
    Lock,
    /// Reimbursed: final, and the invoice leaves the user's wallet.
    ///
    /// 已核销：不可撤销，发票会从用户卡包中移除。
    #[serde(rename = "INVOICE_REIMBURSE_CLOSURE")]
    Closure,
}

/// An invoice.
///
/// 一张发票。
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct Invoice {
    /// The card of the invoice.
    ///
    /// 发票的 card_id。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    card_id: Option<String>,
    /// The user it belongs to, as this account knows them.
    ///
    /// 发票所属用户在此账号下的 openid。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    openid: Option<String>,
    /// The kind of invoice.
    ///
    /// 发票类型。
    #[serde(
        default,
        rename = "type",
        deserialize_with = "lenient_text",
        skip_serializing_if = "Option::is_none"
    )]
    kind: Option<String>,
    /// The issuer.
    ///
    /// 开票方。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    payee: Option<String>,
    /// What it is for.
    ///
    /// 商品或服务描述。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    begin_time: Option<i64>,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    /// The content of the invoice.
    ///
    /// 发票内容。
    #[serde(default, deserialize_with = "lenient")]
    user_info: InvoiceContent,
}

/// The content of an invoice; amounts are in fen.
///
/// 发票内容；金额单位为分。
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct InvoiceContent {
    /// The total.
    ///
    /// 价税合计。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    fee: Option<i64>,
    /// The recipient.
    ///
    /// 发票抬头。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Seconds since 1970.
    ///
    /// Unix 时间戳（秒）。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    billing_time: Option<i64>,
    /// 20 digits for a fully digital invoice.
    ///
    /// 发票号码；全电发票为 20 位数字。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    billing_no: Option<String>,
    /// Empty for a fully digital invoice.
    ///
    /// 全电发票为空。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    billing_code: Option<String>,
    /// Its lines.
    ///
    /// 商品明细。
    #[serde(default, deserialize_with = "lenient_list", skip_serializing_if = "Vec::is_empty")]
    info: Vec<InvoiceLine>,
    /// The total without tax.
    ///
    /// 不含税金额。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    fee_without_tax: Option<i64>,
    /// The tax.
    ///
    /// 税额。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    tax: Option<i64>,
    /// The address of the document.
    ///
    /// 发票 PDF 的地址。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    pdf_url: Option<String>,
    /// The address of the list of trips.
    ///
    /// 行程单 PDF 的地址。
    #[serde(
        default,
        alias = "trip_pdf_ur",
        deserialize_with = "lenient_text",
        skip_serializing_if = "Option::is_none"
    )]
    trip_pdf_url: Option<String>,
    /// Empty for a fully digital invoice.
    ///
    /// 全电发票为空。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    check_code: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    buyer_number: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    buyer_address_and_phone: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    buyer_bank_account: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    seller_number: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    seller_address_and_phone: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    seller_bank_account: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    remarks: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    cashier: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    maker: Option<String>,
    /// How far it is reimbursed: the states of `ReimburseStatus`, `INVOICE_REIMBURSE_CANCEL` for an
    /// invoice that its issuer canceled, and whatever WeChat adds.
    ///
    /// 报销状态：`ReimburseStatus` 的各状态；开票方冲红的发票为 `INVOICE_REIMBURSE_CANCEL`；微信可
    /// 能新增其他状态。
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    reimburse_status: Option<String>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
}

/// A line of an invoice.
///
/// 发票的一行明细。
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-shared" = true))]
pub struct InvoiceLine {
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The quantity.
    ///
    /// 数量。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    num: Option<i64>,
    #[serde(default, deserialize_with = "lenient_text", skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// In fen.
    ///
    /// 单位为分。
    #[serde(default, deserialize_with = "lenient_number", skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(answer: Value) -> Value {
        serde_json::to_value(serde_json::from_value::<Invoice>(answer).unwrap()).unwrap()
    }

    #[test]
    fn what_merchants_write_is_read() {
        let invoice = read(json!({
            "errcode": 0, "errmsg": "ok", "card_id": "p", "begin_time": "1480342498",
            "user_info": {
                "fee": "1100", "tax": 62.0, "billing_time": 1480342498, "billing_no": 7,
                "trip_pdf_ur": "https://pdf.example.com",
                "info": [{ "name": "餐费", "num": "", "price": 1100 }, null], "unheard_of": true,
                "reimburse_status": "INVOICE_REIMBURSE_LOCK",
            },
        }));
        assert_eq!(
            invoice,
            json!({
                "card_id": "p", "begin_time": 1480342498,
                "user_info": {
                    "fee": 1100, "tax": 62, "billing_time": 1480342498, "billing_no": "7",
                    "trip_pdf_url": "https://pdf.example.com",
                    "info": [{ "name": "餐费", "price": 1100 }],
                    "reimburse_status": "INVOICE_REIMBURSE_LOCK",
                },
            })
        );
    }

    #[test]
    fn states_that_are_unheard_of_and_odd_members_do_not_hide_an_invoice() {
        for state in ["INVOICE_REIMBURSE_CANCEL", "INVOICE_REIMBURSE_OUTSIDE"] {
            let invoice =
                read(json!({ "card_id": "p", "user_info": { "reimburse_status": state } }));
            assert_eq!(invoice["user_info"]["reimburse_status"], state);
        }
        for odd in [json!(null), json!([1]), json!({ "a": 1 }), json!(0.5)] {
            let invoice = read(json!({
                "card_id": "p", "openid": odd, "type": odd, "begin_time": odd,
                "user_info": { "fee": odd, "info": odd, "reimburse_status": null },
            }));
            assert_eq!(invoice["card_id"], "p");
            assert_eq!(read(json!({ "user_info": odd })), json!({ "user_info": {} }));
        }
    }
}
