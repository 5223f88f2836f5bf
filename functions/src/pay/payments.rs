//! The life of an order: what is asked of WeChat Pay, what that proves, and what is kept of it.
//!
//! An order is kept before WeChat Pay hears of it, and what was sent is kept to the byte, so an
//! answer that is lost is asked for again. Only `apply_paid` makes an order paid.

use std::{
    iter::repeat_n,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{Clock, Error, Problem, Result, message, table::DocumentWrite};
use tokio::time::Instant;

use super::{
    apiv3::{
        Api, Carrier, Failure, Merchant, Notification, Request, Uncertainty, Unopened, Unverified,
        china_time, parse_time,
    },
    ledger::{Ledger, contended, read},
    order::{
        Channel, DUE, Event, Order, OrderState, Paid, Prepay, Refund, RefundState, Transaction,
    },
    problem::{self, refused, unknown},
};

/// How often a change is tried while others change the same document.
const ATTEMPTS: usize = 6;

/// A `prepay_id` is good for two hours; ten minutes are left to the user.
const PREPAY_LIFE: u64 = 110 * 60;

/// An H5 link is good for five minutes.
const LINK_LIFE: u64 = 4 * 60;

/// How long after its end an order is closed, in seconds: a payment may be on its way.
const GRACE: u64 = 60;

/// How long one run looks at what is due: the rest of the job must have time, too.
const PATIENCE: Duration = Duration::from_secs(75);

/// How many orders the job asks after at once. A call takes 20 ms or more, so this is less than the
/// 500 a second that WeChat Pay allows a merchant, and leaves room for users.
pub(super) const AT_ONCE: usize = 8;

/// How long a notification that was not understood is kept, in seconds.
const JOURNAL_LIFE: u64 = 180 * 86_400;

/// Orders, refunds and notifications.
pub struct Payments<'a, L, C> {
    /// Where they are kept.
    pub ledger: &'a L,
    /// WeChat Pay.
    pub api: &'a Api<C>,
    /// Whose orders they are.
    pub merchants: &'a [Merchant],
    /// Where WeChat Pay notifies.
    pub notify_url: &'a str,
    /// The time.
    pub clock: &'a Clock,
}

/// An order to be made.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The merchant's number.
    pub mchid: String,
    /// Our number of the order.
    pub out_trade_no: String,
    /// The app it is made from.
    pub appid: String,
    /// Who pays, and who may see the order.
    pub openid: Option<String>,
    /// How the user pays.
    pub channel: Channel,
    /// Fen.
    pub amount: i64,
    /// What the user sees.
    pub description: String,
    /// Comes back with the payment.
    pub attach: Option<String>,
    /// What of the catalogue it is.
    pub product: Option<(String, i64)>,
    /// When it can no longer be paid.
    pub expires_at: u64,
    /// WeChat Pay's `detail`.
    pub detail: Option<Value>,
    /// WeChat Pay's `goods_tag`.
    pub goods_tag: Option<String>,
    /// Keeps the money for sharing.
    pub profit_sharing: bool,
    /// The address of the payer's device; H5 needs it.
    pub client_ip: Option<String>,
}

/// What WeChat Pay says of an order: in an answer, in a notification.
#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    appid: Option<String>,
    #[serde(default)]
    mchid: Option<String>,
    out_trade_no: String,
    #[serde(default)]
    transaction_id: Option<String>,
    trade_state: String,
    #[serde(default)]
    success_time: Option<String>,
    #[serde(default)]
    amount: Option<ToldAmount>,
}

#[derive(Debug, Default, Deserialize)]
struct ToldAmount {
    #[serde(default)]
    total: Option<i64>,
    #[serde(default)]
    payer_total: Option<i64>,
    #[serde(default)]
    currency: Option<String>,
}

/// What WeChat Pay says of a refund; a notification spells the state in another way.
#[derive(Debug, Deserialize)]
struct ToldRefund {
    out_refund_no: String,
    out_trade_no: String,
    #[serde(alias = "refund_status")]
    status: String,
    amount: ToldRefundAmount,
}

#[derive(Debug, Deserialize)]
struct ToldRefundAmount {
    refund: i64,
}

/// What a payment did to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The order is paid now, and the event is told.
    Paid,
    /// It was known before.
    Known,
    /// The order is paid by another payment: this one is refunded.
    Duplicate,
}

/// What became of everything that was due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Orders and refunds that were looked at.
    pub due: usize,
    /// Those of them that could not be settled; they are due again.
    pub failed: usize,
    /// Those of which nothing has been known for ten minutes.
    pub unknown: usize,
}

impl Looked {
    fn and(self, other: Looked) -> Looked {
        Looked {
            due: self.due + other.due,
            failed: self.failed + other.failed,
            unknown: self.unknown + other.unknown,
        }
    }
}

/// Keys that several look at together.
struct Queue<'a> {
    keys: Vec<&'a str>,
    next: AtomicUsize,
}

impl<'a> Queue<'a> {
    /// Those that begin so.
    fn of(keys: &'a [String], prefix: &str) -> Queue<'a> {
        let keys = keys.iter().map(String::as_str).filter(|key| key.starts_with(prefix));
        Queue { keys: keys.collect(), next: AtomicUsize::default() }
    }

    fn next(&self) -> Option<&'a str> {
        self.keys.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

/// How long one run goes on: until a time, or until WeChat Pay has said more often than so that
/// there were too many calls.
#[derive(Clone, Copy)]
struct Turn {
    until: Instant,
    limited: usize,
}

/// Why a notification is not taken.
#[derive(Debug)]
pub enum Rejected {
    /// It proves nothing; nothing is kept of it, and WeChat Pay is told 401.
    Unverified(Unverified),
    /// It is WeChat Pay's and does not fit, or the table is in trouble: WeChat Pay is told 500 and
    /// comes again.
    Failed(Error),
}

impl From<Error> for Rejected {
    fn from(error: Error) -> Rejected {
        Rejected::Failed(error)
    }
}

impl<L: Ledger, C: Carrier> Payments<'_, L, C> {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn merchant(&self, mchid: &str) -> Result<&Merchant> {
        self.merchants.iter().find(|merchant| merchant.mchid == mchid).ok_or_else(|| {
            let detail = [
                "The order's merchant is not configured in WECHAT_PAY.",
                "WECHAT_PAY 中未配置该订单的商户。",
            ];
            Error::new(Problem::Misconfigured, detail)
        })
    }

    /// An order as it is kept.
    pub(super) async fn order(&self, out_trade_no: &str) -> Result<(Order, u64)> {
        let found = read(self.ledger, &Order::key(out_trade_no)).await?;
        found.ok_or_else(|| {
            Error::new(Problem::NotFound, ["There is no such order.", "没有该订单。"])
                .field("out_trade_no")
        })
    }

    /// A refund as it is kept.
    pub(super) async fn kept_refund(&self, out_refund_no: &str) -> Result<(Refund, u64)> {
        let found = read(self.ledger, &Refund::key(out_refund_no)).await?;
        found.ok_or_else(|| {
            Error::new(Problem::NotFound, ["There is no such refund.", "没有该退款。"])
                .field("out_refund_no")
        })
    }

    /// Makes an order, or takes the same one up again.
    ///
    /// # Errors
    /// WeChat Pay refuses it, the number is another order's, or nothing is known of it yet.
    pub(super) async fn create(&self, new: NewOrder) -> Result<Order> {
        let now = self.now();
        let request = prepay_body(&new, self.notify_url)?;
        let order = Order {
            out_trade_no: new.out_trade_no,
            mchid: new.mchid,
            appid: new.appid,
            openid: new.openid,
            channel: new.channel,
            amount: new.amount,
            request,
            created_at: now,
            expires_at: new.expires_at,
            state: OrderState::Created,
            prepay: None,
            asked_at: now,
            attach: new.attach,
            quantity: new.product.as_ref().map(|(_, quantity)| *quantity),
            product: new.product.map(|(product, _)| product),
            paid: None,
            reserved: 0,
            refunded: 0,
            refunds: Vec::new(),
        };
        let (order, version) = if self.ledger.write(vec![order.write(0, now)?]).await? {
            (order, 1)
        } else {
            let (known, version) = self.order(&order.out_trade_no).await?;
            if !is_same_order(&known, &order) {
                let detail = [
                    "This out_trade_no is another order's; choose a new one.",
                    "该 out_trade_no 已用于其他订单，请换一个。",
                ];
                return Err(Error::new(Problem::WrongState, detail).field("out_trade_no"));
            }
            (known, version)
        };
        self.place(order, version).await
    }

    /// Has WeChat Pay know an order, unless it does.
    async fn place(&self, order: Order, version: u64) -> Result<Order> {
        let now = self.now();
        if order.prepay.as_ref().is_some_and(|prepay| is_fresh(&order, prepay, now)) {
            return Ok(order);
        }
        if !order.is_open() || now >= order.expires_at {
            let detail = [
                "The order is paid, closed or has expired; make a new one.",
                "订单已支付、已关闭或已过期，请重新下单。",
            ];
            return Err(Error::new(Problem::WrongState, detail).field("out_trade_no"));
        }
        let merchant = self.merchant(&order.mchid)?;
        let path = format!("/v3/pay/transactions/{}", order.channel.endpoint());
        let request = Request::post(path, order.request.clone().into_bytes());
        let mut outcome = self.api.call(merchant, &request).await;
        // The same bytes again do no harm, and most often bring the answer that was lost.
        if matches!(outcome, Err(Failure::Unknown(_) | Failure::NotSent(_))) {
            outcome = self.api.call(merchant, &request).await;
        }
        match outcome {
            Ok(body) => {
                let prepay = read_prepay(&body).ok_or_else(|| unknown(&Uncertainty::Nonsense))?;
                let prepay = Prepay { value: prepay, at: now };
                self.change_order(order, version, |order| {
                    if order.is_open() {
                        order.state = OrderState::Unpaid;
                    }
                    order.prepay = Some(prepay.clone());
                })
                .await
            }
            Err(Failure::Refused(refusal)) if refusal.is("ORDER_PAID") => {
                self.settle(&order.out_trade_no).await
            }
            Err(Failure::Refused(refusal)) => {
                self.close_here(order, version).await?;
                Err(refused(&refusal))
            }
            Err(failure) => {
                self.change_order(order, version, |order| {
                    if order.is_open() {
                        order.state = OrderState::Unknown;
                    }
                })
                .await?;
                Err(problem::of(&failure))
            }
        }
    }

    /// Changes an order, again if another instance was faster.
    async fn change_order(
        &self,
        mut order: Order,
        mut version: u64,
        change: impl Fn(&mut Order),
    ) -> Result<Order> {
        for _ in 0..ATTEMPTS {
            change(&mut order);
            if self.ledger.write(vec![order.write(version, self.now())?]).await? {
                return Ok(order);
            }
            (order, version) = self.order(&order.out_trade_no).await?;
        }
        Err(contended())
    }

    /// Ends an order that was not paid, and tells it.
    async fn close_here(&self, mut order: Order, mut version: u64) -> Result<Order> {
        for _ in 0..ATTEMPTS {
            if !order.is_open() {
                return Ok(order);
            }
            order.state = OrderState::Closed;
            let now = self.now();
            let data = json!({ "out_trade_no": order.out_trade_no, "amount": order.amount });
            let event = Event {
                kind: "pay.closed",
                subject: &order.out_trade_no,
                appid: &order.appid,
                openid: order.openid.as_deref(),
                data,
            };
            let writes = vec![order.write(version, now)?, event.write(now)];
            if self.ledger.write(writes).await? {
                return Ok(order);
            }
            (order, version) = self.order(&order.out_trade_no).await?;
        }
        Err(contended())
    }

    /// Asks WeChat Pay what became of an order, and acts on it: a paid one is paid here, one that
    /// has expired is closed.
    ///
    /// # Errors
    /// WeChat Pay cannot be asked; the order stays what it was.
    pub(super) async fn settle(&self, out_trade_no: &str) -> Result<Order> {
        let (order, version) = self.order(out_trade_no).await?;
        if !order.is_open() {
            return Ok(order);
        }
        let now = self.now();
        // Listed for its next look first: what fails is then looked at again, and not at once.
        let order = self.change_order(order, version, |order| order.asked_at = now).await?;
        let told = self.ask(&order).await;
        match told {
            Ok(told) => self.follow(told).await,
            Err(Failure::Refused(refusal)) if refusal.is("ORDER_NOT_EXIST") => {
                // Not signed, so it proves nothing while the order may still arrive.
                if now < order.expires_at + GRACE {
                    return Ok(order);
                }
                let (order, version) = self.order(out_trade_no).await?;
                self.close_here(order, version).await
            }
            Err(failure) => Err(problem::of(&failure)),
        }
    }

    /// Asks after a payment that is not known here: a bill lists it. A second payment of one order
    /// is found in no other way if its notification was lost.
    pub(super) async fn recover(
        &self,
        out_trade_no: &str,
        transaction_id: &str,
    ) -> Result<Applied> {
        let (order, _) = self.order(out_trade_no).await?;
        let merchant = self.merchant(&order.mchid)?;
        let path = format!(
            "/v3/pay/transactions/id/{}?mchid={}",
            Request::encode(transaction_id),
            order.mchid
        );
        let told = self.api.call(merchant, &Request::get(path)).await;
        let told = told.map_err(|failure| problem::of(&failure))?;
        let told: Told =
            serde_json::from_slice(&told).map_err(|_| unknown(&Uncertainty::Nonsense))?;
        self.apply_paid(&told).await
    }

    /// Acts on what WeChat Pay says of an order.
    async fn follow(&self, told: Told) -> Result<Order> {
        let out_trade_no = told.out_trade_no.clone();
        match told.trade_state.as_str() {
            "SUCCESS" | "REFUND" => {
                self.apply_paid(&told).await?;
                Ok(self.order(&out_trade_no).await?.0)
            }
            "CLOSED" | "REVOKED" => {
                let (order, version) = self.order(&out_trade_no).await?;
                self.close_here(order, version).await
            }
            _ => {
                let (order, version) = self.order(&out_trade_no).await?;
                if order.is_open() && self.now() >= order.expires_at + GRACE {
                    return self.close_there(order, version).await;
                }
                let unpaid = |order: &mut Order| {
                    if order.state == OrderState::Unknown {
                        order.state = OrderState::Unpaid;
                    }
                };
                if order.state == OrderState::Unknown {
                    return self.change_order(order, version, unpaid).await;
                }
                Ok(order)
            }
        }
    }

    async fn ask(&self, order: &Order) -> Result<Told, Failure> {
        let Ok(merchant) = self.merchant(&order.mchid) else {
            return Err(Failure::NotSent("the merchant is not configured".into()));
        };
        let path = format!(
            "/v3/pay/transactions/out-trade-no/{}?mchid={}",
            Request::encode(&order.out_trade_no),
            order.mchid
        );
        let body = self.api.call(merchant, &Request::get(path)).await?;
        serde_json::from_slice(&body).map_err(|_| Failure::Unknown(Uncertainty::Nonsense))
    }

    /// Closes an order at WeChat Pay, then here. One that turns out to be paid is paid.
    ///
    /// # Errors
    /// WeChat Pay does not answer; the order stays open.
    pub(super) async fn close(&self, out_trade_no: &str) -> Result<Order> {
        let (order, version) = self.order(out_trade_no).await?;
        if !order.is_open() {
            return Ok(order);
        }
        self.close_there(order, version).await
    }

    async fn close_there(&self, order: Order, version: u64) -> Result<Order> {
        let merchant = self.merchant(&order.mchid)?;
        let number = Request::encode(&order.out_trade_no);
        let path = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        let request = Request::post_json(path, &json!({ "mchid": order.mchid }));
        match self.api.call(merchant, &request).await {
            Ok(_) => self.close_here(order, version).await,
            Err(Failure::Refused(refusal)) if refusal.is("ORDER_CLOSED") => {
                self.close_here(order, version).await
            }
            Err(Failure::Refused(refusal)) if refusal.is("ORDER_NOT_EXIST") => {
                // The order may still be on its way; WeChat Pay must not have it after its end.
                if self.now() < order.expires_at + GRACE {
                    return Err(unknown(&Uncertainty::Accepted));
                }
                self.close_here(order, version).await
            }
            // Whatever the refusal is: only the question tells what became of it.
            Err(Failure::Refused(refusal)) => match self.ask(&order).await {
                Ok(told) if matches!(told.trade_state.as_str(), "SUCCESS" | "REFUND") => {
                    self.apply_paid(&told).await?;
                    Ok(self.order(&order.out_trade_no).await?.0)
                }
                Ok(told) if told.trade_state == "CLOSED" => self.close_here(order, version).await,
                Ok(_) => Err(refused(&refusal)),
                Err(failure) => Err(problem::of(&failure)),
            },
            Err(failure) => Err(problem::of(&failure)),
        }
    }

    /// The only writer of "paid": order, transaction and event in one transaction of the table.
    ///
    /// # Errors
    /// The payment does not fit the order; nothing is changed.
    async fn apply_paid(&self, told: &Told) -> Result<Applied> {
        let transaction_id = told.transaction_id.as_deref().unwrap_or_default();
        for _ in 0..ATTEMPTS {
            let (mut order, version) = self.order(&told.out_trade_no).await?;
            check(told, &order)?;
            let now = self.now();
            let key = Transaction::key(transaction_id);
            if let Some((Transaction { out_trade_no }, _)) = read(self.ledger, &key).await? {
                return if out_trade_no == order.out_trade_no {
                    Ok(Applied::Known)
                } else {
                    Err(inconsistent("the transaction is another order's"))
                };
            }
            let amount = told.amount.as_ref();
            let paid = Paid {
                transaction_id: transaction_id.to_owned(),
                at: told.success_time.as_deref().and_then(parse_time).unwrap_or(now),
                payer_total: amount.and_then(|a| a.payer_total).unwrap_or(order.amount),
                late: order.state == OrderState::Closed,
            };
            let mut data = json!({
                "out_trade_no": order.out_trade_no,
                "transaction_id": paid.transaction_id,
                "amount": order.amount,
                "payer_total": paid.payer_total,
                "paid_at": paid.at,
            });
            for (name, value) in [("attach", &order.attach), ("product", &order.product)] {
                if let Some(value) = value {
                    data[name] = json!(value);
                }
            }
            if let Some(quantity) = order.quantity {
                data["quantity"] = json!(quantity);
            }
            let duplicate = order.paid.is_some();
            let mut writes = vec![Transaction::first(transaction_id, &order.out_trade_no)?];
            if duplicate {
                let refund = self.duplicate_refund(&order, transaction_id, now);
                data["out_refund_no"] = json!(refund.out_refund_no);
                writes.push(refund.write(0, now)?.due(Some((DUE.to_owned(), now))));
            } else {
                if paid.late {
                    data["late"] = json!(true);
                }
                order.state = OrderState::Paid;
                order.paid = Some(paid);
            }
            let event = Event {
                kind: if duplicate { "pay.duplicate" } else { "pay.paid" },
                subject: transaction_id,
                appid: &order.appid,
                openid: order.openid.as_deref(),
                data,
            };
            writes.push(event.write(now));
            writes.push(order.write(version, now)?);
            if self.ledger.write(writes).await? {
                return Ok(if duplicate { Applied::Duplicate } else { Applied::Paid });
            }
        }
        Err(contended())
    }

    /// The refund of a payment that came on top of another.
    fn duplicate_refund(&self, order: &Order, transaction_id: &str, now: u64) -> Refund {
        let out_refund_no = format!("D{transaction_id}");
        let request = refund_body(&RefundBody {
            transaction_id,
            out_refund_no: &out_refund_no,
            reason: Some("重复支付"),
            notify_url: self.notify_url,
            amount: order.amount,
            total: order.amount,
        });
        Refund {
            out_refund_no,
            out_trade_no: order.out_trade_no.clone(),
            mchid: order.mchid.clone(),
            transaction_id: transaction_id.to_owned(),
            amount: order.amount,
            request,
            state: RefundState::Unknown,
            created_at: now,
            asked_at: 0,
            duplicate: true,
        }
    }

    /// Refunds an order, or takes the same refund up again.
    ///
    /// # Errors
    /// More than what is left, an order that is not paid, WeChat Pay's refusal, or nothing known.
    pub(super) async fn refund(
        &self,
        out_trade_no: &str,
        out_refund_no: &str,
        amount: Option<i64>,
        reason: Option<&str>,
    ) -> Result<Refund> {
        for _ in 0..ATTEMPTS {
            let kept: Option<(Refund, u64)> =
                read(self.ledger, &Refund::key(out_refund_no)).await?;
            if let Some((refund, _)) = &kept {
                let same = refund.out_trade_no == out_trade_no
                    && amount.is_none_or(|amount| amount == refund.amount);
                if !same {
                    let detail = [
                        "This out_refund_no is another refund's; choose a new one.",
                        "该 out_refund_no 已用于其他退款，请换一个。",
                    ];
                    return Err(Error::new(Problem::WrongState, detail).field("out_refund_no"));
                }
                return if refund.is_open() {
                    self.settle_refund(out_refund_no).await
                } else {
                    Ok(refund.clone())
                };
            }
            let now = self.now();
            let (mut order, version) = self.order(out_trade_no).await?;
            let Some(paid) = order.paid.clone() else {
                let detail = ["The order is not paid.", "订单未支付。"];
                return Err(Error::new(Problem::WrongState, detail).field("out_trade_no"));
            };
            let left = order.amount - order.reserved;
            let amount = amount.unwrap_or(left);
            if amount < 1 || amount > left {
                let detail = message!(
                    "Must be at most {left}, what is left of the order.",
                    "最多 {left}，即订单的剩余金额。"
                );
                return Err(Error::invalid("amount", detail));
            }
            let refund = Refund {
                out_refund_no: out_refund_no.to_owned(),
                out_trade_no: out_trade_no.to_owned(),
                mchid: order.mchid.clone(),
                transaction_id: paid.transaction_id.clone(),
                amount,
                request: refund_body(&RefundBody {
                    transaction_id: &paid.transaction_id,
                    out_refund_no,
                    reason,
                    notify_url: self.notify_url,
                    amount,
                    total: order.amount,
                }),
                state: RefundState::Unknown,
                created_at: now,
                asked_at: 0,
                duplicate: false,
            };
            order.reserved += amount;
            order.refunds.push(out_refund_no.to_owned());
            let writes = vec![order.write(version, now)?, refund.write(0, now)?];
            if self.ledger.write(writes).await? {
                return self.send_refund(refund, 1).await;
            }
        }
        Err(contended())
    }

    /// Asks WeChat Pay for a refund; the same bytes again are the same refund.
    async fn send_refund(&self, refund: Refund, version: u64) -> Result<Refund> {
        let merchant = self.merchant(&refund.mchid)?;
        let body = refund.request.clone().into_bytes();
        let request = Request::post("/v3/refund/domestic/refunds", body);
        match self.api.call(merchant, &request).await {
            Ok(body) => {
                let told: ToldRefund =
                    serde_json::from_slice(&body).map_err(|_| unknown(&Uncertainty::Nonsense))?;
                self.apply_refund(&told).await
            }
            // The merchant's account lacks money: the same number again, once it has some.
            Err(Failure::Refused(refusal)) if refusal.is("NOT_ENOUGH") => {
                let detail = [
                    "The merchant's account lacks the money: recharge it, then call again \
                     with the same out_refund_no.",
                    "商户账户余额不足：请充值后用相同的 out_refund_no 重试。",
                ];
                Err(Error::new(Problem::WrongState, detail))
            }
            Err(Failure::Refused(refusal)) => {
                self.end_refund(refund, version, RefundState::Closed).await?;
                Err(refused(&refusal))
            }
            // Whether it was accepted only the question tells; until then it is unknown.
            Err(_) => Ok(refund),
        }
    }

    /// Asks WeChat Pay what became of a refund; one it does not know is sent again.
    ///
    /// # Errors
    /// WeChat Pay cannot be asked; the refund stays what it was.
    pub(super) async fn settle_refund(&self, out_refund_no: &str) -> Result<Refund> {
        let (mut refund, mut version) = self.kept_refund(out_refund_no).await?;
        if !refund.is_open() {
            return Ok(refund);
        }
        let now = self.now();
        refund.asked_at = now;
        if !self.ledger.write(vec![refund.write(version, now)?]).await? {
            return Ok(self.kept_refund(out_refund_no).await?.0);
        }
        version += 1;
        let merchant = self.merchant(&refund.mchid)?;
        let path = format!("/v3/refund/domestic/refunds/{}", Request::encode(out_refund_no));
        match self.api.call(merchant, &Request::get(path)).await {
            Ok(body) => {
                let told: ToldRefund =
                    serde_json::from_slice(&body).map_err(|_| unknown(&Uncertainty::Nonsense))?;
                self.apply_refund(&told).await
            }
            Err(Failure::Refused(refusal)) if refusal.is("RESOURCE_NOT_EXISTS") => {
                self.send_refund(refund, version).await
            }
            Err(failure) => Err(problem::of(&failure)),
        }
    }

    /// Acts on what WeChat Pay says of a refund.
    async fn apply_refund(&self, told: &ToldRefund) -> Result<Refund> {
        let state = match told.status.as_str() {
            "SUCCESS" => RefundState::Success,
            "ABNORMAL" => RefundState::Abnormal,
            "CLOSED" => RefundState::Closed,
            _ => RefundState::Processing,
        };
        let (refund, version) = self.kept_refund(&told.out_refund_no).await?;
        if refund.out_trade_no != told.out_trade_no || refund.amount != told.amount.refund {
            return Err(inconsistent("the refund is another one"));
        }
        self.end_refund(refund, version, state).await
    }

    /// Gives a refund its state; the money it holds of the order follows.
    async fn end_refund(
        &self,
        mut refund: Refund,
        mut version: u64,
        state: RefundState,
    ) -> Result<Refund> {
        for _ in 0..ATTEMPTS {
            // An end is an end; only an abnormal refund may still succeed.
            let ended = matches!(refund.state, RefundState::Success | RefundState::Closed);
            if ended || refund.state == state {
                return Ok(refund);
            }
            let now = self.now();
            let (mut order, order_version) = self.order(&refund.out_trade_no).await?;
            refund.state = state;
            let mut writes = vec![refund.write(version, now)?];
            if !refund.duplicate {
                match state {
                    RefundState::Success => order.refunded += refund.amount,
                    RefundState::Closed => order.reserved -= refund.amount,
                    _ => {}
                }
                if order.refunded == order.amount {
                    order.state = OrderState::Refunded;
                }
                writes.push(order.write(order_version, now)?);
            }
            if state == RefundState::Success {
                let event = Event {
                    kind: "pay.refunded",
                    subject: &refund.out_refund_no,
                    appid: &order.appid,
                    openid: order.openid.as_deref(),
                    data: json!({
                        "out_trade_no": refund.out_trade_no,
                        "out_refund_no": refund.out_refund_no,
                        "transaction_id": refund.transaction_id,
                        "amount": refund.amount,
                        "duplicate": refund.duplicate,
                    }),
                };
                writes.push(event.write(now));
            }
            if self.ledger.write(writes).await? {
                return Ok(refund);
            }
            (refund, version) = self.kept_refund(&refund.out_refund_no).await?;
        }
        Err(contended())
    }

    /// Takes a notification: verified, opened, acted upon.
    ///
    /// `header` looks a header up by its lower-case name; `body` is what came over the wire.
    ///
    /// # Errors
    /// [`Rejected`] says how WeChat Pay is to be answered.
    pub async fn notify<'b>(
        &self,
        header: impl Fn(&str) -> Option<&'b str>,
        body: &[u8],
    ) -> Result<(), Rejected> {
        let now = self.now();
        let mut verdict = Rejected::Unverified(Unverified::UnknownKey);
        for merchant in self.merchants {
            match Notification::open(merchant, &header, body, now) {
                Ok(notification) => {
                    let taken = self.take(merchant, &notification).await;
                    if let Err(error) = &taken {
                        self.keep(&notification, error, body).await?;
                    }
                    return taken.map_err(Rejected::Failed);
                }
                // Another merchant's keys may fit.
                Err(Unopened::Unverified(why)) => {
                    if !matches!(verdict, Rejected::Failed(_)) && why != Unverified::UnknownKey {
                        verdict = Rejected::Unverified(why);
                    }
                }
                Err(why) => verdict = Rejected::Failed(inconsistent(why)),
            }
        }
        Err(verdict)
    }

    async fn take(&self, merchant: &Merchant, notification: &Notification) -> Result<()> {
        let Notification { event_type, content, .. } = notification;
        let malformed = |_| inconsistent("the content is not of the documented form");
        match event_type.as_str() {
            "TRANSACTION.SUCCESS" => {
                let told: Told = serde_json::from_slice(content).map_err(malformed)?;
                if told.mchid.as_deref() != Some(merchant.mchid.as_str()) {
                    return Err(inconsistent("the payment is another merchant's"));
                }
                self.apply_paid(&told).await.map(drop)
            }
            "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => {
                let told: ToldRefund = serde_json::from_slice(content).map_err(malformed)?;
                self.apply_refund(&told).await.map(drop)
            }
            "SECURITY_ECHO.SUCCESS" => Ok(()),
            _ => Err(inconsistent("the event is unknown")),
        }
    }

    /// Keeps a notification that was verified and not acted upon, encrypted as it came.
    async fn keep(&self, notification: &Notification, error: &Error, body: &[u8]) -> Result<()> {
        // Trouble of the table is no fault of the notification, which comes again.
        if matches!(error.problem(), Problem::TableUnavailable | Problem::InProgress) {
            return Ok(());
        }
        let now = self.now();
        let key = format!("notification#{}", notification.id);
        let version = self.ledger.read(&key).await?.map_or(0, |kept| kept.version);
        let document = json!({
            "event_type": notification.event_type,
            "received_at": now,
            "verdict": error.cause().unwrap_or_else(|| error.detail().to_owned()),
            "body": String::from_utf8_lossy(body),
        });
        let write = DocumentWrite::new(key, version, &document)?.expires(now + JOURNAL_LIFE);
        self.ledger.write(vec![write]).await.map(drop)
    }

    /// Looks at everything that is due, at most so many, while there is time, and until WeChat Pay
    /// says that there were too many calls; what is left is due again.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn reconcile(&self, limit: usize) -> Result<Looked> {
        let keys = self.ledger.due(DUE, self.now(), limit).await?;
        let turn = Turn { until: Instant::now() + PATIENCE, limited: self.api.times_limited() };
        let (orders, refunds) = (Queue::of(&keys, "order#"), Queue::of(&keys, "refund#"));
        // Refunds one at a time: WeChat Pay takes six a second where they fail.
        let workers = repeat_n(&orders, AT_ONCE).chain([&refunds]);
        let looked = try_join_all(workers.map(|queue| self.work(queue, turn))).await?;
        Ok(looked.into_iter().fold(Looked::default(), Looked::and))
    }

    /// Looks at what is in a queue, one after another, beside others that do the same.
    async fn work(&self, queue: &Queue<'_>, turn: Turn) -> Result<Looked> {
        let mut looked = Looked::default();
        while Instant::now() < turn.until
            && self.api.times_limited() == turn.limited
            && let Some(key) = queue.next()
        {
            looked = looked.and(self.look_at(key).await?);
        }
        Ok(looked)
    }

    async fn look_at(&self, key: &str) -> Result<Looked> {
        let (failed, unknown) = match key.split_once('#') {
            Some(("order", number)) => {
                let failed = self.settle(number).await.is_err();
                (failed, self.order(number).await?.0.is_unknown_for_long(self.now()))
            }
            Some(("refund", number)) => {
                let failed = self.settle_refund(number).await.is_err();
                (failed, self.kept_refund(number).await?.0.is_unknown_for_long(self.now()))
            }
            _ => (false, false),
        };
        Ok(Looked { due: 1, failed: usize::from(failed), unknown: usize::from(unknown) })
    }
}

/// Whether a payment is this order's, of this amount.
fn check(told: &Told, order: &Order) -> Result<()> {
    let amount = told.amount.as_ref();
    let fits = told.appid.as_deref() == Some(order.appid.as_str())
        && told.mchid.as_deref() == Some(order.mchid.as_str())
        && matches!(told.trade_state.as_str(), "SUCCESS" | "REFUND")
        && told.transaction_id.as_deref().is_some_and(|id| !id.is_empty())
        // What the user paid may be less: a coupon is money as well.
        && amount.and_then(|amount| amount.total) == Some(order.amount)
        && amount.and_then(|amount| amount.currency.as_deref()).unwrap_or("CNY") == "CNY";
    if fits { Ok(()) } else { Err(inconsistent("merchant, app, amount or state differ")) }
}

fn inconsistent(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let detail = [
        "What WeChat Pay says does not fit what is kept here; the log says how.",
        "微信支付返回的内容与本地记录不符，详情见日志。",
    ];
    Error::new(Problem::Internal, detail).because(why)
}

/// Whether what the client pays with can still be used.
fn is_fresh(order: &Order, prepay: &Prepay, now: u64) -> bool {
    let life = if order.channel == Channel::H5 { LINK_LIFE } else { PREPAY_LIFE };
    order.state == OrderState::Unpaid && now < prepay.at + life && now < order.expires_at
}

/// Whether a repeat is the same order, whenever it expires.
fn is_same_order(known: &Order, new: &Order) -> bool {
    let bare = |request: &str| {
        let mut request: Value = serde_json::from_str(request).unwrap_or_default();
        request["time_expire"] = Value::Null;
        request
    };
    known.channel.endpoint() == new.channel.endpoint() && bare(&known.request) == bare(&new.request)
}

#[derive(Serialize)]
struct PrepayBody<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    time_expire: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<&'a str>,
    notify_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_tag: Option<&'a str>,
    amount: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settle_info: Option<Value>,
}

fn prepay_body(new: &NewOrder, notify_url: &str) -> Result<String> {
    let payer = match (&new.openid, new.channel.names_payer()) {
        (Some(openid), true) => Some(json!({ "openid": openid })),
        (None, true) => {
            return Err(Error::invalid(
                "openid",
                ["This channel needs the payer's openid.", "该支付方式需要付款人的 openid。"],
            ));
        }
        _ => None,
    };
    let scene = match (&new.client_ip, new.channel) {
        (None, Channel::H5) => {
            return Err(Error::invalid(
                "client_ip",
                [
                    "H5 needs the address of the payer's device.",
                    "H5 支付需要付款人设备的 IP 地址。",
                ],
            ));
        }
        (Some(ip), Channel::H5) => {
            Some(json!({ "payer_client_ip": ip, "h5_info": { "type": "Wap" } }))
        }
        (Some(ip), _) => Some(json!({ "payer_client_ip": ip })),
        (None, _) => None,
    };
    let body = PrepayBody {
        appid: &new.appid,
        mchid: &new.mchid,
        description: &new.description,
        out_trade_no: &new.out_trade_no,
        time_expire: china_time(new.expires_at),
        attach: new.attach.as_deref(),
        notify_url,
        goods_tag: new.goods_tag.as_deref(),
        amount: json!({ "total": new.amount, "currency": "CNY" }),
        payer,
        detail: new.detail.as_ref(),
        scene_info: scene,
        settle_info: new.profit_sharing.then(|| json!({ "profit_sharing": true })),
    };
    serde_json::to_string(&body).map_err(Error::internal)
}

struct RefundBody<'a> {
    transaction_id: &'a str,
    out_refund_no: &'a str,
    reason: Option<&'a str>,
    notify_url: &'a str,
    amount: i64,
    total: i64,
}

fn refund_body(body: &RefundBody) -> String {
    let RefundBody { transaction_id, out_refund_no, reason, notify_url, amount, total } = body;
    let mut request = json!({
        "transaction_id": transaction_id,
        "out_refund_no": out_refund_no,
        // Without it a refund may be notified in the form of API v2.
        "notify_url": notify_url,
        "amount": { "refund": amount, "total": total, "currency": "CNY" },
    });
    if let Some(reason) = reason {
        request["reason"] = json!(reason);
    }
    request.to_string()
}

/// `prepay_id`, `h5_url` or `code_url`.
fn read_prepay(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(alias = "h5_url", alias = "code_url")]
        prepay_id: String,
    }
    serde_json::from_slice::<Answer>(body).ok().map(|answer| answer.prepay_id)
}
