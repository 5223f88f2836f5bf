//! The tables of `docs/operations.md`.

use schemars::generate::SchemaSettings;
use shared::{Language, Problem, registry::Registry};

use crate::{facts::is_public, marked::Part, openapi::summary};

/// The operations and the problems.
pub(crate) fn parts(registry: &Registry) -> [Part; 2] {
    [
        Part::of_markdown("operations", operations(registry)),
        Part::of_markdown("problems", problems()),
    ]
}

fn operations(registry: &Registry) -> String {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut table = "| operation | HTTP | access | what it does |\n|---|---|---|---|\n".to_owned();
    for endpoint in registry.operations() {
        let input = endpoint.describe(&mut generator).input.to_value();
        let summary = summary(input["description"].as_str().unwrap_or_default());
        let http = if is_public(endpoint) {
            format!("{} `{}`", endpoint.handler.http.method.allow(), endpoint.path())
        } else {
            "–".to_owned()
        };
        let access = endpoint.handler.access.as_str();
        table.push_str(&format!("| `{}` | {http} | {access} | {summary} |\n", endpoint.id()));
    }
    table
}

fn problems() -> String {
    let mut table = "| `type` | status | title |\n|---|---|---|\n".to_owned();
    for problem in Problem::ALL {
        let (slug, status, title) =
            (problem.slug(), problem.status(), problem.title(Language::English));
        table.push_str(&format!("| `{slug}` | {status} | {title} |\n"));
    }
    table
}
