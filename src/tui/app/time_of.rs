//! Times as people type them: `14:02`, `2026-03-04 14:02:11`, `-15m`, `yesterday 9:30`, always in UTC.

use crate::model::time::{parse_date, parse_time};

const DAY: i64 = 86_400_000_000;

/// Microseconds since 1970 of `text`. A time alone is on the day of `here` (the selected row), `+` and `-` count from
/// it; `today` and `yesterday` are those of the newest row, because logs come late.
///
/// # Errors
/// A sentence with examples.
pub fn parse(text: &str, here: i64, newest: i64) -> Result<i64, String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('+') {
        return duration(rest).map(|us| here + us);
    }
    if let Some(rest) = text.strip_prefix('-') {
        return duration(rest).map(|us| here - us);
    }
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (Some(day), time),
        None if text.contains(':') => (None, text),
        None => (Some(text), ""),
    };
    let day = match day {
        None => here.div_euclid(DAY),
        Some("today") => newest.div_euclid(DAY),
        Some("yesterday") => newest.div_euclid(DAY) - 1,
        Some(date) => i64::from(parse_date(date.as_bytes()).ok_or_else(|| unknown(text))?),
    };
    Ok(day * DAY + clock(time.trim().trim_end_matches('Z')).ok_or_else(|| unknown(text))?)
}

/// `14:02`, `9:30`, `14:02:11`, or nothing for midnight.
fn clock(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let padded = if text.find(':') == Some(1) {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    let full = if padded.len() == 5 {
        format!("{padded}:00")
    } else {
        padded
    };
    parse_time(full.as_bytes()).map(|seconds| i64::from(seconds) * 1_000_000)
}

fn duration(text: &str) -> Result<i64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "" | "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(unknown(text)),
    };
    let count: i64 = digits.trim().parse().map_err(|_| unknown(text))?;
    count
        .checked_mul(unit)
        .and_then(|s| s.checked_mul(1_000_000))
        .ok_or_else(|| unknown(text))
}

fn unknown(text: &str) -> String {
    format!("{text:?} is no time; write 14:02, 2026-03-04 14:02, yesterday 9:30, -15m or +2h")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::format_us;

    #[test]
    fn times_as_people_type_them() {
        let here = 1_772_632_931_000_000; // 2026-03-04 14:02:11
        let newest = here + 3_600_000_000;
        for (typed, expected) in [
            ("9:30", "2026-03-04 09:30:00"),
            ("14:02:30", "2026-03-04 14:02:30"),
            ("-15m", "2026-03-04 13:47:11"),
            ("+2h", "2026-03-04 16:02:11"),
            ("yesterday 9:30", "2026-03-03 09:30:00"),
            ("2026-03-01 00:05", "2026-03-01 00:05:00"),
            ("2026-03-01T00:05:01Z", "2026-03-01 00:05:01"),
            ("2026-03-01", "2026-03-01 00:00:00"),
        ] {
            assert_eq!(
                parse(typed, here, newest).map(format_us).as_deref(),
                Ok(expected),
                "{typed}"
            );
        }
        for wrong in [
            "",
            "25:00",
            "soon",
            "-x",
            "2026-02-30",
            "-99999999999999999d",
        ] {
            assert!(parse(wrong, here, newest).is_err(), "{wrong}");
        }
    }
}
