//! What `jssdk-config` does, written as the documentation of its crates suggests.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

const TICKET: &str = "credential#wx2222222222222222#jsapi_ticket";

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = Client::new(&config);
    let table = std::env::var("TABLE_NAME")?;
    lambda_runtime::run(service_fn(|event| answer(&client, &table, event))).await
}

async fn answer(client: &Client, table: &str, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let query = event.payload["rawQueryString"].as_str().unwrap_or_default();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let (_, url) = parameters.find(|(name, _)| name == "url").ok_or("no url")?;
    let key = AttributeValue::S(TICKET.to_owned());
    let found = client.get_item().table_name(table).key("pk", key).send().await?;
    let item = found.item.ok_or("no ticket")?;
    let ticket = item["value"].as_s().map_err(|_| "the ticket is no text")?;
    let nonce = event.context.request_id.replace('-', "");
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let text = format!("jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}");
    let signature: String =
        Sha1::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({ "timestamp": timestamp, "nonceStr": nonce, "signature": signature });
    Ok(json!({ "statusCode": 200, "body": body.to_string() }))
}
