//! What the vectors' notifications do to orders, refunds and events.

use super::*;

macro_rules! vectors {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/vectors/pay/", $name))
    };
}

const NUMBER: &str = "FARM20261104A0000001";
const REFUND: &str = "R-FARM20261104A0000001-1";

/// The vectors' merchant; the simulated WeChat Pay is down, so only notifications tell anything.
fn farm() -> World {
    let mut world = world();
    let config: Value = serde_json::from_str(vectors!("config.json")).unwrap();
    let text = |name: &str| config[name].as_str().unwrap();
    world.merchants = vec![merchant(&json!([{
        "mchid": text("mchid"),
        "serial_no": text("merchant_cert_serial"),
        "apps": [text("appid")],
        "private_key": { "value": vectors!("keys/merchant.pkcs8.pem") },
        "apiv3_keys": [{ "value": text("apiv3_key") }],
        "verify": {
            (text("wechatpay_public_key_id")): { "value": vectors!("keys/wechatpay_pubkey.pub.pem") },
            (text("platform_cert_serial_old")): { "value": vectors!("keys/platform_old.cert.pem") },
            (text("platform_cert_serial_new")): { "value": vectors!("keys/platform_new.cert.pem") },
        },
    }]))];
    world.pay.fault(PayFault::Html502, None);
    world
}

impl World {
    /// Takes a notification as `pay.notify` does; the status it is answered with.
    async fn take(&self, case: &Value) -> u16 {
        let headers = case["headers"].as_object().unwrap();
        let header = |name: &str| {
            let (_, value) = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            value.as_str()
        };
        let body = case["body"].as_str().unwrap().as_bytes();
        match self.payments().notify(header, body).await {
            Ok(()) => 204,
            Err(Rejected::Unverified(_)) => 401,
            Err(Rejected::Failed(_)) => 500,
        }
    }
}

#[tokio::test]
async fn the_vectors_notifications_do_what_they_say() {
    let vectors: Value = serde_json::from_str(vectors!("notifications.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let paid = &cases[0];
    assert_eq!(paid["id"], "ntf-pay-success");
    for case in cases {
        let id = case["id"].as_str().unwrap();
        let world = farm();
        world.clock.advance(Duration::from_secs(case["now"].as_u64().unwrap() - START));
        let appid = "wx5e1f00d2c3b4a596".to_owned();
        let new = NewOrder { appid, ..world.new_order(NUMBER) };
        world.payments().create(new).await.unwrap_err();
        let order = || world.ledger.look::<Order>(&Order::key(NUMBER)).unwrap();
        assert_eq!(order().state, OrderState::Unknown, "{id}");
        let of_refund = id.starts_with("ntf-refund");
        let comes_again = id.ends_with("resend");
        if of_refund || comes_again {
            assert_eq!(world.take(paid).await, 204, "{id}");
        }
        if of_refund {
            let refund = world.payments().refund(NUMBER, REFUND, Some(999), None).await.unwrap();
            assert_eq!(refund.state, RefundState::Unknown, "{id}");
        }

        let status = world.take(case).await;

        let refund = world.ledger.look::<Refund>(&Refund::key(REFUND)).map(|refund| refund.state);
        let end = (status, order().state, refund);
        let told = world.ledger.events();
        let (open, settled) = (OrderState::Unknown, OrderState::Paid);
        let (expected, events) = match id {
            "ntf-refund-success" => {
                ((204, settled, Some(RefundState::Success)), &["pay.paid", "pay.refunded"][..])
            }
            "ntf-refund-closed" => ((204, settled, Some(RefundState::Closed)), &["pay.paid"][..]),
            "ntf-neg-other-mchid" | "ntf-neg-total" | "ntf-neg-order-unknown" => {
                ((500, open, None), &[][..])
            }
            _ if case["accept"] == true => ((204, settled, None), &["pay.paid"][..]),
            _ => ((401, open, None), &[][..]),
        };
        assert_eq!(end, expected, "{id}");
        assert_eq!(told, events, "{id}");
    }
}
