//! Where every function begins: its binary, and its entry in the library that binaries take it
//! from.

use shared::registry::Registry;

/// Where the binaries are.
pub(crate) const DIRECTORY: &str = "functions/lambdas/src/bin";

/// Where the entries are.
const ENTRIES: &str = "functions/entries/src/entries.rs";

/// The files by path.
pub(crate) fn files(registry: &Registry) -> Vec<(String, String)> {
    let operations = registry
        .entries()
        .map(|entry| (entry.endpoint.binary(), format!("run::<functions::{}>", entry.path)));
    let jobs = registry
        .jobs
        .iter()
        .map(|job| (job.endpoint.name.to_owned(), format!("run_job::<functions::{}>", job.path)));
    let mut entries = "entries! {\n".to_owned();
    let mut files = Vec::new();
    for (name, run) in operations.chain(jobs) {
        entries.push_str(&format!("    \"{name}\": shared::lambda::{run};\n"));
        let text = format!("#![no_std]\n#![no_main]\nlambdas::function!(\"{name}\");\n");
        files.push((format!("{DIRECTORY}/{name}.rs"), text));
    }
    entries.push_str("}\n");
    files.push((ENTRIES.to_owned(), entries));
    files
}
