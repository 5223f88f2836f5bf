//! An EventBridge stand-in: `PutEvents` into a list, and from there to web addresses.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Request, StatusCode, header},
    routing::post,
};
use serde_json::{Value, json};
use shared::transport::Transport;
use tokio::sync::watch;

use crate::iam;

/// How many events are kept.
const KEPT: usize = 1_000;

/// The first pause before an event is posted again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// How often an event is posted.
const ATTEMPTS: u32 = 185;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The bus on one machine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    events: Mutex<VecDeque<Value>>,
    /// How many events there were.
    count: watch::Sender<usize>,
    targets: Vec<String>,
    transport: Transport,
}

impl Bus {
    /// A bus that posts every event to these addresses.
    pub(crate) fn new(targets: Vec<String>, transport: Transport) -> Bus {
        let (events, count) = (Mutex::default(), watch::Sender::new(0));
        Bus(Arc::new(Inner { events, count, targets, transport }))
    }

    /// The events so far, oldest first, as a rule's target gets them.
    pub fn events(&self) -> Vec<Value> {
        self.0.events.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The events after the first `seen`, each with its number, counted from 1.
    pub(crate) fn since(&self, seen: usize) -> Vec<(usize, Value)> {
        let events = self.0.events.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = *self.0.count.borrow() - events.len();
        let numbered = (gone + 1..).zip(events.iter().cloned());
        numbered.filter(|(number, _)| *number > seen).collect()
    }

    /// Waits until so many events have arrived, and returns the events.
    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        let mut arrived = self.0.count.subscribe();
        // The sender lives as long as this handle.
        let _ = arrived.wait_for(|arrived| *arrived >= count).await;
        self.events()
    }

    fn take(&self, entry: &Value) {
        let detail = entry["Detail"].as_str().and_then(|text| serde_json::from_str(text).ok());
        let event = json!({
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "detail": detail.unwrap_or(Value::Null),
        });
        for target in &self.0.targets {
            tokio::spawn(deliver(self.0.transport.clone(), target.clone(), event.clone()));
        }
        let mut events = self.0.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == KEPT {
            events.pop_front();
        }
        events.push_back(event);
        // Counted under the lock, so that numbers and events agree.
        self.0.count.send_modify(|count| *count += 1);
    }
}

/// Posts an event until the target takes it.
async fn deliver(transport: Transport, target: String, event: Value) {
    let (mut pause, longest) = PAUSES;
    for _ in 0..ATTEMPTS {
        let request = Request::post(&target)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(event.to_string()));
        let Ok(request) = request else { return };
        if let Ok(answer) = transport.send(request, TIMEOUT, 1 << 20).await
            && answer.status().is_success()
        {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 2);
    }
    eprintln!("An event was not taken by {target} and is given up.");
}

/// Serves the bus.
pub(crate) fn router(bus: Bus) -> Router {
    Router::new().route("/", post(answer)).with_state(bus)
}

async fn answer(
    State(bus): State<Bus>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let entries = request["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    let refusal = |code: &str| (StatusCode::BAD_REQUEST, json!({ "__type": code }));
    let (status, answer) = match target {
        _ if !headers.contains_key("authorization") => {
            refusal("MissingAuthenticationTokenException")
        }
        _ if iam::denies_events(&headers) => refusal("AccessDeniedException"),
        Some("AWSEvents.PutEvents") if (1..=10).contains(&entries.len()) => {
            let taken = entries.iter().map(|entry| {
                bus.take(entry);
                json!({ "EventId": shared::crypto::nonce() })
            });
            let taken: Vec<Value> = taken.collect();
            (StatusCode::OK, json!({ "FailedEntryCount": 0, "Entries": taken }))
        }
        _ => refusal("ValidationException"),
    };
    (status, [("content-type", "application/x-amz-json-1.1")], answer.to_string())
}
