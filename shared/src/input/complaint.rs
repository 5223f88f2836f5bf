//! What serde says of a value, as a message.

use std::borrow::Cow;

use model::{Message, value::Fault};

/// What of serde's text is passed on: it may quote the input.
const LONGEST: usize = 300;

/// The message in the text of an error of serde's, and WeChat's code.
pub(crate) fn read(text: &str) -> Fault {
    Fault::parse(text).unwrap_or_else(|| {
        // serde_json appends where in the text it was, which says nothing of a parsed value.
        let text = text.split(" at line ").next().unwrap_or_default();
        Fault::new(Message::from([english(text), chinese(text)]))
    })
}

fn english(text: &str) -> String {
    let text = shortened(text);
    let Some(first) = text.get(..1) else { return text };
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), &text[1..])
}

fn chinese(text: &str) -> String {
    let text = shortened(text);
    let member = |after: &str| text.strip_prefix(after).map(str::to_owned);
    if let Some(name) = member("missing field ") {
        return format!("缺少字段 {name}。");
    }
    if let Some(name) = member("duplicate field ") {
        return format!("字段 {name} 重复。");
    }
    for (start, noun) in [("unknown field ", "字段"), ("unknown variant ", "取值")] {
        let Some(rest) = text.strip_prefix(start) else { continue };
        return match rest.split_once(", expected ") {
            Some((name, known)) => {
                let known = known.trim_start_matches("one of ").replace(" or ", "、");
                format!("未知的{noun} {name}，可用的有 {}。", known.replace(", ", "、"))
            }
            None => format!("未知的{noun} {}。", rest.split(',').next().unwrap_or_default()),
        };
    }
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        let Some(rest) = text.strip_prefix(start) else { continue };
        if let Some((found, expected)) = rest.split_once(", expected ") {
            return format!("须为{}，收到的是{}。", needed(expected), given(found));
        }
    }
    format!("须为{}。", needed(&text))
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// What serde, and the types that read several forms, expect.
fn needed(expected: &str) -> Cow<'_, str> {
    Cow::Borrowed(match expected {
        "a string" | "str" | "string" => "文本",
        "a boolean" | "bool" | "true or false" => " true 或 false",
        "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" => "整数",
        "f32" | "f64" => "数字",
        "a sequence" => "列表",
        "a map" => "对象",
        "any JSON value" => " JSON",
        "a text or a number" => "文本或数字",
        r##"a color is {"r":0,"g":0,"b":0} or "#rrggbb""## => {
            r##"颜色 {"r":0,"g":0,"b":0} 或 "#rrggbb""##
        }
        "a file: as the part `media` of a form, as the body, or as base64" => {
            "文件：作为表单的 `media` 部分、作为正文，或以 base64 发送"
        }
        "a name" => "名称",
        _ if expected.starts_with("struct ") || expected.starts_with("internally tagged") => "对象",
        _ if expected.starts_with("a tuple") || expected.starts_with("tuple") => "列表",
        _ if expected.starts_with("enum ") || expected.contains("variant") => "列出的取值之一",
        _ => return Cow::Owned(format!(" {expected}")),
    })
}

/// What was sent instead.
fn given(found: &str) -> Cow<'_, str> {
    for (english, chinese) in [
        ("boolean ", "布尔值 "),
        ("integer ", "整数 "),
        ("floating point ", "小数 "),
        ("character ", "字符 "),
        ("string ", "文本 "),
    ] {
        if let Some(value) = found.strip_prefix(english) {
            return Cow::Owned(format!("{chinese}{value}"));
        }
    }
    Cow::Borrowed(match found {
        "null" | "unit value" | "Option value" => " null",
        "sequence" => "列表",
        "map" => "对象",
        "byte array" | "a file" => "文件",
        _ => return Cow::Owned(format!(" {found}")),
    })
}

#[cfg(test)]
mod tests {
    use model::Language;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its faults matter")]
    struct Sample {
        text: String,
        #[serde(default)]
        count: u8,
        #[serde(default)]
        list: Vec<u8>,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        inner: Option<Box<Sample>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        First,
        Second,
    }

    #[test]
    fn serdes_sentences_are_told_in_both_languages() {
        for (json, english, chinese) in [
            ("{}", "Missing field `text`.", "缺少字段 `text`。"),
            (
                r#"{"text":1}"#,
                "Invalid type: integer `1`, expected a string.",
                "须为文本，收到的是整数 `1`。",
            ),
            (
                r#"{"text":"","count":300}"#,
                "Invalid value: integer `300`, expected u8.",
                "须为整数，收到的是整数 `300`。",
            ),
            (
                r#"{"text":"","list":null}"#,
                "Invalid type: null, expected a sequence.",
                "须为列表，收到的是 null。",
            ),
            (
                r#"{"text":"","inner":true}"#,
                "Invalid type: boolean `true`, expected struct Sample.",
                "须为对象，收到的是布尔值 `true`。",
            ),
            (
                r#"{"text":"","kind":"third"}"#,
                "Unknown variant `third`, expected `first` or `second`.",
                "未知的取值 `third`，可用的有 `first`、`second`。",
            ),
            (
                r#"{"text":"","sise":1}"#,
                "Unknown field `sise`, expected one of `text`, `count`, `list`, `kind`, `inner`.",
                "未知的字段 `sise`，可用的有 `text`、`count`、`list`、`kind`、`inner`。",
            ),
            (r#"{"text":"","text":""}"#, "Duplicate field `text`.", "字段 `text` 重复。"),
        ] {
            let error = serde_json::from_str::<Sample>(json).unwrap_err();
            let Fault { detail, errcode } = read(&error.to_string());
            assert_eq!(detail.text(Language::English), english);
            assert_eq!(detail.text(Language::Chinese), chinese);
            assert_eq!(errcode, None);
        }
    }
}
