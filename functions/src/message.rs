//! What messages are filled with: values by key, each under the rule of its key's prefix.
//!
//! WeChat answers 47003 to a value that breaks its rule. Checked here, that costs no call, and
//! all broken values are named at once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use shared::{Error, Language, Result, message, spelling::text_or_number};

/// The values by key: `{"thing1":{"value":"…"}}`.
///
/// 各字段的值：`{"thing1":{"value":"…"}}`。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "MessageData", extend("x-shared" = true))]
pub(crate) struct Data(BTreeMap<String, Entry>);

/// One value.
///
/// 一个值。
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MessageEntry", extend("x-shared" = true))]
struct Entry {
    /// A text; a number is sent as its digits.
    ///
    /// 文本；数字按其数位发送。
    #[serde(deserialize_with = "text_or_number")]
    value: String,
    /// Deprecated. WeChat has shown one color since 2023, so it is not sent.
    ///
    /// 已弃用。2023 年起微信只显示一种颜色，因此不再发送。
    #[serde(default, rename = "color", skip_serializing)]
    #[schemars(with = "Option<String>")]
    _color: Option<IgnoredAny>,
}

impl Data {
    /// Checks every value against the rule of its key.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(Error::invalid(
                "data",
                [
                    "Fill the template: {\"thing1\":{\"value\":\"…\"}}.",
                    "请填写模板：{\"thing1\":{\"value\":\"…\"}}。",
                ],
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if let Some(key) =
            self.0.keys().find(|key| !(1..=64).contains(&key.len()) || !key.chars().all(plain))
        {
            let key: String =
                key.chars().take(64).map(|c| if plain(c) { c } else { '?' }).collect();
            let detail = [
                "A template's keys are letters, digits and `_`, as in thing1.",
                "模板字段名由字母、数字和 `_` 组成，如 thing1。",
            ];
            return Err(Error::invalid(format!("data.{key}"), detail));
        }
        let broken = |(key, entry): (&String, &Entry)| {
            broken_rule(key, &entry.value).map(|rule| (key.clone(), rule))
        };
        let broken: Vec<(String, [&str; 2])> = self.0.iter().filter_map(broken).collect();
        let Some((first, _)) = broken.first() else { return Ok(()) };
        let field = format!("data.{first}.value");
        let list = |language: Language, colon: &str, between: &str| {
            let rule = |(key, rule): &(String, _)| format!("{key}{colon}{}", language.of(*rule));
            broken.iter().map(rule).collect::<Vec<_>>().join(between)
        };
        let english = list(Language::English, ": ", "; ");
        let chinese = list(Language::Chinese, "：", "；");
        Err(Error::invalid(field, message!("{english}.", "{chinese}。")))
    }
}

/// The rule that a value breaks. Keys of no known type, such as `keyword1`, have none.
fn broken_rule(key: &str, value: &str) -> Option<[&'static str; 2]> {
    let kind = key.trim_end_matches(|c: char| c.is_ascii_digit());
    if kind.len() == key.len() {
        return None;
    }
    let length = value.chars().count();
    let all = |allowed: fn(char) -> bool| value.chars().all(allowed);
    let printable = || !value.chars().any(char::is_control);
    let (kept, rule) = match kind {
        "thing" => (
            length <= 20 && printable(),
            ["1 to 20 characters of any kind, without line breaks", "1 到 20 个任意字符，不含换行"],
        ),
        "short_thing" => (
            length <= 5 && printable(),
            ["1 to 5 characters of any kind, without line breaks", "1 到 5 个任意字符，不含换行"],
        ),
        "const" => (
            length <= 20 && printable(),
            ["a value approved with the template", "模板审核通过的取值"],
        ),
        "number" => (
            is_number(value, 32),
            ["at most 32 digits, decimals allowed", "最多 32 位数字，可带小数"],
        ),
        "letter" => (
            length <= 32 && all(|c| c.is_ascii_alphabetic()),
            ["at most 32 letters", "最多 32 位字母"],
        ),
        "symbol" => (
            length <= 5 && all(|c| !c.is_alphanumeric() && !c.is_control()),
            [
                "at most 5 symbols, no letters, digits or Chinese",
                "最多 5 位符号，不含字母、数字和汉字",
            ],
        ),
        "character_string" => (
            length <= 32 && printable() && all(|c| !is_chinese(c)),
            [
                "at most 32 digits, letters or symbols, no Chinese",
                "最多 32 位数字、字母或符号，不含汉字",
            ],
        ),
        "time" => (
            is_range(value, is_time),
            [
                "a time such as 15:01 or 15:01:30, with a date before it or not, or a date alone; a range \
                 with ~",
                "时间，如 15:01 或 15:01:30，可在前面加日期，也可只有日期；时间段用 ~ 连接",
            ],
        ),
        "date" => (
            is_range(value, is_date),
            [
                "a date such as 2019年10月1日, 2019-10-01 or 10-01, with a time after it or not; a \
                 range with ~",
                "日期，如 2019年10月1日、2019-10-01 或 10-01，可在后面加时间；时间段用 ~ 连接",
            ],
        ),
        "amount" => (
            is_amount(value),
            [
                "at most 10 digits, decimals allowed, with one currency sign before or 元 after",
                "最多 10 位数字，可带小数，前面可有一个币种符号，或后面加“元”",
            ],
        ),
        "phone_number" => (
            length <= 17 && all(|c| !c.is_alphabetic() && !c.is_control()),
            ["at most 17 digits and symbols", "最多 17 位数字和符号"],
        ),
        "car_number" => (
            is_car_number(value),
            [
                "at most 8 letters and digits, the first and the last may be Chinese",
                "最多 8 位字母和数字，首位和末位可为汉字",
            ],
        ),
        "name" if value.chars().any(is_chinese) => (
            length <= 10 && printable(),
            ["at most 10 characters if there is Chinese among them", "含汉字时最多 10 个字符"],
        ),
        "name" => (
            length <= 20 && printable() && all(|c| !c.is_numeric()),
            [
                "at most 20 letters and symbols, or 10 characters if there is Chinese among them",
                "最多 20 位字母和符号，含汉字时最多 10 个字符",
            ],
        ),
        "phrase" => {
            (length <= 5 && all(is_chinese), ["at most 5 Chinese characters", "最多 5 个汉字"])
        }
        _ if kind.starts_with("enum") => {
            (true, ["one of the values listed in the template", "模板中列出的取值之一"])
        }
        _ => return None,
    };
    (value.is_empty() || !kept).then_some(rule)
}

fn is_chinese(c: char) -> bool {
    matches!(
        c,
        '\u{3007}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{323af}'
    )
}

fn are_digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, perhaps with a decimal point between them; so many before and after it together.
fn is_number(text: &str, digits: usize) -> bool {
    match text.split_once('.') {
        Some((whole, part)) => {
            are_digits(whole, 1..=digits)
                && are_digits(part, 1..=digits)
                && whole.len() + part.len() <= digits
        }
        None => are_digits(text, 1..=digits),
    }
}

fn is_amount(text: &str) -> bool {
    let is_sign = |c: char| !c.is_alphanumeric() && !c.is_control() && c != ' ' && c != '.';
    let number = text.strip_prefix(is_sign).unwrap_or(text);
    is_number(number.strip_suffix('元').unwrap_or(number), 10)
}

fn is_car_number(text: &str) -> bool {
    let last = text.chars().count().saturating_sub(1);
    let fits = |(at, c): (usize, char)| {
        c.is_ascii_alphanumeric() || ((at == 0 || at == last) && is_chinese(c))
    };
    last < 8 && text.chars().enumerate().all(fits)
}

/// One point, or two with `~` between them.
fn is_range(text: &str, is_point: fn(&str) -> bool) -> bool {
    match text.split_once('~') {
        Some((from, to)) => is_point(from.trim()) && is_point(to.trim()),
        None => is_point(text),
    }
}

/// WeChat's page wants a clock; WeChat itself decides about a date alone.
fn is_time(text: &str) -> bool {
    is_clock(text) || is_date(text)
}

fn is_date(text: &str) -> bool {
    is_day(text) || is_day_and_clock(text)
}

fn is_day_and_clock(text: &str) -> bool {
    let at = text.rfind([' ', '日']);
    let (day, clock) = match at.map(|at| text.split_at(at)) {
        Some((day, rest)) if rest.starts_with(' ') => (day.to_owned(), &rest[1..]),
        Some((day, rest)) => (format!("{day}日"), &rest['日'.len_utf8()..]),
        None => return false,
    };
    is_day(day.trim_end()) && is_clock(clock)
}

/// `HH:MM` or `HH:MM:SS`, 24 hours.
fn is_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let within = |part: &str, limit: u32| part.parse::<u32>().is_ok_and(|number| number < limit);
    match parts[..] {
        [hour, ref rest @ ..] if (1..=2).contains(&rest.len()) => {
            are_digits(hour, 1..=2)
                && within(hour, 24)
                && rest.iter().all(|part| are_digits(part, 2..=2) && within(part, 60))
        }
        _ => false,
    }
}

/// Year, month and day, or two of them that follow each other.
fn is_day(text: &str) -> bool {
    let year = |text: &str| are_digits(text, 4..=4);
    let within = |text: &str, limit: u32| {
        are_digits(text, 1..=2)
            && text.parse::<u32>().is_ok_and(|number| (1..=limit).contains(&number))
    };
    let month = |text: &str| within(text, 12);
    let day = |text: &str| within(text, 31);
    let of_parts = |parts: &[&str]| match parts {
        [y, m, d] => year(y) && month(m) && day(d),
        [a, b] => (year(a) && month(b)) || (month(a) && day(b)),
        _ => false,
    };
    if let Some(separator) = ['-', '/', '.'].into_iter().find(|c| text.contains(*c)) {
        return of_parts(&text.split(separator).collect::<Vec<_>>());
    }
    let (y, rest) = text.split_once('年').map_or((None, text), |(y, rest)| (Some(y), rest));
    let Some((m, rest)) = rest.split_once('月') else { return false };
    let d = (!rest.is_empty()).then(|| rest.strip_suffix('日').unwrap_or_default());
    y.is_none_or(year) && month(m) && d.is_none_or(day) && (y.is_some() || d.is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_held_to_the_rule_of_their_key() {
        let x = |count| "x".repeat(count);
        let zhong = |count| "中".repeat(count);
        for (key, good, bad) in [
            (
                "thing1",
                vec![x(20), zhong(20), "😀".repeat(20), "a b".into()],
                vec![x(21), zhong(21), "a\nb".into()],
            ),
            (
                "number01",
                vec!["1".repeat(32), "3.14".into(), "0".into()],
                vec![
                    "1".repeat(33),
                    "1.".into(),
                    ".5".into(),
                    "1e3".into(),
                    "一".into(),
                    "1,000".into(),
                ],
            ),
            (
                "letter2",
                vec![x(32), "AZ".into()],
                vec![x(33), "a1".into(), "é".into(), "中".into()],
            ),
            (
                "symbol3",
                vec!["!@#$%".into(), "。".into()],
                vec!["!!!!!!".into(), "a".into(), "1".into(), "中".into()],
            ),
            (
                "character_string4",
                vec![x(32), "A-1 b_2".into(), "202103040830158485629163994677".into()],
                vec![x(33), "中".into(), "𠮷".into(), "a\tb".into()],
            ),
            (
                "time5",
                vec![
                    "15:01".into(),
                    "9:05".into(),
                    "15:01:30".into(),
                    "2019年10月1日 15:01".into(),
                    "2019-10-01 15:01".into(),
                    "2019年10月1日15:01".into(),
                    "15:01~16:01".into(),
                    "2019年10月1日 15:01~2019年10月2日 15:01".into(),
                    "00:00 ~ 23:59:59".into(),
                    "2019年10月1日".into(),
                    "2019-10-01".into(),
                ],
                vec![
                    "24:00".into(),
                    "15:60".into(),
                    "15".into(),
                    "15:1".into(),
                    "3pm".into(),
                    "15:01~".into(),
                    "15:01-16:01".into(),
                    "15:01~16:01~17:01".into(),
                    "日".into(),
                    " ".into(),
                ],
            ),
            (
                "date6",
                vec![
                    "2019年10月1日".into(),
                    "2019年10月".into(),
                    "10月1日".into(),
                    "2018-01-01".into(),
                    "2018/01".into(),
                    "01.01".into(),
                    "2019年10月1日 15:01".into(),
                    "2019-10-01 15:01:02".into(),
                    "2019年10月1日~2019年10月5日".into(),
                ],
                vec![
                    "2019年".into(),
                    "10月".into(),
                    "2019年13月1日".into(),
                    "2019-10-32".into(),
                    "2019-0-1".into(),
                    "19-10-01".into(),
                    "2019-10/01".into(),
                    "15:01".into(),
                    "明天".into(),
                    "月".into(),
                    "2019年10月1".into(),
                ],
            ),
            (
                "amount7",
                vec![
                    "￥100".into(),
                    "$0.99".into(),
                    "100元".into(),
                    "¥1234567890".into(),
                    "9.5".into(),
                    "¥12345678.90".into(),
                ],
                vec![
                    "¥12345678901".into(),
                    "¥¥1".into(),
                    "1,000元".into(),
                    "一元".into(),
                    "元".into(),
                    "¥".into(),
                    "1元整".into(),
                    "1.2.3".into(),
                ],
            ),
            (
                "phone_number8",
                vec!["+86-0766-66888866".into(), "1".repeat(17)],
                vec!["1".repeat(18), "1a".into(), "电话".into()],
            ),
            (
                "car_number9",
                vec!["粤A8Z888挂".into(), "粤A12345".into(), "AB1234".into()],
                vec!["粤A8Z8888挂".into(), "粤粤8888".into(), "A-123".into()],
            ),
            (
                "name10",
                vec![zhong(10), x(20), "O'Brien Lee".into(), "张3".into()],
                vec![zhong(11), x(21), format!("{}a", zhong(10)), "Bob2".into()],
            ),
            (
                "phrase11",
                vec![zhong(5), "已发货".into()],
                vec![zhong(6), "ok".into(), "好!".into()],
            ),
            ("short_thing1", vec![x(5)], vec![x(6)]),
            ("const1", vec![x(20)], vec![x(21)]),
            ("enum_string2", vec!["anything".into()], vec![]),
        ] {
            for value in good {
                assert_eq!(broken_rule(key, &value), None, "{key} {value:?}");
            }
            for value in bad.into_iter().chain([String::new()]) {
                assert!(broken_rule(key, &value).is_some(), "{key} {value:?}");
            }
        }
        for key in ["first", "keyword1", "remark", "thing", "something3"] {
            assert_eq!(broken_rule(key, ""), None, "{key}");
        }
    }

    #[test]
    fn every_broken_value_is_named() {
        let data = r##"{"thing1":{"value":""},"number2":{"value":7},"time3":{"value":"noon","color":"#173177"}}"##;
        let data: Data = serde_json::from_str(data).unwrap();
        let error = data.check().unwrap_err();
        let document = error.document("");
        assert_eq!(document["field"], "data.thing1.value");
        assert!(
            error.detail().contains("thing1: ") && error.detail().contains("time3: "),
            "{error}"
        );
        assert!(!error.detail().contains("number2") && !error.detail().contains("noon"));
        let sent = serde_json::to_value(&data).unwrap();
        assert_eq!(sent["number2"], serde_json::json!({ "value": "7" }));
        assert_eq!(sent["time3"], serde_json::json!({ "value": "noon" }));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_value_is_too_odd_to_judge(
            kind in "thing|number|letter|symbol|character_string|time|date|amount|phone_number|car_number|name|phrase",
            value in "[0-9:~ 年月日./¥元中-]{0,24}|.{0,40}",
        ) {
            if broken_rule(&format!("{kind}1"), &value).is_none() {
                prop_assert!(!value.is_empty());
            }
        }
    }
}
