//! Everything that follows from the registry, beside what the repository has.

use std::collections::BTreeSet;

use describe::{COMMAND, derive, openapi};
use functions::REGISTRY;
use serde_json::Value;
use shared::registry::{Namespace, Registry};

#[test]
fn derived_files_are_up_to_date() {
    let derived = derive(&REGISTRY).unwrap_or_else(|error| panic!("{error}"));
    let differences = derived.differences().unwrap();
    assert!(differences.is_empty(), "run `{COMMAND}`:\n{}", differences.join("\n"));
}

fn schema_names(document: &Value) -> BTreeSet<&str> {
    let schemas = document["components"]["schemas"].as_object().unwrap();
    schemas.keys().map(String::as_str).collect()
}

#[test]
fn no_schema_has_a_number_for_a_name() {
    let document = openapi::document(&REGISTRY);
    for name in schema_names(&document) {
        let numbered = name.ends_with(|c: char| c.is_ascii_digit());
        assert!(!numbered, "two types of one operation share the name of {name}; rename one");
    }
}

#[test]
fn an_operation_renames_no_schema_of_another() {
    let document = openapi::document(&REGISTRY);
    let all = schema_names(&document);
    let mut of_any: BTreeSet<String> = BTreeSet::new();
    // What an operation is described by alone is what it is described by among all.
    for entry in REGISTRY.entries() {
        let namespace = Namespace { source: "//! Alone.", entries: std::slice::from_ref(entry) };
        let namespaces: &'static [Namespace] = Box::leak(Box::new([namespace]));
        let alone = openapi::document(&Registry { namespaces, jobs: &[] });
        for name in schema_names(&alone) {
            let (is, should) =
                [&document, &alone].map(|document| &document["components"]["schemas"][name]).into();
            assert_eq!(is, should, "{name} of {} alone", entry.path);
            of_any.insert(name.to_owned());
        }
        for (path, item) in alone["paths"].as_object().unwrap() {
            assert_eq!(document["paths"][path], *item, "{} alone", entry.path);
        }
    }
    assert!(all.iter().all(|name| of_any.contains(*name)));
}

#[test]
fn every_namespace_says_what_it_is_about() {
    let document = openapi::document(&REGISTRY);
    let tags = document["tags"].as_array().unwrap();
    assert_eq!(tags.len(), REGISTRY.namespaces.len());
    for tag in tags {
        let about = tag["description"].as_str().unwrap();
        assert!(about.ends_with('.'), "{tag}: begin the namespace's file with a `//!` sentence");
    }
}

#[test]
fn every_operation_and_every_input_says_it_in_chinese_too() {
    let document = openapi::document(&REGISTRY);
    let mut lacking = Vec::new();
    let speaks = |value: &Value, name: &str| value[name].as_str().is_some_and(|zh| !zh.is_empty());
    for tag in document["tags"].as_array().unwrap() {
        if !speaks(tag, "x-zh") {
            lacking.push(format!("the namespace {}", tag["name"]));
        }
    }
    for operation in operations(&document) {
        let id = &operation["operationId"];
        if !speaks(operation, "x-zh-summary") {
            lacking.push(format!("{id}: the operation itself"));
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        let shapes = std::iter::once(body).chain(body["oneOf"].as_array().into_iter().flatten());
        for (name, field) in shapes.flat_map(|shape| shape["properties"].as_object()).flatten() {
            if field["description"].is_string() && !speaks(field, "x-zh") {
                lacking.push(format!("{id}: `{name}`"));
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["description"].is_string() && !speaks(parameter, "x-zh") {
                lacking.push(format!("{id}: {}", parameter["name"]));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let fields = schema["properties"].as_object().into_iter().flatten();
        let parts = fields.map(|(field, schema)| (field.as_str(), schema));
        let parts = parts.chain(choices.map(|choice| ("one of its values", choice)));
        for (field, part) in parts.chain([("itself", schema)]) {
            if part["description"].is_string() && !speaks(part, "x-zh") {
                lacking.push(format!("{name}: `{field}`"));
            }
        }
    }
    assert!(
        lacking.is_empty(),
        "add a Chinese paragraph to the doc comment, after the English ones:\n{}",
        lacking.join("\n")
    );
}

/// The operations of a document, by path and method.
fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let items = document["paths"].as_object().into_iter().flatten();
    items.flat_map(|(_, item)| ["get", "post"].into_iter().filter_map(|method| item.get(method)))
}
