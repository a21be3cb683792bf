//! The hour in `CloudFront`'s key names, and the window of hours a run reads.

use crate::model::time;

/// Length of `.YYYY-MM-DD-HH.`.
const MARK: usize = 15;

/// The hour in a path or key, as hours since 1970 UTC: that of the last segment, or else of the folders above it;
/// `None` where there is none.
///
/// # Source
/// "File name format", `CloudFront` Developer Guide: `<prefix>/<distribution ID>.YYYY-MM-DD-HH.<unique ID>.gz`, UTC.
/// Standard logging (v2): `{yyyy}/{MM}/{dd}/{HH}` in the suffix path, as `year=…/month=…/day=…/hour=…` where it is
/// compatible with Hive; Firehose: `YYYY/MM/dd/HH/`.
pub fn hour_of(name: &str) -> Option<i64> {
    mark(last_segment(name))
        .map(|(_, hour)| hour)
        .or_else(|| hour_of_folders(name))
}

/// The hour that the folders of a path say: four of them in this order, others may stand between.
fn hour_of_folders(name: &str) -> Option<i64> {
    const PARTS: [(&str, usize); 4] = [("year=", 4), ("month=", 2), ("day=", 2), ("hour=", 2)];
    let (folders, _) = name.rsplit_once('/')?;
    let mut numbers = [0u32; 4];
    let mut found = 0;
    for folder in folders.split('/') {
        let (key, length) = PARTS.get(found).copied().unwrap_or_default();
        let digits = folder.strip_prefix(key).unwrap_or(folder);
        if found < PARTS.len()
            && digits.len() == length
            && digits.bytes().all(|b| b.is_ascii_digit())
        {
            numbers[found] = digits.parse().ok()?;
            // Other folders of four digits are no year.
            found += usize::from(found > 0 || (1990..2200).contains(&numbers[0]));
        }
    }
    let [year, month, day, hour] = numbers;
    let is_date = found == PARTS.len()
        && (1..=12).contains(&month)
        && (1..=time::days_in_month(i64::from(year), month)).contains(&day)
        && hour < 24;
    is_date.then(|| time::days_from_civil(i64::from(year), month, day) * 24 + i64::from(hour))
}

/// The part after the last `/`.
pub fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A key cut before its hour: `px/E2EX` and the hour of `px/E2EX.2026-03-04-05.0a1b.gz`.
pub fn split(key: &str) -> Option<(&str, i64)> {
    let segment = last_segment(key);
    let (at, hour) = mark(segment)?;
    Some((&key[..key.len() - segment.len() + at], hour))
}

/// Hours since 1970 as `YYYY-MM-DD-HH`.
pub fn format(hour: i64) -> String {
    match chrono::DateTime::from_timestamp(hour.saturating_mul(3600), 0) {
        Some(t) => t.format("%Y-%m-%d-%H").to_string(),
        None => hour.to_string(),
    }
}

/// Where the hour's mark starts in a segment, and the hour.
fn mark(segment: &str) -> Option<(usize, i64)> {
    segment
        .as_bytes()
        .windows(MARK)
        .enumerate()
        .find_map(|(at, w)| {
            if w[0] != b'.' || w[11] != b'-' || w[MARK - 1] != b'.' {
                return None;
            }
            let days = time::parse_date(&w[1..11])?;
            let hour = std::str::from_utf8(&w[12..14])
                .ok()
                .filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
            let hour: i64 = hour.parse().ok().filter(|h| *h < 24)?;
            Some((at, i64::from(days) * 24 + hour))
        })
}

/// The hours a run reads, both ends included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    /// First hour.
    pub since: Option<i64>,
    /// Last hour.
    pub until: Option<i64>,
}

impl Window {
    /// Whether an object of this hour is read. One without an hour always is: its records may be of any time.
    pub fn holds(self, hour: Option<i64>) -> bool {
        let Some(hour) = hour else { return true };
        self.since.is_none_or(|s| hour >= s) && self.until.is_none_or(|u| hour <= u)
    }

    /// In words: `from 2026-03-04-05 to 2026-03-04-07 (UTC)`.
    pub fn describe(self) -> String {
        let end = |word: &str, hour: Option<i64>| {
            hour.map(|h| format!("{word} {} ", format(h)))
                .unwrap_or_default()
        };
        format!("{}{}(UTC)", end("from", self.since), end("to", self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_hour_of_cloudfront_names_only() {
        let hour = hour_of("cdn/E2EX.2026-03-04-05.0a1b2c3d.gz");
        assert_eq!(hour, Some(time::days_from_civil(2026, 3, 4) * 24 + 5));
        assert_eq!(
            hour_of("AAAAAAAAAAAAAA.2015-10-19-17.e5b6526a"),
            Some(401_465)
        );
        assert_eq!(hour_of("E2EX.2026-02-30-05.x.gz"), None);
        assert_eq!(hour_of("E2EX.2026-03-04-24.x.gz"), None);
        assert_eq!(hour_of("E2EX.2026-03-04-+1.x.gz"), None);
        assert_eq!(hour_of("E2EX.2026-03-04-05.d/plain.log"), None);
        for path in [
            "AWSLogs/1234/CloudFront/E2EX/2026/03/04/05/x.gz",
            "p/distributionid=E2EX/year=2026/month=03/day=04/hour=05/x.parquet",
            "/cloudfront/E2EX/my_data/2026/raw/03/04/05/logs/x.gz",
            "fh2026/2026/03/04/05/stream-1-2026-03-04-05-06-07-a.gz",
        ] {
            assert_eq!(hour_of(path), hour, "{path}");
        }
        for path in [
            "2026/03/04/x.gz",
            "2026/13/04/05/x",
            "2026/02/30/05/x",
            "2026/03/04/24/x",
            "E2/2026/03/04/05",
        ] {
            assert_eq!(hour_of(path), None, "{path}");
        }
        assert_eq!(hour_of("é.2026-03-04-05.x"), hour);
        assert_eq!(hour_of(""), None);
    }

    #[test]
    fn cuts_a_key_before_its_hour_and_writes_it_again() {
        let (stem, hour) = split("px/E2.2026-03-04-05.x.gz").unwrap();
        assert_eq!((stem, format(hour).as_str()), ("px/E2", "2026-03-04-05"));
    }

    #[test]
    fn the_window_keeps_names_without_an_hour() {
        let window = Window {
            since: Some(10),
            until: Some(12),
        };
        assert!(window.holds(None) && window.holds(Some(10)) && window.holds(Some(12)));
        assert!(!window.holds(Some(9)) && !window.holds(Some(13)));
    }
}
