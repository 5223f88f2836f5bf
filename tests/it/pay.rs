//! Payments: the functions, the table and the simulated WeChat Pay together.

use serde_json::{Value, json};
use simulator::{PayFault, User};

use crate::{Bundle, MINI};

/// A bundle with one product.
async fn shop() -> Bundle {
    let bundle = Bundle::start().await;
    let product = json!({ "product": "box", "description": "季度蔬菜箱", "amount": 4999 });
    bundle.invoke("pay-putproduct", product).await.unwrap();
    bundle
}

async fn ordered(bundle: &Bundle, session: &str) -> Value {
    let answer =
        bundle.post_as(Some(session), "/pay/createOrder", json!({ "product": "box" })).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

/// The mini program hands `payment` to `wx.requestPayment`, and the user pays.
fn pays(bundle: &Bundle, payment: &Value) -> String {
    let openid = User::new("alice").openid(MINI);
    bundle.wechat().pay().client_pays(MINI, &openid, payment)
}

async fn state(bundle: &Bundle, session: &str, order: &Value) -> Value {
    let number = json!({ "out_trade_no": order["out_trade_no"] });
    bundle.post_as(Some(session), "/pay/getOrder", number).await.json()["state"].clone()
}

#[tokio::test]
async fn a_product_is_ordered_paid_notified_and_refunded() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let order = ordered(&bundle, &session).await;
    assert_eq!(order["state"], "unpaid");

    assert_eq!(pays(&bundle, &order["payment"]), "ok");
    bundle.wechat().pay().deliver_due().await;

    assert_eq!(state(&bundle, &session, &order).await, "paid");
    let attempts = bundle.wechat().pay().overview()["notifications"][0]["attempts"].clone();
    assert_eq!(attempts, json!([204]));
    let refund = json!({ "out_trade_no": order["out_trade_no"], "out_refund_no": "R1" });
    let refund = bundle.invoke("pay-refund", refund).await.unwrap();
    assert_eq!((&refund["state"], &refund["amount"]), (&json!("processing"), &json!(4999)));
    bundle.advance(60);
    bundle.wechat().pay().deliver_due().await;
    let refund = bundle.invoke("pay-getrefund", json!({ "out_refund_no": "R1" })).await.unwrap();
    assert_eq!(refund["state"], "success");
    assert_eq!(state(&bundle, &session, &order).await, "refunded");
    assert_eq!(bundle.wechat().pay().balance(), 0);
}

/// The types of all events on the bus, once so many are there.
async fn told(bundle: &Bundle, count: usize) -> Vec<String> {
    let events = bundle.stack.bus.wait_for(count).await;
    events.iter().map(|event| event["detail-type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_happens_to_an_order_is_told_once_on_the_bus() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let order = ordered(&bundle, &session).await;
    pays(&bundle, &order["payment"]);
    let pay = bundle.wechat().pay();
    pay.deliver_due().await;
    assert_eq!(told(&bundle, 1).await, ["pay.paid"]);
    let number = order["out_trade_no"].as_str().unwrap();
    // The same payment by all other ways.
    assert_eq!(pay.notify_again(number), 1);
    pay.deliver_due().await;
    bundle.advance(60);
    assert_eq!(state(&bundle, &session, &order).await, "paid");
    bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    let refund = json!({ "out_trade_no": number, "out_refund_no": "R1" });
    bundle.invoke("pay-refund", refund.clone()).await.unwrap();
    bundle.invoke("pay-refund", refund).await.unwrap();
    bundle.advance(60);
    pay.deliver_due().await;
    bundle.invoke("pay-getrefund", json!({ "out_refund_no": "R1" })).await.unwrap();
    let closed = ordered(&bundle, &session).await;
    let input = json!({ "out_trade_no": closed["out_trade_no"] });
    let answer = bundle.post_as(Some(&session), "/pay/closeOrder", input).await;
    assert_eq!(answer.json()["state"], "closed");

    assert_eq!(told(&bundle, 3).await, ["pay.paid", "pay.refunded", "pay.closed"]);
    let detail = &bundle.stack.bus.events()[0]["detail"];
    let expected = json!({
        "out_trade_no": number, "amount": 4999, "payer_total": 4999, "product": "box",
        "quantity": 1, "paid_at": crate::NOON, "transaction_id": detail["data"]["transaction_id"],
    });
    assert_eq!(detail["data"], expected);
    assert_eq!((&detail["appid"], &detail["type"]), (&json!(MINI), &json!("pay.paid")));
    assert_eq!(detail["openid"], User::new("alice").openid(MINI));
    // The events are in the table, for events.redeliver.
    let since = bundle.invoke("events-redeliver", json!({ "since": crate::NOON })).await.unwrap();
    assert_eq!(since["delivered"], 3);
}

#[tokio::test]
async fn whatever_wechat_pay_does_an_order_is_paid_and_told_once() {
    use PayFault::*;
    let bundle = shop().await;
    let pay = bundle.wechat().pay();
    let mut paid = 0;
    for fault in [
        LostResponse,
        SysErrorDone,
        SysErrorNotDone,
        SigntestResponse,
        SigntestNotify,
        NotifyTwice,
        NotifyNewId,
        NotifyNever,
        NotifyBeforePrepayAnswer,
        SerialSwitch(50),
        ErrorWithoutBody,
        Html502,
    ] {
        // A user's session ends while time passes.
        let session = bundle.session("alice").await;
        pay.clear_faults();
        pay.fault(fault, Some(1));
        let order = ordered(&bundle, &session).await;
        if fault != NotifyBeforePrepayAnswer {
            assert_eq!(pays(&bundle, &order["payment"]), "ok", "{fault:?}");
        }
        for _ in 0..4 {
            pay.deliver_due().await;
            bundle.advance(30);
            bundle.invoke("reconcile-payments", json!({})).await.unwrap();
        }
        assert_eq!(state(&bundle, &session, &order).await, "paid", "{fault:?}");
        paid += 1;
        assert_eq!(told(&bundle, paid).await, vec!["pay.paid"; paid], "{fault:?}");
        assert_eq!(pay.balance(), 4999 * paid as i64, "{fault:?}");
    }
}

#[tokio::test]
async fn a_second_payment_of_one_order_is_told_and_refunded() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let order = ordered(&bundle, &session).await;
    let pay = bundle.wechat().pay();
    pay.fault(PayFault::TwoAttemptsBothPaid, Some(1));
    pays(&bundle, &order["payment"]);
    assert_eq!(pay.balance(), 2 * 4999);
    for _ in 0..3 {
        pay.deliver_due().await;
        bundle.advance(60);
        bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    }
    assert_eq!(pay.balance(), 4999);
    let mut told = told(&bundle, 3).await;
    told.sort();
    assert_eq!(told, ["pay.duplicate", "pay.paid", "pay.refunded"]);
    assert_eq!(state(&bundle, &session, &order).await, "paid");
}

#[tokio::test]
async fn a_notification_that_fits_nothing_is_answered_500_and_kept() {
    let bundle = shop().await;
    let pay = bundle.wechat().pay();
    let url = format!("{}/pay/notify", bundle.stack.url);
    let content = json!({
        "appid": MINI, "mchid": "1900000001", "out_trade_no": "NOBODYS0001",
        "transaction_id": "4200000000000000009", "trade_state": "SUCCESS",
        "amount": { "total": 1, "currency": "CNY" },
    });
    pay.notify(&url, "TRANSACTION.SUCCESS", content);
    pay.deliver_due().await;
    let overview = pay.overview();
    let notification = &overview["notifications"][0];
    assert_eq!(notification["attempts"], json!([500]));
    let key = format!("notification#{}", notification["id"].as_str().unwrap());
    let kept = bundle.item(&key).await;
    assert_eq!(kept["event_type"], "TRANSACTION.SUCCESS");
    assert!(!kept.to_string().contains("NOBODYS0001"), "it is kept encrypted");
    assert!(bundle.log().contains("NotificationRefused"));
}

#[tokio::test]
async fn the_day_s_bill_is_compared_once_and_downloaded() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let order = ordered(&bundle, &session).await;
    let pay = bundle.wechat().pay();
    pays(&bundle, &order["payment"]);
    pay.deliver_due().await;
    let bill = json!({ "date": "2026-11-20", "type": "trade" });
    let early = bundle.invoke("pay-downloadbill", bill.clone()).await.unwrap_err();
    assert_eq!(early["type"], "invalid-input", "a day that is not over has no bill: {early}");
    bundle.advance(86_400);
    let report = bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    let expected = json!([{
        "date": "2026-11-20", "mchid": "1900000001", "equal": 1, "recovered": [], "unknown": [],
        "missing": [], "different": [],
    }]);
    assert_eq!(report["bills"], expected, "{report}");
    let again = bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    assert_eq!(again["bills"], json!([]));
    let file = bundle.invoke("pay-downloadbill", bill).await.unwrap();
    assert_eq!(file["statusCode"], 200);
    pay.fault(PayFault::BillCreating, Some(1));
    let flow = json!({ "date": "2026-11-20", "type": "fund_flow" });
    let refused = bundle.invoke("pay-downloadbill", flow).await.unwrap_err();
    assert_eq!((&refused["status"], &refused["retry_after"]), (&json!(503), &json!(1800)));
}

#[tokio::test]
async fn what_was_paid_here_is_shipped_and_received() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let order = ordered(&bundle, &session).await;
    pays(&bundle, &order["payment"]);
    let which = json!({
        "merchant_id": "1900000001", "merchant_trade_no": order["out_trade_no"],
    });
    let found = bundle.invoke("ordershipping-getorder", which).await.unwrap();
    assert_eq!(found["order"]["order_state"], 1);
    let transaction = found["order"]["transaction_id"].as_str().unwrap();
    assert!(bundle.wechat().ship_order(MINI, transaction, "SF1"));
    assert!(bundle.wechat().confirm_receipt(MINI, transaction));
}

#[tokio::test]
async fn a_lost_notification_is_made_up_for_by_asking_and_by_the_job() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    bundle.wechat().pay().hold_notifications(true);
    let asked = ordered(&bundle, &session).await;
    pays(&bundle, &asked["payment"]);
    assert_eq!(state(&bundle, &session, &asked).await, "unpaid", "asked a moment ago");
    bundle.advance(4);
    assert_eq!(state(&bundle, &session, &asked).await, "paid");

    let found = ordered(&bundle, &session).await;
    pays(&bundle, &found["payment"]);
    bundle.advance(60);
    let report = bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    assert_eq!((&report["due"], &report["failed"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(state(&bundle, &session, &found).await, "paid");
}

#[tokio::test]
async fn another_user_s_order_is_not_found() {
    let bundle = shop().await;
    let (alice, bob) = (bundle.session("alice").await, bundle.session("bob").await);
    let order = ordered(&bundle, &alice).await;
    for path in ["/pay/getOrder", "/pay/closeOrder"] {
        let theirs = json!({ "out_trade_no": order["out_trade_no"] });
        let theirs = bundle.post_as(Some(&bob), path, theirs).await.problem(404, "not-found");
        let nobodys = json!({ "out_trade_no": "0000000000" });
        let nobodys = bundle.post_as(Some(&bob), path, nobodys).await.problem(404, "not-found");
        assert_eq!(theirs["detail"], nobodys["detail"]);
    }
    assert_eq!(state(&bundle, &alice, &order).await, "unpaid");
}

#[tokio::test]
async fn after_a_logout_a_session_orders_and_closes_nothing() {
    let bundle = shop().await;
    let (session, other) = (bundle.session("alice").await, bundle.session("alice").await);
    let order = ordered(&bundle, &session).await;
    assert_eq!(bundle.post_as(Some(&session), "/auth/logout", json!({})).await.status, 200);
    let calls = bundle.wechat().pay().calls("POST");

    let number = json!({ "out_trade_no": order["out_trade_no"] });
    for (path, input) in
        [("/pay/createOrder", json!({ "product": "box" })), ("/pay/closeOrder", number.clone())]
    {
        bundle.post_as(Some(&session), path, input).await.problem(401, "unauthenticated");
    }
    // Nothing is told of the catalogue or of orders either.
    for (path, input) in [
        ("/pay/createOrder", json!({ "product": "nothing" })),
        ("/pay/closeOrder", json!({ "out_trade_no": "0000000000" })),
    ] {
        bundle.post_as(Some(&session), path, input).await.problem(401, "unauthenticated");
    }
    assert_eq!(bundle.wechat().pay().calls("POST"), calls, "WeChat Pay hears of nothing");
    assert_eq!(state(&bundle, &session, &order).await, "unpaid", "looking moves no money");
    // The user's other device, and a service, go on.
    ordered(&bundle, &other).await;
    let closed = bundle.post_as(Some(&other), "/pay/closeOrder", number).await;
    assert_eq!(closed.json()["state"], "closed");
    let openid = User::new("alice").openid(MINI);
    let order = json!({ "openid": openid, "description": "x", "amount": 1 });
    assert_eq!(bundle.invoke("pay-createorder", order).await.unwrap()["state"], "unpaid");
}

#[tokio::test]
async fn a_merchant_with_platform_certificates_fetches_them_and_is_paid() {
    let mut setting = simulator::Pay::new(shared::Clock::frozen(0), &[MINI]).setting();
    setting[0]["verify"] = json!({});
    setting[0]["certificates"] = json!(true);
    let bundle = Bundle::with(|options| options.pay = Some(setting.to_string())).await;
    let product = json!({ "product": "box", "description": "季度蔬菜箱", "amount": 4999 });
    bundle.invoke("pay-putproduct", product).await.unwrap();
    let session = bundle.session("alice").await;
    // Nothing verifies before the job has been there.
    let answer = bundle.post_as(Some(&session), "/pay/createOrder", json!({ "product": "box" }));
    answer.await.problem(503, "wechat-busy");
    let report = bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    assert_eq!((&report["certificates"], &report["problems"]), (&json!(1), &json!([])), "{report}");
    let again = bundle.invoke("reconcile-payments", json!({})).await.unwrap();
    assert_eq!(again["certificates"], 0, "twice a day is enough");

    let pay = bundle.wechat().pay();
    let order = ordered(&bundle, &session).await;
    pay.fault(PayFault::SerialSwitch(0), None);
    assert_eq!(pays(&bundle, &order["payment"]), "ok");
    pay.deliver_due().await;
    assert_eq!(told(&bundle, 1).await, ["pay.paid"]);
    assert_eq!(state(&bundle, &session, &order).await, "paid");
}

#[tokio::test]
async fn a_user_cannot_choose_the_price_and_a_service_must_choose_a_valid_one() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let chosen = json!({ "product": "box", "amount": 1 });
    let refused = bundle.post_as(Some(&session), "/pay/createOrder", chosen).await;
    assert_eq!(refused.problem(400, "invalid-input")["field"], "amount");
    for amount in [json!(0), json!(-1), json!(1.5), json!(1_000_000_000_000_000_i64), json!("1")] {
        let order = json!({
            "openid": User::new("alice").openid(MINI), "description": "x", "amount": amount,
        });
        let problem = bundle.invoke("pay-createorder", order).await.unwrap_err();
        assert_eq!(problem["field"], "amount", "{amount}");
    }
}

#[tokio::test]
async fn what_nobody_signed_is_answered_401_and_leaves_no_trace() {
    let bundle = shop().await;
    let answer = bundle.post_as(None, "/pay/notify", json!({ "id": "x" })).await;
    answer.problem(401, "unauthenticated");
}

#[tokio::test]
async fn no_key_and_no_openid_reach_a_log() {
    let bundle = shop().await;
    let session = bundle.session("alice").await;
    let order = ordered(&bundle, &session).await;
    pays(&bundle, &order["payment"]);
    bundle.wechat().pay().deliver_due().await;
    bundle.advance(60);
    bundle.invoke("reconcile-payments", json!({})).await.unwrap();

    let (log, setting) = (bundle.log(), bundle.wechat().pay().setting());
    let key = setting[0]["apiv3_keys"][0]["value"].as_str().unwrap();
    let openid = User::new("alice").openid(MINI);
    for secret in ["BEGIN PRIVATE KEY", "WECHATPAY2-SHA256-RSA2048", "prepay_id", key, &openid] {
        assert!(!log.contains(secret), "a log line has {secret}");
    }
}
