//! `template.yaml` against the code, beyond the parts that are derived.

mod checklist;
mod written;

use std::fs;

fn read_template() -> String {
    fs::read_to_string(crate::agreement::root().join("template.yaml")).unwrap()
}
