//! Civil dates to counts and back, without allocation: the hot path's share of time handling.

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
    bytes.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// Days since 1970 of `YYYY-MM-DD`; `None` for anything else, including a 30 February.
pub fn parse_date(text: &[u8]) -> Option<i32> {
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (y, m, d) = (i64::from(digits(&text[..4])?), digits(&text[5..7])?, digits(&text[8..])?);
    ((1..=12).contains(&m) && d >= 1 && d <= days_in_month(y, m)).then(|| days_from_civil(y, m, d) as i32)
}

/// Seconds since midnight of `HH:MM:SS`; second 60 (a leap second) is allowed and counts as 59.
pub fn parse_time(text: &[u8]) -> Option<u32> {
    if text.len() != 8 || text[2] != b':' || text[5] != b':' {
        return None;
    }
    let (h, m, s) = (digits(&text[..2])?, digits(&text[3..5])?, digits(&text[6..])?);
    (h < 24 && m < 60 && s <= 60).then(|| h * 3600 + m * 60 + s.min(59))
}

/// Microseconds since 1970 UTC as `2026-03-04 14:02:11.204`, in UTC; milliseconds only where they are not zero.
pub fn format_us(us: i64) -> String {
    let Some(t) = chrono::DateTime::from_timestamp_micros(us) else { return us.to_string() };
    if us.rem_euclid(1_000_000) == 0 {
        t.format("%Y-%m-%d %H:%M:%S").to_string()
    } else {
        t.format("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }
}
