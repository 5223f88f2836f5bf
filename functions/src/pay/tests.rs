//! Orders against the simulator, without a network and a table.

mod day;
mod faults;
mod job;
mod vectors;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use shared::{
    Clock, Error, Problem, Result, Secret, SecretSource,
    table::{Document, DocumentWrite},
    transport::Failure,
};
use simulator::{Pay, PayFault};

use super::{
    apiv3::{Api, Carrier, Merchant},
    ledger::Ledger,
    order::{Order, OrderState, Refund, RefundState},
    *,
};

const APPID: &str = "wx1111111111111111";
const OPENID: &str = "oAlice0000000000000000000000";
const NOTIFY_URL: &str = "https://pay.example.cn/pay/notify";
/// 2026-11-04 08:00 in China.
const START: u64 = 1_793_750_400;

/// Documents, and the lists they are in.
#[derive(Default)]
struct Kept {
    documents: BTreeMap<String, (Document, Option<(String, u64)>)>,
    /// List, time and key.
    lists: BTreeSet<(String, u64, String)>,
    /// The ids of all events in the order they were told.
    told: Vec<String>,
}

/// Documents in memory, and crashes before or after a chosen step.
#[derive(Clone, Default)]
struct Memory {
    kept: Arc<Mutex<Kept>>,
    steps: Arc<AtomicUsize>,
    /// The step that fails, and whether it is done all the same.
    crash: Arc<Mutex<Option<(usize, bool)>>>,
}

impl Memory {
    fn crash_at(&self, step: usize, done: bool) {
        self.steps.store(0, Ordering::Relaxed);
        *self.crash.lock().unwrap() = Some((step, done));
    }

    /// Ends the crash; whether there was one.
    fn heal(&self) -> bool {
        let crash = self.crash.lock().unwrap().take();
        crash.is_some_and(|(at, _)| self.steps.load(Ordering::Relaxed) > at)
    }

    /// `Err` if this step crashes before it is done; `Ok(true)` if it crashes after.
    fn step(&self) -> Result<bool> {
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        match *self.crash.lock().unwrap() {
            Some((at, _)) if step > at => Err(crashed()),
            Some((at, done)) if step == at => {
                if done {
                    Ok(true)
                } else {
                    Err(crashed())
                }
            }
            _ => Ok(false),
        }
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        kept.documents.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// A document, without taking a step.
    fn look<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        let kept = self.kept.lock().unwrap();
        let body = kept.documents.get(key)?.0.body.clone();
        Some(serde_json::from_value(Value::Object(body)).unwrap())
    }

    /// The types of all events, sorted.
    fn events(&self) -> Vec<String> {
        let kind = |key: String| {
            let event: Value = self.look(&key).unwrap();
            event["detail_type"].as_str().unwrap().to_owned()
        };
        let mut events: Vec<String> = self.keys("event#").into_iter().map(kind).collect();
        events.sort();
        events
    }
}

fn crashed() -> Error {
    Error::new(Problem::TableUnavailable, ["Crashed.", "已崩溃。"])
}

impl Ledger for Memory {
    async fn read(&self, key: &str) -> Result<Option<Document>> {
        tokio::task::yield_now().await;
        if self.step()? {
            return Err(crashed());
        }
        let kept = self.kept.lock().unwrap();
        Ok(kept.documents.get(key).map(|(document, _)| document.clone()))
    }

    async fn write(&self, writes: Vec<DocumentWrite>) -> Result<bool> {
        tokio::task::yield_now().await;
        let crashes = self.step()?;
        let mut kept = self.kept.lock().unwrap();
        let version =
            |key: &str| kept.documents.get(key).map_or(0, |(document, _)| document.version);
        if writes.iter().any(|write| version(&write.key) != write.expects) {
            return Ok(false);
        }
        for DocumentWrite { key, expects, body, due, .. } in writes {
            kept.told.extend(key.strip_prefix("event#").map(str::to_owned));
            if let Some((list, at)) = &due {
                kept.lists.insert((list.clone(), *at, key.clone()));
            }
            let document = Document { version: expects + 1, body };
            if let Some((_, Some((list, at)))) =
                kept.documents.insert(key.clone(), (document, due.clone()))
                && due != Some((list.clone(), at))
            {
                kept.lists.remove(&(list, at, key));
            }
        }
        if crashes { Err(crashed()) } else { Ok(true) }
    }

    async fn due(&self, index: &str, until: u64, limit: usize) -> Result<Vec<String>> {
        let kept = self.kept.lock().unwrap();
        let from = (index.to_owned(), 0, String::new());
        let listed =
            kept.lists.range(from..).take_while(|(list, at, _)| list == index && *at <= until);
        Ok(listed.take(limit).map(|(_, _, key)| key.clone()).collect())
    }
}

/// The simulator instead of a network.
#[derive(Clone)]
struct Wire(Pay);

impl Carrier for Wire {
    async fn carry(
        &self,
        request: http::Request<Bytes>,
        _timeout: Duration,
        _limit: usize,
    ) -> Result<Response<Bytes>, Failure> {
        let (mut parts, body) = request.into_parts();
        // The first of two hosts cannot be connected to, if that is the trouble.
        if parts.uri.host() == Some("down.example.com") {
            return Err(Failure::Connect("refused".into()));
        }
        let path = parts.uri.path_and_query().unwrap().as_str().to_owned();
        parts.uri = path.parse().unwrap();
        let request = http::Request::from_parts(parts, body);
        self.0.exchange(&request).ok_or_else(|| Failure::Broken("closed".into()))
    }
}

struct World {
    clock: Clock,
    pay: Pay,
    ledger: Memory,
    api: Api<Wire>,
    merchants: Vec<Merchant>,
    /// Whether platform certificates are fetched.
    certificates: bool,
}

fn world() -> World {
    world_with(&["https://api.mch.weixin.qq.com"], |_| ())
}

/// A world with other hosts or another `WECHAT_PAY`.
fn world_with(hosts: &[&str], change: impl FnOnce(&mut Value)) -> World {
    let clock = Clock::frozen(START);
    let pay = Pay::new(clock.clone(), &[APPID]);
    let mut setting = pay.setting();
    change(&mut setting[0]);
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    World {
        api: Api::new(Wire(pay.clone()), hosts, clock.clone()),
        merchants: vec![merchant(&setting)],
        certificates: setting[0]["certificates"] == true,
        ledger: Memory::default(),
        clock,
        pay,
    }
}

/// The merchant of a `WECHAT_PAY`.
fn merchant(setting: &Value) -> Merchant {
    let merchants = setting::parse(&setting.to_string()).unwrap();
    let keys: Vec<Secret> = merchants[0]
        .sources()
        .map(|source| match source {
            SecretSource::Value(secret) => secret.clone(),
            SecretSource::Ssm(_) => panic!("the demo has values"),
        })
        .collect();
    merchants[0].build(&keys).unwrap()
}

/// The keys as a function finds them when it starts.
struct Opened<'a> {
    world: &'a World,
    merchants: Vec<Merchant>,
}

impl Opened<'_> {
    fn payments(&self) -> Payments<'_, Memory, Wire> {
        Payments { merchants: &self.merchants, ..self.world.payments() }
    }
}

impl World {
    fn payments(&self) -> Payments<'_, Memory, Wire> {
        Payments {
            ledger: &self.ledger,
            api: &self.api,
            merchants: &self.merchants,
            notify_url: NOTIFY_URL,
            clock: &self.clock,
        }
    }

    async fn open(&self) -> Result<Opened<'_>> {
        let mut merchants = self.merchants.clone();
        if self.certificates {
            certificates::add_to(&mut merchants[0], &self.ledger).await?;
        }
        Ok(Opened { world: self, merchants })
    }

    /// What the job does every minute.
    async fn job(&self) -> Result<Looked> {
        let opened = self.open().await?;
        let looked = opened.payments().reconcile(2_000).await?;
        if self.certificates {
            let (merchant, now) = (&opened.merchants[0], self.clock.now());
            // What goes wrong with certificates is told; nothing else waits for it.
            let _ = certificates::fetch(merchant, &self.api, &self.ledger, now).await;
        }
        Ok(looked)
    }

    fn new_order(&self, out_trade_no: &str) -> NewOrder {
        NewOrder {
            mchid: self.merchants[0].mchid.clone(),
            out_trade_no: out_trade_no.to_owned(),
            appid: APPID.to_owned(),
            openid: Some(OPENID.to_owned()),
            channel: Channel::MiniProgram,
            amount: 4999,
            description: "季度蔬菜箱".to_owned(),
            attach: Some("k1".to_owned()),
            product: Some(("box".to_owned(), 1)),
            expires_at: self.clock.now() + 1_800,
            detail: None,
            goods_tag: None,
            profit_sharing: false,
            client_ip: None,
        }
    }

    async fn create(&self) -> Result<Order> {
        self.open().await?.payments().create(self.new_order("ORDER0001")).await
    }

    /// The user pays what a created order gave the client.
    fn user_pays(&self, order: &Order) {
        let prepay_id = &order.prepay.as_ref().expect("a prepay_id").value;
        self.pay.pay(prepay_id, Some(OPENID), 0).unwrap();
    }

    /// WeChat Pay notifies; the answers follow design.
    async fn deliver(&self) {
        self.pay
            .deliver_by(async |request| {
                let (parts, body) = request.into_parts();
                let header = |name: &str| parts.headers.get(name)?.to_str().ok();
                let Ok(opened) = self.open().await else { return Some(500) };
                Some(match opened.payments().notify(header, &body).await {
                    Ok(()) => 204,
                    Err(Rejected::Unverified(_)) => 401,
                    Err(Rejected::Failed(_)) => 500,
                })
            })
            .await;
    }

    /// So many seconds pass, with notifications and the job every minute.
    async fn live(&self, seconds: u64) {
        let until = self.clock.now() + seconds;
        loop {
            self.deliver().await;
            self.job().await.unwrap();
            if self.clock.now() >= until {
                return;
            }
            self.clock.advance(Duration::from_secs(60));
        }
    }

    async fn kept(&self) -> Order {
        self.payments().order("ORDER0001").await.unwrap().0
    }

    fn once(&self, fault: PayFault) {
        self.pay.fault(fault, Some(1));
    }

    async fn refund(&self, amount: Option<i64>) -> Result<Refund> {
        self.open().await?.payments().refund("ORDER0001", "R1", amount, Some("缺货")).await
    }

    /// An order that is paid, with everything told.
    async fn paid() -> World {
        let world = world();
        world.user_pays(&world.create().await.unwrap());
        world.deliver().await;
        assert_eq!(world.kept().await.state, OrderState::Paid);
        world
    }

    /// What everything must have come to.
    async fn ends(&self, what: impl std::fmt::Debug, end: End<'_>) {
        let End { order: state, refunds, money, told } = end;
        let order = self.kept().await;
        assert_eq!(order.state, state, "{what:?}");
        let kept: Vec<Refund> =
            self.ledger.keys("refund#").iter().filter_map(|key| self.ledger.look(key)).collect();
        let states: Vec<RefundState> = kept.iter().map(|refund| refund.state).collect();
        assert_eq!(states, refunds, "{what:?}");
        let sum = |takes: fn(RefundState) -> bool| -> i64 {
            let own = kept.iter().filter(|refund| !refund.duplicate && takes(refund.state));
            own.map(|refund| refund.amount).sum()
        };
        assert_eq!(order.refunded, sum(|state| state == RefundState::Success), "{what:?}");
        assert_eq!(order.reserved, sum(|state| state != RefundState::Closed), "{what:?}");
        assert_eq!(self.pay.balance(), money, "{what:?}");
        assert_eq!(self.ledger.events(), told, "{what:?}");
        assert!(self.ledger.due("pay", u64::MAX, 10).await.unwrap().is_empty(), "{what:?}");
    }

    /// The order is paid and told once, and a refund of all of it succeeds.
    async fn ends_paid_and_can_be_refunded(&self, what: impl std::fmt::Debug) {
        self.ends(&what, PAID).await;
        self.refund(None).await.unwrap();
        self.live(86_400).await;
        self.ends(&what, REFUNDED).await;
    }
}

/// What an order, its refunds, the money WeChat Pay holds, and the events come to.
struct End<'a> {
    order: OrderState,
    refunds: &'a [RefundState],
    money: i64,
    told: &'a [&'a str],
}

/// Paid, and told once.
const PAID: End<'static> =
    End { order: OrderState::Paid, refunds: &[], money: 4999, told: &["pay.paid"] };

/// Nobody paid.
const CLOSED: End<'static> =
    End { order: OrderState::Closed, refunds: &[], money: 0, told: &["pay.closed"] };

/// Paid twice, and the second payment went back.
const PAID_TWICE: End<'static> = End {
    order: OrderState::Paid,
    refunds: &[RefundState::Success],
    money: 4999,
    told: &["pay.duplicate", "pay.paid", "pay.refunded"],
};

/// All of the money went back by one refund.
const REFUNDED: End<'static> = End {
    order: OrderState::Refunded,
    refunds: &[RefundState::Success],
    money: 0,
    told: &["pay.paid", "pay.refunded"],
};

#[tokio::test]
async fn an_order_is_made_paid_and_told_once() {
    let world = world();
    let order = world.create().await.unwrap();
    assert_eq!((order.state, order.amount), (OrderState::Unpaid, 4999));
    let again = world.create().await.unwrap();
    assert_eq!(again.prepay.unwrap().value, order.prepay.as_ref().unwrap().value);
    assert_eq!(world.pay.calls("POST /v3/pay/transactions/jsapi"), 1, "no second call is needed");
    let other = NewOrder { amount: 1, ..world.new_order("ORDER0001") };
    let refused = world.payments().create(other).await.unwrap_err();
    assert_eq!(refused.problem(), Problem::WrongState);

    world.user_pays(&order);
    world.live(3 * 86_400).await;

    world.ends("paid", PAID).await;
    let paid = world.kept().await.paid.unwrap();
    assert_eq!((paid.at, paid.payer_total, paid.late), (START, 4999, false));
}

#[tokio::test]
async fn what_the_client_gets_opens_the_cashier() {
    let world = world();
    let order = world.create().await.unwrap();
    let prepay_id = &order.prepay.unwrap().value;
    let signed = apiv3::Signed::at(world.clock.now());
    let given = json!(world.merchants[0].page_payment(APPID, prepay_id, signed));
    assert_eq!(world.pay.open_cashier(APPID, &given).as_ref(), Ok(prepay_id));
}

#[tokio::test]
async fn all_five_channels_are_ordered() {
    let world = world();
    for (index, channel) in
        [Channel::MiniProgram, Channel::Jsapi, Channel::App, Channel::H5, Channel::Native]
            .into_iter()
            .enumerate()
    {
        let order = NewOrder {
            channel,
            client_ip: Some("203.0.113.7".to_owned()),
            ..world.new_order(&format!("ORDER000{index}"))
        };
        let order = world.payments().create(order).await.unwrap();
        assert_eq!(order.state, OrderState::Unpaid, "{channel:?}");
        world.pay.pay_order(&order.out_trade_no).unwrap();
    }
    world.live(60).await;
    assert_eq!(world.ledger.events(), ["pay.paid"; 5]);
}

#[tokio::test]
async fn a_payment_of_a_closed_order_is_late_and_told() {
    let world = world();
    world.create().await.unwrap();
    world.payments().close("ORDER0001").await.unwrap();
    assert_eq!(world.ledger.events(), ["pay.closed"]);
    world.pay.pay_late("ORDER0001").unwrap();
    world.live(86_400).await;
    let told = &["pay.closed", "pay.paid"];
    world.ends("late", End { order: OrderState::Paid, refunds: &[], money: 4999, told }).await;
    assert!(world.kept().await.paid.unwrap().late);
}

#[tokio::test]
async fn an_order_nobody_pays_is_closed_within_two_minutes_of_its_end() {
    let world = world();
    world.create().await.unwrap();
    world.live(1_800 + 120).await;
    world.ends("expired", CLOSED).await;
    assert_eq!(world.pay.calls("POST /v3/pay/transactions/out-trade-no"), 1);
}

#[tokio::test]
async fn an_order_that_never_reached_wechat_pay_ends() {
    let world = world();
    world.pay.fault(PayFault::Html502, Some(2));
    let error = world.create().await.unwrap_err();
    assert_eq!(error.problem(), Problem::WechatBusy);
    assert_eq!(world.kept().await.state, OrderState::Unknown);
    world.live(86_400).await;
    world.ends("lost", CLOSED).await;
}

#[tokio::test]
async fn a_refused_order_is_closed_and_the_input_is_named() {
    let world = world();
    let order = NewOrder { appid: "wx9999999999999999".to_owned(), ..world.new_order("ORDER0001") };
    let error = world.payments().create(order).await.unwrap_err();
    assert_eq!(error.problem(), Problem::AccountNotPermitted);
    let order = NewOrder { attach: Some("x".repeat(200)), ..world.new_order("ORDER0002") };
    let error = world.payments().create(order).await.unwrap_err();
    assert_eq!((error.problem(), error.field_name()), (Problem::InvalidInput, Some("attach")));
    assert_eq!(world.kept().await.state, OrderState::Closed);
}

#[tokio::test]
async fn refunds_never_exceed_the_order() {
    let world = World::paid().await;
    for amount in [0, -1, 5000, 1_000_000_000_000_000] {
        let error = world.refund(Some(amount)).await.unwrap_err();
        assert_eq!(error.field_name(), Some("amount"), "{amount}");
    }
    world.refund(Some(4000)).await.unwrap();
    let payments = world.payments();
    let error = payments.refund("ORDER0001", "R2", Some(1000), None).await.unwrap_err();
    assert_eq!(error.field_name(), Some("amount"));
    let error = payments.refund("ORDER0001", "R1", Some(1), None).await.unwrap_err();
    assert_eq!(error.field_name(), Some("out_refund_no"), "the number is another refund's");
    world.live(120).await;
    let rest = world.payments().refund("ORDER0001", "R2", None, None).await.unwrap();
    assert_eq!(rest.amount, 999);
    world.live(86_400).await;
    let told = &["pay.paid", "pay.refunded", "pay.refunded"];
    let refunds = &[RefundState::Success; 2];
    world.ends("parts", End { order: OrderState::Refunded, refunds, money: 0, told }).await;
}

#[tokio::test]
async fn an_instance_that_dies_at_any_step_leaves_an_order_another_one_finishes() {
    for done in [false, true] {
        for step in 0.. {
            let world = world();
            let order = world.create().await.unwrap();
            world.user_pays(&order);
            world.ledger.crash_at(step, done);
            world.deliver().await;
            let died = world.ledger.heal();
            world.live(86_400).await;
            world.ends((step, done), PAID).await;

            world.ledger.crash_at(step, done);
            let _ = world.refund(Some(4999)).await;
            let died_again = world.ledger.heal();
            let _ = world.refund(Some(4999)).await;
            world.live(86_400).await;
            world.ends((step, done), REFUNDED).await;
            if !died && !died_again {
                assert!(step > 3, "there are more steps to die at");
                break;
            }
        }
    }
}

#[tokio::test]
async fn two_instances_at_once_tell_a_payment_once() {
    let world = world();
    let order = world.create().await.unwrap();
    world.once(PayFault::NotifyNewId);
    world.user_pays(&order);
    let (one, other) = (world.payments(), world.payments());
    let (_, first, second) =
        tokio::join!(world.deliver(), one.settle("ORDER0001"), other.settle("ORDER0001"));
    assert!(first.is_ok() || second.is_ok());
    world.live(60).await;
    world.ends("two", PAID).await;
}

#[tokio::test]
async fn instances_that_race_and_die_together_at_any_step_tell_a_payment_once() {
    for done in [false, true] {
        for step in 0.. {
            let world = world();
            let order = world.create().await.unwrap();
            world.once(PayFault::NotifyNewId);
            world.user_pays(&order);
            world.ledger.crash_at(step, done);
            let (one, other) = (world.payments(), world.payments());
            let _ =
                tokio::join!(world.deliver(), one.settle("ORDER0001"), other.settle("ORDER0001"));
            let died = world.ledger.heal();
            world.live(3_600).await;
            world.ends((step, done), PAID).await;
            if !died {
                assert!(step > 10, "there are more steps to die at");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_second_payment_that_no_notification_told_of_is_found_in_the_bill() {
    let world = world();
    let order = world.create().await.unwrap();
    world.once(PayFault::TwoAttemptsBothPaid);
    world.pay.fault(PayFault::NotifyNever, Some(2));
    world.user_pays(&order);
    world.live(600).await;
    assert_eq!(world.ledger.events(), ["pay.paid"], "the question tells of one payment only");
    world.clock.advance(Duration::from_secs(26 * 3600 + 1_800));
    let report = world.payments().compare_bill(&world.merchants[0], "2026-11-04").await;
    assert_eq!(report.unwrap().unwrap().recovered, ["ORDER0001"]);
    world.live(86_400).await;
    world.ends("bill", PAID_TWICE).await;
}

#[tokio::test]
async fn a_notification_that_does_not_fit_is_kept_encrypted_and_comes_again() {
    let told = |change: fn(&mut Value)| {
        let mut told = json!({
            "appid": APPID, "mchid": "1900000001", "out_trade_no": "ORDER0001",
            "transaction_id": "4200000000000000000000000001", "trade_state": "SUCCESS",
            "success_time": "2026-11-04T08:02:03+08:00", "payer": { "openid": OPENID },
            "amount": { "total": 4999, "payer_total": 4999, "currency": "CNY" },
        });
        change(&mut told);
        told
    };
    for (kind, told) in [
        ("TRANSACTION.SUCCESS", told(|told| told["mchid"] = json!("1900000002"))),
        ("TRANSACTION.SUCCESS", told(|told| told["appid"] = json!("wx0"))),
        ("TRANSACTION.SUCCESS", told(|told| told["amount"]["total"] = json!(1))),
        ("TRANSACTION.SUCCESS", told(|told| told["amount"]["total"] = json!("4999"))),
        ("TRANSACTION.SUCCESS", told(|told| told["amount"]["currency"] = json!("USD"))),
        ("TRANSACTION.SUCCESS", told(|told| told["out_trade_no"] = json!("ORDER9999"))),
        ("TRANSACTION.SUCCESS", told(|told| told["trade_state"] = json!("NOTPAY"))),
        ("TRANSACTION.UNHEARD", told(|_| ())),
    ] {
        let world = world();
        world.create().await.unwrap();
        world.pay.notify(NOTIFY_URL, kind, told.clone());
        world.deliver().await;
        let attempts = world.pay.overview()["notifications"][0]["attempts"].clone();
        assert_eq!(attempts, json!([500]), "{told}");
        assert_eq!(world.kept().await.state, OrderState::Unpaid, "{told}");
        let kept = world.ledger.keys("notification#");
        assert_eq!(kept.len(), 1, "{told}");
        let document = world.ledger.read(&kept[0]).await.unwrap().unwrap();
        assert!(!json!(document.body).to_string().contains(OPENID), "nothing personal is kept");
    }
    let world = world();
    world.pay.notify(NOTIFY_URL, "SECURITY_ECHO.SUCCESS", json!({ "echo_message": "hello" }));
    world.deliver().await;
    assert_eq!(world.pay.overview()["notifications"][0]["attempts"], json!([204]));
}

#[tokio::test]
async fn a_notification_that_cannot_be_verified_leaves_no_trace() {
    let world = world();
    let order = world.create().await.unwrap();
    let before = world.ledger.keys("").len();
    world.once(PayFault::SigntestNotify);
    world.user_pays(&order);
    world.deliver().await;
    assert_eq!(world.pay.overview()["notifications"][0]["attempts"], json!([401]));
    assert_eq!(world.ledger.keys("").len(), before);
    assert_eq!(world.kept().await.state, OrderState::Unpaid);
}
