//! Civil dates to counts and back, without allocation: the hot path's share of time handling.

use crate::model::routing::TimeFormat;

/// Days from 1970-01-01 to a civil date (proleptic Gregorian).
///
/// # Source
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = ((month + 9) % 12) as i64;
    let doy = (153 * mp + 2) / 5 + day as i64 - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Length of a month in days.
pub const fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        _ if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        _ => 28,
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
    })
}

/// Days since 1970 of `YYYY-MM-DD`; `None` for anything else, including a 30 February.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (y, m, d) = (
        i64::from(digits(&text[..4])?),
        digits(&text[5..7])?,
        digits(&text[8..])?,
    );
    ((1..=12).contains(&m) && d >= 1 && d <= days_in_month(y, m))
        .then(|| days_from_civil(y, m, d) as i32)
}

/// Seconds since midnight of `HH:MM:SS`; second 60 (a leap second) is allowed and counts as 59.
pub fn parse_time(text: &[u8]) -> Option<u32> {
    if text.len() != 8 || text[2] != b':' || text[5] != b':' {
        return None;
    }
    let (h, m, s) = (
        digits(&text[..2])?,
        digits(&text[3..5])?,
        digits(&text[6..])?,
    );
    (h < 24 && m < 60 && s <= 60).then(|| h * 3600 + m * 60 + s.min(59))
}

/// Microseconds since 1970 UTC as `2026-03-04 14:02:11.204`, in UTC; milliseconds only where they are not zero.
pub fn format_us(us: i64) -> String {
    let Some(t) = chrono::DateTime::from_timestamp_micros(us) else {
        return us.to_string();
    };
    if us.rem_euclid(1_000_000) == 0 {
        t.format("%Y-%m-%d %H:%M:%S").to_string()
    } else {
        t.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }
}

/// Microseconds since 1970 UTC of an RFC 3339 date-time; `None` for anything else.
///
/// `T` and `Z` in either case; digits past the microsecond are dropped; a leap second counts
/// as second 59.
///
/// # Source
/// RFC 3339, section 5.6.
pub fn parse_rfc3339_us(text: &[u8]) -> Option<i64> {
    if text.len() < 20 || !matches!(text[10], b'T' | b't') {
        return None;
    }
    let days = i64::from(parse_date(&text[..10])?);
    let seconds = i64::from(parse_time(&text[11..19])?);
    let mut at = 19;
    let mut micros = 0;
    if text[at] == b'.' {
        let digits = text[at + 1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        for i in 0..6 {
            micros = micros * 10
                + if i < digits {
                    i64::from(text[at + 1 + i] - b'0')
                } else {
                    0
                };
        }
        at += 1 + digits;
        if digits == 0 {
            return None;
        }
    }
    let offset = parse_offset(&text[at..])?;
    Some((days * 86_400 + seconds - offset) * 1_000_000 + micros)
}

/// Seconds east of UTC of `Z` or `+HH:MM`.
fn parse_offset(text: &[u8]) -> Option<i64> {
    match text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h @ .., b':', m1, m2] if h.len() == 2 => {
            let (h, m) = (digits(h)?, digits(&[*m1, *m2])?);
            let seconds = i64::from(h * 3600 + m * 60);
            (h < 24 && m < 60).then_some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

/// Microseconds since 1970 UTC of a time written that way; `None` where it is not, or does not fit the years 1 to 9999.
pub fn parse_time_text(text: &str, format: TimeFormat) -> Option<i64> {
    let scale = match format {
        TimeFormat::Rfc3339 => return parse_rfc3339_us(text.as_bytes()),
        TimeFormat::EpochS => 1_000_000,
        TimeFormat::EpochMs => 1_000,
    };
    let unsigned = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if unsigned.is_empty() || unsigned.len() > 18 || !unsigned.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let us = text.parse::<i64>().ok()?.checked_mul(scale)?;
    YEARS_1_TO_9999_US.contains(&us).then_some(us)
}

/// What every warehouse can hold as a timestamp.
const YEARS_1_TO_9999_US: std::ops::Range<i64> =
    days_from_civil(1, 1, 1) * 86_400_000_000..days_from_civil(10_000, 1, 1) * 86_400_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339() {
        assert_eq!(parse_rfc3339_us(b"1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(parse_rfc3339_us(b"1970-01-01t00:00:01.5z"), Some(1_500_000));
        assert_eq!(
            parse_rfc3339_us(b"1970-01-01T01:00:00.123456789+01:00"),
            Some(123_456)
        );
        assert_eq!(parse_rfc3339_us(b"1969-12-31T23:30:00-00:30"), Some(0));
        for bad in [
            "2026-02-30T00:00:00Z",
            "2026-02-03T00:00:00",
            "2026-02-03T00:00:00.Z",
            "2026-02-03T00:00:00+1:00",
            "2026-02-03T00:00:00+25:00",
            "2026-02-03",
            "",
            "2026-02-03T24:00:00Z",
        ] {
            assert_eq!(parse_rfc3339_us(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn epochs() {
        assert_eq!(
            parse_time_text("1767225600123", TimeFormat::EpochMs),
            Some(1_767_225_600_123_000)
        );
        assert_eq!(parse_time_text("-1", TimeFormat::EpochS), Some(-1_000_000));
        for bad in [
            "",
            "-",
            "1.5",
            "+1",
            " 1",
            "99999999999999999999",
            "999999999999999999",
        ] {
            assert_eq!(parse_time_text(bad, TimeFormat::EpochMs), None, "{bad}");
        }
    }
}
