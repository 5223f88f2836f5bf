//! The table of the template's parameters in `docs/deployment.md`.

use std::io;

use serde_norway::Value;

use crate::marked::Part;

/// The table, from the text of the template.
///
/// # Errors
/// The template is not YAML, or a parameter has no description.
pub(crate) fn part(template: &str) -> io::Result<Part> {
    let template: Value = serde_norway::from_str(template).map_err(io::Error::other)?;
    let mut table = "| parameter | default | meaning |\n|---|---|---|\n".to_owned();
    // In the order of the template.
    for (name, parameter) in template["Parameters"].as_mapping().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let meaning = parameter["Description"].as_str();
        let meaning = meaning
            .ok_or_else(|| io::Error::other(format!("the parameter {name} has no Description")))?;
        let default = match parameter.get("Default").map(plain) {
            None => "–".to_owned(),
            Some(text) if text.is_empty() => "empty".to_owned(),
            Some(text) => format!("`{text}`"),
        };
        let choices = parameter.get("AllowedValues").and_then(Value::as_sequence);
        let choices = choices.map(|values| {
            let values: Vec<String> = values.iter().map(plain).collect();
            format!(" One of {}.", values.join(", "))
        });
        let choices = choices.unwrap_or_default();
        table.push_str(&format!("| `{name}` | {default} | {meaning}{choices} |\n"));
    }
    Ok(Part::of_markdown("parameters", table))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        _ => String::new(),
    }
}
