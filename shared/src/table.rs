//! The DynamoDB table: one item per partition key, one key prefix per kind of secret.
//!
//! The prefixes let an IAM policy give each function exactly its items
//! (`dynamodb:LeadingKeys`). Only single-item calls and transactions of them are made.
//!
//! Each call's future is boxed: the SDK's have kilobytes, which every future around them would
//! have, too.

mod code;
mod credential;
mod document;
mod event;
mod limit;
mod session;
mod sns;
mod unionid;
mod write;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    types::AttributeValue,
};

pub use code::{Claim, Exchange};
pub use document::{DUE, DUE_AT, DUE_INDEX, Document, DocumentWrite};
pub use event::{DUE_EVENTS, MediaCheck, OutboxEvent};
pub use session::{Kept, LOGIN_LIFE, Login, LoginState, SessionKeys, Sessions};
pub use sns::{SnsRecord, SnsTokens};

use write::{Delete, Put, Update};

use crate::{
    Error, Problem, Result, Secret, config::Aws, credentials::Consistency, trace,
    transport::Transport,
};

/// The name of the partition key.
pub const PARTITION_KEY: &str = "pk";

/// The name of the attribute that ends an item's life.
pub const TTL: &str = "ttl";

/// The one table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Built when it is first used: it takes a third of a millisecond.
    client: Arc<OnceLock<Client>>,
    transport: Transport,
    aws: Aws,
    name: String,
}

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

impl Table {
    /// The table `name` of the Region and account in `aws`.
    pub fn new(transport: Transport, name: &str, aws: &Aws) -> Table {
        Table { client: Arc::default(), transport, aws: aws.clone(), name: name.to_owned() }
    }

    /// The SDK's client; the local host and the tests create and inspect the table with it.
    pub fn client(&self) -> &Client {
        self.client.get_or_init(|| connect(self.transport.clone(), &self.aws))
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads one item.
    pub(crate) async fn get(&self, pk: String, consistency: Consistency) -> Result<Option<Item>> {
        trace::table_read();
        let get = self.client().get_item().table_name(&self.name).key(PARTITION_KEY, text(pk));
        let get = get.consistent_read(consistency == Consistency::Strong);
        Ok(Box::pin(get.send()).await.map_err(unavailable)?.item)
    }

    /// Changes one item.
    pub(crate) fn update(&self, pk: String) -> Update {
        let update = self.client().update_item();
        Update(update.table_name(&self.name).key(PARTITION_KEY, text(pk)))
    }

    /// Writes one item.
    pub(crate) fn put(&self, pk: String) -> Put {
        let put = self.client().put_item();
        Put(put.table_name(&self.name).item(PARTITION_KEY, text(pk)))
    }

    /// Removes one item.
    pub(crate) fn delete(&self, pk: String) -> Delete {
        let delete = self.client().delete_item();
        Delete(delete.table_name(&self.name).key(PARTITION_KEY, text(pk)))
    }
}

fn connect(transport: Transport, aws: &Aws) -> Client {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(1500))
        .operation_timeout(Duration::from_secs(4))
        .build();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(aws.credentials())
        .http_client(transport)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    config.set_endpoint_url(aws.dynamodb_endpoint.clone());
    Client::from_conf(config.build())
}

fn unavailable<E, R>(error: SdkError<E, R>) -> Error
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    let kind = match &error {
        SdkError::ConstructionFailure(_) => "the request could not be built",
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "cannot be reached",
        SdkError::ResponseError(_) => "answered nonsense",
        _ => "refused",
    };
    // The SDK's own text may quote the item; its code does not.
    let why = format!("DynamoDB: {kind} {}", error.code().unwrap_or_default());
    Error::new(
        Problem::TableUnavailable,
        ["The table cannot be reached; try again.", "无法连接数据表，请重试。"],
    )
    .because(why)
}

/// Whether a condition failed: not trouble, but an answer.
fn is_condition_failure<E, R>(error: &SdkError<E, R>) -> bool
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    error.code() == Some("ConditionalCheckFailedException")
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn read_text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}

fn read_secret(item: &Item, name: &str) -> Option<Secret> {
    read_text(item, name).map(Secret::new)
}

fn read_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
