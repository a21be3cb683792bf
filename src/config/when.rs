//! Times as people type them, to hours since 1970 UTC: the unit in which `CloudFront` names its objects.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Timelike, Utc};

use crate::error::{Error, Result};

/// Which end of a range a time is for: `2026-11-22` is its hour 0 as a first hour and its hour 23 as a last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// `--since`.
    First,
    /// `--until`.
    Last,
}

/// The hour (since 1970 UTC) that `text` names, seen from `now`.
///
/// Accepts `2026-11-22`, `2026-11-22T14`, `2026-11-22T14:05`, RFC 3339, `now`, `today`, `yesterday`, and spans back
/// from now: `3h`, `-15m`. Times without an offset are UTC, as in the logs.
///
/// # Errors
/// A sentence with the accepted forms.
pub fn hour(option: &str, text: &str, now: DateTime<Utc>, edge: Edge) -> Result<i64> {
    let text = text.trim();
    let day = |date: NaiveDate| hours_of_day(date) + if edge == Edge::Last { 23 } else { 0 };
    let found = match text {
        "now" => Some(hour_of(now)),
        "today" => Some(day(now.date_naive())),
        "yesterday" => now.date_naive().pred_opt().map(day),
        _ => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .map(day)
            .or_else(|| date_and_hour(text))
            .or_else(|| {
                DateTime::parse_from_rfc3339(text)
                    .ok()
                    .map(|t| hour_of(t.to_utc()))
            })
            .or_else(|| {
                span(text)
                    .and_then(|back| now.checked_sub_signed(back))
                    .map(hour_of)
            }),
    };
    found.ok_or_else(|| {
        Error::Config(format!(
            "{option} {text:?} is no time; write 2026-11-22, 2026-11-22T14, 2026-11-22T14:05:00Z, 3h, -15m or yesterday"
        ))
    })
}

/// The first hour of the last `text` (`20m`, `3h`, `2d`) before `now`.
///
/// # Errors
/// A sentence with the accepted forms.
pub fn last(text: &str, now: DateTime<Utc>) -> Result<i64> {
    span(text.trim())
        .and_then(|back| now.checked_sub_signed(back))
        .map(hour_of)
        .ok_or_else(|| {
            Error::Config(format!(
                "--last {text:?} is no span of time; write 20m, 3h or 2d"
            ))
        })
}

/// The moment that `text` names, seen from `now`: as [`hour`], to the second.
///
/// # Errors
/// A sentence with the accepted forms.
pub fn instant(option: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let text = text.trim();
    let with_minutes = |form| NaiveDateTime::parse_from_str(text, form).ok();
    let exact = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|t| t.to_utc())
        .or_else(|| {
            let forms = [
                "%Y-%m-%dT%H:%M:%S",
                "%Y-%m-%dT%H:%M",
                "%Y-%m-%d %H:%M:%S",
                "%Y-%m-%d %H:%M",
            ];
            forms
                .into_iter()
                .find_map(with_minutes)
                .map(|t| t.and_utc())
        })
        .or_else(|| span(text).and_then(|back| now.checked_sub_signed(back)))
        .or_else(|| (text == "now").then_some(now));
    if let Some(exact) = exact {
        return Ok(exact);
    }
    hour(option, text, now, Edge::First)
        .ok()
        .and_then(|hour| DateTime::from_timestamp(hour * 3600, 0))
        .ok_or_else(|| {
            Error::Config(format!(
                "{option} {text:?} is no place in a stream; write latest, trim-horizon, 2026-11-22T14:05:00Z or 15m"
            ))
        })
}

/// A span of time that is not zero: `5s`, `20m`, `26h`.
///
/// # Errors
/// A sentence with the accepted forms.
pub fn duration(option: &str, text: &str) -> Result<std::time::Duration> {
    span(text.trim())
        .and_then(|span| span.to_std().ok())
        .filter(|span| !span.is_zero())
        .ok_or_else(|| {
            Error::Config(format!(
                "{option} {text:?} is no span of time; write 5s, 20m or 26h"
            ))
        })
}

/// `15m`, `-3h`, `2d`, `1w`: always positive.
fn span(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let unit = text.chars().last()?;
    let number: i64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .ok()
        .filter(|n| *n >= 0)?;
    match unit {
        's' => Duration::try_seconds(number),
        'm' => Duration::try_minutes(number),
        'h' => Duration::try_hours(number),
        'd' => Duration::try_days(number),
        'w' => Duration::try_weeks(number),
        _ => None,
    }
}

/// `2026-11-22T14`, `2026-11-22 14:05`.
fn date_and_hour(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let (hour, minute) = time.split_once(':').unwrap_or((time, "00"));
    let two_digits = |t: &str| (t.len() == 2).then(|| t.parse::<i64>().ok()).flatten();
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then(|| hours_of_day(date) + hour)
}

fn hours_of_day(date: NaiveDate) -> i64 {
    date.signed_duration_since(NaiveDate::default()).num_hours()
}

fn hour_of(time: DateTime<Utc>) -> i64 {
    hours_of_day(time.date_naive()) + i64::from(time.hour())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T15:20:00Z".parse().unwrap()
    }

    fn at(text: &str) -> i64 {
        text.parse::<DateTime<Utc>>().unwrap().timestamp() / 3600
    }

    #[test]
    fn every_form_names_its_hour() {
        for (typed, first, last) in [
            ("2026-11-22", "2026-11-22T00:00:00Z", "2026-11-22T23:00:00Z"),
            (
                "2026-11-22T14",
                "2026-11-22T14:00:00Z",
                "2026-11-22T14:00:00Z",
            ),
            (
                "2026-11-22T14:59",
                "2026-11-22T14:00:00Z",
                "2026-11-22T14:00:00Z",
            ),
            (
                "2026-11-22T14:05:00+02:00",
                "2026-11-22T12:00:00Z",
                "2026-11-22T12:00:00Z",
            ),
            ("yesterday", "2026-11-22T00:00:00Z", "2026-11-22T23:00:00Z"),
            ("-15m", "2026-11-23T15:00:00Z", "2026-11-23T15:00:00Z"),
            ("3h", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"),
            ("2d", "2026-11-21T15:00:00Z", "2026-11-21T15:00:00Z"),
            (
                "1969-12-31T23",
                "1969-12-31T23:00:00Z",
                "1969-12-31T23:00:00Z",
            ),
        ] {
            let hour_at = |text: &str| {
                text.parse::<DateTime<Utc>>()
                    .unwrap()
                    .timestamp()
                    .div_euclid(3600)
            };
            assert_eq!(
                hour("--since", typed, now(), Edge::First).unwrap(),
                hour_at(first),
                "{typed}"
            );
            assert_eq!(
                hour("--until", typed, now(), Edge::Last).unwrap(),
                hour_at(last),
                "{typed}"
            );
        }
    }

    #[test]
    fn an_instant_is_exact_where_it_is_written_so() {
        for (typed, meant) in [
            ("2026-11-22T14:05:07Z", "2026-11-22T14:05:07Z"),
            ("2026-11-22T14:05", "2026-11-22T14:05:00Z"),
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("15m", "2026-11-23T15:05:00Z"),
            ("now", "2026-11-23T15:20:00Z"),
            ("yesterday", "2026-11-22T00:00:00Z"),
        ] {
            let found = instant("--from", typed, now()).unwrap();
            assert_eq!(found, meant.parse::<DateTime<Utc>>().unwrap(), "{typed}");
        }
        let error = instant("--from", "soon", now()).unwrap_err();
        assert!(error.to_string().contains("trim-horizon"), "{error}");
    }

    #[test]
    fn last_starts_at_the_hour_that_holds_the_first_minute() {
        assert_eq!(last("20m", now()).unwrap(), at("2026-11-23T15:00:00Z"));
        assert_eq!(last("21m", now()).unwrap(), at("2026-11-23T14:00:00Z"));
    }

    #[test]
    fn nonsense_is_answered_with_the_accepted_forms() {
        for typed in [
            "",
            "tomorow",
            "2026-02-30",
            "2026-11-22T24",
            "h",
            "3 h",
            "99999999999999999999h",
            "é",
        ] {
            let error = hour("--since", typed, now(), Edge::First).unwrap_err();
            assert!(
                error.to_string().contains("2026-11-22T14"),
                "{typed}: {error}"
            );
            assert_eq!(error.exit_code(), 2);
        }
        assert!(last("soon", now()).unwrap_err().to_string().contains("3h"));
    }
}
