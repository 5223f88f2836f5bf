//! Times in the spellings WeChat Pay uses: RFC 3339 in China's time.

use time::{
    Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset,
    format_description::well_known::Rfc3339,
};

/// China's clocks are ahead of UTC by this many hours, all year.
const CHINA_HOURS: i8 = 8;

/// `2026-11-04T08:30:00+08:00`, for a time in seconds since 1970.
pub fn china_time(at: u64) -> String {
    china(at).format(&Rfc3339).unwrap_or_default()
}

/// `2026-11-04`: the day in China at a time in seconds since 1970.
pub fn china_date(at: u64) -> String {
    china(at).date().to_string()
}

/// Seconds since 1970 of a time in RFC 3339.
pub fn parse_time(text: &str) -> Option<u64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    time.unix_timestamp().try_into().ok()
}

fn china(at: u64) -> OffsetDateTime {
    // Beyond the year 9999 there is no RFC 3339; nothing here lives that long.
    let at = i64::try_from(at).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    let offset = UtcOffset::from_hms(CHINA_HOURS, 0, 0).unwrap_or(UtcOffset::UTC);
    at.unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(offset)
}

/// Seconds since 1970 of a certificate's `UTCTime` or `GeneralizedTime`.
pub(super) fn asn1_time(tag: u8, text: &[u8]) -> Option<u64> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let text = str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = text.split_at_checked(if tag == UTC_TIME { 2 } else { 4 })?;
    let year: i32 = year.parse().ok()?;
    let year = match tag {
        // RFC 5280: two digits mean 1950 to 2049.
        UTC_TIME => year + if year < 50 { 2000 } else { 1900 },
        GENERALIZED_TIME => year,
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<u8>().ok();
    let month = Month::try_from(part(0)?).ok()?;
    let date = Date::from_calendar_date(year, month, part(2)?).ok()?;
    let time = Time::from_hms(part(4)?, part(6)?, part(8)?).ok()?;
    PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_china_and_read_from_anywhere() {
        let at = 1_793_750_400;
        assert_eq!(china_time(at), "2026-11-04T08:00:00+08:00");
        assert_eq!(parse_time("2026-11-04T08:00:00+08:00"), Some(at));
        assert_eq!(parse_time("2026-11-04T00:00:00Z"), Some(at));
        assert_eq!(parse_time("2026-11-04T10:00:00.120+10:00"), Some(at));
        assert_eq!(
            (china_date(at), china_date(at - 8 * 3600 - 1)),
            ("2026-11-04".into(), "2026-11-03".into())
        );
        for text in ["", "2026-11-04", "2026-13-04T08:00:00+08:00", "1969-12-31T23:59:59Z"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(china_time(u64::MAX), "1970-01-01T08:00:00+08:00");
    }

    #[test]
    fn certificates_spell_years_in_two_ways() {
        assert_eq!(asn1_time(0x17, b"261104000000Z"), Some(1_793_750_400));
        assert_eq!(asn1_time(0x18, b"20261104000000Z"), Some(1_793_750_400));
        for text in [&b"261104000000"[..], b"2611Z", b"Z", b"269904000000Z", b"\xff\xff"] {
            assert_eq!(asn1_time(0x17, text), None);
        }
    }
}
