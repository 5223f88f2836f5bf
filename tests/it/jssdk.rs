//! Signatures for JS-SDK pages.

use serde_json::json;
use shared::crypto::sha1_hex;

use crate::{Bench, NOON, OFFICIAL};

#[tokio::test]
async fn a_page_is_signed_without_its_fragment() {
    let bench = Bench::start().await;
    let page = "https://h5.example.com/a%20b?x=%E4%B8%AD&from=singlemessage";
    let query: String =
        format!("{page}#/cart?y=1").bytes().map(|byte| format!("%{byte:02X}")).collect();

    let answer = bench.get(&format!("/jssdk/config?url={query}")).await;

    let signed = answer.json();
    assert_eq!((answer.status, &signed["appId"]), (200, &json!(OFFICIAL)), "{signed}");
    assert_eq!(signed["timestamp"], NOON);
    let ticket = bench.wechat().ticket(OFFICIAL, "jsapi").unwrap();
    let nonce = signed["nonceStr"].as_str().unwrap();
    let string1 = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={NOON}&url={page}");
    assert_eq!(signed["signature"], sha1_hex(string1));
    assert!(!signed.to_string().contains(&ticket));
    let again = bench.get(&format!("/jssdk/config?url={query}")).await.json();
    assert_ne!(again["nonceStr"], signed["nonceStr"]);
}

#[tokio::test]
async fn an_address_that_was_not_encoded_is_explained() {
    let bench = Bench::start().await;
    let answer = bench.get("/jssdk/config?url=https://example.com/a?x=1&y=2").await;
    assert_eq!(answer.problem(400, "invalid-input")["field"], "y");
}

#[tokio::test]
async fn strangers_pages_are_not_signed() {
    let bench = Bench::start().await;
    let answer = bench.get("/jssdk/config?url=https%3A%2F%2Fexample.com.evil.cn%2F").await;
    assert_eq!(answer.problem(403, "forbidden")["field"], "url");
}
