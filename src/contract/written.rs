//! `x-format`: times written otherwise than RFC 3339 has them.

use std::sync::Arc;

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveTime, SecondsFormat};

/// A way to write a time, such as `%d.%m.%Y %H:%M`.
#[derive(Debug, Clone)]
pub struct Written {
    text: Arc<str>,
    items: Arc<[Item<'static>]>,
}

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Written {
    /// Compiles a text with `%` directives as strftime has them; `None` where one is unknown, or where it names no day.
    pub fn parse(text: &str) -> Option<Self> {
        let items: Vec<Item<'static>> = StrftimeItems::new(text).map(Item::to_owned).collect();
        if !text.contains('%') || items.iter().any(|i| matches!(i, Item::Error)) {
            return None;
        }
        let written = Self {
            text: text.into(),
            items: items.into(),
        };
        // What it writes it must be able to read.
        let example = DateTime::from_timestamp_micros(1_772_632_931_000_000)?;
        written.read(&example.format_with_items(written.items.iter()).to_string())?;
        Some(written)
    }

    /// The directives.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Microseconds since 1970 UTC. Without an offset the text is UTC; without a time of day it is midnight.
    pub fn read(&self, text: &str) -> Option<i64> {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, self.items.iter()).ok()?;
        if let Ok(time) = parsed.to_datetime() {
            return Some(time.timestamp_micros());
        }
        if let Ok(time) = parsed.to_naive_datetime_with_offset(0) {
            return Some(time.and_utc().timestamp_micros());
        }
        let day = parsed.to_naive_date().ok()?;
        let time = parsed.to_naive_time().unwrap_or(NaiveTime::MIN);
        Some(day.and_time(time).and_utc().timestamp_micros())
    }
}

/// A time as RFC 3339 has it.
pub fn rfc3339(us: i64) -> String {
    let time = DateTime::from_timestamp_micros(us);
    time.map_or_else(String::new, |t| {
        t.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_strftime_has_them() {
        let read =
            |format: &str, text: &str| Written::parse(format).unwrap().read(text).map(rfc3339);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read("%d.%m.%Y %H:%M", "04.03.2026 14:02"),
            some("2026-03-04T14:02:00Z")
        );
        assert_eq!(read("%d.%m.%Y", "04.03.2026"), some("2026-03-04T00:00:00Z"));
        assert_eq!(
            read("%Y-%m-%dT%H:%M:%S%z", "2026-03-04T14:02:11+0100"),
            some("2026-03-04T13:02:11Z")
        );
        assert_eq!(read("%s", "1772632931"), some("2026-03-04T14:02:11Z"));
        assert_eq!(read("%d.%m.%Y", "31.02.2026"), None);
        assert_eq!(read("%d.%m.%Y", "04.03.2026 "), None);
        for no in ["%", "%Q", "today", "%H:%M"] {
            assert!(Written::parse(no).is_none(), "{no}");
        }
    }
}
