//! The tables of the template's parameters in `docs/deployment.md` and `docs/zh/deployment.md`.

use std::{collections::HashMap, io};

use serde_norway::Value;

use crate::marked::Part;

/// What stands before the Chinese of a parameter: CloudFormation has no place for it.
const CHINESE: &str = "    # zh: ";

/// A language, and what a table says in it besides the parameters.
struct Words {
    head: &'static str,
    empty: &'static str,
    choices: fn(&[String]) -> String,
}

const IN_ENGLISH: Words = Words {
    head: "| parameter | default | meaning |",
    empty: "empty",
    choices: |values| format!(" One of {}.", values.join(", ")),
};

const IN_CHINESE: Words = Words {
    head: "| 参数 | 默认值 | 说明 |",
    empty: "空",
    choices: |values| format!("可选 {}。", values.join("、")),
};

/// The tables in English and in Chinese, from the text of the template.
///
/// # Errors
/// The template is not YAML, or a parameter has no description or no Chinese.
pub(crate) fn parts(template: &str) -> io::Result<[Part; 2]> {
    let chinese = chinese(template);
    let template: Value = serde_norway::from_str(template).map_err(io::Error::other)?;
    let part = |words, meaning: &dyn Fn(&str) -> Option<String>| {
        Ok::<_, io::Error>(Part::of_markdown("parameters", table(&template, words, meaning)?))
    };
    let described = |name: &str| template["Parameters"][name]["Description"].as_str();
    Ok([
        part(&IN_ENGLISH, &|name| described(name).map(str::to_owned))?,
        part(&IN_CHINESE, &|name| chinese.get(name).cloned())?,
    ])
}

fn table(
    template: &Value,
    words: &Words,
    meaning: &dyn Fn(&str) -> Option<String>,
) -> io::Result<String> {
    let mut table = format!("{}\n|---|---|---|\n", words.head);
    // In the order of the template.
    for (name, parameter) in template["Parameters"].as_mapping().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let missing = || io::Error::other(format!("{name}: Description or `# zh:` is missing"));
        let meaning = meaning(name).ok_or_else(missing)?;
        let default = match parameter.get("Default").map(plain) {
            None => "–".to_owned(),
            Some(text) if text.is_empty() => words.empty.to_owned(),
            Some(text) => format!("`{text}`"),
        };
        let choices = parameter.get("AllowedValues").and_then(Value::as_sequence);
        let choices = choices.map(|values| values.iter().map(plain).collect::<Vec<_>>());
        let choices = choices.as_deref().map(words.choices).unwrap_or_default();
        table.push_str(&format!("| `{name}` | {default} | {meaning}{choices} |\n"));
    }
    Ok(table)
}

/// The Chinese of each parameter, in the lines after its name.
fn chinese(template: &str) -> HashMap<String, String> {
    let (mut found, mut name) = (HashMap::new(), "");
    for line in template.lines() {
        if let Some(text) = line.strip_prefix(CHINESE) {
            found.insert(name.to_owned(), text.to_owned());
        } else if let Some(key) = line.strip_prefix("  ").filter(|key| !key.starts_with(' ')) {
            name = key.trim_end_matches(':');
        }
    }
    found
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Parameters:
  Mode:
    Type: String
    # zh: 方式。
    Description: How.
    Default: \"\"
    AllowedValues: [a, b]
";

    #[test]
    fn a_parameter_is_described_in_both_languages() {
        let [english, chinese] = parts(TEMPLATE).unwrap();
        assert!(english.text.ends_with("| `Mode` | empty | How. One of a, b. |\n"));
        assert!(chinese.text.ends_with("| `Mode` | 空 | 方式。可选 a、b。 |\n"));
    }

    #[test]
    fn a_parameter_without_either_language_is_named() {
        for line in ["    # zh: 方式。\n", "    Description: How.\n"] {
            let error = parts(&TEMPLATE.replace(line, "")).err().unwrap().to_string();
            assert!(error.starts_with("Mode: "), "{error}");
        }
    }
}
