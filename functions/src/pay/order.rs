//! What is kept: orders, refunds, transactions, and the events that tell of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    Result,
    crypto::sha256_hex,
    table::{DocumentWrite, OutboxEvent},
};

use super::apiv3::china_date;

/// Lists what the job must look at.
pub(super) const DUE: &str = "pay";

/// What is not known for so many seconds is for a person to look at.
const LONG: u64 = 600;

/// How a user pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// `wx.requestPayment` in a mini program.
    MiniProgram,
    /// `wx.chooseWXPay` in a page in WeChat.
    Jsapi,
    /// The app SDK.
    App,
    /// A link, in a browser outside WeChat.
    H5,
    /// A QR code.
    Native,
}

impl Channel {
    /// The last segment of WeChat Pay's path.
    pub(super) const fn endpoint(self) -> &'static str {
        match self {
            Channel::MiniProgram | Channel::Jsapi => "jsapi",
            Channel::App => "app",
            Channel::H5 => "h5",
            Channel::Native => "native",
        }
    }

    /// Whether WeChat Pay must know who will pay.
    pub(super) const fn names_payer(self) -> bool {
        matches!(self, Channel::MiniProgram | Channel::Jsapi)
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Kept here; WeChat Pay has not answered yet.
    Created,
    /// WeChat Pay has it, and waits for the user.
    Unpaid,
    /// Paid.
    Paid,
    /// Closed without a payment.
    Closed,
    /// Paid, and refunded in full.
    Refunded,
    /// WeChat Pay's answer was lost; it is asked again.
    Unknown,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) out_trade_no: String,
    pub(super) mchid: String,
    pub(super) appid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) openid: Option<String>,
    pub(super) channel: Channel,
    /// Fen.
    pub(super) amount: i64,
    /// What is sent to WeChat Pay, to the byte: a repeat must be the same.
    pub(super) request: String,
    pub(super) created_at: u64,
    pub(super) expires_at: u64,
    pub(super) state: OrderState,
    /// `prepay_id`, `h5_url` or `code_url`, and when WeChat Pay gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prepay: Option<Prepay>,
    #[serde(default)]
    pub(super) asked_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attach: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quantity: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) paid: Option<Paid>,
    /// Fen of refunds that succeeded or are under way: never more than `amount`.
    #[serde(default)]
    pub(super) reserved: i64,
    /// Fen of refunds that succeeded.
    #[serde(default)]
    pub(super) refunded: i64,
    #[serde(default)]
    pub(super) refunds: Vec<String>,
}

/// What the client half is made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Prepay {
    pub(super) value: String,
    pub(super) at: u64,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Paid {
    pub(super) transaction_id: String,
    pub(super) at: u64,
    /// What the user really paid, without coupons, in fen.
    pub(super) payer_total: i64,
    /// Paid though the order was closed here.
    #[serde(default)]
    pub(super) late: bool,
}

/// A payment's number, kept so that no payment is told twice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub(super) out_trade_no: String,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Accepted, and under way.
    Processing,
    /// The user has the money.
    Success,
    /// The user's account cannot take it; see WeChat Pay's console.
    Abnormal,
    /// Refused or given up; a new number is needed.
    Closed,
    /// WeChat Pay's answer was lost or the merchant lacks money; it is asked for again.
    Unknown,
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    pub(super) out_refund_no: String,
    pub(super) out_trade_no: String,
    pub(super) mchid: String,
    pub(super) transaction_id: String,
    /// Fen.
    pub(super) amount: i64,
    /// What is sent to WeChat Pay, to the byte.
    pub(super) request: String,
    pub(super) state: RefundState,
    pub(super) created_at: u64,
    #[serde(default)]
    pub(super) asked_at: u64,
    /// Of a second payment of one order: it takes nothing of what may be refunded of the first.
    #[serde(default)]
    pub(super) duplicate: bool,
}

impl Order {
    pub(super) fn key(out_trade_no: &str) -> String {
        format!("order#{out_trade_no}")
    }

    /// Whether WeChat Pay has to be asked what became of it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, OrderState::Created | OrderState::Unpaid | OrderState::Unknown)
    }

    /// Whether nothing has been known of it for ten minutes.
    pub(super) fn is_unknown_for_long(&self, now: u64) -> bool {
        matches!(self.state, OrderState::Created | OrderState::Unknown)
            && now >= self.created_at + LONG
    }

    /// When the job looks at it next: soon and often at first, then when it has expired.
    fn due_at(&self, now: u64) -> u64 {
        const SCHEDULE: [u64; 6] = [30, 60, 180, 300, 600, 1_800];
        /// Between looks at an order that has expired and does not end.
        const PATIENCE: u64 = 60;
        let expired = self.expires_at + PATIENCE;
        let mut times = SCHEDULE.iter().map(|after| self.created_at + after);
        let next = times.find(|at| *at > now && *at < expired).unwrap_or(expired);
        next.max(if next > now { next } else { now + PATIENCE })
    }

    /// The write that changes it. An open order is listed for the job, a paid one for the bill of
    /// its day.
    pub(super) fn write(&self, version: u64, now: u64) -> Result<DocumentWrite> {
        let due = match &self.paid {
            _ if self.is_open() => Some((DUE.to_owned(), self.due_at(now))),
            Some(paid) => Some((paid_on(&self.mchid, &china_date(paid.at)), paid.at)),
            None => None,
        };
        Ok(DocumentWrite::new(Order::key(&self.out_trade_no), version, self)?.due(due))
    }
}

/// Lists what a merchant's orders were paid on a day, for the comparison with the bill.
pub(super) fn paid_on(mchid: &str, date: &str) -> String {
    format!("paid#{mchid}#{date}")
}

impl Transaction {
    pub(super) fn key(transaction_id: &str) -> String {
        format!("transaction#{transaction_id}")
    }

    /// The write that makes a payment known, which can succeed once only.
    pub(super) fn first(transaction_id: &str, out_trade_no: &str) -> Result<DocumentWrite> {
        let transaction = Transaction { out_trade_no: out_trade_no.to_owned() };
        DocumentWrite::new(Transaction::key(transaction_id), 0, &transaction)
    }
}

impl Refund {
    pub(super) fn key(out_refund_no: &str) -> String {
        format!("refund#{out_refund_no}")
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, RefundState::Processing | RefundState::Unknown)
    }

    /// Whether nothing has been known of it for ten minutes.
    pub(super) fn is_unknown_for_long(&self, now: u64) -> bool {
        self.state == RefundState::Unknown && now >= self.created_at + LONG
    }

    /// The write that changes it; one that has not ended is listed for the job.
    pub(super) fn write(&self, version: u64, now: u64) -> Result<DocumentWrite> {
        const SCHEDULE: [u64; 5] = [60, 300, 600, 1_200, 1_800];
        let mut times = SCHEDULE.iter().map(|after| self.created_at + after);
        let next = times.find(|at| *at > now).unwrap_or(now + SCHEDULE[4]);
        let due = self.is_open().then(|| (DUE.to_owned(), next));
        Ok(DocumentWrite::new(Refund::key(&self.out_refund_no), version, self)?.due(due))
    }
}

/// What happened, for the bus: written in the transaction that makes it happen.
pub(super) struct Event<'a> {
    /// `pay.paid` …
    pub(super) kind: &'static str,
    /// What it happened to: with the kind, happens once.
    pub(super) subject: &'a str,
    pub(super) appid: &'a str,
    pub(super) openid: Option<&'a str>,
    pub(super) data: Value,
}

impl Event<'_> {
    /// The write that tells it, once.
    pub(super) fn write(self, now: u64) -> DocumentWrite {
        let Event { kind, subject, appid, openid, data } = self;
        // The same event has the same id, whichever instance tells it.
        let id = sha256_hex(format!("{kind}#{subject}"))[..32].to_owned();
        let mut detail = json!({
            "id": id, "appid": appid, "created_at": now, "type": kind, "data": data,
        });
        if let Some(openid) = openid {
            detail["openid"] = json!(openid);
        }
        OutboxEvent { id, detail_type: kind.to_owned(), detail: detail.to_string() }.write(now)
    }
}
