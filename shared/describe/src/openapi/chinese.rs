//! What the document says in Chinese.
//!
//! A declaration has both languages: paragraphs of its doc comment that are Chinese stand after the
//! English ones. In the document they are `x-zh`, beside `description`.

use serde_json::{Map, Value};

use super::join;

/// The extension beside a `description`.
pub(super) const TEXT: &str = "x-zh";

/// The extension beside an operation's `summary`.
pub(super) const SUMMARY: &str = "x-zh-summary";

/// Gives every description of a value its two languages. Examples are data.
pub(super) fn split(value: &mut Value) {
    match value {
        Value::Object(members) => {
            split_here(members);
            for (name, member) in members {
                match (name.as_str(), member) {
                    // Here the names are fields.
                    ("properties", Value::Object(fields)) => fields.values_mut().for_each(split),
                    ("example" | "examples" | "default" | "enum", _) => {}
                    (_, member) => split(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(split),
        _ => {}
    }
}

fn split_here(members: &mut Map<String, Value>) {
    let Some(text) = members.get("description").and_then(Value::as_str) else { return };
    let (english, chinese) = languages(text);
    if chinese.is_empty() {
        return;
    }
    members.insert("description".into(), english.into());
    members.insert(TEXT.into(), chinese.into());
}

/// The English paragraphs and the Chinese ones.
pub(super) fn languages(text: &str) -> (String, String) {
    let text = join(text);
    let (chinese, english): (Vec<_>, Vec<_>) =
        text.split("\n\n").partition(|paragraph| is_chinese(paragraph));
    (english.join("\n\n"), chinese.join("\n\n"))
}

/// The first sentence of a Chinese text.
pub(super) fn summary(chinese: &str) -> &str {
    let paragraph = chinese.split("\n\n").next().unwrap_or_default();
    paragraph.split_inclusive('。').next().unwrap_or_default()
}

/// Whether a paragraph, without what stands in backticks and without addresses, has Chinese
/// characters, and at least as many as words of Latin letters.
fn is_chinese(paragraph: &str) -> bool {
    let prose = paragraph.split('`').step_by(2);
    let prose: Vec<&str> = prose.flat_map(|part| part.split(['<', '>']).step_by(2)).collect();
    let prose = prose.join(" ");
    let characters = prose.chars().filter(|c| is_ideograph(*c)).count();
    let is_latin = |c: char| c.is_ascii_alphabetic();
    let words = prose.split(|c| !is_latin(c)).filter(|word| !word.is_empty()).count();
    characters > 0 && characters >= words
}

/// Chinese is written without spaces, so a line that ends or begins with one of these is joined
/// without one.
pub(super) fn is_wide(c: char) -> bool {
    is_ideograph(c) || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '“' | '”')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chinese_paragraph_is_told_from_an_english_one_by_its_prose() {
        let text =
            "A `#小程序://` link for 顺丰 (SF).\n\n用 `wx.login` 的 code\n登录小程序\n用户。再试。";
        let (english, chinese) = languages(text);
        assert_eq!(english, "A `#小程序://` link for 顺丰 (SF).");
        assert_eq!(chinese, "用 `wx.login` 的 code 登录小程序用户。再试。");
        assert_eq!(summary(&chinese), "用 `wx.login` 的 code 登录小程序用户。");
    }

    #[test]
    fn descriptions_get_a_neighbor_and_examples_stay() {
        let mut value = json!({
            "description": "A name.\n\n名称。",
            "properties": { "description": { "type": "string", "description": "English." } },
            "example": { "description": "分享内容的描述" },
        });
        split(&mut value);
        let expected = json!({
            "description": "A name.",
            "x-zh": "名称。",
            "properties": { "description": { "type": "string", "description": "English." } },
            "example": { "description": "分享内容的描述" },
        });
        assert_eq!(value, expected);
    }
}
