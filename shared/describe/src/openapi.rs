//! The OpenAPI 3.1 document, generated from the operations.
//!
//! An operation with a URL is a path of its own. A service's operation has none: the document
//! describes how Lambda's Invoke API is called, which is also a path of the local bundle.

mod path;
mod responses;
mod schemas;

use serde_json::{Map, Value, json};
use shared::{
    Endpoint, Problem,
    registry::{Namespace, Registry},
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
    let slugs: Vec<&str> = Problem::ALL.iter().map(|problem| problem.slug()).collect();
    let schemas = &mut components["schemas"];
    schemas["Problem"]["properties"]["type"]["enum"] = json!(slugs);
    schemas["Problem"]["examples"][0]["title"] = Problem::InvalidInput.title().into();
    schemas["FunctionError"]["properties"]["errorType"]["enum"] = json!(slugs);
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.append(&mut writer.schemas.into_named());
    }
    join_lines(&mut document);
    document
}

/// A namespace, with what the first paragraph of its file says.
fn tag(namespace: &Namespace) -> Option<Value> {
    let name = namespace_of(&namespace.entries.first()?.endpoint);
    let lines = namespace.source.lines().map_while(|line| line.strip_prefix("//!"));
    let about: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    Some(json!({ "name": name, "description": about.join(" ") }))
}

fn namespace_of(endpoint: &Endpoint) -> &'static str {
    endpoint.id().rsplit_once('.').map_or("", |(namespace, _)| namespace)
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
    let paragraphs: Vec<String> =
        text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}
