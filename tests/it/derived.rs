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
