//! What was found, in both languages.

use serde_json::{Value, json};

/// The language of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// As a program on this machine would speak.
    pub(super) fn of_environment(read: impl Fn(&str) -> Option<String>) -> Language {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let chosen = names.into_iter().filter_map(read).find(|value| !value.is_empty());
        if chosen.is_some_and(|value| value.starts_with("zh")) {
            Language::Chinese
        } else {
            Language::English
        }
    }
}

/// A sentence or more in both languages.
pub(super) struct Said {
    en: String,
    zh: String,
}

pub(super) fn said(en: impl Into<String>, zh: impl Into<String>) -> Said {
    Said { en: en.into(), zh: zh.into() }
}

impl Said {
    fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

struct Finding {
    id: &'static str,
    what: Said,
    cure: Said,
}

/// What is wrong, in the order it was found.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Adds what is wrong, and what to do.
    pub(super) fn add(&mut self, id: &'static str, what: Said, cure: Said) {
        self.0.push(Finding { id, what, cure });
    }

    /// Adds what could not be looked at: it may be wrong.
    pub(super) fn unchecked(&mut self, what: &Said, why: &str) {
        self.add(
            "not-checked",
            said(
                format!("{} could not be checked: {why}.", what.en),
                format!("无法检查{}：{why}。", what.zh),
            ),
            said(
                "Allow the caller the actions that docs/deployment.md lists for the doctor.",
                "请为调用者授予 docs/zh/deployment.md 为 doctor 列出的操作权限。",
            ),
        );
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn as_json(&self, language: Language) -> Vec<Value> {
        let one = |finding: &Finding| {
            json!({
                "id": finding.id,
                "what": finding.what.in_language(language),
                "cure": finding.cure.in_language(language),
            })
        };
        self.0.iter().map(one).collect()
    }

    pub(super) fn print(&self, language: Language) {
        for Finding { id, what, cure } in &self.0 {
            let (what, cure) = (what.in_language(language), cure.in_language(language));
            let space = if language == Language::English { " " } else { "" };
            println!("{id}: {what}{space}{cure}");
        }
        let verdict = match (self.0.len(), language) {
            (0, Language::English) => "Nothing is wrong.".to_owned(),
            (0, Language::Chinese) => "没有发现问题。".to_owned(),
            (1, Language::English) => "1 finding.".to_owned(),
            (count, Language::English) => format!("{count} findings."),
            (count, Language::Chinese) => format!("发现 {count} 个问题。"),
        };
        eprintln!("{verdict}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_first_that_the_environment_names() {
        let of = |set: &[(&str, &str)]| {
            Language::of_environment(|name| {
                let found = set.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            })
        };
        assert_eq!(of(&[]), Language::English);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]), Language::English);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "zh_HK")]), Language::Chinese);
    }
}
