//! What was paid is shipped, and WeChat is told.

use serde_json::{Value, json};
use simulator::{PaidOrder, User};

use crate::{Bundle, MINI};

const TRANSACTION: &str = "4200000000000000001";

async fn paid() -> Bundle {
    let bundle = Bundle::start().await;
    let order = PaidOrder {
        transaction_id: TRANSACTION.into(),
        mchid: "1900000001".into(),
        out_trade_no: "order-1".into(),
        description: "龙井茶".into(),
        paid_amount: 100,
    };
    bundle.wechat().pay_order(MINI, &User::new("alice"), order);
    bundle
}

fn shipment(tracking_no: &str, user: &str) -> Value {
    json!({
        "order_key": { "order_number_type": 2, "transaction_id": TRANSACTION },
        "logistics_type": 1, "delivery_mode": 1,
        "shipping_list": [{
            "tracking_no": tracking_no, "express_company": "SF", "item_desc": "龙井茶",
            "contact": { "receiver_contact": "189****1234" },
        }],
        "upload_time": "2026-11-20T12:00:00.000+08:00",
        "payer": { "openid": User::new(user).openid(MINI) },
    })
}

#[tokio::test]
async fn an_order_is_shipped_reported_again_once_and_received() {
    let bundle = paid().await;
    let ship = |tracking_no: &'static str| {
        bundle.invoke("ordershipping-uploadshippinginfo", shipment(tracking_no, "alice"))
    };
    let which = json!({ "merchant_id": "1900000001", "merchant_trade_no": "order-1" });
    let state = async || {
        let found = bundle.invoke("ordershipping-getorder", which.clone()).await.unwrap();
        found["order"]["order_state"].as_u64().unwrap()
    };
    let remind = json!({ "transaction_id": TRANSACTION, "received_time": 1_795_147_200 });

    assert_eq!(state().await, 1);
    let early = bundle.invoke("ordershipping-notifyconfirmreceive", remind.clone()).await;
    let early = early.unwrap_err();
    assert_eq!((&early["type"], &early["errcode"]), (&json!("wrong-state"), &json!(10_060_028)));

    assert_eq!(ship("SF1").await.unwrap(), json!({}));
    assert_eq!(ship("SF1").await.unwrap(), json!({}), "the same again is a success");
    assert_eq!(ship("SF2").await.unwrap(), json!({}));
    assert_eq!(ship("SF3").await.unwrap_err()["errcode"], 10_060_003);
    assert_eq!(state().await, 2);

    bundle.invoke("ordershipping-notifyconfirmreceive", remind.clone()).await.unwrap();
    let again = bundle.invoke("ordershipping-notifyconfirmreceive", remind).await.unwrap_err();
    assert_eq!(again["errcode"], 10_060_030);
    assert!(bundle.wechat().confirm_receipt(MINI, TRANSACTION));
    let list = json!({ "order_state": 3, "page_size": 10 });
    let list = bundle.invoke("ordershipping-getorderlist", list).await.unwrap();
    assert_eq!(
        (&list["has_more"], &list["order_list"][0]["transaction_id"]),
        (&json!(false), &json!(TRANSACTION))
    );
    let parcel = &list["order_list"][0]["shipping"]["shipping_list"][0];
    assert_eq!(parcel["tracking_no"], "SF2");
    let managed = bundle.invoke("ordershipping-istrademanaged", json!({})).await.unwrap();
    assert_eq!(managed, json!({ "is_trade_managed": true }));
}

#[tokio::test]
async fn bad_input_is_named_and_reaches_nobody() {
    let bundle = paid().await;
    bundle.wechat().clear_journal();
    let change = |change: &dyn Fn(&mut Value)| {
        let mut input = shipment("SF1", "alice");
        change(&mut input);
        input
    };
    for (input, field) in [
        (change(&|s| s["order_key"] = json!({ "order_number_type": 1 })), "order_key.mchid"),
        (
            change(&|s| s["order_key"] = json!({ "order_number_type": 3 })),
            "order_key.order_number_type",
        ),
        (change(&|s| s["logistics_type"] = json!(5)), "logistics_type"),
        (
            change(&|s| {
                s["logistics_type"] = json!(2);
                s["delivery_mode"] = json!(2)
            }),
            "delivery_mode",
        ),
        (change(&|s| s["delivery_mode"] = json!(2)), "is_all_delivered"),
        (change(&|s| s["shipping_list"] = json!([])), "shipping_list"),
        (
            change(&|s| s["shipping_list"][0]["tracking_no"] = json!("")),
            "shipping_list[0].tracking_no",
        ),
        (
            change(&|s| s["shipping_list"][0] = json!({ "item_desc": "a" })),
            "shipping_list[0].tracking_no",
        ),
        (
            change(&|s| s["shipping_list"][0]["item_desc"] = json!("长".repeat(121))),
            "shipping_list[0].item_desc",
        ),
        (change(&|s| s["upload_time"] = json!("2026-11-20 12:00:00")), "upload_time"),
        (change(&|s| s["payer"] = json!({})), "payer.openid"),
        (change(&|s| s["more"] = json!(1)), "more"),
    ] {
        let refused =
            bundle.invoke("ordershipping-uploadshippinginfo", input.clone()).await.unwrap_err();
        assert_eq!(
            (&refused["type"], &refused["field"]),
            (&json!("invalid-input"), &json!(field)),
            "{input}"
        );
    }
    let none = bundle.invoke("ordershipping-getorder", json!({})).await.unwrap_err();
    assert_eq!(none["field"], "transaction_id");
    assert_eq!(bundle.wechat().journal().len(), 0);

    let other = bundle.invoke("ordershipping-uploadshippinginfo", shipment("SF1", "bob")).await;
    assert_eq!(other.unwrap_err()["field"], "payer.openid");
    let unknown = json!({ "transaction_id": "4200000000000000002" });
    assert_eq!(
        bundle.invoke("ordershipping-getorder", unknown).await.unwrap_err()["type"],
        "wrong-state"
    );
}
