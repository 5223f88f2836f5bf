//! Schemas under their public names.
//!
//! A name says which operation the schema belongs to and which role it has there:
//! `SubscribeMessageSendAnswer` is an answer, `SubscribeMessageSendInputLang` a part of an input.
//! It depends on nothing else, so that a new operation renames no schema. A type that belongs to
//! several operations keeps its own name; it says so by `#[schemars(extend("x-shared" = true))]`.

use std::collections::BTreeMap;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};
use shared::Endpoint;

const PREFIX: &str = "#/components/schemas/";

/// The mark of a type that belongs to several operations.
const SHARED: &str = "x-shared";

/// The schemas that were named so far.
#[derive(Default)]
pub(super) struct Schemas {
    named: Map<String, Value>,
}

impl Schemas {
    /// The schema of an operation's input.
    pub(super) fn input(&mut self, endpoint: &Endpoint) -> Value {
        let mut generator = settings().for_deserialize().into_generator();
        let mut input = endpoint.describe(&mut generator).input.to_value();
        self.adopt(&format!("{}Input", pascal_case(endpoint.id())), None, generator, &mut input);
        input
    }

    /// The `content` of an operation's answer.
    pub(super) fn answer(&mut self, endpoint: &Endpoint) -> Value {
        let mut generator = settings().for_serialize().into_generator();
        let mut content = endpoint.describe(&mut generator).content;
        let answer = content.pointer("/application~1json/schema/$ref").and_then(Value::as_str);
        let answer = answer.and_then(|target| target.strip_prefix(PREFIX)).map(str::to_owned);
        let prefix = format!("{}Answer", pascal_case(endpoint.id()));
        self.adopt(&prefix, answer.as_deref(), generator, &mut content);
        content
    }

    /// Takes over what a value refers to: the whole role has the prefix as its name, parts of it
    /// have the prefix and their own.
    fn adopt(
        &mut self,
        prefix: &str,
        whole: Option<&str>,
        mut generator: SchemaGenerator,
        value: &mut Value,
    ) {
        let mut definitions = generator.take_definitions(true);
        let mut names = BTreeMap::new();
        let mut open = targets(value);
        while let Some(name) = open.pop() {
            let Some(definition) = definitions.get(&name) else { continue };
            if names.contains_key(&name) {
                continue;
            }
            open.extend(targets(definition));
            let public = if definition.get(SHARED).is_some() {
                name.clone()
            } else if whole == Some(&name) {
                prefix.to_owned()
            } else {
                format!("{prefix}{name}")
            };
            names.insert(name, public);
        }
        rename(value, &names);
        for (name, public) in &names {
            let Some(mut schema) = definitions.remove(name) else { continue };
            if let Some(schema) = schema.as_object_mut() {
                schema.remove(SHARED);
            }
            rename(&mut schema, &names);
            let before = self.named.insert(public.clone(), schema.clone());
            assert!(
                before.is_none_or(|before| before == schema),
                "two schemas are called {public}; one that is shared may only refer to shared ones"
            );
        }
    }

    /// All of them, by name.
    pub(super) fn into_named(self) -> Map<String, Value> {
        self.named
    }
}

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

/// `SubscribeMessageSend` for `subscribeMessage.send`.
fn pascal_case(id: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    id.split('.').map(word).collect()
}

/// The names of the schemas a value refers to.
fn targets(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let target = members.get("$ref").and_then(Value::as_str);
            let name = target.and_then(|target| target.strip_prefix(PREFIX)).map(str::to_owned);
            name.into_iter().chain(members.values().flat_map(targets)).collect()
        }
        Value::Array(items) => items.iter().flat_map(targets).collect(),
        _ => Vec::new(),
    }
}

/// Gives the references in a value their public names.
fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let public = member.as_str().filter(|_| name == "$ref");
                let public = public.and_then(|target| names.get(target.strip_prefix(PREFIX)?));
                match public {
                    Some(public) => *member = format!("{PREFIX}{public}").into(),
                    None => rename(member, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        _ => {}
    }
}
