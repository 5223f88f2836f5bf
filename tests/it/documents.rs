//! The documents: their links lead somewhere, and a translation has the code of its original.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::agreement::root;

/// Where documents are.
const PLACES: [&str; 7] = [
    "",
    "client",
    "client/examples/miniprogram",
    "client/h5",
    "docs",
    "docs/zh",
    "local/simulator",
];

fn documents(place: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(place)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a document says, and the code in it.
fn parts(text: &str) -> (String, String) {
    let (mut prose, mut code, mut fenced) = (String::new(), String::new(), false);
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        let part = if fence || fenced { &mut code } else { &mut prose };
        part.push_str(line);
        part.push('\n');
        fenced ^= fence;
    }
    (prose, code)
}

/// The name of a heading in links, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

fn has_anchor(text: &str, name: &str) -> bool {
    let (prose, _) = parts(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| line.trim_start_matches('#')).any(|heading| anchor(heading) == name)
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    for path in PLACES.into_iter().flat_map(documents) {
        let (prose, _) = parts(&read(&path));
        for (at, mark) in prose.match_indices("](") {
            let link = prose[at + mark.len()..].split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, name) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} does not exist", path.display());
            let found = name.is_empty() || has_anchor(&read(&target), name);
            assert!(found, "{}: {link} names no heading", path.display());
        }
    }
}

#[test]
fn a_translation_has_the_code_of_its_original() {
    for path in documents("docs/zh") {
        let original = root().join("docs").join(path.file_name().unwrap());
        let (translated, code) = (parts(&read(&path)).1, parts(&read(&original)).1);
        for (translated, line) in translated.lines().zip(code.lines()) {
            assert_eq!(translated, line, "{}: change both languages", path.display());
        }
        assert_eq!(translated.len(), code.len(), "{}: change both languages", path.display());
    }
}
