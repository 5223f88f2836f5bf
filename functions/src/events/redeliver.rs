//! `POST /events/redeliver`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::{
    Access, AccountKind, Caller, Error, Operation, Result, Uses,
    capability::Redelivery,
    text,
    value::{Chars, Int, List, Text},
};

text! {
    /// The id of an event.
    pub(super) EventId: 1..=128, Chars::ID,
        ["Send the `id` of an event's detail.", "请发送事件 detail 中的 `id`。"];
}

/// Publishes events once more that are still in the table: those of the last seven days.
///
/// Their `id` stays the same, so that a consumer recognizes them.
///
/// 重新发布仍在表中的事件，即最近七天的事件。
///
/// 事件的 `id` 不变，消费方可据此去重。
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redeliver {
    /// These events. Either this or `since`.
    ///
    /// 指定事件的 id。与 `since` 二选一。
    #[serde(default)]
    ids: Option<List<Text<EventId>, 1, 100>>,
    /// All events since this time, seconds since 1970.
    ///
    /// 此时间之后的所有事件，Unix 时间戳（秒）。
    #[serde(default)]
    since: Option<Int<0, 99_999_999_999>>,
}

/// What was published once more.
///
/// 重新发布的结果。
#[derive(Serialize, JsonSchema)]
pub struct Redelivered {
    /// How many events.
    ///
    /// 重新发布的事件数。
    delivered: usize,
    /// The ids that are not in the table.
    ///
    /// 表中不存在的 id。
    unknown: Vec<String>,
}

impl Operation for Redeliver {
    const ID: &'static str = "events.redeliver";
    const ACCESS: Access = Access::Service;
    const ACCOUNTS: &'static [AccountKind] = AccountKind::ALL;
    const DOCS: &'static [&'static str] = &[];
    const EXAMPLE: &'static str = r#"{"since":1764163200}"#;
    type Uses = Redelivery;
    type Output = Redelivered;

    async fn run(self, events: Uses<'_, Self>, _caller: &Caller) -> Result<Redelivered> {
        let ids: Vec<String> = match (&self.ids, self.since) {
            (Some(ids), None) => ids.iter().map(|id| id.as_str().to_owned()).collect(),
            (None, Some(since)) => events.since(since.get().unsigned_abs()).await?,
            _ => {
                return Err(Error::invalid(
                    "ids",
                    ["Send either `ids` or `since`.", "请发送 `ids` 或 `since` 之一。"],
                ));
            }
        };
        let mut redelivered = Redelivered { delivered: 0, unknown: Vec::new() };
        for id in ids {
            if events.redeliver(&id).await? {
                redelivered.delivered += 1;
            } else {
                redelivered.unknown.push(id);
            }
        }
        Ok(redelivered)
    }
}
