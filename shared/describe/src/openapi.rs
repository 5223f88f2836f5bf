//! The OpenAPI 3.1 document, generated from the operations.
//!
//! An operation with a URL is a path of its own. A service's operation has none: the document
//! describes how Lambda's Invoke API is called, which is also a path of the local bundle.

mod chinese;
mod path;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};
use shared::{
    Endpoint, Language, Problem,
    registry::{Namespace, Registry},
    wechat::REFUSALS,
};

pub(crate) use path::summary;

/// What does not depend on the operations.
const FRAME: &str = include_str!("openapi/frame.json");

/// Describes the operations.
///
/// # Panics
/// Two types share a public name and differ, which a test would find first.
pub fn document(registry: &Registry) -> Value {
    let mut document: Value = serde_json::from_str(FRAME).unwrap_or_default();
    let mut writer = path::Writer::default();
    let mut paths = Map::new();
    for endpoint in registry.operations() {
        paths.insert(path::of(endpoint), writer.item(endpoint));
    }
    document["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    document["tags"] = registry.namespaces.iter().filter_map(tag).collect();
    document["paths"] = paths.into();

    let components = &mut document["components"];
    components["responses"] = writer.responses.into();
    // Those of an operation have the first word.
    components["x-refusals"] = responses::refusals(REFUSALS);
    let slugs: Vec<&str> = Problem::ALL.iter().map(|problem| problem.slug()).collect();
    let schemas = &mut components["schemas"];
    schemas["Problem"]["properties"]["type"]["enum"] = json!(slugs);
    let titles =
        Problem::ALL.iter().map(|problem| (problem.slug(), problem.title(Language::Chinese)));
    schemas["Problem"]["properties"]["type"]["x-zh-enum"] =
        titles.map(|(slug, title)| (slug.to_owned(), title.into())).collect::<Map<_, _>>().into();
    schemas["Problem"]["examples"][0]["title"] =
        Problem::InvalidInput.title(Language::English).into();
    schemas["FunctionError"]["properties"]["errorType"]["enum"] = json!(slugs);
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.append(&mut writer.schemas.into_named());
    }
    plain_choices(&mut document);
    join_lines(&mut document);
    chinese::split(&mut document);
    document
}

/// A namespace, with what the first paragraph of its file says, and its first Chinese one.
fn tag(namespace: &Namespace) -> Option<Value> {
    let name = namespace_of(&namespace.entries.first()?.endpoint);
    let lines = namespace.source.lines().map_while(|line| line.strip_prefix("//!"));
    let text = lines.map(str::trim).collect::<Vec<_>>().join("\n");
    let (english, chinese) = chinese::languages(&text);
    let first = |text: &str| text.split("\n\n").next().unwrap_or_default().to_owned();
    let mut tag = json!({ "name": name, "description": first(&english) });
    if !chinese.is_empty() {
        tag[chinese::TEXT] = first(&chinese).into();
    }
    Some(tag)
}

fn namespace_of(endpoint: &Endpoint) -> &'static str {
    endpoint.id().rsplit_once('.').map_or("", |(namespace, _)| namespace)
}

/// A choice names each of its schemas once, and one schema is not a choice.
fn plain_choices(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for keyword in ["anyOf", "oneOf"] {
                let Some(Value::Array(choices)) = members.get_mut(keyword) else { continue };
                let mut distinct: Vec<Value> = Vec::new();
                for choice in choices.drain(..) {
                    if !distinct.contains(&choice) {
                        distinct.push(choice);
                    }
                }
                if distinct.len() > 1 {
                    *choices = distinct;
                    continue;
                }
                members.remove(keyword);
                for (name, member) in distinct.pop().and_then(into_object).unwrap_or_default() {
                    // What the choice says of itself stays.
                    members.entry(name).or_insert(member);
                }
            }
            members.values_mut().for_each(plain_choices);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_choices),
        _ => {}
    }
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// Doc comments are wrapped for the source; readers of the document wrap for themselves.
fn join_lines(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = join(text),
                    member => join_lines(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

fn join(text: &str) -> String {
    let paragraphs: Vec<String> = text.split("\n\n").map(join_paragraph).collect();
    paragraphs.join("\n\n")
}

fn join_paragraph(paragraph: &str) -> String {
    let mut joined = String::new();
    for line in paragraph.split('\n') {
        let meets = |c: Option<char>| c.is_some_and(chinese::is_wide);
        let tight = meets(joined.chars().next_back()) && meets(line.chars().next());
        if !joined.is_empty() && !tight {
            joined.push(' ');
        }
        joined.push_str(line);
    }
    joined
}
