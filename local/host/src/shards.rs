//! The names of the stream's shards: boto3 and AWS's CLI send none of less than 28 characters, and
//! the engine's are shorter.

use axum::body::Bytes;
use serde_json::Value;

/// The one shard of a table, as clients know it.
const PUBLIC: &str = "shardId-00000000000000000001";

/// The same as the engine knows it.
fn private(table: &str) -> String {
    format!("shardId-00000001-{table}")
}

/// The body of a request, as the engine takes it.
pub(crate) fn inward(call: &str, body: Bytes) -> Bytes {
    if call != "GetShardIterator" {
        return body;
    }
    let Ok(mut request) = serde_json::from_slice::<Value>(&body) else { return body };
    // arn:aws:dynamodb:<region>:<account>:table/<table>/stream/<label>
    let table = request["StreamArn"].as_str().and_then(|arn| arn.split('/').nth(1));
    match table.map(private) {
        Some(shard) if request["ShardId"] == PUBLIC => {
            request["ShardId"] = shard.into();
            request.to_string().into()
        }
        _ => body,
    }
}

/// The body of an answer as clients take it, if it differs.
pub(crate) fn outward(call: &str, body: &Bytes) -> Option<Bytes> {
    if call != "DescribeStream" {
        return None;
    }
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    for shard in answer["StreamDescription"]["Shards"].as_array_mut()? {
        shard["ShardId"] = PUBLIC.into();
    }
    Some(answer.to_string().into())
}
