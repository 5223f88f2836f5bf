//! Times as WeChat Pay writes them, in China.

use time::{
    Duration, OffsetDateTime, UtcOffset,
    format_description::well_known::Rfc3339,
    macros::{format_description, offset},
};

const CHINA: UtcOffset = offset!(+8);

fn china(at: u64) -> OffsetDateTime {
    (OffsetDateTime::UNIX_EPOCH + Duration::seconds(at as i64)).to_offset(CHINA)
}

/// `2026-11-04T08:02:03+08:00`.
pub(super) fn rfc3339(at: u64) -> String {
    china(at).format(&Rfc3339).expect("a year of four digits")
}

/// `2026-11-04 08:02:03`, as bills have it.
pub(super) fn of_bill(at: u64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    china(at).format(format).expect("a year of four digits")
}

/// `20261104`, as ids have it.
pub(super) fn of_id(at: u64) -> String {
    let format = format_description!("[year][month][day]");
    china(at).format(format).expect("a year of four digits")
}

/// `2026-11-04`.
pub(super) fn date(at: u64) -> String {
    rfc3339(at)[..10].to_owned()
}

/// When the day begins in China.
pub(super) fn day_begin(date: &str) -> Option<u64> {
    (date.len() == 10).then_some(())?;
    parse(&format!("{date}T00:00:00+08:00"))
}

/// Seconds since 1970 of a time in RFC 3339.
pub(super) fn parse(text: &str) -> Option<u64> {
    OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp().try_into().ok()
}
