//! The job: how much it does at once, and when it stops.

use tokio::time::{Instant, sleep};

use super::*;

/// WeChat Pay at a distance, by tokio's clock, which stands still but for the waiting.
#[derive(Clone)]
struct Far {
    wire: Wire,
    /// How long a call takes.
    takes: Duration,
    /// Calls under way, and the most there were.
    calls: Arc<Mutex<(usize, usize)>>,
    /// Calls until one is answered that there were too many.
    patience: Arc<AtomicUsize>,
}

impl Carrier for Far {
    async fn carry(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        limit: usize,
    ) -> Result<Response<Bytes>, Failure> {
        {
            let (under_way, most) = &mut *self.calls.lock().unwrap();
            *under_way += 1;
            *most = (*most).max(*under_way);
        }
        sleep(self.takes).await;
        self.calls.lock().unwrap().0 -= 1;
        if self.patience.fetch_sub(1, Ordering::Relaxed) == 1 {
            let body = json!({ "code": "FREQUENCY_LIMITED", "message": "频率超限" }).to_string();
            return Ok(Response::builder().status(429).body(Bytes::from(body)).unwrap());
        }
        self.wire.carry(request, timeout, limit).await
    }
}

/// Orders that are all due, and WeChat Pay far away.
struct Shop {
    world: World,
    far: Far,
    api: Api<Far>,
}

impl Shop {
    async fn with(orders: usize, takes: Duration) -> Shop {
        let world = world();
        for number in 0..orders {
            let order = world.new_order(&format!("ORDER{number:04}"));
            world.payments().create(order).await.unwrap();
        }
        world.clock.advance(Duration::from_secs(30));
        let far = Far {
            wire: Wire(world.pay.clone()),
            takes,
            calls: Arc::default(),
            patience: Arc::new(AtomicUsize::new(usize::MAX)),
        };
        let hosts = vec!["https://api.mch.weixin.qq.com".to_owned()];
        Shop { api: Api::new(far.clone(), hosts, world.clock.clone()), world, far }
    }

    /// What a run does, and how long it takes.
    async fn run(&self) -> (Looked, Duration) {
        let World { ledger, merchants, clock, .. } = &self.world;
        let payments =
            Payments { ledger, api: &self.api, merchants, notify_url: NOTIFY_URL, clock };
        let began = Instant::now();
        let looked = payments.reconcile(1_000).await.unwrap();
        (looked, began.elapsed())
    }
}

#[tokio::test(start_paused = true)]
async fn orders_are_asked_after_eight_at_once() {
    let shop = Shop::with(80, Duration::from_secs(1)).await;
    for number in (0..80).step_by(2) {
        shop.world.pay.pay_order(&format!("ORDER{number:04}")).unwrap();
    }

    let (looked, took) = shop.run().await;

    assert_eq!(looked, Looked { due: 80, failed: 0, unknown: 0 });
    assert_eq!(took, Duration::from_secs(10), "ten rounds of eight");
    assert_eq!(shop.far.calls.lock().unwrap().1, 8);
    assert_eq!(shop.world.ledger.events(), ["pay.paid"; 40]);
    let (looked, _) = shop.run().await;
    assert_eq!(looked.due, 0, "nothing is due at once again");
}

#[tokio::test(start_paused = true)]
async fn refunds_are_asked_after_one_at_a_time_beside_the_orders() {
    let shop = Shop::with(16, Duration::from_secs(1)).await;
    for number in 0..8 {
        let number = format!("ORDER{number:04}");
        shop.world.pay.pay_order(&number).unwrap();
        shop.world.deliver().await;
        let refund = format!("R-{number}");
        shop.world.payments().refund(&number, &refund, None, None).await.unwrap();
    }
    shop.world.clock.advance(Duration::from_secs(60));

    let (looked, took) = shop.run().await;

    assert_eq!(looked, Looked { due: 16, failed: 0, unknown: 0 });
    assert_eq!(took, Duration::from_secs(8), "eight refunds, and one round of orders meanwhile");
    assert_eq!(shop.far.calls.lock().unwrap().1, 9);
    assert_eq!(shop.world.pay.balance(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_begins_nothing_after_its_time_and_the_next_one_goes_on() {
    let shop = Shop::with(120, Duration::from_secs(7)).await;
    let (looked, took) = shop.run().await;
    assert_eq!(took, Duration::from_secs(77), "what was begun within 75 s is ended");
    assert_eq!(looked, Looked { due: 88, failed: 0, unknown: 0 });
    let (looked, _) = shop.run().await;
    assert_eq!(looked.due, 120 - 88);
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_when_wechat_pay_says_that_there_are_too_many_calls() {
    let shop = Shop::with(80, Duration::from_secs(1)).await;
    shop.far.patience.store(12, Ordering::Relaxed);
    let (looked, _) = shop.run().await;
    assert_eq!(looked.failed, 1);
    assert!((12..=24).contains(&looked.due), "{looked:?}");
    // A minute later the rest is asked after, and the one that was refused.
    shop.world.clock.advance(Duration::from_secs(60));
    let (again, _) = shop.run().await;
    assert_eq!(again, Looked { due: 80, failed: 0, unknown: 0 });
}
