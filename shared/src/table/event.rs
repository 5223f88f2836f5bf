//! `event#<id>`: the outbox. What is published is an item first, and the table's stream publishes
//! it, so that nothing is lost between knowing and telling. `mediacheck#<trace_id>`: what a check of
//! a picture or recording found.

use aws_sdk_dynamodb::{
    operation::{
        query::{Query, QueryInput},
        transact_write_items::{TransactWriteItems, TransactWriteItemsInput},
    },
    types::{TransactWriteItem, Update},
};
use serde_json::{Value, json};

use super::{
    DUE, DUE_AT, DUE_INDEX, DocumentWrite, Item, PARTITION_KEY, TTL, Table, number, read_number,
    read_text, text, unavailable,
};
use crate::{Result, credentials::Consistency, trace};

/// Events and checks are kept for a week, in seconds.
const LIFE: u64 = 7 * 86_400;

/// The list of the index that holds the events.
pub const DUE_EVENTS: &str = "events";

/// The source of every event on the bus.
const SOURCE: &str = "wechat";

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// The same for every copy of what happened.
    pub id: String,
    /// The detail type on the bus.
    pub detail_type: String,
    /// The detail, a JSON object as text.
    pub detail: String,
}

/// A check of a picture or recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MediaCheck {
    /// The user who asked for it; absent if WeChat's answer came first.
    pub openid: Option<String>,
    /// The app it was asked through.
    pub appid: Option<String>,
    /// When it was asked for, seconds since 1970.
    pub started_at: Option<u64>,
    /// The event that WeChat pushed, when it has.
    pub event: Option<Value>,
}

impl Table {
    /// Puts an event into the outbox, and WeChat's answer to a media check beside it if it is one.
    /// `false` if the event is there already; then nothing is written.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn put_event(
        &self,
        event: &OutboxEvent,
        media_check: Option<&str>,
        now: u64,
    ) -> Result<bool> {
        let Some(trace_id) = media_check else {
            return self.write_documents(vec![event.write(now)]).await;
        };
        trace::table_write();
        let answer = Update::builder()
            .table_name(self.name())
            .key(PARTITION_KEY, text(format!("mediacheck#{trace_id}")))
            .update_expression("SET #event = :event, #ttl = :ttl")
            .expression_attribute_names("#event", "event")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":event", text(&event.detail))
            .expression_attribute_values(":ttl", number(now + LIFE))
            .build()
            .expect("table, key and expression are set");
        let answer = TransactWriteItem::builder().update(answer).build();
        let write = TransactWriteItemsInput::builder()
            .transact_items(self.part(event.write(now)))
            .transact_items(answer);
        match self.call::<TransactWriteItems>(write.build()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(refused) if is_there_already(refused) => Ok(false),
                _ => Err(unavailable(error)),
            },
        }
    }

    /// Has the stream publish an event once more; `false` if there is none of this id.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn redeliver_event(&self, id: &str, now_ms: u64) -> Result<bool> {
        self.update(format!("event#{id}"))
            .change("SET redelivered_at = :now")
            .only_if("attribute_exists(pk)")
            .value(":now", number(now_ms))
            .apply()
            .await
    }

    /// The ids of the events that came at or after a time, oldest first.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn events_since(&self, since: u64) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        let mut start = None;
        loop {
            trace::table_read();
            let query = QueryInput::builder()
                .table_name(self.name())
                .index_name(DUE_INDEX)
                .key_condition_expression("#due = :due AND #at >= :since")
                .expression_attribute_names("#due", DUE)
                .expression_attribute_names("#at", DUE_AT)
                .expression_attribute_values(":due", text(DUE_EVENTS))
                .expression_attribute_values(":since", number(since))
                .set_exclusive_start_key(start);
            let page = self.call::<Query>(query.build()).await.map_err(unavailable)?;
            let keys = page.items.unwrap_or_default();
            let keys = keys.iter().filter_map(|item| read_text(item, PARTITION_KEY));
            ids.extend(keys.filter_map(|key| key.strip_prefix("event#").map(str::to_owned)));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(ids);
            }
        }
    }

    /// Remembers who asked for a media check. WeChat's answer may be there already.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn start_media_check(
        &self,
        trace_id: &str,
        appid: &str,
        openid: &str,
        now: u64,
    ) -> Result<()> {
        self.update(format!("mediacheck#{trace_id}"))
            .change("SET openid = :openid, appid = :appid, started_at = :now, #ttl = :ttl")
            .name("#ttl", TTL)
            .value(":openid", text(openid))
            .value(":appid", text(appid))
            .value(":now", number(now))
            .value(":ttl", number(now + LIFE))
            .apply()
            .await
            .map(drop)
    }

    /// A media check.
    ///
    /// # Errors
    /// [`crate::Problem::TableUnavailable`].
    pub async fn media_check(&self, trace_id: &str) -> Result<Option<MediaCheck>> {
        let pk = format!("mediacheck#{trace_id}");
        let item = self.get(pk, Consistency::Strong).await?;
        Ok(item.as_ref().map(read_media_check))
    }
}

impl OutboxEvent {
    /// The write that puts it into the outbox, once, for a transaction with what it tells.
    pub fn write(&self, now: u64) -> DocumentWrite {
        let members = [
            ("id", self.id.as_str()),
            ("source", SOURCE),
            ("detail_type", &self.detail_type),
            ("detail", &self.detail),
        ];
        let body = members.map(|(name, value)| (name.to_owned(), json!(value)));
        DocumentWrite {
            key: format!("event#{}", self.id),
            expects: 0,
            body: body.into_iter().collect(),
            due: Some((DUE_EVENTS.to_owned(), now)),
            expires_at: Some(now + LIFE),
        }
    }
}

fn is_there_already(
    refused: &aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError,
) -> bool {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refused;
    let Refused::TransactionCanceledException(canceled) = refused else { return false };
    let first = canceled.cancellation_reasons().first();
    first.and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
}

fn read_media_check(item: &Item) -> MediaCheck {
    let event = read_text(item, "event").and_then(|event| serde_json::from_str(&event).ok());
    MediaCheck {
        openid: read_text(item, "openid"),
        appid: read_text(item, "appid"),
        started_at: read_number(item, "started_at"),
        event,
    }
}
