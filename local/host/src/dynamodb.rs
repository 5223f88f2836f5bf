//! The embedded DynamoDB: dynoxide behind real HTTP, and its stream.

use std::{collections::VecDeque, path::Path, sync::Arc, time::Duration};

use dynoxide::{
    Database,
    actions::{
        create_table::CreateTableRequest, describe_stream::DescribeStreamRequest,
        describe_table::DescribeTableRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest, update_time_to_live::UpdateTimeToLiveRequest,
    },
    storage_backend,
};
use serde_json::{Value, json};
use shared::{
    Clock,
    table::{DUE, DUE_AT, DUE_INDEX, PARTITION_KEY, TTL},
};

/// Where the table is kept; the engine's other files begin with the same name.
pub(crate) const FILE: &str = "dynamodb.sqlite";

/// How often the stream is looked at.
const POLL: Duration = Duration::from_millis(50);

/// An embedded DynamoDB with the one table.
#[derive(Clone)]
pub(crate) struct Dynamodb {
    database: Database,
    table: String,
}

/// dynoxide's view of our clock.
struct FollowedClock(Clock);

impl storage_backend::Clock for FollowedClock {
    fn now_unix_secs(&self) -> u64 {
        self.0.now()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now_ms() as f64 / 1000.0
    }
}

impl Dynamodb {
    /// Opens the database in `data_dir`, or one in memory, and creates the table if need be.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub(crate) fn open(
        data_dir: Option<&Path>,
        table: &str,
        clock: &Clock,
    ) -> Result<Dynamodb, String> {
        let database = match data_dir {
            Some(directory) => {
                let file = directory.join(FILE);
                let file = file.to_str().ok_or("the path is not UTF-8")?;
                Database::new(file)
            }
            None => Database::memory_with_clock(Arc::new(FollowedClock(clock.clone()))),
        };
        let database = database.map_err(|error| error.to_string())?;
        let dynamodb = Dynamodb { database, table: table.to_owned() };
        if !dynamodb.has_table() {
            dynamodb.create_table()?;
        }
        Ok(dynamodb)
    }

    fn has_table(&self) -> bool {
        let request = parse::<DescribeTableRequest>(json!({ "TableName": self.table }));
        self.database.describe_table(request).is_ok()
    }

    fn create_table(&self) -> Result<(), String> {
        let create = parse::<CreateTableRequest>(definition(&self.table));
        self.database.create_table(create).map_err(|error| error.to_string())?;
        let ttl = parse::<UpdateTimeToLiveRequest>(json!({
            "TableName": self.table,
            "TimeToLiveSpecification": { "AttributeName": TTL, "Enabled": true },
        }));
        self.database.update_time_to_live(ttl).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// The database itself, to serve.
    pub(crate) fn database(&self) -> Database {
        self.database.clone()
    }

    /// The signals from now on.
    pub(crate) fn signals(&self) -> Option<Changes> {
        self.changes(is_signal, 1)
    }

    /// The events to publish from now on.
    pub(crate) fn events(&self) -> Option<Changes> {
        self.changes(is_event, 25)
    }

    fn changes(&self, is_wanted: fn(&Value) -> bool, batch: usize) -> Option<Changes> {
        let (database, iterator) = (self.database(), self.latest()?);
        Some(Changes { database, iterator, is_wanted, batch, pending: VecDeque::new() })
    }

    /// Where the stream ends now.
    fn latest(&self) -> Option<String> {
        let table = parse::<DescribeTableRequest>(json!({ "TableName": self.table }));
        let table = self.database.describe_table(table).ok()?;
        let table = serde_json::to_value(table).ok()?;
        let stream = table["Table"]["LatestStreamArn"].as_str()?.to_owned();
        let request = DescribeStreamRequest { stream_arn: stream.clone(), ..Default::default() };
        let description = self.database.describe_stream(request).ok()?.stream_description;
        let request = GetShardIteratorRequest {
            stream_arn: stream,
            shard_id: description.shards.into_iter().next()?.shard_id,
            shard_iterator_type: "LATEST".to_owned(),
            sequence_number: None,
        };
        self.database.get_shard_iterator(request).ok()?.shard_iterator
    }
}

/// The table, as `create-table` takes it.
pub(crate) fn definition(table: &str) -> Value {
    json!({
        "TableName": table,
        "KeySchema": [{ "AttributeName": PARTITION_KEY, "KeyType": "HASH" }],
        "AttributeDefinitions": [
            { "AttributeName": PARTITION_KEY, "AttributeType": "S" },
            { "AttributeName": DUE, "AttributeType": "S" },
            { "AttributeName": DUE_AT, "AttributeType": "N" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": DUE_INDEX,
            "KeySchema": [
                { "AttributeName": DUE, "KeyType": "HASH" },
                { "AttributeName": DUE_AT, "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
    })
}

/// The table's stream as an event source mapping with our `FilterCriteria` reads it.
pub(crate) struct Changes {
    database: Database,
    iterator: String,
    is_wanted: fn(&Value) -> bool,
    batch: usize,
    pending: VecDeque<Value>,
}

impl Changes {
    /// The next event for a function: as many records as its `BatchSize` has, or fewer.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            if !self.pending.is_empty() {
                let batch = self.pending.len().min(self.batch);
                let records: Vec<Value> = self.pending.drain(..batch).collect();
                return json!({ "Records": records });
            }
            let request = GetRecordsRequest { shard_iterator: self.iterator.clone(), limit: None };
            if let Ok(response) = self.database.get_records(request) {
                let records = response.records.into_iter();
                let records = records.filter_map(|record| serde_json::to_value(record).ok());
                self.pending.extend(records.filter(self.is_wanted));
                if let Some(next) = response.next_shard_iterator {
                    self.iterator = next;
                }
            }
            if self.pending.is_empty() {
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// `{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"signal#"}]}},"NewImage":{"reason":{"S":[{"exists":true}]}}}}`
fn is_signal(record: &Value) -> bool {
    let change = &record["dynamodb"];
    let key = change["Keys"][PARTITION_KEY]["S"].as_str().unwrap_or_default();
    key.starts_with("signal#") && change["NewImage"]["reason"]["S"].is_string()
}

/// `{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"event#"}]}}}}`
fn is_event(record: &Value) -> bool {
    let key = record["dynamodb"]["Keys"][PARTITION_KEY]["S"].as_str().unwrap_or_default();
    key.starts_with("event#") && matches!(record["eventName"].as_str(), Some("INSERT" | "MODIFY"))
}

fn parse<T: serde::de::DeserializeOwned>(request: Value) -> T {
    serde_json::from_value(request).expect("the request is well formed")
}
