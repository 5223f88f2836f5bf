//! Invoices handed in for reimbursement: `card/invoice/reimburse`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Call, Refusal, Reply, Route, refuse};
use super::{Account, Simulator, User};

/// The card of an invoice of Alice's that every account may see.
pub(super) const CARD_ID: &str = "pjZ8YtinvoiceAlice";

/// Its code.
pub(super) const ENCRYPT_CODE: &str = "aW52b2ljZS1vZi1hbGljZQ==";

/// More at once are too many; WeChat does not publish its own limit.
const BATCH: usize = 100;

const INIT: &str = "INVOICE_REIMBURSE_INIT";
const LOCK: &str = "INVOICE_REIMBURSE_LOCK";
const CLOSURE: &str = "INVOICE_REIMBURSE_CLOSURE";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/card/invoice/reimburse/getinvoiceinfo", info),
        Route::post("/card/invoice/reimburse/getinvoicebatch", batch),
        Route::post("/card/invoice/reimburse/updateinvoicestatus", update),
        Route::post("/card/invoice/reimburse/updatestatusbatch", update_batch),
    ]
}

/// What keeps an invoice from being handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// Nothing.
    #[default]
    Usable,
    /// The user never authorized it (72038).
    Unauthorized,
    /// It is being put into the wallet (72054).
    Inserting,
    /// The user is giving it away (72059).
    GivenAway,
    /// Its issuer cancelled it (72060).
    Cancelled,
    /// An app outside the simulator has locked it (72023).
    LockedElsewhere,
}

/// By the encrypted code; the well-known one is there from the beginning.
#[derive(Serialize, Deserialize)]
struct Invoices(HashMap<String, Invoice>);

impl Default for Invoices {
    fn default() -> Invoices {
        let known = Invoice { card_id: CARD_ID.into(), ..Invoice::default() };
        Invoices(HashMap::from([(ENCRYPT_CODE.to_owned(), known)]))
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Invoice {
    card_id: String,
    state: InvoiceState,
    locked_by: Option<String>,
    closed: bool,
}

impl Simulator {
    /// Changes the state of an invoice, or makes a new one.
    pub fn put_invoice(&self, encrypt_code: &str, card_id: &str, state: InvoiceState) {
        self.kept(|invoices: &mut Invoices| {
            let invoice = invoices.0.entry(encrypt_code.to_owned()).or_default();
            invoice.card_id = card_id.to_owned();
            invoice.state = state;
        });
    }
}

#[derive(Clone, Deserialize)]
struct Key {
    card_id: Option<String>,
    encrypt_code: Option<String>,
}

impl Key {
    fn find(&self, simulator: &Simulator, account: &Account) -> Result<Invoice, Refusal> {
        let (card_id, code) = (self.card_id.as_deref(), self.encrypt_code.as_deref());
        let invoice = simulator.kept(|invoices: &mut Invoices| {
            let invoice = invoices.0.get(code.unwrap_or_default())?;
            (Some(invoice.card_id.as_str()) == card_id).then(|| invoice.clone())
        });
        let invoice = invoice.ok_or(refuse(72031, "invalid params"))?;
        match invoice.state {
            InvoiceState::Unauthorized => Err(refuse(72038, "invoice has never been authorized")),
            InvoiceState::Inserting => Err(refuse(72054, "invoice is being inserted, try later")),
            InvoiceState::GivenAway => Err(refuse(72059, "invoice is being given away")),
            InvoiceState::Cancelled => Err(refuse(72060, "invoice has been cancelled")),
            InvoiceState::LockedElsewhere => {
                Err(refuse(72023, "invoice has been locked by others"))
            }
            InvoiceState::Usable => match &invoice.locked_by {
                Some(appid) if *appid != account.appid => {
                    Err(refuse(72023, "invoice has been locked by others"))
                }
                _ => Ok(invoice),
            },
        }
    }
}

impl Invoice {
    fn status(&self) -> &'static str {
        match (self.closed, &self.locked_by) {
            (true, _) => CLOSURE,
            (false, Some(_)) => LOCK,
            (false, None) => INIT,
        }
    }

    /// As WeChat tells it: with amounts in fen, and with its own spelling mistake.
    fn show(&self, account: &Account) -> Value {
        json!({
            "card_id": self.card_id,
            "openid": User::new("alice").openid(&account.appid),
            "type": "增值税电子普通发票",
            "payee": "深圳市示例餐饮有限公司",
            "detail": "餐饮服务",
            "begin_time": 1_480_342_498,
            "end_time": 1_511_878_498,
            "user_info": {
                "fee": 1_100, "title": "示例科技🧾有限公司", "billing_time": 1_480_342_498,
                "billing_no": "00000001", "billing_code": "150000000000",
                "info": [{ "name": "餐费", "num": 1, "unit": "项", "price": 1_038 }],
                "fee_without_tax": 1_038, "tax": 62,
                "pdf_url": "https://example.com/invoice.pdf",
                "trip_pdf_ur": "https://example.com/trip.pdf",
                "check_code": "12345678901234567890",
                "buyer_number": "91440300000000000X", "buyer_address_and_phone": "深圳 0755",
                "buyer_bank_account": "", "seller_number": "91440300000000001X",
                "seller_address_and_phone": "", "seller_bank_account": "", "remarks": "",
                "cashier": "李", "maker": "王", "reimburse_status": self.status(),
                "order_id": "1202933957956",
            },
        })
    }
}

fn permitted(account: &Account) -> Result<(), Refusal> {
    if account.invoices { Ok(()) } else { Err(refuse(72015, "unauthorized create invoice")) }
}

/// `POST /card/invoice/reimburse/getinvoiceinfo`
fn info(call: &Call) -> Answer {
    let account = call.account()?;
    permitted(&account)?;
    let key: Key = call.json()?;
    Ok(Reply::ok(key.find(call.simulator, &account)?.show(&account)))
}

#[derive(Deserialize)]
struct Batch {
    item_list: Option<Vec<Key>>,
}

/// `POST /card/invoice/reimburse/getinvoicebatch`
fn batch(call: &Call) -> Answer {
    let account = call.account()?;
    permitted(&account)?;
    let Batch { item_list } = call.json()?;
    let keys = item_list.filter(|keys| !keys.is_empty()).ok_or(refuse(72031, "invalid params"))?;
    if keys.len() > BATCH {
        return Err(refuse(72052, "too many invoices"));
    }
    let items: Result<Vec<Value>, Refusal> =
        keys.iter().map(|key| Ok(key.find(call.simulator, &account)?.show(&account))).collect();
    Ok(Reply::ok(json!({ "item_list": items? })))
}

#[derive(Deserialize)]
struct Update {
    #[serde(flatten)]
    key: Key,
    reimburse_status: Option<String>,
}

/// `POST /card/invoice/reimburse/updateinvoicestatus`
fn update(call: &Call) -> Answer {
    let account = call.account()?;
    permitted(&account)?;
    let Update { key, reimburse_status } = call.json()?;
    let invoice = key.find(call.simulator, &account)?;
    let changed = invoice.changed(&account, reimburse_status.as_deref())?;
    keep(call.simulator, [(key, changed)]);
    Ok(Reply::ok(json!({})))
}

#[derive(Deserialize)]
struct UpdateBatch {
    openid: Option<String>,
    reimburse_status: Option<String>,
    invoice_list: Option<Vec<Key>>,
}

/// `POST /card/invoice/reimburse/updatestatusbatch`: all of one user's invoices, or none.
fn update_batch(call: &Call) -> Answer {
    let account = call.account()?;
    permitted(&account)?;
    let UpdateBatch { openid, reimburse_status, invoice_list } = call.json()?;
    if openid != Some(User::new("alice").openid(&account.appid)) {
        return Err(refuse(72037, "invoices must belong to one user"));
    }
    let keys = invoice_list.filter(|keys| !keys.is_empty());
    let keys = keys.ok_or(refuse(72031, "invalid params"))?;
    if keys.len() > BATCH {
        return Err(refuse(72052, "too many invoices"));
    }
    let changed = keys.into_iter().map(|key| {
        let invoice = key.find(call.simulator, &account)?;
        Ok((key, invoice.changed(&account, reimburse_status.as_deref())?))
    });
    keep(call.simulator, changed.collect::<Result<Vec<_>, Refusal>>()?);
    Ok(Reply::ok(json!({})))
}

impl Invoice {
    /// This invoice with another status.
    fn changed(mut self, account: &Account, status: Option<&str>) -> Result<Invoice, Refusal> {
        if self.closed {
            return Err(refuse(72061, "invoice has been closed"));
        }
        match status {
            Some(LOCK) => self.locked_by = Some(account.appid.clone()),
            Some(INIT) => self.locked_by = None,
            Some(CLOSURE) if self.locked_by.is_none() => {
                return Err(refuse(72039, "invoice must be locked first"));
            }
            Some(CLOSURE) => self.closed = true,
            Some(_) => return Err(refuse(72024, "invoice status error")),
            None => return Err(refuse(72031, "invalid params")),
        }
        Ok(self)
    }
}

fn keep(simulator: &Simulator, changed: impl IntoIterator<Item = (Key, Invoice)>) {
    simulator.kept(|invoices: &mut Invoices| {
        let changed = changed.into_iter();
        invoices
            .0
            .extend(changed.map(|(key, invoice)| (key.encrypt_code.unwrap_or_default(), invoice)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{MINI, OFFICIAL, errcode, simulator};

    impl Simulator {
        fn reimburse(&self, appid: &str, act: &str, body: Value) -> Value {
            let token = self.token(appid);
            let uri = format!("/card/invoice/reimburse/{act}?access_token={token}");
            self.post(&uri, &body.to_string())
        }

        fn status(&self, appid: &str, status: &str) -> i64 {
            let body = json!({
                "card_id": CARD_ID, "encrypt_code": ENCRYPT_CODE, "reimburse_status": status,
            });
            errcode(&self.reimburse(appid, "updateinvoicestatus", body))
        }
    }

    fn key() -> Value {
        json!({ "card_id": CARD_ID, "encrypt_code": ENCRYPT_CODE })
    }

    #[test]
    fn an_invoice_is_shown_alone_and_among_others() {
        let (_, simulator) = simulator();

        let alone = simulator.reimburse(OFFICIAL, "getinvoiceinfo", key());
        let among =
            simulator.reimburse(MINI, "getinvoicebatch", json!({ "item_list": [key(), key()] }));

        assert_eq!((errcode(&alone), &alone["user_info"]["fee"]), (0, &json!(1100)));
        assert_eq!(alone["user_info"]["reimburse_status"], INIT);
        assert_eq!(among["item_list"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_invoices_of_one_user_are_updated_together() {
        let (_, simulator) = simulator();
        let update = |openid: String, status: &str| {
            let body = json!({
                "openid": openid, "reimburse_status": status, "invoice_list": [key()],
            });
            errcode(&simulator.reimburse(OFFICIAL, "updatestatusbatch", body))
        };
        let alice = || User::new("alice").openid(OFFICIAL);

        assert_eq!(update(User::new("bob").openid(OFFICIAL), LOCK), 72037);
        assert_eq!(update(alice(), CLOSURE), 72039);
        assert_eq!((update(alice(), LOCK), update(alice(), CLOSURE)), (0, 0));
        assert_eq!(update(alice(), LOCK), 72061);
    }

    #[test]
    fn an_invoice_is_locked_freed_and_closed_by_one_party() {
        let (_, simulator) = simulator();

        assert_eq!(simulator.status(OFFICIAL, CLOSURE), 72039);
        assert_eq!(simulator.status(OFFICIAL, LOCK), 0);
        assert_eq!(simulator.status(MINI, LOCK), 72023);
        assert_eq!(simulator.status(OFFICIAL, INIT), 0);
        assert_eq!(simulator.status(MINI, LOCK), 0);
        assert_eq!(simulator.status(MINI, "INVOICE_REIMBURSE_EATEN"), 72024);
        assert_eq!(simulator.status(MINI, CLOSURE), 0);
        assert_eq!(simulator.status(MINI, INIT), 72061);
    }

    #[test]
    fn everything_that_is_wrong_has_its_code() {
        let (_, simulator) = simulator();
        let info = |body| errcode(&simulator.reimburse(OFFICIAL, "getinvoiceinfo", body));

        assert_eq!(info(json!({ "card_id": CARD_ID })), 72031);
        assert_eq!(info(json!({ "card_id": "p", "encrypt_code": ENCRYPT_CODE })), 72031);
        assert_eq!(info(json!({ "card_id": 1 })), 47001);
        for (state, code) in [
            (InvoiceState::Unauthorized, 72038),
            (InvoiceState::Inserting, 72054),
            (InvoiceState::GivenAway, 72059),
            (InvoiceState::Cancelled, 72060),
            (InvoiceState::LockedElsewhere, 72023),
            (InvoiceState::Usable, 0),
        ] {
            simulator.put_invoice(ENCRYPT_CODE, CARD_ID, state);
            assert_eq!(info(key()), code, "{state:?}");
        }
        let many = json!({ "item_list": vec![key(); BATCH + 1] });
        assert_eq!(errcode(&simulator.reimburse(OFFICIAL, "getinvoicebatch", many)), 72052);
        let none = json!({ "item_list": [] });
        assert_eq!(errcode(&simulator.reimburse(OFFICIAL, "getinvoicebatch", none)), 72031);
        simulator.change_account(OFFICIAL, |account| account.invoices = false);
        assert_eq!(info(key()), 72015);
    }
}
