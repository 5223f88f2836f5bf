//! A day of orders with all faults mixed, by a seed: lost functions, doubled notifications, users
//! who pay late or twice, and then the books.

use super::*;

/// An order must have ended so many seconds after it expired: an alarm tells of what has not.
const LIMIT: u64 = 600;

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

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// What may go wrong with an order at any time.
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
    PayFault::ClockSkew(400),
    PayFault::ClockSkew(-400),
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

/// What may go wrong with certificates.
const ROTATION: &[PayFault] = &[PayFault::RotationSelflock, PayFault::NoPlatformCert];

/// What may be wrong with a bill.
const BILLS: &[PayFault] = &[
    PayFault::BillCreating,
    PayFault::BillMissingRow,
    PayFault::BillExtraRow,
    PayFault::BillAmountDiff,
];

struct Day {
    world: World,
    chance: Chance,
    seed: u64,
    orders: u64,
    made: Vec<String>,
    /// Users who pay in this minute.
    later: BTreeMap<u64, Vec<String>>,
    /// Orders by when they expire, that are not known to have ended.
    open: BTreeSet<(u64, String)>,
    /// How long after its end an order was still open, in seconds.
    slowest: u64,
    /// Functions that were lost.
    lost: u64,
}

impl Day {
    /// So many orders in 24 hours.
    fn of(orders: u64, seed: u64) -> Day {
        let world =
            world_with(&["https://api.mch.weixin.qq.com"], |it| it["certificates"] = json!(true));
        Day {
            world,
            chance: Chance(seed),
            seed,
            orders,
            made: Vec::new(),
            later: BTreeMap::new(),
            open: BTreeSet::new(),
            slowest: 0,
            lost: 0,
        }
    }

    /// The next functions are lost at some step in so many, half of them with that step done.
    fn lose(&mut self, steps: u64) {
        let (step, done) = (self.chance.below(steps), self.chance.one_in(2));
        self.world.ledger.crash_at(step as usize, done);
    }

    fn heal(&mut self) {
        self.lost += u64::from(self.world.ledger.heal());
    }

    /// Somebody orders, and with some luck pays; others close and refund meanwhile.
    async fn order(&mut self, minute: u64) {
        if self.chance.one_in(3) {
            let fault = self.chance.of(TROUBLE);
            self.world.once(fault);
        }
        if self.chance.one_in(5) {
            self.lose(8);
        }
        let number = format!("DAY{:09}", self.made.len());
        let amount = 1 + self.chance.below(10_000) as i64;
        let new = NewOrder { amount, ..self.world.new_order(&number) };
        self.open.insert((new.expires_at, number.clone()));
        self.made.push(number.clone());
        let (pays, late) = (!self.chance.one_in(8), self.chance.one_in(12));
        let after = self.chance.below(29);
        let closes = self.chance.one_in(10);
        let refunds = self.chance.one_in(8).then(|| {
            let old = self.made[self.chance.below(self.made.len() as u64) as usize].clone();
            let number = format!("R{:09}", self.chance.below(self.orders));
            (old, number, 1 + self.chance.below(3_000) as i64)
        });
        let delivers = self.chance.one_in(2);
        let world = &self.world;
        let Ok(opened) = world.open().await else { return self.heal() };
        let payments = opened.payments();
        if let Ok(order) = payments.create(new).await
            && let Some(prepay) = order.prepay
            && pays
        {
            if late {
                self.later.entry(minute + after).or_default().push(prepay.value);
            } else {
                let _ = world.pay.pay(&prepay.value, Some(OPENID), 0);
            }
        }
        if closes {
            let _ = payments.close(&number).await;
        }
        if let Some((old, number, amount)) = refunds {
            let _ = payments.refund(&old, &number, Some(amount), None).await;
            world.pay.notify_again(&old);
        }
        if delivers {
            world.deliver().await;
        }
        self.heal();
    }

    /// A minute ends: notifications come while the job runs, and either may be lost.
    async fn tick(&mut self, minute: u64) {
        for prepay_id in self.later.remove(&minute).into_iter().flatten() {
            let _ = self.world.pay.pay(&prepay_id, Some(OPENID), 0);
        }
        if self.chance.one_in(20) {
            let fault = self.chance.of(ROTATION);
            self.world.once(fault);
        }
        if self.chance.one_in(10) {
            self.lose(200);
        }
        let _ = tokio::join!(self.world.deliver(), self.world.job());
        self.heal();
        self.watch();
        self.world.clock.advance(Duration::from_secs(60));
    }

    /// No order stays open longer than its limit.
    fn watch(&mut self) {
        let now = self.world.clock.now();
        let expired = (now + 1, String::new());
        let still_open = self.open.split_off(&expired);
        for (expires_at, number) in std::mem::replace(&mut self.open, still_open) {
            // One whose function was lost before it was kept is nobody's.
            let Some(order) = self.world.ledger.look::<Order>(&Order::key(&number)) else {
                continue;
            };
            if order.is_open() {
                let late = now - expires_at;
                assert!(
                    late < LIMIT,
                    "{number} is open {late} s after its end, seed {}",
                    self.seed
                );
                self.slowest = self.slowest.max(late);
                self.open.insert((expires_at, number));
            }
        }
    }

    /// Late notifications, closed refunds and the bills of both days, which find the second
    /// payments that no notification told of; then the refunds of those.
    async fn tail(&self) {
        let (world, seed) = (&self.world, self.seed);
        let compare = async |date: &str| {
            let opened = world.open().await.unwrap();
            opened.payments().compare_bill(&opened.merchants[0], date).await
        };
        for hour in 0..28 {
            world.deliver().await;
            world.job().await.unwrap();
            world.clock.advance(Duration::from_secs(3_600));
            if hour != 26 {
                continue;
            }
            for fault in BILLS {
                world.once(*fault);
                let report = compare("2026-11-04").await;
                if *fault == PayFault::BillCreating {
                    assert_eq!(report.unwrap_err().problem(), Problem::InProgress);
                    continue;
                }
                let report = report.unwrap().unwrap();
                assert!(report.is_mismatch(), "{fault:?}, seed {seed}");
                let wrong = [report.unknown, report.missing, report.different].concat();
                assert_eq!(wrong.len(), 1, "{fault:?}, seed {seed}");
                world.ledger.forget("bill#");
            }
            for date in ["2026-11-04", "2026-11-05"] {
                let report = compare(date).await.unwrap().unwrap();
                assert!(!report.is_mismatch(), "seed {seed}: {report:?}");
            }
        }
        for _ in 0..12 * 4 {
            world.deliver().await;
            world.job().await.unwrap();
            world.clock.advance(Duration::from_secs(6 * 3_600));
        }
    }

    /// What the table says and what WeChat Pay says, order by order and to the fen.
    async fn audit(&self) -> String {
        let (world, seed) = (&self.world, self.seed);
        let ledger = &world.ledger;
        assert!(ledger.due("pay", u64::MAX, 1).await.unwrap().is_empty(), "seed {seed}");
        let orders: BTreeMap<String, Order> = ledger.all("order#");
        let refunds: BTreeMap<String, Refund> = ledger.all("refund#");
        let events = Events::of(ledger);
        let bills = self.bills().await;

        let told = ledger.kept.lock().unwrap().told.clone();
        let once: BTreeSet<&String> = told.iter().collect();
        assert_eq!(once.len(), told.len(), "an event was told twice, seed {seed}");

        // Payments: the bills', and the events' of paid orders and of second payments.
        let paid: BTreeMap<&str, (&str, i64)> = orders
            .values()
            .filter_map(|order| {
                let paid = order.paid.as_ref()?;
                Some((paid.transaction_id.as_str(), (order.out_trade_no.as_str(), order.amount)))
            })
            .collect();
        assert_eq!(events.payments("pay.paid"), paid, "paid orders and their events, seed {seed}");
        let duplicates = events.payments("pay.duplicate");
        let mut all = paid.clone();
        all.extend(&duplicates);
        assert_eq!(all.len(), paid.len() + duplicates.len(), "seed {seed}");
        assert_eq!(all, borrowed(&bills.payments), "the books of payments differ, seed {seed}");

        // Refunds: the bills', and the events'.
        let back: BTreeMap<&str, (&str, i64)> = refunds
            .values()
            .filter(|refund| refund.state == RefundState::Success)
            .map(|r| (r.out_refund_no.as_str(), (r.out_trade_no.as_str(), r.amount)))
            .collect();
        assert_eq!(back, borrowed(&bills.refunds), "the books of refunds differ, seed {seed}");
        assert_eq!(back, events.refunds(), "refunds and their events, seed {seed}");
        let (mut reserved, mut refunded) = (BTreeMap::new(), BTreeMap::new());
        for refund in refunds.values() {
            assert!(!refund.is_open(), "{} has not ended, seed {seed}", refund.out_refund_no);
            let total = orders[&Order::key(&refund.out_trade_no)].amount;
            // Of one payment at WeChat Pay, whichever of an order's two it is.
            let of = |sums: &mut BTreeMap<String, i64>| {
                let sum = sums.entry(refund.transaction_id.clone()).or_default();
                *sum += refund.amount;
                assert!(*sum <= total, "{} exceeds its order, seed {seed}", refund.out_refund_no);
            };
            if refund.state != RefundState::Closed {
                of(&mut reserved);
            }
            if refund.state == RefundState::Success {
                of(&mut refunded);
            }
            assert_eq!(refund.duplicate, duplicates.contains_key(&*refund.transaction_id));
        }
        for order in orders.values() {
            let number = &order.out_trade_no;
            assert!(!order.is_open(), "{number} has not ended, seed {seed}");
            let of = |sums: &BTreeMap<String, i64>| {
                let paid = order.paid.as_ref();
                paid.and_then(|paid| sums.get(&paid.transaction_id)).copied().unwrap_or_default()
            };
            let sums = (of(&reserved), of(&refunded));
            assert_eq!((order.reserved, order.refunded), sums, "{number}, seed {seed}");
            let whole = order.paid.is_some() && order.refunded == order.amount;
            assert_eq!(order.state == OrderState::Refunded, whole, "{number}, seed {seed}");
            assert!(order.state != OrderState::Closed || events.closed.contains(number));
        }
        let sum = |of: &BTreeMap<&str, (&str, i64)>| of.values().map(|(_, fen)| fen).sum::<i64>();
        assert_eq!(sum(&all) - sum(&back), world.pay.balance(), "the books differ, seed {seed}");

        let overview = world.pay.overview();
        let closed = orders.values().filter(|order| order.state == OrderState::Closed).count();
        let late =
            orders.values().filter(|o| o.paid.as_ref().is_some_and(|paid| paid.late)).count();
        let notified: usize = overview["notifications"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["attempts"].as_array().unwrap().len())
            .sum();
        let enough = self.orders as usize / 3;
        assert!(paid.len() > enough && !duplicates.is_empty() && !back.is_empty());
        format!(
            "seed {seed}: {} orders, {} kept, {} paid ({late} late), {closed} closed, {} paid twice; \
             {} refunds, {} succeeded; {} fen in, {} fen back; {} events; {notified} notifications \
             sent; {} functions lost; open at most {} s after the end; faults met {}",
            self.made.len(),
            orders.len(),
            paid.len(),
            duplicates.len(),
            refunds.len(),
            back.len(),
            sum(&all),
            sum(&back),
            told.len(),
            self.lost,
            self.slowest,
            overview["met"],
        )
    }

    /// The bills of all days but today, on which nothing happened any more.
    async fn bills(&self) -> Books {
        let (world, mut books) = (&self.world, Books::default());
        // After ten in the morning of the last day.
        world.clock.advance(Duration::from_secs(6 * 3_600));
        let today = apiv3::china_date(world.clock.now());
        for day in 0.. {
            let date = apiv3::china_date(START + day * 86_400);
            if date == today {
                break;
            }
            match world.payments().bill(&world.merchants[0], &date, BillType::Trade).await {
                Ok(file) => books.read(str::from_utf8(&file).unwrap()),
                Err(error) => assert_eq!(error.problem(), Problem::NotFound, "{date}"),
            }
        }
        books
    }
}

/// By the number of the payment or refund: the order's number, and fen.
type Entries = BTreeMap<String, (String, i64)>;

fn borrowed(entries: &Entries) -> BTreeMap<&str, (&str, i64)> {
    entries.iter().map(|(key, (order, fen))| (key.as_str(), (order.as_str(), *fen))).collect()
}

/// What WeChat Pay's bills say.
#[derive(Default)]
struct Books {
    payments: Entries,
    refunds: Entries,
}

impl Books {
    fn read(&mut self, file: &str) {
        let mut lines = file.trim_start_matches('\u{feff}').lines();
        let head: Vec<&str> = lines.next().unwrap().split(',').collect();
        let column = |name: &str| head.iter().position(|column| *column == name).unwrap();
        let [order, payment, state, amount, refund, back] =
            ["商户订单号", "微信订单号", "交易状态", "订单金额", "商户退款单号", "申请退款金额"]
                .map(column);
        for line in lines.take_while(|line| line.starts_with('`')) {
            let values: Vec<&str> = line[1..].split(",`").collect();
            // Yuan with two decimals are fen without the point.
            let fen = |at: usize| values[at].replace('.', "").parse::<i64>().unwrap();
            let (entries, key, fen) = match values[state] {
                "SUCCESS" => (&mut self.payments, values[payment], fen(amount)),
                _ => (&mut self.refunds, values[refund], fen(back)),
            };
            let known = entries.insert(key.to_owned(), (values[order].to_owned(), fen));
            assert_eq!(known, None, "{key} is in the bills twice");
        }
    }
}

/// What was told on the bus.
struct Events {
    /// By kind and the number of the payment or refund.
    told: BTreeMap<String, Entries>,
    /// The orders that were closed.
    closed: BTreeSet<String>,
}

impl Events {
    fn of(ledger: &Memory) -> Events {
        let mut events = Events { told: BTreeMap::new(), closed: BTreeSet::new() };
        for event in ledger.all::<Value>("event#").into_values() {
            let kind = event["detail_type"].as_str().unwrap();
            let detail: Value = serde_json::from_str(event["detail"].as_str().unwrap()).unwrap();
            let text = |name: &str| detail["data"][name].as_str().unwrap().to_owned();
            let order = text("out_trade_no");
            if kind == "pay.closed" {
                assert!(events.closed.insert(order), "{detail}");
                continue;
            }
            let key = text(if kind == "pay.refunded" { "out_refund_no" } else { "transaction_id" });
            let fen = detail["data"]["amount"].as_i64().unwrap();
            let known = events.told.entry(kind.to_owned()).or_default();
            assert_eq!(known.insert(key, (order, fen)), None, "{detail}");
        }
        events
    }

    fn payments(&self, kind: &str) -> BTreeMap<&str, (&str, i64)> {
        self.told.get(kind).map(borrowed).unwrap_or_default()
    }

    fn refunds(&self) -> BTreeMap<&str, (&str, i64)> {
        self.payments("pay.refunded")
    }
}

impl Memory {
    /// All documents with this beginning, by key.
    fn all<T: serde::de::DeserializeOwned>(&self, prefix: &str) -> BTreeMap<String, T> {
        let keys = self.keys(prefix).into_iter();
        keys.map(|key| (key.clone(), self.look(&key).unwrap())).collect()
    }

    /// Loses the documents with this beginning.
    fn forget(&self, prefix: &str) {
        self.kept.lock().unwrap().documents.retain(|key, _| !key.starts_with(prefix));
    }
}

/// A day of so many orders with everything going wrong; returns what happened.
async fn a_day_of(orders: u64, seed: u64) -> String {
    const MINUTES: u64 = 24 * 60;
    let mut day = Day::of(orders, seed);
    for minute in 0..MINUTES {
        while (day.made.len() as u64) < orders * (minute + 1) / MINUTES {
            day.order(minute).await;
        }
        day.tick(minute).await;
    }
    // Until the last order has ended.
    for minute in MINUTES..MINUTES + 60 {
        day.tick(minute).await;
    }
    assert!(day.open.is_empty(), "seed {seed}");
    day.world.pay.clear_faults();
    day.tail().await;
    day.audit().await
}

#[tokio::test]
async fn a_day_of_orders_with_everything_going_wrong_ends_with_equal_books() {
    println!("{}", a_day_of(500, 1).await);
}

/// `ORDERS=100000 SEED=1 cargo test --release --workspace --lib a_long_day -- --ignored --nocapture`
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_long_day_of_orders_ends_with_equal_books() {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let (orders, seed) = (variable("ORDERS").unwrap_or(10_000), variable("SEED").unwrap_or(1));
    println!("{}", a_day_of(orders, seed).await);
}
