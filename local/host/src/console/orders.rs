//! The orders as the table has them, beside what the simulated WeChat Pay and the bus tell of each.

use axum::{
    Json, extract::State, http::StatusCode, response::IntoResponse as _, response::Response,
};
use serde_json::{Map, Value, json};

use super::Console;

/// What a page need not know: who pays, and what opens a cashier.
const WITHHELD: &[&str] = &["openid", "request", "prepay"];

/// Every order the simulated WeChat Pay knows, the newest first.
pub(super) async fn list(State(console): State<Console>) -> Response {
    let Some(wechat) = &console.wechat else { return StatusCode::NOT_FOUND.into_response() };
    let overview = wechat.pay().overview();
    let events = console.bus.events();
    let mut orders = Vec::new();
    for there in overview["orders"].as_array().into_iter().flatten().rev() {
        let number = there["out_trade_no"].as_str().unwrap_or_default();
        let mut order = document(&console, &format!("order#{number}")).await;
        let numbers = order.get("refunds").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut refunds = Vec::new();
        for number in numbers.iter().filter_map(Value::as_str) {
            refunds.push(document(&console, &format!("refund#{number}")).await);
        }
        let told = |event: &&Value| event["detail"]["data"]["out_trade_no"] == number;
        let of_order = |notification: &&Value| notification["out_trade_no"] == number;
        order.insert("refunds".to_owned(), json!(refunds));
        order.insert("out_trade_no".to_owned(), json!(number));
        order.insert("at_wechat_pay".to_owned(), there["state"].clone());
        order.insert("events".to_owned(), events.iter().filter(told).cloned().collect());
        let notifications = overview["notifications"].as_array().into_iter().flatten();
        let notifications = notifications.filter(of_order).cloned().collect();
        order.insert("notifications".to_owned(), notifications);
        orders.push(Value::Object(order));
    }
    Json(json!({ "orders": orders })).into_response()
}

async fn document(console: &Console, key: &str) -> Map<String, Value> {
    let kept = console.table.document(key).await.ok().flatten();
    let mut body = kept.map(|document| document.body).unwrap_or_default();
    body.retain(|name, _| !WITHHELD.contains(&name.as_str()));
    body
}
