//! A sample of every message and event that WeChat documents.
//!
//! WeChat: [messages][messages], [events][events]
//!
//! [messages]: https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html
//! [events]: https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message with the members its kind has.
#[derive(Clone, Serialize, Deserialize)]
pub(in super::super) struct Sample {
    /// Its `MsgType`, or its `Event`.
    pub(in super::super) name: String,
    /// Its members, without those that every message has.
    pub(in super::super) message: Map<String, Value>,
}

/// All of them.
pub(in super::super) fn samples() -> &'static [Sample] {
    static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
        let samples: Vec<Value> =
            serde_json::from_str(include_str!("samples.json")).expect("the samples are JSON");
        samples.into_iter().filter_map(sample).collect()
    });
    &SAMPLES
}

fn sample(message: Value) -> Option<Sample> {
    let Value::Object(message) = message else { return None };
    let name = message.get("Event").or_else(|| message.get("MsgType"))?.as_str()?.to_owned();
    Some(Sample { name, message })
}
