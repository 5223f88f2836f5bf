//! The DynamoDB table: one item per partition key, one key prefix per kind of secret.
//!
//! The prefixes let an IAM policy give each function exactly its items
//! (`dynamodb:LeadingKeys`). Only single-item calls and transactions of them are made.
//!
//! Each call's future is boxed: the SDK's have kilobytes, which every future around them would
//! have, too.

mod client;
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
};

use aws_sdk_dynamodb::{
    config::{BehaviorVersion, Region},
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::{
        delete_item::DeleteItemInput,
        get_item::{GetItem, GetItemInput},
        put_item::PutItemInput,
        update_item::UpdateItemInput,
    },
    types::AttributeValue,
};

pub use code::{Claim, Exchange};
pub use document::{DUE, DUE_AT, DUE_INDEX, Document, DocumentWrite};
pub use event::{DUE_EVENTS, MediaCheck, OutboxEvent};
pub use session::{Kept, LOGIN_LIFE, Login, LoginState, SessionKeys, Sessions};
pub use sns::{SnsRecord, SnsTokens};

use client::{Client, Failure, Operation};
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
    /// Built when it is first used.
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

    /// The SDK's whole client, for what no function does: to create the table, and to look into it
    /// from outside.
    pub fn client(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.aws.region.clone()))
            .credentials_provider(self.aws.credentials())
            .endpoint_url(self.aws.dynamodb())
            .http_client(self.transport.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// Builds what every call needs.
    pub(crate) fn prepare(&self) {
        self.operations();
    }

    fn operations(&self) -> &Client {
        self.client.get_or_init(|| Client::new(self.transport.clone(), &self.aws))
    }

    /// Calls an operation; its future is boxed.
    async fn call<O: Operation>(
        &self,
        input: Result<O::Input, BuildError>,
    ) -> Result<O::Output, Failure<O>> {
        Box::pin(self.operations().call::<O>(input)).await
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads one item.
    pub(crate) async fn get(&self, pk: String, consistency: Consistency) -> Result<Option<Item>> {
        trace::table_read();
        let get = GetItemInput::builder().table_name(&self.name).key(PARTITION_KEY, text(pk));
        let get = get.consistent_read(consistency == Consistency::Strong);
        Ok(self.call::<GetItem>(get.build()).await.map_err(unavailable)?.item)
    }

    /// Changes one item.
    pub(crate) fn update(&self, pk: String) -> Update<'_> {
        let update = UpdateItemInput::builder().table_name(&self.name);
        Update(self, update.key(PARTITION_KEY, text(pk)))
    }

    /// Writes one item.
    pub(crate) fn put(&self, pk: String) -> Put<'_> {
        let put = PutItemInput::builder().table_name(&self.name);
        Put(self, put.item(PARTITION_KEY, text(pk)))
    }

    /// Removes one item.
    pub(crate) fn delete(&self, pk: String) -> Delete<'_> {
        let delete = DeleteItemInput::builder().table_name(&self.name);
        Delete(self, delete.key(PARTITION_KEY, text(pk)))
    }
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
