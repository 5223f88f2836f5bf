//! Which functions a change is about, where it is about their operations alone.
//!
//! No other file uses what an operation's file has, which a test checks (`tests/it/touched.rs`): a
//! change of it changes its own function alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    hash::{DefaultHasher, Hash, Hasher},
};

/// What a library was built from.
pub(crate) struct Record {
    /// Of the compiler and how it was called.
    settings: u64,
    /// Of each source's bytes.
    sources: BTreeMap<String, u64>,
}

impl Record {
    /// Of sources as they are now; nothing if one cannot be read.
    pub(crate) fn of(settings: &str, sources: &[String]) -> Option<Record> {
        let sources = sources.iter().map(|path| Some((path.clone(), digest_of(path)?)));
        Some(Record { settings: digest(settings), sources: sources.collect::<Option<_>>()? })
    }

    /// The paths of the sources.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// Reads what [`Record`] was written as; what is not understood is no record.
    pub(crate) fn parse(text: &str) -> Option<Record> {
        let mut lines = text.lines();
        let settings = u64::from_str_radix(lines.next()?, 16).ok()?;
        let source = |line: &str| {
            let (digest, path) = line.split_once(' ')?;
            Some((path.to_owned(), u64::from_str_radix(digest, 16).ok()?))
        };
        Some(Record { settings, sources: lines.map(source).collect::<Option<_>>()? })
    }

    /// The functions that are no longer what was built; nothing if more than operations, or the
    /// settings, have changed.
    pub(crate) fn touched(&self, settings: &str) -> Option<BTreeSet<String>> {
        let changed =
            self.sources.iter().filter(|(path, digest)| digest_of(path) != Some(**digest));
        let functions = changed.map(|(path, _)| function(&fs::read_to_string(path).ok()?));
        if self.settings == digest(settings) { functions.collect() } else { None }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:x}", self.settings)?;
        self.sources.iter().try_for_each(|(path, digest)| writeln!(f, "{digest:x} {path}"))
    }
}

/// The function whose operation a source has, named as `shared::Endpoint::binary` names it.
pub(crate) fn function(source: &str) -> Option<String> {
    let mut ids = source.split("\n    const ID: &'static str = \"").skip(1);
    let (id, _) =
        ids.next().filter(|_| source.contains("\nimpl Operation for "))?.split_once('"')?;
    ids.next().is_none().then(|| id.to_lowercase().replace('.', "-"))
}

/// The paths in what a compiler writes for `make`: `library: source source …`, with `\ ` for a space.
pub(crate) fn prerequisites(rule: &str) -> Vec<String> {
    let sources = rule.lines().next().and_then(|line| line.split_once(": "));
    let sources = sources.map_or("", |(_, sources)| sources).replace("\\ ", "\0");
    sources.split(' ').filter(|path| !path.is_empty()).map(|path| path.replace('\0', " ")).collect()
}

fn digest_of(path: &str) -> Option<u64> {
    fs::read(path).ok().map(digest)
}

fn digest(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
