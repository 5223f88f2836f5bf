//! Orders and the cashier: order, query, close, and what the user does.
//!
//! WeChat: [JSAPI][jsapi], [query][query], [close][close]
//!
//! [jsapi]: https://pay.weixin.qq.com/doc/v3/merchant/4012791856
//! [query]: https://pay.weixin.qq.com/doc/v3/merchant/4012791858
//! [close]: https://pay.weixin.qq.com/doc/v3/merchant/4012791860

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::shipping::{PaidHere, PaidOrder};
use super::{
    Pay, PayFault, State,
    call::{Answer, Call, Refusal, refuse},
    notify, time,
};

/// A `prepay_id` and a `code_url` are good for two hours.
const PREPAY_LIFE: u64 = 2 * 3600;

/// An order that nobody pays closes by itself.
const ORDER_LIFE: u64 = 7 * 86_400;

/// An order as WeChat Pay has it.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) mchid: String,
    pub(super) out_trade_no: String,
    pub(super) appid: String,
    /// `JSAPI`, `APP`, `MWEB` or `NATIVE`: the endpoint it came by.
    pub(super) trade_type: Cow<'static, str>,
    pub(super) total: i64,
    pub(super) openid: Option<String>,
    pub(super) description: String,
    pub(super) attach: Option<String>,
    notify_url: String,
    /// What was sent, to tell a repeat from another order.
    request: Map<String, Value>,
    created_at: u64,
    expires_at: u64,
    prepay_id: String,
    prepaid_at: u64,
    closed: bool,
    /// None while unpaid; more than one only by a fault.
    pub(super) payments: Vec<Payment>,
    /// Whether anything was refunded.
    pub(super) refunded: bool,
}

/// Money a user paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payment {
    pub(super) transaction_id: String,
    pub(super) at: u64,
    pub(super) payer: String,
    pub(super) coupon: i64,
}

/// What the cashier gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// WeChat Pay's number of the payment.
    pub transaction_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
}

impl Order {
    fn state(&self) -> &'static str {
        match () {
            () if self.refunded => "REFUND",
            () if !self.payments.is_empty() => "SUCCESS",
            () if self.closed => "CLOSED",
            () => "NOTPAY",
        }
    }

    fn is_over(&self, now: u64) -> bool {
        self.closed || (self.payments.is_empty() && now >= self.expires_at)
    }

    /// What a query and a notification say about the order and one of its payments.
    fn told(&self, payment: Option<&Payment>) -> Value {
        let state = self.state();
        let description = match state {
            "SUCCESS" => "支付成功",
            "REFUND" => "转入退款",
            "CLOSED" => "已关闭",
            _ => "订单未支付",
        };
        let mut told = json!({
            "appid": self.appid,
            "mchid": self.mchid,
            "out_trade_no": self.out_trade_no,
            "trade_state": state,
            "trade_state_desc": description,
        });
        let Some(Payment { transaction_id, at, payer, coupon }) = payment else {
            told["amount"] = json!({ "total": self.total });
            told["payer"] = json!({});
            told["promotion_detail"] = json!([]);
            return told;
        };
        told["transaction_id"] = json!(transaction_id);
        told["trade_type"] = json!(self.trade_type);
        told["bank_type"] = json!("OTHERS");
        told["success_time"] = json!(time::rfc3339(*at));
        told["payer"] = json!({ "openid": payer });
        if let Some(attach) = &self.attach {
            told["attach"] = json!(attach);
        }
        told["amount"] = json!({
            "total": self.total, "payer_total": self.total - coupon,
            "currency": "CNY", "payer_currency": "CNY",
        });
        if *coupon > 0 {
            told["promotion_detail"] = json!([{
                "coupon_id": "109519", "name": "立减", "scope": "GLOBAL", "type": "CASH",
                "amount": coupon, "stock_id": "931386", "wechatpay_contribute": coupon,
                "merchant_contribute": 0, "other_contribute": 0, "currency": "CNY",
            }]);
        }
        told
    }

    pub(super) fn shown(&self) -> Value {
        let paid: Vec<_> = self.payments.iter().map(|paid| paid.transaction_id.clone()).collect();
        json!({
            "mchid": self.mchid, "out_trade_no": self.out_trade_no, "state": self.state(),
            "total": self.total, "transactions": paid, "prepay_id": self.prepay_id,
        })
    }
}

/// All orders, the oldest first, and what finds one of them.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Orders {
    all: Vec<Order>,
    /// By `out_trade_no`, which is one merchant's only.
    by_number: HashMap<String, Vec<usize>>,
    by_prepay_id: HashMap<String, usize>,
    /// The order and the payment of it.
    by_transaction: HashMap<String, (usize, usize)>,
    /// All before this one are too old to be open.
    old: usize,
}

impl Orders {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Order> {
        self.all.iter()
    }

    pub(super) fn shown(&self) -> Vec<Value> {
        self.iter().map(Order::shown).collect()
    }

    /// Closes what was never paid.
    pub(super) fn settle(&mut self, now: u64) {
        while let Some(order) = self.all.get_mut(self.old)
            && now >= order.created_at + ORDER_LIFE
        {
            order.closed |= order.payments.is_empty();
            self.old += 1;
        }
    }

    fn add(&mut self, order: Order) -> usize {
        let at = self.all.len();
        self.by_number.entry(order.out_trade_no.clone()).or_default().push(at);
        self.by_prepay_id.insert(order.prepay_id.clone(), at);
        self.all.push(order);
        at
    }

    fn position(&self, mchid: &str, out_trade_no: &str) -> Option<usize> {
        let mut numbered = self.numbered(out_trade_no);
        numbered.find(|at| self.all[*at].mchid == mchid)
    }

    /// The orders of all merchants with this number.
    fn numbered(&self, out_trade_no: &str) -> impl Iterator<Item = usize> {
        self.by_number.get(out_trade_no).into_iter().flatten().copied()
    }

    pub(super) fn get(&mut self, mchid: &str, out_trade_no: &str) -> Option<&mut Order> {
        self.position(mchid, out_trade_no).map(|at| &mut self.all[at])
    }

    fn by_prepay_id(&self, prepay_id: &str) -> Option<&Order> {
        self.by_prepay_id.get(prepay_id).map(|at| &self.all[*at])
    }

    /// Gives an order another `prepay_id`; the one it had opens nothing any more.
    fn renew(&mut self, at: usize, prepay_id: String, now: u64) {
        let order = &mut self.all[at];
        self.by_prepay_id.remove(&order.prepay_id);
        self.by_prepay_id.insert(prepay_id.clone(), at);
        (order.prepay_id, order.prepaid_at) = (prepay_id, now);
    }

    fn pay(&mut self, at: usize, payment: Payment) {
        let order = &mut self.all[at];
        let place = (at, order.payments.len());
        self.by_transaction.insert(payment.transaction_id.clone(), place);
        order.payments.push(payment);
    }

    /// The payment, and the order it is of.
    pub(super) fn payment(&self, mchid: &str, transaction_id: &str) -> Option<(&Order, &Payment)> {
        let (at, which) = *self.by_transaction.get(transaction_id)?;
        let order = &self.all[at];
        (order.mchid == mchid).then(|| (order, &order.payments[which]))
    }
}

/// `POST /v3/pay/transactions/{jsapi|app|h5|native}`
pub(super) fn prepay(
    state: &mut State,
    call: &Call,
    trade_type: &'static str,
) -> Result<Answer, Refusal> {
    let now = call.now;
    let (appid, out_trade_no) = (call.text("appid"), call.text("out_trade_no"));
    let merchant = state.merchant(call.mchid);
    if !merchant.is_some_and(|merchant| merchant.appids.iter().any(|known| known == appid)) {
        return Err(refuse(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配"));
    }
    let expires_at = match call.body.get("time_expire").and_then(Value::as_str) {
        None => now + ORDER_LIFE,
        Some(text) => {
            let at = time::parse(text).unwrap_or_default();
            if at > now + ORDER_LIFE {
                return Err(refuse(400, "PARAM_ERROR", "time_expire超出范围"));
            }
            at.max(now + 60)
        }
    };
    let number = state.next_id();
    let day = time::of_id(now);
    let fresh = format!("wx{day}{:02}{number:024}", now % 60);
    let prepay_id = match state.orders.position(call.mchid, out_trade_no) {
        Some(at) => {
            let order = &state.orders.all[at];
            if !order.payments.is_empty() {
                return Err(refuse(400, "ORDER_PAID", "该订单已支付"));
            }
            if order.is_over(now) {
                return Err(refuse(400, "ORDER_CLOSED", "该订单已关闭"));
            }
            if order.request != call.body || order.trade_type != trade_type {
                return Err(refuse(403, "OUT_TRADE_NO_USED", "201 商户订单号重复"));
            }
            // A code is replaced by every repeat; the others are renewed when they have expired.
            if trade_type == "NATIVE" || now >= order.prepaid_at + PREPAY_LIFE {
                state.orders.renew(at, fresh, now);
            }
            state.orders.all[at].prepay_id.clone()
        }
        None => {
            let at = state.orders.add(Order {
                mchid: call.mchid.to_owned(),
                out_trade_no: out_trade_no.to_owned(),
                appid: appid.to_owned(),
                trade_type: trade_type.into(),
                total: call.body["amount"]["total"].as_i64().unwrap_or_default(),
                openid: call.body.get("payer").and_then(|p| Some(p["openid"].as_str()?.to_owned())),
                description: call.text("description").to_owned(),
                attach: call.body.get("attach").and_then(|a| a.as_str().map(str::to_owned)),
                notify_url: call.text("notify_url").to_owned(),
                request: call.body.clone(),
                created_at: now,
                expires_at,
                prepay_id: fresh.clone(),
                prepaid_at: now,
                closed: false,
                payments: Vec::new(),
                refunded: false,
            });
            if state.faults.meet(PayFault::NotifyBeforePrepayAnswer) {
                take_money(state, at, None, 0, now);
            }
            fresh
        }
    };
    Ok(Answer::Json(match trade_type {
        "JSAPI" | "APP" => json!({ "prepay_id": prepay_id }),
        "MWEB" => json!({
            "h5_url": format!(
                "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={prepay_id}&package={number}"
            ),
        }),
        _ => json!({
            "code_url": format!("weixin://wxpay/bizpayurl/up?pr={}&groupid=00", &prepay_id[26..]),
        }),
    }))
}

/// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`
pub(super) fn by_number(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let order = state.orders.get(call.mchid, &call.names[0]).ok_or_else(no_order)?;
    Ok(Answer::Json(order.told(order.payments.first())))
}

/// `GET /v3/pay/transactions/id/{transaction_id}`
pub(super) fn by_transaction(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let found = state.orders.payment(call.mchid, &call.names[0]).ok_or_else(no_order)?;
    Ok(Answer::Json(found.0.told(Some(found.1))))
}

/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`
pub(super) fn close(state: &mut State, call: &Call) -> Result<Answer, Refusal> {
    let now = call.now;
    let at = state.orders.position(call.mchid, &call.names[0]).ok_or_else(no_order)?;
    let order = &state.orders.all[at];
    let is_open = order.payments.is_empty() && !order.closed;
    if is_open && state.faults.meet(PayFault::PayDuringClose) {
        take_money(state, at, None, 0, now);
    }
    let order = &mut state.orders.all[at];
    if !order.payments.is_empty() {
        return Err(refuse(400, "ORDER_PAID", "该订单已支付"));
    }
    order.closed = true;
    Ok(Answer::Nothing)
}

fn no_order() -> Refusal {
    refuse(404, "ORDER_NOT_EXIST", "订单不存在")
}

/// Takes the money, and lets the merchant know.
fn take_money(state: &mut State, at: usize, payer: Option<&str>, coupon: i64, now: u64) -> Paid {
    let number = state.next_id();
    let transaction_id = format!("42000{:05}{}{number:010}", number % 100_000, time::of_id(now));
    let order = &state.orders.all[at];
    let payer = payer.map(str::to_owned).or_else(|| order.openid.clone());
    let payment = Payment {
        transaction_id: transaction_id.clone(),
        at: now,
        payer: payer.unwrap_or_else(|| "oSimulatedPayer0000000000000".to_owned()),
        coupon,
    };
    state.orders.pay(at, payment.clone());
    let order = &state.orders.all[at];
    let told = order.told(Some(&payment));
    let (mchid, url) = (order.mchid.clone(), order.notify_url.clone());
    let paid = Paid { transaction_id, out_trade_no: order.out_trade_no.clone() };
    let event = notify::Event {
        mchid,
        url,
        event_type: "TRANSACTION.SUCCESS".into(),
        original_type: "transaction".into(),
        summary: "支付成功".into(),
        content: told,
    };
    notify::enqueue(state, event, now);
    paid
}

/// What the user does when the cashier opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Pays.
    #[default]
    Pays,
    /// Closes the cashier.
    Cancels,
    /// Tries to pay, and the bank refuses.
    Fails,
    /// Pays, and the money is taken twice.
    PaysTwice,
}

/// What the user does at the cashier.
impl Pay {
    /// Decides what users do from now on when a client opens the cashier.
    pub fn users_do(&self, does: Does) {
        self.state().does = does;
    }

    /// A client opens the cashier with what it was given: `wx.requestPayment` and
    /// `wx.chooseWXPay` end with what this returns, `ok`, `cancel` or `fail …`.
    pub fn client_pays(&self, appid: &str, openid: &str, given: &Value) -> String {
        let prepay_id = match self.open_cashier(appid, given) {
            Ok(prepay_id) => prepay_id,
            Err(message) => return message,
        };
        let does = self.state().does;
        match does {
            Does::Cancels => return "cancel".to_owned(),
            Does::Fails => return "fail 银行卡余额不足".to_owned(),
            Does::Pays => {}
            Does::PaysTwice => self.fault(PayFault::TwoAttemptsBothPaid, Some(1)),
        }
        match self.pay(&prepay_id, Some(openid), 0) {
            Ok(_) => "ok".to_owned(),
            Err(message) => format!("fail {message}"),
        }
    }

    /// The user pays what this `prepay_id` is for, with a coupon of so many fen.
    ///
    /// `payer` is the openid of whoever pays; `None` is the one the order names.
    ///
    /// # Errors
    /// In words, as the user would see them: expired, closed, paid already, another user's.
    pub fn pay(&self, prepay_id: &str, payer: Option<&str>, coupon: i64) -> Result<Paid, String> {
        self.settle();
        let now = self.now();
        let mut state = self.state();
        let at = *state.orders.by_prepay_id.get(prepay_id).ok_or("订单不存在")?;
        let order = &state.orders.all[at];
        if !order.payments.is_empty() {
            return Err("该订单已支付".to_owned());
        }
        if order.is_over(now) || now >= order.prepaid_at + PREPAY_LIFE {
            return Err("订单已失效".to_owned());
        }
        if payer.is_some() && order.openid.is_some() && payer != order.openid.as_deref() {
            return Err("下单账号与支付账号不一致".to_owned());
        }
        if !(0..order.total).contains(&coupon) {
            return Err("优惠金额有误".to_owned());
        }
        let paid = take_money(&mut state, at, payer, coupon, now);
        if state.faults.meet(PayFault::TwoAttemptsBothPaid) {
            take_money(&mut state, at, payer, coupon, now);
        }
        Ok(paid)
    }

    /// The same by the merchant's number, whatever the channel: a QR code scanned, a link opened.
    ///
    /// # Errors
    /// As [`Pay::pay`].
    pub fn pay_order(&self, out_trade_no: &str) -> Result<Paid, String> {
        let prepay_id = {
            let state = self.state();
            let at = state.orders.numbered(out_trade_no).next().ok_or("订单不存在")?;
            state.orders.all[at].prepay_id.clone()
        };
        self.pay(&prepay_id, None, 0)
    }

    /// The money moves though the order was closed: the user had paid just before.
    ///
    /// # Errors
    /// There is no such order.
    pub fn pay_late(&self, out_trade_no: &str) -> Result<Paid, String> {
        let now = self.now();
        let mut state = self.state();
        let at = state.orders.numbered(out_trade_no).next().ok_or("订单不存在")?;
        Ok(take_money(&mut state, at, None, 0, now))
    }

    /// Every payment, for whoever ships what was paid.
    pub(crate) fn paid(&self) -> Vec<PaidHere> {
        let state = self.state();
        let orders = state.orders.iter();
        let paid = orders.flat_map(|order| order.payments.iter().map(move |paid| (order, paid)));
        paid.map(|(order, payment)| PaidHere {
            appid: order.appid.clone(),
            openid: payment.payer.clone(),
            paid_at: payment.at,
            order: PaidOrder {
                transaction_id: payment.transaction_id.clone(),
                mchid: order.mchid.clone(),
                out_trade_no: order.out_trade_no.clone(),
                description: order.description.clone(),
                paid_amount: order.total.unsigned_abs(),
            },
        })
        .collect()
    }

    /// Lets an order have been paid at another time, so that an earlier day's bill lists it.
    /// Whether there is such an order, and it is paid.
    pub fn backdate(&self, out_trade_no: &str, at: u64) -> bool {
        let mut state = self.state();
        let numbered: Vec<usize> = state.orders.numbered(out_trade_no).collect();
        let mut payments = 0;
        for order in numbered {
            for payment in &mut state.orders.all[order].payments {
                payment.at = at;
                payments += 1;
            }
        }
        payments > 0
    }

    /// Checks what a client is given for a payment, as WeChat does before it opens the cashier,
    /// and returns the `prepay_id`.
    ///
    /// Takes both spellings of the time. `appid` is the app the page or mini program belongs to.
    ///
    /// # Errors
    /// The `err_msg` behind the colon, as the client gets it.
    pub fn open_cashier(&self, appid: &str, given: &Value) -> Result<String, String> {
        let text = |name: &str| given[name].as_str();
        let time =
            text("timeStamp").or_else(|| text("timestamp")).ok_or("fail missing timeStamp")?;
        let nonce = text("nonceStr").ok_or("fail missing nonceStr")?;
        let package = text("package").ok_or("fail missing package")?;
        let prepay_id = package.strip_prefix("prepay_id=").ok_or("fail invalid package")?;
        let sign = text("paySign").ok_or("fail missing paySign")?;
        if text("signType") != Some("RSA") {
            return Err("fail invalid signType".to_owned());
        }
        let state = self.state();
        let order = state.orders.by_prepay_id(prepay_id);
        let order = order.ok_or("fail 支付验证签名失败")?;
        let message = format!("{appid}\n{time}\n{nonce}\n{package}\n");
        let merchant = state.merchant(&order.mchid).ok_or("fail 商户号不存在")?;
        if order.appid != appid || !merchant.key.verifies(message.as_bytes(), sign) {
            return Err("fail 支付验证签名失败".to_owned());
        }
        Ok(prepay_id.to_owned())
    }
}
