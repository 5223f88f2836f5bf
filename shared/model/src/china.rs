//! China's calendar day, by which WeChat counts quotas.

/// China's clocks are ahead of UTC by this many seconds, all year.
const OFFSET: u64 = 8 * 3600;

const DAY: u64 = 86_400;

/// Days since 1970 in China at a time in seconds since 1970.
pub fn day(at: u64) -> u64 {
    (at + OFFSET) / DAY
}

/// When the next day begins in China, in seconds since 1970.
pub fn next_midnight(at: u64) -> u64 {
    (day(at) + 1) * DAY - OFFSET
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_16_00_utc() {
        assert_eq!((day(16 * 3600 - 1), day(16 * 3600)), (0, 1));
        assert_eq!(next_midnight(16 * 3600 - 1), 16 * 3600);
        assert_eq!(next_midnight(16 * 3600), 40 * 3600);
    }
}
