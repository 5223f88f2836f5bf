//! What a caller is told, in every language that callers have.

use std::{borrow::Cow, fmt};

/// A text in English and in Chinese, written side by side so that neither is forgotten.
///
/// ```
/// use model::{Language, Message, message};
///
/// let fixed: Message = ["Must not be blank.", "不能为空白。"].into();
/// assert_eq!(fixed.text(Language::Chinese), "不能为空白。");
/// let limit = 32;
/// let filled = message!("Must be at most {limit} bytes.", "最多 {limit} 字节。");
/// assert_eq!(filled.to_string(), "Must be at most 32 bytes.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    english: Cow<'static, str>,
    chinese: Cow<'static, str>,
}

/// Which of the texts a caller reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, for whoever asks for nothing else; the log's, too.
    #[default]
    English,
    /// Chinese in simplified characters.
    Chinese,
}

impl Language {
    /// The one that an `Accept-Language` prefers.
    pub fn preferred(header: &str) -> Language {
        let mut best = (0.0, Language::English);
        for range in header.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let language = match parts.next().and_then(|tag| tag.split('-').next()) {
                Some(tag) if tag.eq_ignore_ascii_case("zh") => Language::Chinese,
                Some(tag) if tag.eq_ignore_ascii_case("en") => Language::English,
                _ => continue,
            };
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            // Of equals the first counts.
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Its name in `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The one of two texts that is in this language.
    pub const fn of(self, [english, chinese]: [&str; 2]) -> &str {
        match self {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

impl Message {
    /// The text in a language.
    pub fn text(&self, language: Language) -> &str {
        language.of([&self.english, &self.chinese])
    }
}

impl From<[&'static str; 2]> for Message {
    fn from([english, chinese]: [&'static str; 2]) -> Message {
        Message { english: english.into(), chinese: chinese.into() }
    }
}

impl From<[String; 2]> for Message {
    fn from([english, chinese]: [String; 2]) -> Message {
        Message { english: english.into(), chinese: chinese.into() }
    }
}

impl fmt::Display for Message {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// A [`Message`] whose texts are filled in as by [`format!`].
#[macro_export]
macro_rules! message {
    ($english:literal, $chinese:literal $(, $argument:expr)* $(,)?) => {
        $crate::Message::from([
            ::std::format!($english $(, $argument)*),
            ::std::format!($chinese $(, $argument)*),
        ])
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_weighs_most_is_preferred() {
        for (header, expected) in [
            ("", Language::English),
            ("zh-CN", Language::Chinese),
            ("ZH-hans-CN, en;q=0.9", Language::Chinese),
            ("en-US,en;q=0.9,zh-CN;q=0.8", Language::English),
            ("en;q=0.5, zh-TW;q=0.7", Language::Chinese),
            ("fr, zh;q=0.2", Language::Chinese),
            ("zh;q=0, en;q=0.1", Language::English),
            ("zh;q=nonsense", Language::English),
            ("*", Language::English),
            (" zh-CN ;q=0.9 , en ;q=0.8", Language::Chinese),
            ("中文", Language::English),
        ] {
            assert_eq!(Language::preferred(header), expected, "{header}");
        }
    }
}
