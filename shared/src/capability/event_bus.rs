//! The EventBridge bus that events are published on.

use std::time::Duration;

use model::{Error, Problem, Result};
use serde::{Deserialize, Serialize};

use super::{Capability, Facts, Setting};
use crate::{App, Caller, aws_json::Action, grant::Grant, settings::SettingFacts};

/// What one call takes.
pub const ENTRIES: usize = 10;

/// What one call takes in bytes; older limits are still in force in some Regions.
pub const BYTES: usize = 240 << 10;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// `EVENT_BUS`: the name or ARN of the bus.
pub struct EventBusName(pub String);

impl Setting for EventBusName {
    const NAME: &'static str = "EVENT_BUS";
    const EXAMPLE: &'static str = "wechat";
    const ABOUT: &'static str = "The EventBridge bus that messages and events are published on.";

    fn parse(text: Option<&str>) -> std::result::Result<EventBusName, String> {
        let text = text.ok_or("is not set")?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/.-_:".contains(c);
        if text.len() > 256 || !text.chars().all(allowed) {
            return Err("is not the name or ARN of a bus".to_owned());
        }
        Ok(EventBusName(text.to_owned()))
    }
}

/// Publishing on the bus.
pub struct EventBus;

/// Publishes on the bus.
#[derive(Clone, Copy)]
pub struct BusCalls<'a>(&'a App);

/// What is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BusEntry {
    /// Who says it.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// A JSON object as text.
    pub detail: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents<'a> {
    entries: Vec<Put<'a>>,
}

#[derive(Serialize)]
struct Put<'a> {
    #[serde(flatten)]
    entry: &'a BusEntry,
    #[serde(rename = "EventBusName")]
    bus: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    entries: Vec<Verdict>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Verdict {
    #[serde(default)]
    error_code: Option<String>,
}

impl BusCalls<'_> {
    /// Publishes at most [`ENTRIES`] events, and says of each whether the bus took it.
    ///
    /// # Errors
    /// The bus cannot be reached or refuses the call: it took none, as far as one can tell.
    pub async fn put(&self, entries: &[BusEntry]) -> Result<Vec<bool>> {
        let EventBusName(bus) = self.0.config.settings.get();
        let entries: Vec<Put<'_>> = entries.iter().map(|entry| Put { entry, bus }).collect();
        let count = entries.len();
        let (transport, aws) = (self.0.transport(), &self.0.config.aws);
        let action =
            Action { service: "events", target: "AWSEvents.PutEvents", url: aws.event_bridge() };
        let unavailable = |why: String| {
            Error::new(
                Problem::TableUnavailable,
                ["The event bus cannot be reached; try again.", "无法连接事件总线，请重试。"],
            )
            .because(why)
        };
        let answer = action.call(transport, aws, &PutEvents { entries }, TIMEOUT).await?;
        let answer = answer.map_err(|failure| unavailable(format!("EventBridge: {failure}")))?;
        if !answer.status().is_success() {
            return Err(unavailable(format!("EventBridge: status {}", answer.status().as_u16())));
        }
        let Answer { entries } = serde_json::from_slice(answer.body())
            .map_err(|_| unavailable("EventBridge answered nonsense".to_owned()))?;
        let mut taken: Vec<bool> =
            entries.iter().map(|verdict| verdict.error_code.is_none()).collect();
        taken.resize(count, false);
        Ok(taken)
    }
}

impl Capability for EventBus {
    type Handle<'a> = BusCalls<'a>;

    fn describe(into: &mut Vec<Facts>) {
        into.push(Facts {
            grants: vec![Grant::PutEvents],
            settings: vec![SettingFacts::of::<EventBusName>()],
            ..Facts::new("EventBus")
        });
    }

    fn of<'a>(app: &'a App, _caller: &'a Caller) -> BusCalls<'a> {
        BusCalls(app)
    }
}
