//! After a change of operations alone, the build script of the functions builds theirs alone.

#[path = "../../functions/lambdas/build/touched.rs"]
mod script;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use functions::REGISTRY;
use regex_lite::Regex;
use script::Record;
use shared::crypto::nonce;

const SETTINGS: &str = "release";

/// A directory that is gone after the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        let path = env::temp_dir().join(format!("touched-{}", nonce()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    /// Writes files, and tells their paths.
    fn write(&self, files: &[(&str, &str)]) -> Vec<String> {
        let write = |(name, text): &(&str, &str)| {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        files.iter().map(write).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn operation(id: &str) -> String {
    format!("\nimpl Operation for Send {{\n    const ID: &'static str = \"{id}\";\n}}\n")
}

fn names(functions: Option<BTreeSet<String>>) -> Option<Vec<String>> {
    functions.map(|functions| functions.into_iter().collect())
}

#[test]
fn a_change_of_operations_touches_their_functions() {
    let directory = Directory::new();
    let (send, get) = (operation("subscribeMessage.send"), operation("wxacode.get"));
    let files = [("send.rs", &*send), ("get.rs", &*get), ("page.rs", "fn page() {}")];
    let sources = directory.write(&files);
    let record = Record::of(SETTINGS, &sources).unwrap();
    assert!(record.sources().all(|path| sources.iter().any(|source| source == path)));
    let record = record.to_string();
    let touched = || names(Record::parse(&record).unwrap().touched(SETTINGS));

    assert_eq!(touched(), Some(vec![]));
    directory.write(&[("send.rs", &format!("{send}// changed"))]);
    assert_eq!(touched(), Some(vec!["subscribemessage-send".to_owned()]));
    directory.write(&[("get.rs", &format!("{get}// changed"))]);
    assert_eq!(touched().unwrap(), ["subscribemessage-send", "wxacode-get"]);
    directory.write(&[("page.rs", "fn page() { panic!() }")]);
    assert_eq!(touched(), None, "others may use it");
    directory.write(&files);
    assert_eq!(touched(), Some(vec![]), "all is as it was");
    fs::remove_file(&sources[0]).unwrap();
    assert_eq!(touched(), None, "a source is gone");
}

#[test]
fn other_settings_touch_everything() {
    let directory = Directory::new();
    let sources = directory.write(&[("send.rs", &operation("subscribeMessage.send"))]);
    let record = Record::of(SETTINGS, &sources).unwrap();
    assert_eq!(record.touched("development"), None);
    assert_eq!(names(record.touched(SETTINGS)), Some(vec![]));
}

#[test]
fn what_cannot_be_read_is_no_record() {
    assert!(Record::of(SETTINGS, &["not there.rs".to_owned()]).is_none());
    for text in ["", "settings", "1f\nsend.rs", "1f\nxyz send.rs"] {
        assert!(Record::parse(text).is_none(), "{text}");
    }
}

#[test]
fn a_file_with_two_operations_is_not_understood() {
    let directory = Directory::new();
    let two = format!("{}{}", operation("a.b"), operation("a.c"));
    let sources = directory.write(&[("two.rs", &two)]);
    let record = Record::of(SETTINGS, &sources).unwrap();
    directory.write(&[("two.rs", &format!("{two} "))]);
    assert_eq!(record.touched(SETTINGS), None);
}

#[test]
fn a_path_may_have_spaces() {
    let rule = "/my\\ work/lib.a: /my\\ work/a.rs /b.rs\n\n/b.rs:\n";
    assert_eq!(script::prerequisites(rule), ["/my work/a.rs", "/b.rs"]);
    assert!(script::prerequisites("").is_empty());
}

/// The sources of the operations, without comments and tests, by path.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/src");
    let tests = Regex::new(r"\n#\[cfg\(test\)\]\n(?:pub\(\w+\) )?mod tests \{").unwrap();
    let mut directories = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            if path.is_dir() && !path.ends_with("tests") {
                directories.push(path);
            } else if is_source && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = tests.split(&text).next().unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code: Vec<_> = code.collect();
                sources.push((path.strip_prefix(&root).unwrap().to_owned(), code.join("\n")));
            }
        }
    }
    sources
}

/// What a source takes by `use super::{…}` of the module above itself, and not of one below that.
fn taken_from_above(code: &str) -> BTreeSet<&str> {
    let imports = Regex::new(r"use super::(?:(\w+);|\{([^;]*)\};)").unwrap();
    let below = Regex::new(r"\w+(?:::\w+)*::(?:\w+|\{[^{}]*\})").unwrap();
    let mut taken = BTreeSet::new();
    for import in imports.captures_iter(code) {
        let list = import.get(1).or_else(|| import.get(2)).unwrap().as_str();
        let deeper: Vec<_> = below.find_iter(list).map(|found| found.range()).collect();
        let words = Regex::new(r"\w+").unwrap();
        let above = words
            .find_iter(list)
            .filter(|word| !deeper.iter().any(|deeper| deeper.contains(&word.start())));
        taken.extend(above.map(|word| &list[word.range()]));
    }
    taken
}

#[test]
fn no_other_file_uses_what_an_operations_file_has() {
    let sources = sources();
    let types = Regex::new(r"(?m)^ *(?:pub )?(?:pub\(super\) )?(?:struct|enum) (\w+)");
    let types = types.unwrap();
    let mut functions = BTreeSet::new();
    for (path, code) in &sources {
        let Some((_, rest)) = code.split_once("\nimpl Operation for ") else { continue };
        functions.extend(script::function(code));
        let operation = rest.split(' ').next().unwrap();
        let module = path.file_stem().unwrap().to_str().unwrap();
        let namespace = path.parent().unwrap();
        let parent = namespace.with_extension("rs");
        let inside = Regex::new(&format!(r"\b{module}::")).unwrap();
        let publish = format!("pub use {module}::{operation};");
        let namespace_path = namespace.to_str().unwrap().replace('/', "::");
        let here = [format!("super::{operation}"), format!("crate::{namespace_path}")];
        for (other, text) in &sources {
            let is_sibling = other.parent() == Some(namespace);
            if other == path || other.starts_with(path.with_extension("")) {
                continue;
            }
            let (a, b) = (path.display(), other.display());
            assert!(!text.contains("::*;"), "{b} takes what it does not name");
            if *other == parent {
                let text = text.replace(&publish, "");
                assert!(!inside.is_match(&text), "{b} uses more of {a} than its operation");
                let named = Regex::new(&format!(r"\b{operation}\b")).unwrap();
                assert!(!named.is_match(&text), "{b} uses {operation}");
            } else if is_sibling {
                assert!(!inside.is_match(text), "{b} uses {a}");
                assert!(!text.contains(&here[0]), "{b} uses {operation}");
                assert!(!taken_from_above(text).contains(operation), "{b} uses {operation}");
            } else if !other.ends_with("lib.rs") {
                let from_here = text.split(&here[1]).skip(1).any(|text| {
                    let import = text.split(';').next().unwrap();
                    Regex::new(&format!(r"\b{operation}\b")).unwrap().is_match(import)
                });
                assert!(!from_here, "{b} uses {operation}");
            }
        }
        let own: Vec<_> =
            types.captures_iter(code).map(|found| found.get(1).unwrap().as_str()).collect();
        for line in code.lines().filter(|line| line.starts_with("impl")) {
            let words = Regex::new(r"\w+").unwrap();
            let is_own = words.find_iter(line).any(|word| own.contains(&word.as_str()));
            assert!(is_own, "{}: `{line}` is of use to others", path.display());
        }
    }
    let all: BTreeSet<_> = REGISTRY.entries().map(|entry| entry.endpoint.binary()).collect();
    assert_eq!(functions, all);
}
