//! Documents with versions, written together or not at all, and the index that lists those a job
//! must look at.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        query::{Query, QueryInput},
        transact_write_items::{
            TransactWriteItems, TransactWriteItemsError, TransactWriteItemsInput,
        },
    },
    types::{AttributeValue, Put, TransactWriteItem},
};
use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::{Item, PARTITION_KEY, TTL, Table, number, read_number, text, unavailable};
use crate::{Error, Result, credentials::Consistency, trace};

/// The index of what a job or a person looks through: sparse, and of keys only.
pub const DUE_INDEX: &str = "due";

/// The index's partition key: the name of the list a document is in.
pub const DUE: &str = "due";

/// The index's sort key, seconds since 1970.
pub const DUE_AT: &str = "due_at";

/// The attribute that a change compares.
const VERSION: &str = "version";

const IS_NEW: &str = "attribute_not_exists(pk)";

const IS_UNCHANGED: &str = "version = :version";

/// A document as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// 1 for the first, and one more for every change.
    pub version: u64,
    /// What it says.
    pub body: Map<String, Value>,
}

/// One document of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentWrite {
    /// The partition key.
    pub key: String,
    /// The version it must have now; 0 if it must not exist.
    pub expects: u64,
    /// What it will say; no name may be `pk`, `version`, `due`, `due_at` or `ttl`.
    pub body: Map<String, Value>,
    /// The list it is in, and where.
    pub due: Option<(String, u64)>,
    /// When DynamoDB may remove it.
    pub expires_at: Option<u64>,
}

impl DocumentWrite {
    /// A change of what was read in this version; 0 makes it.
    ///
    /// # Errors
    /// The document is not an object, which is a bug.
    pub fn new(key: String, expects: u64, document: &impl Serialize) -> Result<DocumentWrite> {
        match serde_json::to_value(document).map_err(Error::internal)? {
            Value::Object(body) => {
                Ok(DocumentWrite { key, expects, body, due: None, expires_at: None })
            }
            _ => Err(Error::internal("a document is an object")),
        }
    }

    /// Puts it in a list of the index.
    pub fn due(self, due: Option<(String, u64)>) -> DocumentWrite {
        DocumentWrite { due, ..self }
    }

    /// Lets it go at this time.
    pub fn expires(self, at: u64) -> DocumentWrite {
        DocumentWrite { expires_at: Some(at), ..self }
    }

    fn into_item(self) -> Item {
        let DocumentWrite { key, expects, body, due, expires_at } = self;
        let mut item: Item =
            body.into_iter().map(|(name, value)| (name, attribute(value))).collect();
        let mut add = |name: &str, value| item.insert(name.to_owned(), value);
        add(PARTITION_KEY, text(key));
        add(VERSION, number(expects + 1));
        if let Some((list, at)) = due {
            add(DUE, text(list));
            add(DUE_AT, number(at));
        }
        if let Some(at) = expires_at {
            add(TTL, number(at));
        }
        item
    }
}

impl Table {
    /// Reads a document as it is now.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn document(&self, key: &str) -> Result<Option<Document>> {
        let item = self.get(key.to_owned(), Consistency::Strong).await?;
        Ok(item.map(|item| Document {
            version: read_number(&item, VERSION).unwrap_or_default(),
            body: body(&item),
        }))
    }

    /// Writes all of these documents or none; `false` if a version has moved on.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    ///
    /// # Panics
    /// Never: a put has all it needs.
    pub async fn write_documents(&self, mut writes: Vec<DocumentWrite>) -> Result<bool> {
        // One alone needs no transaction, which costs twice as much.
        if writes.len() == 1 {
            return self.write_document(writes.remove(0)).await;
        }
        let writes: Vec<TransactWriteItem> =
            writes.into_iter().map(|write| self.part(write)).collect();
        let writes = TransactWriteItemsInput::builder().set_transact_items(Some(writes));
        match self.call::<TransactWriteItems>(writes.build()).await {
            Ok(_) => Ok(true),
            Err(error) if is_conflict(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn write_document(&self, write: DocumentWrite) -> Result<bool> {
        let expects = write.expects;
        let mut put = self.put(write.key.clone());
        for (name, value) in write.into_item() {
            put = put.item(&name, value);
        }
        let put = match expects {
            0 => put.only_if(IS_NEW),
            version => put.only_if(IS_UNCHANGED).value(":version", number(version)),
        };
        put.apply().await
    }

    /// The part of a transaction that writes a document.
    ///
    /// # Panics
    /// Never: a put has all it needs.
    pub(super) fn part(&self, write: DocumentWrite) -> TransactWriteItem {
        trace::table_write();
        let put = match write.expects {
            0 => Put::builder().condition_expression(IS_NEW),
            version => Put::builder()
                .condition_expression(IS_UNCHANGED)
                .expression_attribute_values(":version", number(version)),
        };
        let put = put.table_name(&self.name).set_item(Some(write.into_item()));
        let put = put.build().expect("table and item are set");
        TransactWriteItem::builder().put(put).build()
    }

    /// The keys a list of the index has up to a time, the earliest first.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn due(&self, list: &str, until: u64, limit: usize) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut from: Option<HashMap<String, AttributeValue>> = None;
        while keys.len() < limit {
            trace::table_read();
            let query = QueryInput::builder()
                .table_name(&self.name)
                .index_name(DUE_INDEX)
                .key_condition_expression("due = :due AND due_at <= :until")
                .expression_attribute_values(":due", text(list))
                .expression_attribute_values(":until", number(until.min(i64::MAX as u64)))
                .limit(i32::try_from(limit - keys.len()).unwrap_or(i32::MAX))
                .set_exclusive_start_key(from);
            let page = self.call::<Query>(query.build()).await.map_err(unavailable)?;
            let found = page.items.unwrap_or_default();
            keys.extend(
                found.iter().filter_map(|item| item.get(PARTITION_KEY)?.as_s().ok().cloned()),
            );
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        Ok(keys)
    }
}

/// Whether a transaction failed because of another one, or of a version.
fn is_conflict<R>(error: &SdkError<TransactWriteItemsError, R>) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().iter().any(|reason| {
                matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
            })
        }
        Some(error) => error.code() == Some("TransactionConflictException"),
        None => false,
    }
}

fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(flag),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(list) => AttributeValue::L(list.into_iter().map(attribute).collect()),
        Value::Object(members) => AttributeValue::M(
            members.into_iter().map(|(name, value)| (name, attribute(value))).collect(),
        ),
    }
}

/// What a document says, without what only the table needs.
fn body(item: &Item) -> Map<String, Value> {
    let own = [PARTITION_KEY, VERSION, DUE, DUE_AT, TTL];
    let members = item.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), json(value))).collect()
}

fn json(attribute: &AttributeValue) -> Value {
    match attribute {
        AttributeValue::Bool(flag) => Value::Bool(*flag),
        AttributeValue::N(number) => {
            number.parse::<Number>().map_or_else(|_| Value::String(number.clone()), Value::Number)
        }
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(list) => Value::Array(list.iter().map(json).collect()),
        AttributeValue::M(members) => {
            members.iter().map(|(name, value)| (name.clone(), json(value))).collect()
        }
        // Nothing else is written here.
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_comes_back_as_it_was_written() {
        let written = json!({
            "text": "季度蔬菜箱", "number": 4999, "large": i64::MAX, "flag": true, "nothing": null,
            "list": ["a", 1], "object": { "inner": [{ "deep": false }] },
        });
        let Value::Object(members) = written.clone() else { unreachable!() };
        let mut item: Item =
            members.into_iter().map(|(name, value)| (name, attribute(value))).collect();
        item.insert(PARTITION_KEY.to_owned(), text("order#1"));
        item.insert(VERSION.to_owned(), number(3));
        item.insert(DUE_AT.to_owned(), number(1));
        assert_eq!(Value::Object(body(&item)), written);
    }
}
