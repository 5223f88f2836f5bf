//! Refunds: accepted at once, ended later.
//!
//! WeChat: [refund][doc], [query][query]
//!
//! [doc]: https://pay.weixin.qq.com/doc/v3/merchant/4013070371
//! [query]: https://pay.weixin.qq.com/doc/v3/merchant/4013070374

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Pay, PayFault, State,
    call::{Answer, Call, Refusal, refuse},
    notify, time,
};

/// How long a refund is under way, in seconds.
const UNDER_WAY: u64 = 30;
const DAY: u64 = 86_400;
/// How long after a payment it may be refunded.
const WINDOW: u64 = 365 * DAY;
/// How many refunds one payment may have.
const PARTS: usize = 50;
/// How far apart two refunds of one payment must be, in seconds.
const APART: u64 = 60;

/// A refund as WeChat Pay has it.
#[derive(Serialize, Deserialize)]
pub(super) struct Refund {
    mchid: String,
    out_refund_no: String,
    refund_id: String,
    transaction_id: String,
    out_trade_no: String,
    pub(super) amount: i64,
    total: i64,
    coupon: i64,
    notify_url: Option<String>,
    pub(super) created_at: u64,
    /// How it ends, and when.
    ends: (Cow<'static, str>, u64),
    ended: bool,
}

impl Refund {
    fn status(&self) -> &str {
        if self.ended { &self.ends.0 } else { "PROCESSING" }
    }

    /// The part of the user's own money; the rest was a coupon's.
    fn payer_refund(&self) -> i64 {
        self.amount - self.discount()
    }

    fn discount(&self) -> i64 {
        self.amount * self.coupon / self.total
    }

    fn told(&self) -> Value {
        let mut told = json!({
            "refund_id": self.refund_id,
            "out_refund_no": self.out_refund_no,
            "transaction_id": self.transaction_id,
            "out_trade_no": self.out_trade_no,
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": time::rfc3339(self.created_at),
            "status": self.status(),
            "funds_account": "UNSETTLED",
            "amount": {
                "total": self.total,
                "refund": self.amount,
                "payer_total": self.total - self.coupon,
                "payer_refund": self.payer_refund(),
                "settlement_refund": self.amount,
                "settlement_total": self.total,
                "discount_refund": self.discount(),
                "currency": "CNY",
            },
        });
        if self.status() == "SUCCESS" {
            told["success_time"] = json!(time::rfc3339(self.ends.1));
        }
        told
    }

    /// What the notification says: other names than the answer's.
    fn notified(&self) -> Value {
        let mut told = json!({
            "mchid": self.mchid,
            "out_trade_no": self.out_trade_no,
            "transaction_id": self.transaction_id,
            "out_refund_no": self.out_refund_no,
            "refund_id": self.refund_id,
            "refund_status": self.status(),
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": self.total, "refund": self.amount,
                "payer_total": self.total - self.coupon, "payer_refund": self.payer_refund(),
            },
        });
        if self.status() == "SUCCESS" {
            told["success_time"] = json!(time::rfc3339(self.ends.1));
        }
        told
    }

    pub(super) fn shown(&self) -> Value {
        json!({
            "out_refund_no": self.out_refund_no, "out_trade_no": self.out_trade_no,
            "transaction_id": self.transaction_id, "amount": self.amount,
            "state": self.status(),
        })
    }

    /// When it succeeded, and its two numbers, for a row of a bill.
    pub(super) fn succeeded(&self) -> Option<(u64, &str, &str)> {
        let told = (self.ends.1, self.refund_id.as_str(), self.out_refund_no.as_str());
        (self.status() == "SUCCESS").then_some(told)
    }
}

/// All refunds, the oldest first, and what finds one of them.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Refunds {
    all: Vec<Refund>,
    /// By `out_refund_no`, which is one merchant's only.
    by_number: HashMap<String, Vec<usize>>,
    by_transaction: HashMap<String, Vec<usize>>,
    /// Those under way, by when they end.
    under_way: BTreeSet<(u64, usize)>,
}

impl Refunds {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Refund> {
        self.all.iter()
    }

    pub(super) fn shown(&self) -> Vec<Value> {
        self.iter().map(Refund::shown).collect()
    }

    fn add(&mut self, refund: Refund) {
        let at = self.all.len();
        self.by_number.entry(refund.out_refund_no.clone()).or_default().push(at);
        self.by_transaction.entry(refund.transaction_id.clone()).or_default().push(at);
        self.under_way.insert((refund.ends.1, at));
        self.all.push(refund);
    }

    fn get(&self, mchid: &str, out_refund_no: &str) -> Option<&Refund> {
        let mut numbered = found(&self.all, self.by_number.get(out_refund_no));
        numbered.find(|refund| refund.mchid == mchid)
    }

    /// The refunds of a payment.
    pub(super) fn of(&self, transaction_id: &str) -> impl Iterator<Item = &Refund> {
        found(&self.all, self.by_transaction.get(transaction_id))
    }

    /// Ends the next refund whose time has come.
    fn end_one(&mut self, now: u64) -> Option<&Refund> {
        let &(_, at) = self.under_way.first().filter(|(ends, _)| *ends <= now)?;
        self.under_way.pop_first();
        self.all[at].ended = true;
        Some(&self.all[at])
    }
}

fn found<'a>(all: &'a [Refund], at: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Refund> {
    at.into_iter().flatten().map(move |at| &all[*at])
}

/// Ends the refunds whose time has come, and lets the merchants know.
pub(super) fn settle(state: &mut State, now: u64) {
    while let Some(refund) = state.refunds.end_one(now) {
        let (event_type, summary) = match &*refund.ends.0 {
            "SUCCESS" => ("REFUND.SUCCESS", "退款成功"),
            "ABNORMAL" => ("REFUND.ABNORMAL", "退款异常"),
            _ => ("REFUND.CLOSED", "退款关闭"),
        };
        let Some(url) = refund.notify_url.clone() else { continue };
        let event = notify::Event {
            mchid: refund.mchid.clone(),
            url,
            event_type: event_type.into(),
            original_type: "refund".into(),
            summary: summary.into(),
            content: refund.notified(),
        };
        notify::enqueue(state, event, now);
    }
}

/// `POST /v3/refund/domestic/refunds`
pub(super) fn refund(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let now = call.now;
    let bad = |message| refuse(400, "INVALID_REQUEST", message);
    let number = |name: &str| call.body["amount"][name].as_i64().unwrap_or_default();
    let (amount, total) = (number("refund"), number("total"));
    let out_refund_no = call.text("out_refund_no");
    let (transaction_id, out_trade_no) = (call.text("transaction_id"), call.text("out_trade_no"));
    if transaction_id.is_empty() == out_trade_no.is_empty() {
        return Err(refuse(400, "PARAM_ERROR", "transaction_id和out_trade_no必须二选一"));
    }
    let missing = || refuse(404, "RESOURCE_NOT_EXISTS", "订单不存在");
    let (order, payment) = if transaction_id.is_empty() {
        let order = state.orders.get(call.mchid, out_trade_no).ok_or_else(missing)?;
        let payment = order.payments.first().ok_or_else(|| bad("订单未支付"))?;
        (order.out_trade_no.clone(), payment.clone())
    } else {
        let found = state.orders.payment(call.mchid, transaction_id);
        let (order, payment) = found.ok_or_else(missing)?;
        (order.out_trade_no.clone(), payment.clone())
    };
    let paid = state.orders.get(call.mchid, &order).map_or(0, |order| order.total);
    if let Some(known) = state.refunds.get(call.mchid, out_refund_no) {
        let same = known.amount == amount && known.transaction_id == payment.transaction_id;
        return if same {
            Ok(Answer::Json(known.told()))
        } else {
            Err(bad("商户退款单号已存在，且参数不一致"))
        };
    }
    if total != paid {
        return Err(bad("订单金额不一致"));
    }
    if now > payment.at + WINDOW {
        return Err(refuse(403, "TRADE_OVERDUE", "订单已超过可退款期限"));
    }
    let of_payment: Vec<_> = state.refunds.of(&payment.transaction_id).collect();
    let taken: i64 = of_payment.iter().filter(|r| r.status() != "CLOSED").map(|r| r.amount).sum();
    if amount > paid - taken {
        return Err(bad("退款金额大于可退金额"));
    }
    if of_payment.len() >= PARTS {
        return Err(refuse(403, "RULE_LIMIT", "退款次数超限"));
    }
    if of_payment.iter().any(|known| now < known.created_at + APART) {
        return Err(refuse(429, "FREQUENCY_LIMITED", "同一订单的退款过于频繁"));
    }
    if state.faults.meet(PayFault::NotEnough) {
        return Err(refuse(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起"));
    }
    let ends = if state.faults.meet(PayFault::RefundAbnormal) {
        ("ABNORMAL", now + UNDER_WAY)
    } else if state.faults.meet(PayFault::RefundClosedAfter7d) {
        ("CLOSED", now + 7 * DAY)
    } else {
        ("SUCCESS", now + UNDER_WAY)
    };
    let id = state.next_id();
    let refund = Refund {
        mchid: call.mchid.to_owned(),
        out_refund_no: out_refund_no.to_owned(),
        refund_id: format!("50300{:05}{}{id:011}", id % 100_000, time::of_id(now)),
        transaction_id: payment.transaction_id,
        out_trade_no: order.clone(),
        amount,
        total,
        coupon: payment.coupon,
        notify_url: call.body.get("notify_url").and_then(|u| u.as_str().map(str::to_owned)),
        created_at: now,
        ends: (ends.0.into(), ends.1),
        ended: false,
    };
    let told = refund.told();
    state.refunds.add(refund);
    if let Some(order) = state.orders.get(call.mchid, &order) {
        order.refunded = true;
    }
    Ok(Answer::Json(told))
}

/// `GET /v3/refund/domestic/refunds/{out_refund_no}`
pub(super) fn query(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let refund = state.refunds.get(call.mchid, &call.names[0]);
    let refund = refund.ok_or_else(|| refuse(404, "RESOURCE_NOT_EXISTS", "退款单不存在"))?;
    Ok(Answer::Json(refund.told()))
}

impl Pay {
    /// The money that was paid, less the money that went back, in fen.
    pub fn balance(&self) -> i64 {
        self.settle();
        let state = self.state();
        let paid: i64 =
            state.orders.iter().map(|order| order.total * order.payments.len() as i64).sum();
        let back = state.refunds.iter().filter(|refund| refund.status() == "SUCCESS");
        paid - back.map(|refund| refund.amount).sum::<i64>()
    }
}
