//! Payments: the functions, the table and the simulated WeChat Pay together.

use serde_json::{Value, json};
use simulator::User;

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
