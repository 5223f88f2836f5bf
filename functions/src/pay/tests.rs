//! Orders against the simulator, without a network and a table: every fault, and every crash.

use std::{
    collections::BTreeMap,
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

/// A document, and the list it is in.
type Kept = (Document, Option<(String, u64)>);

/// Documents in memory, and crashes before or after a chosen step.
#[derive(Clone, Default)]
struct Memory {
    kept: Arc<Mutex<BTreeMap<String, Kept>>>,
    steps: Arc<AtomicUsize>,
    /// The step that fails, and whether it is done all the same.
    crash: Arc<Mutex<Option<(usize, bool)>>>,
}

impl Memory {
    fn crash_at(&self, step: usize, done: bool) {
        self.steps.store(0, Ordering::Relaxed);
        *self.crash.lock().unwrap() = Some((step, done));
    }

    fn heal(&self) {
        *self.crash.lock().unwrap() = None;
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
        kept.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// The types of all events, sorted.
    fn events(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        let events = kept.iter().filter(|(key, _)| key.starts_with("event#"));
        let kind = |(_, (document, _)): (_, &Kept)| {
            document.body["detail_type"].as_str().unwrap().to_owned()
        };
        let mut events: Vec<String> = events.map(kind).collect();
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
        Ok(self.kept.lock().unwrap().get(key).map(|(document, _)| document.clone()))
    }

    async fn write(&self, writes: Vec<DocumentWrite>) -> Result<bool> {
        tokio::task::yield_now().await;
        let crashes = self.step()?;
        let mut kept = self.kept.lock().unwrap();
        let version = |key: &str| kept.get(key).map_or(0, |(document, _)| document.version);
        if writes.iter().any(|write| version(&write.key) != write.expects) {
            return Ok(false);
        }
        for DocumentWrite { key, expects, body, due, .. } in writes {
            kept.insert(key, (Document { version: expects + 1, body }, due));
        }
        if crashes { Err(crashed()) } else { Ok(true) }
    }

    async fn due(&self, index: &str, until: u64, limit: usize) -> Result<Vec<String>> {
        let kept = self.kept.lock().unwrap();
        let mut due: Vec<(u64, String)> = kept
            .iter()
            .filter_map(|(key, (_, due))| {
                let (listed, at) = due.as_ref()?;
                (listed == index && *at <= until).then(|| (*at, key.clone()))
            })
            .collect();
        due.sort();
        Ok(due.into_iter().take(limit).map(|(_, key)| key).collect())
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
}

fn world() -> World {
    world_at(&["https://api.mch.weixin.qq.com"])
}

fn world_at(hosts: &[&str]) -> World {
    let clock = Clock::frozen(START);
    let pay = Pay::new(clock.clone(), &[APPID]);
    let merchants = setting::parse(&pay.setting().to_string()).unwrap();
    let keys: Vec<Secret> = merchants[0]
        .sources()
        .map(|source| match source {
            SecretSource::Value(secret) => secret.clone(),
            SecretSource::Ssm(_) => panic!("the demo has values"),
        })
        .collect();
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    World {
        api: Api::new(Wire(pay.clone()), hosts, clock.clone()),
        merchants: vec![merchants[0].build(&keys).unwrap()],
        ledger: Memory::default(),
        clock,
        pay,
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
        self.payments().create(self.new_order("ORDER0001")).await
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
                Some(match self.payments().notify(header, &body).await {
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
            self.payments().reconcile(100).await.unwrap();
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
        self.payments().refund("ORDER0001", "R1", amount, Some("缺货")).await
    }

    /// An order that is paid, with everything told.
    async fn paid() -> World {
        let world = world();
        world.user_pays(&world.create().await.unwrap());
        world.deliver().await;
        assert_eq!(world.kept().await.state, OrderState::Paid);
        world
    }

    /// What everything must have come to: the order, the money WeChat Pay holds, the events.
    async fn ends(&self, what: impl std::fmt::Debug, state: OrderState, money: i64, told: &[&str]) {
        assert_eq!(self.kept().await.state, state, "{what:?}");
        assert_eq!(self.pay.balance(), money, "{what:?}");
        assert_eq!(self.ledger.events(), told, "{what:?}");
        assert!(
            self.payments().ledger.due("pay", u64::MAX, 10).await.unwrap().is_empty(),
            "{what:?}"
        );
    }
}

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

    world.ends("paid", OrderState::Paid, 4999, &["pay.paid"]).await;
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

/// The faults of the reference's list that an order and its payment can meet.
#[tokio::test]
async fn whatever_goes_wrong_a_payment_is_told_once() {
    use PayFault::*;
    for (number, fault) in [
        ("F1", LostResponse),
        ("F2", SysErrorDone),
        ("F3", SysErrorNotDone),
        ("F4", SigntestResponse),
        ("F5", SigntestNotify),
        ("F6", NotifyTwice),
        ("F7", NotifyNewId),
        ("F8", NotifyNever),
        ("F9", NotifyLate),
        ("F13", SerialSwitch(0)),
        ("F13", SerialSwitch(100)),
        ("F21", OldCodeSpelling),
        ("F22", ErrorWithoutBody),
        ("F23", Html502),
        ("F24", ApiDownApi2Up),
    ] {
        let world = world();
        world.once(fault);
        let order = world.create().await.unwrap();
        world.user_pays(&order);
        world.live(2 * 86_400).await;
        world.ends(number, OrderState::Paid, 4999, &["pay.paid"]).await;
    }
}

#[tokio::test]
async fn f10_a_notification_before_the_answer_is_taken() {
    let world = world();
    world.once(PayFault::NotifyBeforePrepayAnswer);
    let order = world.create().await.unwrap();
    assert_eq!(order.state, OrderState::Unpaid);
    world.live(86_400).await;
    world.ends("F10", OrderState::Paid, 4999, &["pay.paid"]).await;
}

#[tokio::test]
async fn f11_an_order_paid_while_it_is_closed_is_paid() {
    for spelling in [None, Some(PayFault::OldCodeSpelling), Some(PayFault::ErrorWithoutBody)] {
        let world = world();
        world.create().await.unwrap();
        world.once(PayFault::PayDuringClose);
        if let Some(spelling) = spelling {
            world.once(spelling);
        }
        let _ = world.payments().close("ORDER0001").await;
        world.live(86_400).await;
        world.ends(spelling, OrderState::Paid, 4999, &["pay.paid"]).await;
    }
}

#[tokio::test]
async fn f12_a_clock_that_is_wrong_stops_everything_and_breaks_nothing() {
    for skew in [400, -400] {
        let world = world();
        let order = world.create().await.unwrap();
        world.pay.fault(PayFault::ClockSkew(skew), None);
        world.user_pays(&order);
        world.live(600).await;
        assert_eq!(world.kept().await.state, OrderState::Unpaid, "nothing can be verified");
        world.pay.clear_faults();
        world.live(86_400).await;
        world.ends(skew, OrderState::Paid, 4999, &["pay.paid"]).await;
    }
}

#[tokio::test]
async fn f14_certificates_signed_by_the_new_one_are_taken() {
    let world = world();
    let merchant = &world.merchants[0];
    world.once(PayFault::RotationSelflock);
    let found = apiv3::Certificates::fetch(&world.api, merchant, world.clock.now()).await.unwrap();
    assert_eq!(found.0.len(), 2);
    assert!(found.0.iter().all(|one| one.key.is_valid_at(world.clock.now())));
}

#[tokio::test]
async fn f15_a_merchant_without_certificates_has_none() {
    let world = world();
    world.once(PayFault::NoPlatformCert);
    let found =
        apiv3::Certificates::fetch(&world.api, &world.merchants[0], world.clock.now()).await;
    assert!(found.unwrap().0.is_empty());
}

#[tokio::test]
async fn a_refund_ends_once_whatever_goes_wrong() {
    use PayFault::*;
    for (number, fault) in [
        ("none", None),
        ("F1", Some(LostResponse)),
        ("F2", Some(SysErrorDone)),
        ("F3", Some(SysErrorNotDone)),
        ("F4", Some(SigntestResponse)),
        ("F8", Some(NotifyNever)),
        ("F16", Some(RateLimitAccepted)),
        ("F22", Some(ErrorWithoutBody)),
        ("F23", Some(Html502)),
    ] {
        let world = World::paid().await;
        if let Some(fault) = fault {
            world.once(fault);
        }
        let refund = world.refund(None).await.unwrap();
        assert!(refund.is_open(), "{number}");
        world.live(86_400).await;
        world.ends(number, OrderState::Refunded, 0, &["pay.paid", "pay.refunded"]).await;
        let refund = world.payments().kept_refund("R1").await.unwrap().0;
        assert_eq!((refund.state, refund.amount), (RefundState::Success, 4999), "{number}");
    }
}

#[tokio::test]
async fn f17_a_refund_without_money_succeeds_with_the_same_number_later() {
    let world = World::paid().await;
    world.once(PayFault::NotEnough);
    let error = world.refund(Some(1000)).await.unwrap_err();
    assert_eq!(error.problem(), Problem::WrongState);
    assert_eq!(world.kept().await.reserved, 1000);
    world.refund(Some(1000)).await.unwrap();
    world.live(86_400).await;
    world.ends("F17", OrderState::Paid, 3999, &["pay.paid", "pay.refunded"]).await;
}

#[tokio::test]
async fn f18_an_abnormal_refund_holds_its_money() {
    let world = World::paid().await;
    world.once(PayFault::RefundAbnormal);
    world.refund(Some(1000)).await.unwrap();
    world.live(86_400).await;
    world.ends("F18", OrderState::Paid, 4999, &["pay.paid"]).await;
    let order = world.kept().await;
    assert_eq!((order.reserved, order.refunded), (1000, 0));
    let state = world.payments().kept_refund("R1").await.unwrap().0.state;
    assert_eq!(state, RefundState::Abnormal);
}

#[tokio::test]
async fn f19_a_closed_refund_gives_its_money_back_to_the_order() {
    let world = World::paid().await;
    world.once(PayFault::RefundClosedAfter7d);
    world.refund(Some(4999)).await.unwrap();
    assert_eq!(world.kept().await.reserved, 4999);
    world.live(8 * 86_400).await;
    world.ends("F19", OrderState::Paid, 4999, &["pay.paid"]).await;
    assert_eq!(world.kept().await.reserved, 0);
    world.payments().refund("ORDER0001", "R2", None, None).await.unwrap();
    world.live(86_400).await;
    world.ends("F19", OrderState::Refunded, 0, &["pay.paid", "pay.refunded"]).await;
}

#[tokio::test]
async fn f24_the_second_host_is_asked_when_the_first_cannot_be_reached() {
    let world = world_at(&["https://down.example.com", "https://api2.mch.weixin.qq.com"]);
    let order = world.create().await.unwrap();
    world.user_pays(&order);
    world.live(60).await;
    world.ends("F24", OrderState::Paid, 4999, &["pay.paid"]).await;
}

#[tokio::test]
async fn f25_a_second_payment_is_told_and_refunded() {
    let world = world();
    let order = world.create().await.unwrap();
    world.once(PayFault::TwoAttemptsBothPaid);
    world.user_pays(&order);
    assert_eq!(world.pay.balance(), 2 * 4999);
    world.live(86_400).await;
    let told = ["pay.duplicate", "pay.paid", "pay.refunded"];
    world.ends("F25", OrderState::Paid, 4999, &told).await;
    let order = world.kept().await;
    assert_eq!((order.reserved, order.refunded), (0, 0), "the first payment is untouched");
}

#[tokio::test]
async fn a_payment_of_a_closed_order_is_late_and_told() {
    let world = world();
    world.create().await.unwrap();
    world.payments().close("ORDER0001").await.unwrap();
    assert_eq!(world.ledger.events(), ["pay.closed"]);
    world.pay.pay_late("ORDER0001").unwrap();
    world.live(86_400).await;
    world.ends("late", OrderState::Paid, 4999, &["pay.closed", "pay.paid"]).await;
    assert!(world.kept().await.paid.unwrap().late);
}

#[tokio::test]
async fn an_order_nobody_pays_is_closed_within_two_minutes_of_its_end() {
    let world = world();
    world.create().await.unwrap();
    world.live(1_800 + 120).await;
    world.ends("expired", OrderState::Closed, 0, &["pay.closed"]).await;
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
    world.ends("lost", OrderState::Closed, 0, &["pay.closed"]).await;
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
    let told = ["pay.paid", "pay.refunded", "pay.refunded"];
    world.ends("parts", OrderState::Refunded, 0, &told).await;
}

#[tokio::test]
async fn an_instance_that_dies_at_any_step_leaves_an_order_another_one_finishes() {
    for done in [false, true] {
        for step in 0..12 {
            let world = world();
            let order = world.create().await.unwrap();
            world.user_pays(&order);
            world.ledger.crash_at(step, done);
            world.deliver().await;
            world.ledger.heal();
            world.live(86_400).await;
            world.ends((step, done), OrderState::Paid, 4999, &["pay.paid"]).await;

            world.ledger.crash_at(step, done);
            let _ = world.refund(Some(4999)).await;
            world.ledger.heal();
            let _ = world.refund(Some(4999)).await;
            world.live(86_400).await;
            let told = ["pay.paid", "pay.refunded"];
            world.ends((step, done), OrderState::Refunded, 0, &told).await;
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
    world.ends("two", OrderState::Paid, 4999, &["pay.paid"]).await;
}

#[tokio::test]
async fn instances_that_race_and_die_together_at_any_step_tell_a_payment_once() {
    for done in [false, true] {
        for step in 0..24 {
            let world = world();
            let order = world.create().await.unwrap();
            world.once(PayFault::NotifyNewId);
            world.user_pays(&order);
            world.ledger.crash_at(step, done);
            let (one, other) = (world.payments(), world.payments());
            let _ =
                tokio::join!(world.deliver(), one.settle("ORDER0001"), other.settle("ORDER0001"));
            world.ledger.heal();
            world.live(3_600).await;
            world.ends((step, done), OrderState::Paid, 4999, &["pay.paid"]).await;
        }
    }
}

/// A day with one paid order, at half past ten of the next.
async fn next_morning(fault: Option<PayFault>) -> (World, Result<Option<BillReport>>) {
    let world = world();
    let order = world.create().await.unwrap();
    let lost = fault.is_none();
    if lost {
        world.once(PayFault::NotifyNever);
    }
    world.user_pays(&order);
    if !lost {
        world.live(0).await;
    }
    world.clock.advance(Duration::from_secs(26 * 3600 + 1_800));
    if let Some(fault) = fault {
        world.once(fault);
    }
    let report = world.payments().compare_bill(&world.merchants[0], "2026-11-04").await;
    (world, report)
}

#[tokio::test]
async fn f20_a_bill_that_differs_is_told_and_a_lost_payment_is_found() {
    let number = || vec!["ORDER0001".to_owned()];
    let (world, report) = next_morning(None).await;
    assert_eq!(report.unwrap().unwrap().recovered, number());
    world.ends("recovered", OrderState::Paid, 4999, &["pay.paid"]).await;
    let again = world.payments().compare_bill(&world.merchants[0], "2026-11-04").await;
    assert_eq!(again.unwrap(), None, "a day is compared once");

    for (fault, expected) in [
        (PayFault::SerialSwitch(100), (1, vec![], vec![], vec![])),
        (PayFault::BillMissingRow, (0, vec![], number(), vec![])),
        (PayFault::BillExtraRow, (1, vec!["NOBODYKNOWSTHIS".to_owned()], vec![], vec![])),
        (PayFault::BillAmountDiff, (0, vec![], vec![], number())),
    ] {
        let (world, report) = next_morning(Some(fault)).await;
        let report = report.unwrap().unwrap();
        let mismatch = report.is_mismatch();
        let found = (report.equal, report.unknown, report.missing, report.different);
        assert_eq!(found, expected, "{fault:?}");
        assert_eq!(mismatch, !matches!(fault, PayFault::SerialSwitch(_)), "{fault:?}");
        world.ends(fault, OrderState::Paid, 4999, &["pay.paid"]).await;
    }
    let (_, report) = next_morning(Some(PayFault::BillCreating)).await;
    let error = report.unwrap_err();
    assert_eq!((error.problem(), error.retry_after_seconds()), (Problem::InProgress, Some(1_800)));
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
    let told = ["pay.duplicate", "pay.paid", "pay.refunded"];
    world.ends("bill", OrderState::Paid, 4999, &told).await;
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

/// Chance that is the same on every run.
struct Chance(u64);

impl Chance {
    /// Less than `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What may go wrong at any time and ends by itself.
const TROUBLE: &[PayFault] = &[
    PayFault::LostResponse,
    PayFault::SysErrorDone,
    PayFault::SysErrorNotDone,
    PayFault::SigntestResponse,
    PayFault::SigntestNotify,
    PayFault::NotifyTwice,
    PayFault::NotifyNewId,
    PayFault::NotifyNever,
    PayFault::NotifyLate,
    PayFault::NotifyBeforePrepayAnswer,
    PayFault::PayDuringClose,
    PayFault::SerialSwitch(50),
    PayFault::RateLimitAccepted,
    PayFault::NotEnough,
    PayFault::RefundAbnormal,
    PayFault::RefundClosedAfter7d,
    PayFault::OldCodeSpelling,
    PayFault::ErrorWithoutBody,
    PayFault::Html502,
    PayFault::ApiDownApi2Up,
    PayFault::TwoAttemptsBothPaid,
];

/// A day of so many orders with all trouble mixed, and functions that die at any step.
async fn a_day_of(orders: u64, seed: u64) {
    let mut chance = Chance(seed);
    let world = world();
    let payments = world.payments();
    let mut made: Vec<String> = Vec::new();
    let minutes = 24 * 60;
    for minute in 0..minutes {
        while (made.len() as u64) < orders * (minute + 1) / minutes {
            let number = format!("DAY{:09}", made.len());
            if chance.one_in(3) {
                world.once(TROUBLE[chance.below(TROUBLE.len() as u64) as usize]);
            }
            if chance.one_in(5) {
                world.ledger.crash_at(chance.below(8) as usize, chance.one_in(2));
            }
            let order =
                NewOrder { amount: 1 + chance.below(10_000) as i64, ..world.new_order(&number) };
            let created = payments.create(order).await;
            made.push(number.clone());
            if let Ok(order) = created
                && let Some(prepay) = &order.prepay
                && !chance.one_in(4)
            {
                let _ = world.pay.pay(&prepay.value, Some(OPENID), 0);
            }
            if chance.one_in(6) {
                let _ = payments.close(&number).await;
            }
            if chance.one_in(6) {
                let old = &made[chance.below(made.len() as u64) as usize];
                let refund = format!("R{:09}", chance.below(orders));
                let amount = Some(1 + chance.below(3_000) as i64);
                let _ = payments.refund(old, &refund, amount, None).await;
                world.pay.notify_again(old);
            }
            if chance.one_in(2) {
                world.deliver().await;
            }
            world.ledger.heal();
        }
        world.deliver().await;
        let _ = payments.reconcile(1_000).await;
        world.clock.advance(Duration::from_secs(60));
    }
    world.pay.clear_faults();
    // Late notifications and closed refunds; then the bills of both days, which find the second
    // payments that no notification told of; then the refunds of those.
    for hour in 0..12 * 24 {
        if hour == 10 * 24 {
            for date in ["2026-11-04", "2026-11-05"] {
                let report = payments.compare_bill(&world.merchants[0], date).await;
                let report = report.unwrap().unwrap();
                assert!(!report.is_mismatch(), "seed {seed}: {report:?}");
            }
        }
        world.deliver().await;
        payments.reconcile(10_000).await.unwrap();
        world.clock.advance(Duration::from_secs(3_600));
    }

    let events = world.ledger.events();
    let told = |kind: &str| events.iter().filter(|event| *event == kind).count();
    let (mut paid, mut held) = (0, 0);
    for key in world.ledger.keys("order#") {
        let number = key.strip_prefix("order#").unwrap();
        let (order, _) = payments.order(number).await.unwrap();
        assert!(!order.is_open(), "{number} is not settled");
        assert!((0..=order.amount).contains(&order.reserved), "{number}");
        assert!((0..=order.reserved).contains(&order.refunded), "{number}");
        if order.paid.is_some() {
            paid += 1;
            held += order.amount - order.refunded;
        }
    }
    let mut duplicates = 0;
    for key in world.ledger.keys("refund#D") {
        let number = key.strip_prefix("refund#").unwrap();
        let (refund, _) = payments.kept_refund(number).await.unwrap();
        assert!(refund.duplicate && !refund.is_open(), "{number}");
        duplicates += 1;
        if refund.state != RefundState::Success {
            held += refund.amount;
        }
    }
    assert_eq!(told("pay.paid"), paid, "seed {seed}");
    assert_eq!(told("pay.duplicate"), duplicates, "seed {seed}");
    assert_eq!(world.pay.balance(), held, "the books differ, seed {seed}");
    let overview = world.pay.overview();
    let there = overview["orders"].as_array().unwrap().iter();
    let there = there.filter(|order| !order["transactions"].as_array().unwrap().is_empty()).count();
    assert_eq!(there, paid, "seed {seed}");
    assert!(paid as u64 > orders / 3 && duplicates > 0, "too little happened: {paid} {duplicates}");
}

#[tokio::test]
async fn a_day_of_orders_with_everything_going_wrong_ends_with_equal_books() {
    a_day_of(150, 1).await;
}

/// `ORDERS=100000 cargo test --workspace --lib a_long_day -- --ignored`
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_long_day_of_orders_ends_with_equal_books() {
    let orders = std::env::var("ORDERS").ok().and_then(|orders| orders.parse().ok());
    a_day_of(orders.unwrap_or(10_000), 1).await;
}
