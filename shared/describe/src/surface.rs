//! The table of WeChat's API, from the inventory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use model::surface::is_credential;

/// The inventory.
pub(crate) const INVENTORY: &str = "shared/model/src/surface/surface.tsv";

/// The table.
pub(crate) const PATH: &str = "shared/model/src/surface/rows.rs";

/// The text of the table.
///
/// Calls of one path and method that differ in `?action=` become one row, under the strictest
/// policy of theirs.
pub(crate) fn text(tsv: &str) -> String {
    let mut lines = tsv.lines();
    let header: Vec<_> = lines.next().unwrap_or_default().split('\t').collect();
    let mut rows: BTreeMap<(&str, &str), Vec<Line>> = BTreeMap::new();
    for line in lines {
        let line: Line = header.iter().copied().zip(line.split('\t')).collect();
        rows.entry((line["path"], line["method"])).or_default().push(line);
    }
    let areas: BTreeSet<_> = rows.values().flatten().map(|line| line["area"]).collect();
    let mut text = String::from(
        "//! Written from `surface.tsv` by `cargo run --bin generate`; do not edit.\n\nuse super::{Answer, Body, Method::*, Policy::*, Repeat::*, Row, Token::*};\n\n",
    );
    write_areas(&mut text, &areas);
    text.push_str(
        "\n/// Every path and method, sorted.\n#[rustfmt::skip]\npub static ROWS: &[Row] = &[\n",
    );
    for ((path, method), lines) in &rows {
        write_row(&mut text, path, method, lines);
    }
    text.push_str("];\n");
    text
}

type Line<'a> = BTreeMap<&'a str, &'a str>;

fn write_areas(text: &mut String, areas: &BTreeSet<&str>) {
    text.push_str("/// The areas of the API.\n#[rustfmt::skip]\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n#[expect(missing_docs, reason = \"they are explained by what is in them\")]\npub enum Area {\n");
    for area in areas {
        writeln!(text, "    {},", camel(area)).unwrap_or_default();
    }
    text.push_str("}\n\n#[rustfmt::skip]\nimpl Area {\n    /// All of them, as the setting spells them.\n    pub const ALL: &[(Area, &str)] = &[\n");
    for area in areas {
        writeln!(text, "        (Area::{}, {area:?}),", camel(area)).unwrap_or_default();
    }
    text.push_str("    ];\n}\n");
}

fn write_row(text: &mut String, path: &str, method: &str, lines: &[Line]) {
    let first = &lines[0];
    let strictest = ["never", "typed", "exact", "prefix"]
        .into_iter()
        .find(|policy| lines.iter().any(|line| line["policy"] == *policy))
        .unwrap_or("never");
    // Of the credentials, that of the strictest.
    let token = lines.iter().find(|line| line["policy"] == strictest).map_or("", |l| l["token"]);
    let once = lines.iter().any(|line| line["repeat"] != "safe");
    let body = lines.iter().map(|line| line["body"]).find(|body| *body != "json-empty");
    let count = |column| -> usize {
        lines.iter().filter_map(|line| line[column].parse().ok()).max().unwrap_or_default()
    };
    writeln!(
        text,
        "    Row::of({path:?}, {:?}, ({}, {}), {}, Area::{}, {}, Body::{}, Answer::{}, {:?}, {}, {}),",
        query_names(lines),
        count("in"),
        count("out"),
        camel(&method.to_ascii_lowercase()),
        camel(first["area"]),
        camel(token),
        match body.unwrap_or("json-empty") {
            "multipart|query" => "MultipartOrQuery".to_owned(),
            "multipart|json" => "MultipartOrJson".to_owned(),
            body => camel(body),
        },
        camel(first["answer"]),
        letters(lines),
        if once { "Once" } else { "Safe" },
        camel(strictest),
    )
    .unwrap_or_default();
}

/// The names of a query, each once, without credentials, and with `action` where it tells several
/// calls apart.
fn query_names(lines: &[Line]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for line in lines {
        let action = line["note"].starts_with("?action=").then_some("action");
        for name in line["query"].split(',').chain(action) {
            if !name.is_empty() && !is_credential(name) && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.join(",")
}

/// The letters of the accounts, each once.
fn letters(lines: &[Line]) -> String {
    let letters: BTreeSet<char> = lines.iter().flat_map(|line| line["accounts"].chars()).collect();
    letters.into_iter().collect()
}

/// `user-risk` as `UserRisk`.
fn camel(text: &str) -> String {
    text.split('-')
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect()
}
