//! Everything that follows from the registry: the OpenAPI document, the client's types, binaries,
//! sample events, and parts of the template and the documents.
//!
//! [`derive()`] says what the files should contain; `cargo run --bin generate` writes them, and a
//! test compares. No function links this crate.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod binaries;
mod cost;
mod derived;
mod events;
pub mod facts;
mod marked;
pub mod openapi;
mod parameters;
mod readme;
mod surface;
pub mod template;
mod typescript;

use std::{collections::BTreeMap, fs, io, path::Path};

use shared::registry::Registry;

pub use derived::Derived;

/// The command that writes the files, for messages and for the head of each file.
pub const COMMAND: &str = "cargo run --bin generate";

/// The root of the repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What every derived file should contain.
///
/// # Errors
/// A file of which only a part is derived cannot be read, or lacks the marks of that part.
pub fn derive(registry: &Registry) -> io::Result<Derived> {
    let root = Path::new(ROOT);
    let document = openapi::document(registry);
    let mut files = BTreeMap::from([
        ("functions/openapi.json".to_owned(), format!("{document:#}\n")),
        ("client/operations.js".to_owned(), typescript::operations(&document)),
        ("client/types.d.ts".to_owned(), typescript::types(&document)),
    ]);
    files.extend(binaries::files(registry));
    files.extend(events::files(registry));
    let inventory = fs::read_to_string(root.join(surface::INVENTORY))?;
    files.insert(surface::PATH.to_owned(), surface::text(&inventory));
    let template = fs::read_to_string(root.join(template::PATH))?;
    let template = marked::replace(template::PATH, template, &template::parts(registry))?;
    let china = template::china::template(&template)?;
    let china = marked::replace(template::china::PATH, china, &template::parts_in_china(registry))?;
    let derived = [(template::PATH, template.clone()), (template::china::PATH, china)];
    files.extend(derived.map(|(path, text)| (path.to_owned(), text)));
    let mut partly = |path: &str, parts: &[marked::Part]| {
        let text = fs::read_to_string(root.join(path))?;
        files.insert(path.to_owned(), marked::replace(path, text, parts)?);
        io::Result::Ok(())
    };
    partly("docs/operations.md", &readme::parts(registry))?;
    let [english, chinese] = parameters::parts(&template)?;
    partly("docs/deployment.md", &[english])?;
    partly("docs/zh/deployment.md", &[chinese])?;
    let stated = fs::read_to_string(root.join(cost::PATH))?;
    partly("docs/performance.md", &[cost::part(&stated, registry)?])?;
    Ok(Derived::new(root, files, &[binaries::DIRECTORY, events::DIRECTORY]))
}
