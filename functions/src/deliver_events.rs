//! `deliver-events`: publishes what is in the outbox on the event bus.
//!
//! The table's stream runs it with new `event#` items. What the bus does not take is reported by
//! its sequence number, so that the stream retries exactly that.

use serde::Deserialize;
use serde_json::json;
use shared::{
    Capability, Job, Result,
    capability::{BUS_BYTES, BUS_ENTRIES, BusEntry, EventBus},
    invoke::Report,
};

/// The job that publishes events.
pub struct DeliverEvents;

/// Records of the table's stream.
#[derive(Default, Deserialize)]
pub struct Records {
    #[serde(default, rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    #[serde(default)]
    sequence_number: String,
    /// Absent when an item was removed.
    #[serde(default)]
    new_image: Option<Image>,
}

/// The attributes of an `event#` item.
#[derive(Deserialize)]
struct Image {
    source: Option<Attribute>,
    detail_type: Option<Attribute>,
    detail: Option<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(rename = "S")]
    text: String,
}

impl Image {
    fn entry(self) -> Option<BusEntry> {
        Some(BusEntry {
            source: self.source?.text,
            detail_type: self.detail_type?.text,
            detail: self.detail?.text,
        })
    }
}

impl Job for DeliverEvents {
    const NAME: &'static str = "deliver-events";
    const EXAMPLE: &'static str = include_str!("deliver_events.json").trim_ascii();
    type Uses = EventBus;
    type Input = Records;

    async fn run(bus: <EventBus as Capability>::Handle<'_>, input: Records) -> Result<Report> {
        let mut entries = Vec::new();
        for Record { dynamodb: change } in input.records {
            if let Some(entry) = change.new_image.and_then(Image::entry) {
                entries.push((change.sequence_number, entry));
            }
        }
        let (mut delivered, mut failed) = (0, Vec::new());
        for batch in batches(entries) {
            let (numbers, entries): (Vec<String>, Vec<BusEntry>) = batch.into_iter().unzip();
            // A call that fails took nothing, as far as one can tell: all of it comes again.
            let taken = bus.put(&entries).await.unwrap_or_else(|_| vec![false; entries.len()]);
            for (number, taken) in numbers.into_iter().zip(taken) {
                if taken {
                    delivered += 1;
                } else {
                    failed.push(json!({ "itemIdentifier": number }));
                }
            }
        }
        let trouble = !failed.is_empty();
        let result = json!({ "batchItemFailures": failed, "delivered": delivered });
        Ok(Report { result, trouble })
    }
}

/// What one call of the bus takes, in number and in size.
fn batches(entries: Vec<(String, BusEntry)>) -> Vec<Vec<(String, BusEntry)>> {
    let mut batches: Vec<Vec<(String, BusEntry)>> = Vec::new();
    let mut bytes = 0;
    for (number, entry) in entries {
        let size = entry.source.len() + entry.detail_type.len() + entry.detail.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < BUS_ENTRIES && bytes + size <= BUS_BYTES => {
                batch.push((number, entry));
                bytes += size;
            }
            _ => {
                batches.push(vec![(number, entry)]);
                bytes = size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: usize) -> (String, BusEntry) {
        let [source, detail_type] = ["wechat", "message.text"].map(str::to_owned);
        ("1".to_owned(), BusEntry { source, detail_type, detail: "x".repeat(size) })
    }

    #[test]
    fn a_batch_is_what_one_call_takes() {
        let sizes = |entries: Vec<(String, BusEntry)>| -> Vec<usize> {
            batches(entries).iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(vec![]), Vec::<usize>::new());
        assert_eq!(sizes((0..23).map(|_| entry(100)).collect()), [10, 10, 3]);
        let large = BUS_BYTES / 2;
        assert_eq!(sizes(vec![entry(large), entry(large), entry(10)]), [1, 2]);
        assert_eq!(sizes(vec![entry(2 * BUS_BYTES), entry(1)]), [1, 1]);
    }

    #[test]
    fn removed_items_and_other_items_are_passed_over() {
        let event = json!({ "Records": [
            { "eventName": "REMOVE", "dynamodb": { "SequenceNumber": "1", "Keys": {} } },
            { "eventName": "INSERT", "dynamodb": { "SequenceNumber": "2", "NewImage": {
                "pk": { "S": "event#1" }, "ttl": { "N": "1" }, "source": { "S": "wechat" },
                "detail_type": { "S": "message.text" }, "detail": { "S": "{}" } } } },
            { "dynamodb": { "NewImage": { "pk": { "S": "signal#wx" } } } },
        ] });
        let Records { records } = serde_json::from_value(event).unwrap();
        let entries: Vec<_> = records
            .into_iter()
            .filter_map(|record| record.dynamodb.new_image.and_then(Image::entry))
            .collect();
        assert_eq!((entries.len(), entries[0].detail.as_str()), (1, "{}"));
    }
}
