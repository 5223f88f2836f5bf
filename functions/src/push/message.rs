//! A message or event as it travels on: one shape for JSON and XML.
//!
//! WeChat: [messages][messages], [events][events]
//!
//! [messages]: https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html
//! [events]: https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, value::RawValue};
use shared::crypto::sha256_hex;

use super::xml;

/// Numbers above this are kept as text: a double, which is all JavaScript has, cannot hold them.
const EXACT: u64 = 1 << 53;

/// EventBridge takes 128 characters of detail type.
const TYPE_LENGTH: usize = 100;

/// Numbers that name things; they are text at every size, so that their type does not depend on
/// their value.
const IDS: &[&str] = &["MsgId", "MsgID"];

/// Elements that repeat: an array even where there is only one.
const REPEATED: &[&str] = &["item", "fail_idx", "Actions"];

/// Events that WeChat's platform sends; their `FromUserName` does not name a user.
const OF_THE_PLATFORM: &[&str] = &[
    "wxa_",
    "weapp_",
    "trade_manage_",
    "add_express_path",
    "masssendjobfinish",
    "publishjobfinish",
    "freepublishjobfinish",
    "qualification_verify_",
    "naming_verify_",
    "annual_renew",
    "verify_expired",
    "poi_check_notify",
    "create_map_poi_",
    "add_store_audit_",
    "modify_store_audit_",
    "apply_merchant_audit_",
    "card_pass_check",
    "card_not_pass_check",
    "card_sku_remind",
    "debug_demo",
    "secvod_",
    "secbook_",
    "nearby_category_",
    "add_nearby_poi_",
];

/// How a message was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// An object.
    Json,
    /// An element with elements.
    Xml,
}

/// A message or event, its members under WeChat's names.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    format: Format,
    members: Map<String, Value>,
}

/// What a consumer gets under `detail`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Detail {
    /// The same for every copy of a message and for no other message.
    pub id: String,
    /// The account it was sent to.
    pub appid: String,
    /// The user it comes from or is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Seconds since 1970, by WeChat's clock.
    pub created_at: u64,
    /// The detail type of the event: `message.<MsgType>` or `event.<Event>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// WeChat's members; numbers beyond 2^53 and ids are text.
    pub data: Map<String, Value>,
}

impl Message {
    /// Reads JSON or XML, by the first byte: `Content-Type` is not reliable, and messages under
    /// way keep their old format when it is changed in the console.
    pub(super) fn read(text: &str) -> Option<Message> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii_start();
        let (format, value) = match text.as_bytes().first()? {
            b'{' => (Format::Json, json(serde_json::from_str(text).ok()?, 1)?),
            b'<' => (Format::Xml, xml::read(text)?),
            _ => return None,
        };
        match value {
            Value::Object(members) => Some(Message { format, members }),
            _ => None,
        }
    }

    /// A member that is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.members.get(name)?.as_str()
    }

    /// Takes the sealed text out; `None` if there is a member of this name that is not text, such
    /// as one that occurs twice.
    pub(super) fn encrypt(&self) -> Option<Option<&str>> {
        match self.members.get("Encrypt") {
            None => Some(None),
            Some(Value::String(text)) => Some(Some(text.trim_ascii())),
            Some(_) => None,
        }
    }

    /// The event's name, if it is one.
    pub(super) fn event(&self) -> Option<&str> {
        let event = self.text("MsgType").is_some_and(|kind| kind.eq_ignore_ascii_case("event"));
        event.then(|| self.text("Event")).flatten().or_else(|| self.text("InfoType"))
    }

    /// `message.<MsgType>` or `event.<Event>`.
    fn kind(&self) -> String {
        let (class, name) = match (self.event(), self.text("MsgType")) {
            (Some(event), _) => ("event", event),
            (None, Some(kind)) => ("message", kind),
            (None, None) => ("message", "unknown"),
        };
        let name: String = name.chars().filter(|c| !c.is_control()).take(TYPE_LENGTH).collect();
        format!("{class}.{name}")
    }

    /// The user, where there is one.
    fn openid(&self) -> Option<&str> {
        let named = ["OpenID", "OpenId", "openid"].iter().find_map(|name| self.text(name));
        named.filter(|openid| !openid.is_empty()).or_else(|| {
            let event = self.event().unwrap_or_default().to_ascii_lowercase();
            let platform = OF_THE_PLATFORM.iter().any(|prefix| event.starts_with(prefix));
            self.text("FromUserName").filter(|from| !platform && !from.is_empty())
        })
    }

    /// What tells this message from all others of the app and is the same in every copy of it.
    ///
    /// `MsgId` alone is not unique, nor are sender and time: users who speak at once got equal
    /// ids, and results of one second differ in nothing but a member of their own.
    fn id(&self, appid: &str) -> String {
        let mut canonical = format!("{appid}\0");
        match self.members.get("MsgId") {
            Some(id) => {
                canonical.push('m');
                let sender = ["FromUserName", "CreateTime"].map(|name| self.members.get(name));
                for value in sender.into_iter().flatten().chain([id]) {
                    canonical.push('\0');
                    write_canonical(&mut canonical, value);
                }
            }
            None => {
                canonical.push_str("e\0");
                write_canonical_members(&mut canonical, &self.members);
            }
        }
        sha256_hex(canonical)
    }

    /// What WeChat takes as "received"; anything else and it sends the message again.
    pub(super) fn answer(&self) -> &'static str {
        let virtual_pay = self.event().is_some_and(|event| event.starts_with("xpay_"));
        match (virtual_pay, self.format) {
            (false, _) => "success",
            (true, Format::Json) => r#"{"ErrCode":0,"ErrMsg":"success"}"#,
            (true, Format::Xml) => {
                "<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>"
            }
        }
    }

    /// In the shape consumers get. `now` stands in for a time WeChat left out.
    pub(super) fn detail(mut self, appid: &str, now: u64) -> Detail {
        normalize(&mut self.members);
        let id = self.id(appid);
        let kind = self.kind();
        let openid = self.openid().map(str::to_owned);
        let created_at = self.members.get("CreateTime").and_then(Value::as_u64).unwrap_or(now);
        Detail { id, appid: appid.to_owned(), openid, created_at, kind, data: self.members }
    }
}

/// JSON with its numbers as they were written and its depth bounded.
///
/// Read level by level, because `serde_json` reads numbers of more than 64 bits as doubles.
fn json(raw: &RawValue, depth: usize) -> Option<Value> {
    let text = raw.get();
    let inner = |raw: &RawValue| if depth < xml::DEPTH { json(raw, depth + 1) } else { None };
    Some(match text.as_bytes().first()? {
        b'{' => {
            let Members(members) = serde_json::from_str(text).ok()?;
            let mut read = Map::new();
            for (name, values) in members {
                // A repeated member reads like a repeated element: as an array.
                let mut values: Vec<Value> =
                    values.into_iter().map(inner).collect::<Option<_>>()?;
                let value = if values.len() == 1 { values.remove(0) } else { values.into() };
                read.insert(name, value);
            }
            Value::Object(read)
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            items.into_iter().map(inner).collect::<Option<Vec<_>>>()?.into()
        }
        b'-' | b'0'..=b'9' => number(text),
        _ => serde_json::from_str(text).ok()?,
    })
}

/// The members of an object, each with all its values.
struct Members<'a>(BTreeMap<String, Vec<&'a RawValue>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Self::Value, A::Error> {
                let mut members: BTreeMap<String, Vec<&RawValue>> = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    members.entry(name).or_default().push(value);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A number that a double holds exactly, or its text.
fn number(text: &str) -> Value {
    let integer = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let kept = if integer {
        let number = text.parse::<i64>().ok().filter(|number| number.unsigned_abs() <= EXACT);
        number.map(Number::from)
    } else {
        text.parse().ok().and_then(Number::from_f64)
    };
    kept.map_or_else(|| text.into(), Value::Number)
}

/// What differs between JSON and XML, and between accounts, is made alike.
fn normalize(members: &mut Map<String, Value>) {
    // Notices of subscriptions wrap their list in XML and not, or not always, in JSON.
    let wrapper = members.iter().find_map(|(name, value)| {
        let wraps = name.starts_with("SubscribeMsg") && name.ends_with("Event");
        (wraps && value.get("List").is_some()).then(|| name.clone())
    });
    if let Some(Value::Object(wrapped)) = wrapper.and_then(|name| members.remove(&name)) {
        for (name, value) in wrapped {
            members.entry(name).or_insert(value);
        }
    }
    if let Some(Value::String(text)) = members.get("CreateTime")
        && let Value::Number(number) = number(text)
        && number.is_u64()
    {
        members.insert("CreateTime".to_owned(), number.into());
    }
    normalize_members(members);
}

fn normalize_members(members: &mut Map<String, Value>) {
    for (name, value) in members {
        if IDS.contains(&name.as_str())
            && let Value::Number(number) = value
        {
            *value = number.to_string().into();
        }
        if name.ends_with("List") {
            // XML wraps what repeats in a list of items.
            let items = match value {
                Value::Object(only) if only.len() == 1 => only.remove("item"),
                Value::String(text) if text.trim_ascii().is_empty() => Some(Value::Array(vec![])),
                _ => None,
            };
            if let Some(items) = items {
                *value = items;
            }
        }
        let list = name.ends_with("List") || REPEATED.contains(&name.as_str());
        if list && !value.is_array() {
            *value = Value::Array(vec![value.take()]);
        }
        normalize_value(value);
    }
}

fn normalize_value(value: &mut Value) {
    match value {
        Value::Object(members) => normalize_members(members),
        Value::Array(values) => values.iter_mut().for_each(normalize_value),
        _ => {}
    }
}

/// Sorted here: `Map` keeps another order when any crate of the build asks for it.
fn write_canonical_members(canonical: &mut String, members: &Map<String, Value>) {
    let sorted: BTreeMap<&String, &Value> = members.iter().collect();
    canonical.push('{');
    for (name, value) in sorted {
        canonical.push_str(&Value::from(name.as_str()).to_string());
        canonical.push(':');
        write_canonical(canonical, value);
        canonical.push(',');
    }
    canonical.push('}');
}

fn write_canonical(canonical: &mut String, value: &Value) {
    match value {
        Value::Object(members) => write_canonical_members(canonical, members),
        Value::Array(values) => {
            canonical.push('[');
            for value in values {
                write_canonical(canonical, value);
                canonical.push(',');
            }
            canonical.push(']');
        }
        leaf => canonical.push_str(&leaf.to_string()),
    }
}
