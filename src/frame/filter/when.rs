//! Times and durations as a person types them in a filter.

use crate::model::time::{days_from_civil, parse_date};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A time as typed: it stands for a stretch as long as its last part (`14:02` is a whole minute).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// From and to (excluded), in microseconds since 1970 UTC.
    Absolute(i64, i64),
    /// From and to (excluded), in microseconds since midnight of the newest record's day, or of the day before.
    OfDay(i64, i64),
    /// So many microseconds before the newest record.
    Ago(i64),
}

impl When {
    /// `2026-11-22`, `2026-11-22T14:02`, `14:02:11.204`, `-15m`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(duration) = text.strip_prefix('-') {
            return Some(Self::Ago(parse_seconds(duration)?.checked_mul(SECOND)?));
        }
        let text = text.strip_suffix('Z').unwrap_or(text);
        let Some((date, clock)) = text.split_once(['T', ' ']) else {
            return match parse_date(text.as_bytes()) {
                Some(days) => Some(Self::Absolute(
                    i64::from(days) * DAY,
                    (i64::from(days) + 1) * DAY,
                )),
                None => clock_of(text)
                    .filter(|_| text.contains(':'))
                    .map(|(from, to)| Self::OfDay(from, to)),
            };
        };
        let start = i64::from(parse_date(date.as_bytes())?) * DAY;
        let (from, to) = clock_of(clock)?;
        Some(Self::Absolute(start + from, start + to))
    }

    /// From and to (excluded) in microseconds since 1970 UTC, for a newest record of that time.
    pub(crate) fn resolve(self, newest_us: i64) -> (i64, i64) {
        match self {
            Self::Absolute(from, to) => (from, to),
            Self::Ago(us) => (newest_us - us, newest_us - us + 1),
            Self::OfDay(from, to) => {
                let midnight = newest_us.div_euclid(DAY) * DAY;
                let midnight = if midnight + from > newest_us {
                    midnight - DAY
                } else {
                    midnight
                };
                (midnight + from, midnight + to)
            }
        }
    }

    /// True when it means another time once newer records came.
    pub(crate) fn is_relative(self) -> bool {
        !matches!(self, Self::Absolute(..))
    }
}

/// `HH`, `HH:MM`, `HH:MM:SS`, `HH:MM:SS.ffffff` → the stretch it stands for, in microseconds since midnight.
pub(crate) fn clock_of(text: &str) -> Option<(i64, i64)> {
    let (clock, fraction) = text
        .split_once('.')
        .map_or((text, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.split(':').map(|p| {
        (1..=2)
            .contains(&p.len())
            .then(|| p.parse::<u32>().ok())
            .flatten()
    });
    let hour = i64::from(parts.next()??);
    let minute = parts.next();
    let second = parts.next();
    if parts.next().is_some() || hour > 23 || (fraction.is_some() && second.is_none()) {
        return None;
    }
    let (m, s) = (
        i64::from(minute.unwrap_or(Some(0))?),
        i64::from(second.unwrap_or(Some(0))?),
    );
    if m > 59 || s > 59 {
        return None;
    }
    let start = hour * HOUR + m * MINUTE + s * SECOND;
    let Some(fraction) = fraction else {
        let width = if second.is_some() {
            SECOND
        } else if minute.is_some() {
            MINUTE
        } else {
            HOUR
        };
        return Some((start, start + width));
    };
    if fraction.is_empty() || fraction.len() > 6 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let width = 10_i64.pow(6 - fraction.len() as u32);
    let start = start + fraction.parse::<i64>().ok()? * width;
    Some((start, start + width))
}

/// `90s`, `15m`, `3h`, `2d`, `1w`, or several: `1h30m`. In seconds; at most a thousand years.
pub(crate) fn parse_seconds(text: &str) -> Option<i64> {
    let mut sum = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (!text.is_empty() && sum <= days_from_civil(2970, 1, 1) * 86_400).then_some(sum)
}

/// Seconds as [`parse_seconds`] reads them: `15m`, `90s`.
pub(crate) fn format_seconds(seconds: i64) -> String {
    for (unit, size) in [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds != 0 && seconds % size == 0 {
            return format!("{}{unit}", seconds / size);
        }
    }
    format!("{seconds}s")
}

/// Microseconds since 1970 as [`When::parse`] reads them: `2026-11-22T14:02:11.204`.
pub(crate) fn format(us: i64) -> String {
    let text = crate::model::time::format_us(us).replace(' ', "T");
    let fraction = us.rem_euclid(SECOND);
    if fraction % 1000 == 0 {
        return text;
    }
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{seconds}.{fraction:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_long_as_its_last_part() {
        assert_eq!(
            When::parse("1970-01-02"),
            Some(When::Absolute(DAY, 2 * DAY))
        );
        assert_eq!(
            When::parse("1970-01-01T01:02"),
            Some(When::Absolute(62 * MINUTE, 63 * MINUTE))
        );
        assert_eq!(
            When::parse("1970-01-01T00:00:01.5Z"),
            Some(When::Absolute(1_500_000, 1_600_000))
        );
        assert_eq!(
            When::parse("14:02"),
            Some(When::OfDay(842 * MINUTE, 843 * MINUTE))
        );
        for wrong in [
            "",
            "14",
            "24:00",
            "14:60",
            "1970-13-01",
            "1970-01-01T",
            "14:02:03.",
            "x",
            "14:02.5",
            "-",
            "-5",
        ] {
            assert_eq!(When::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_without_a_day_is_never_in_the_future() {
        let newest = 10 * DAY + 12 * HOUR;
        assert_eq!(
            When::OfDay(HOUR, 2 * HOUR).resolve(newest).0,
            10 * DAY + HOUR
        );
        assert_eq!(
            When::OfDay(13 * HOUR, 14 * HOUR).resolve(newest).0,
            9 * DAY + 13 * HOUR
        );
    }

    #[test]
    fn durations_and_times_round_trip() {
        for seconds in [0, 1, 59, 60, 90, 3600, 5400, 86_400, 604_800] {
            assert_eq!(parse_seconds(&format_seconds(seconds)), Some(seconds));
        }
        assert_eq!(parse_seconds("1h30m"), Some(5400));
        for us in [0, 1_500_000, 1_234_567, -1, 1_774_000_000_123_000] {
            let Some(When::Absolute(from, to)) = When::parse(&format(us)) else {
                panic!("{us}")
            };
            assert!(from == us && to > us, "{us}");
        }
    }
}
