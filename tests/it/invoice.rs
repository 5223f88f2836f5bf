//! Invoices handed in for reimbursement.

use serde_json::{Value, json};
use simulator::{Effect, Fault, InvoiceState, User};

use crate::{Bundle, MINI, MOBILE, OFFICIAL};

const AT: &str = "/card/invoice/reimburse/";

fn key() -> Value {
    json!({ "card_id": "pjZ8YtinvoiceAlice", "encrypt_code": "aW52b2ljZS1vZi1hbGljZQ==" })
}

fn with(mut value: Value, field: &str, content: Value) -> Value {
    value[field] = content;
    value
}

#[tokio::test]
async fn invoices_are_read_alone_and_together() {
    let bundle = Bundle::start().await;

    let invoice = bundle.invoke("invoice-getinvoiceinfo", key()).await.unwrap();

    assert_eq!(invoice["openid"], User::new("alice").openid(OFFICIAL));
    let content = &invoice["user_info"];
    assert_eq!((&content["fee"], &content["tax"]), (&json!(1100), &json!(62)));
    assert_eq!(content["title"], "示例科技🧾有限公司");
    assert_eq!(content["trip_pdf_url"], "https://example.com/trip.pdf");
    assert_eq!(content["info"][0]["name"], "餐费");
    assert_eq!(content["reimburse_status"], "INVOICE_REIMBURSE_INIT");
    let call = bundle.wechat().journal().pop().unwrap();
    assert_eq!((call.method.as_str(), call.path), ("POST", format!("{AT}getinvoiceinfo")));
    assert_eq!(serde_json::from_str::<Value>(&call.body).unwrap(), key());

    for appid in [MINI, OFFICIAL, MOBILE] {
        let input = json!({ "item_list": [key(), key()], "appid": appid });
        let batch = bundle.invoke("invoice-getinvoicebatch", input).await.unwrap();
        assert_eq!(batch["item_list"].as_array().unwrap().len(), 2);
        let call = bundle.wechat().journal().pop().unwrap();
        assert_eq!(
            (call.path, call.appid.as_deref()),
            (format!("{AT}getinvoicebatch"), Some(appid))
        );
        let body: Value = serde_json::from_str(&call.body).unwrap();
        assert_eq!(body, json!({ "item_list": [key(), key()] }));
    }
    assert!(!bundle.log().contains("示例"), "personal data in the log");
}

#[tokio::test]
async fn an_invoice_is_locked_and_closed() {
    let bundle = Bundle::start().await;
    let update = async |appid: &str, status: &str| {
        let input = with(key(), "reimburse_status", json!(format!("INVOICE_REIMBURSE_{status}")));
        match bundle.invoke("invoice-updateinvoicestatus", with(input, "appid", json!(appid))).await
        {
            Ok(answer) => answer["reimburse_status"].clone(),
            Err(problem) => {
                assert_eq!(problem["type"], "wrong-state");
                problem["errcode"].clone()
            }
        }
    };

    assert_eq!(update(OFFICIAL, "CLOSURE").await, 72039);
    assert_eq!(update(OFFICIAL, "LOCK").await, "INVOICE_REIMBURSE_LOCK");
    let call = bundle.wechat().journal().pop().unwrap();
    assert_eq!(call.path, format!("{AT}updateinvoicestatus"));
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(body, with(key(), "reimburse_status", json!("INVOICE_REIMBURSE_LOCK")));
    assert_eq!(update(MINI, "LOCK").await, 72023);
    assert_eq!(update(OFFICIAL, "CLOSURE").await, "INVOICE_REIMBURSE_CLOSURE");
    assert_eq!(update(OFFICIAL, "INIT").await, 72061);
}

#[tokio::test]
async fn every_refusal_of_wechats_is_a_documented_problem() {
    let bundle = Bundle::start().await;
    for (state, code) in [
        (InvoiceState::Unauthorized, 72038),
        (InvoiceState::GivenAway, 72059),
        (InvoiceState::Cancelled, 72060),
        (InvoiceState::LockedElsewhere, 72023),
    ] {
        bundle.wechat().put_invoice("Y29kZQ==", "p-1", state);
        let input = json!({ "card_id": "p-1", "encrypt_code": "Y29kZQ==" });
        let problem = bundle.invoke("invoice-getinvoiceinfo", input).await.unwrap_err();
        assert_eq!(problem["errcode"], code);
    }
    for (code, slug) in [
        (40001, "credential-unavailable"),
        (72015, "account-not-permitted"),
        (72017, "invalid-input"),
        (72023, "wrong-state"),
        (72024, "wrong-state"),
        (72025, "credential-unavailable"),
        (72031, "invalid-input"),
        (72036, "wechat-busy"),
        (72037, "invalid-input"),
        (72038, "wrong-state"),
        (72039, "wrong-state"),
        (72052, "invalid-input"),
        (72054, "wechat-busy"),
        (72055, "invalid-input"),
        (72059, "wrong-state"),
        (72060, "wrong-state"),
        (72061, "wrong-state"),
        (48001, "account-not-permitted"),
        (45009, "quota-exceeded"),
    ] {
        bundle.wechat().clear_faults();
        bundle.wechat().fault(Fault::on(AT, Effect::Errcode { code, errmsg: "no".to_owned() }));
        let problem = bundle.invoke("invoice-getinvoiceinfo", key()).await.unwrap_err();
        assert_eq!((&problem["type"], &problem["errcode"]), (&json!(slug), &json!(code)));
    }
}

#[tokio::test]
async fn an_invoice_on_its_way_is_asked_for_again() {
    let bundle = Bundle::start().await;
    let busy = Effect::Errcode { code: 72054, errmsg: "inserting".to_owned() };
    bundle.wechat().fault(Fault::on(AT, busy).times(2));
    assert!(bundle.invoke("invoice-getinvoiceinfo", key()).await.is_ok());
    assert_eq!(bundle.calls(&format!("{AT}getinvoiceinfo")), 3);
}

#[tokio::test]
async fn bad_input_is_named_and_costs_no_call() {
    let bundle = Bundle::start().await;
    bundle.wechat().clear_journal();
    for (function, input, field) in [
        ("getinvoiceinfo", json!({ "card_id": "p" }), "encrypt_code"),
        ("getinvoiceinfo", with(key(), "card_id", json!("")), "card_id"),
        ("getinvoiceinfo", with(key(), "card_id", json!("p".repeat(65))), "card_id"),
        ("getinvoiceinfo", with(key(), "encrypt_code", json!("ä")), "encrypt_code"),
        ("getinvoiceinfo", with(key(), "encrypt_code", json!("a".repeat(1025))), "encrypt_code"),
        ("getinvoicebatch", json!({ "item_list": [] }), "item_list"),
        (
            "getinvoicebatch",
            json!({ "item_list": [key(), with(key(), "card_id", json!("é"))] }),
            "item_list[1].card_id",
        ),
        ("updateinvoicestatus", with(key(), "reimburse_status", json!("PAID")), "reimburse_status"),
    ] {
        let problem = bundle.invoke(&format!("invoice-{function}"), input).await.unwrap_err();
        assert_eq!((&problem["type"], &problem["field"]), (&json!("invalid-input"), &json!(field)));
    }
    assert_eq!(bundle.wechat().journal().len(), 0);
    let session = bundle.session("alice").await;
    for operation in ["getInvoiceInfo", "getInvoiceBatch", "updateInvoiceStatus"] {
        let answer = bundle.post_as(Some(&session), &format!("/invoice/{operation}"), key()).await;
        answer.problem(403, "forbidden");
    }
}
