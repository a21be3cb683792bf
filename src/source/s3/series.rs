//! Series: keys that sort by hour, so that a listing can go straight to the hours that are wanted.
//!
//! One distribution's objects in one folder are a series (`px/E2EX.2026-03-04-05.0a1b.gz`), and so is a tree of date
//! folders (`px/E2EX/2026/03/04/05/…`, `px/year=2026/month=03/…`). A listing may only ever be cut at a key of this
//! module's making, never be narrowed by it alone: what a series holds is decided by each key's own hour.

use chrono::{DateTime, Datelike, Timelike};

use super::super::hour;

/// How the hour stands in the keys of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In the name: `base` `YYYY-MM-DD-HH`.
    Name,
    /// In folders: of year, month, day and hour those from `first` up to `depth`; `year=2026/month=03` when `hive`.
    Folders {
        hive: bool,
        first: usize,
        depth: usize,
    },
}

/// Keys with one base that sort by hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    base: String,
    form: Form,
    /// Hours that the base itself holds, the last one excluded: date folders may stand apart (`2026/03/logs/04`).
    span: (i64, i64),
}

const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);

/// Names of Hive's date folders.
const HIVE: [&str; 4] = ["year=", "month=", "day=", "hour="];

impl Series {
    /// The series that a key belongs to, the widest first, each with the key's hour in the series' own resolution:
    /// the first hour of the narrowest date folder. Empty for a key without an hour.
    pub fn of(key: &str) -> Vec<(Self, i64)> {
        let Some(hour) = hour::hour_of(key) else {
            return Vec::new();
        };
        let name = hour::split(key).map(|(stem, hour)| {
            let base = format!("{stem}.");
            (
                Self {
                    base,
                    form: Form::Name,
                    span: ALWAYS,
                },
                hour,
            )
        });
        folders(key, hour).into_iter().chain(name).collect()
    }

    /// A key that sorts before every key of this hour and later ones, and after every key of earlier folders.
    pub fn start(&self, hour: i64) -> String {
        if hour < self.span.0 {
            return self.base.clone();
        }
        if hour >= self.span.1 {
            return self.past();
        }
        match self.form {
            Form::Name => format!("{}{}", self.base, hour::format(hour)),
            Form::Folders { hive, first, depth } => {
                let parts = parts(hour);
                let part = |i: usize| {
                    let name = if hive { HIVE[i] } else { "" };
                    let width = if i == 0 { 4 } else { 2 };
                    format!("{name}{:0width$}", parts[i])
                };
                let path: Vec<String> = (first..depth).map(part).collect();
                format!("{}{}", self.base, path.join("/"))
            }
        }
    }

    /// A key that sorts after every key of this series and before the next one.
    pub fn past(&self) -> String {
        // `:` sorts right after `9`.
        match self.form {
            Form::Folders {
                hive: true, first, ..
            } => format!("{}{}:", self.base, HIVE[first]),
            _ => format!("{}:", self.base),
        }
    }

    /// The first hour of the folder that holds this hour.
    pub fn floor(&self, hour: i64) -> i64 {
        match self.form {
            Form::Name => hour,
            Form::Folders { depth, .. } => truncated(hour, depth),
        }
    }
}

/// The date folders of a key, the widest first, if they agree with its hour.
fn folders(key: &str, hour: i64) -> Vec<(Series, i64)> {
    let segments: Vec<&str> = key.split('/').collect();
    let folders = &segments[..segments.len() - 1];
    (0..folders.len())
        .find_map(|at| {
            let runs = runs(folders, at)?;
            let whole = runs.last()?;
            let agrees = truncated(hour, whole.depth) == whole.hour;
            agrees.then(|| runs.iter().map(|run| run.series(key, folders)).collect())
        })
        .unwrap_or_default()
}

/// Date folders that stand together.
struct Run {
    hive: bool,
    /// Index of its first folder.
    at: usize,
    first: usize,
    depth: usize,
    /// The first hour that its folders, and those before them, hold.
    hour: i64,
    span: (i64, i64),
}

impl Run {
    fn series(&self, key: &str, folders: &[&str]) -> (Series, i64) {
        let base: usize = folders[..self.at].iter().map(|s| s.len() + 1).sum();
        let series = Series {
            base: key[..base].to_owned(),
            form: Form::Folders {
                hive: self.hive,
                first: self.first,
                depth: self.depth,
            },
            span: self.span,
        };
        (series, self.hour)
    }
}

/// The runs of date folders that start with a year at `at`; `None` where there is no year.
fn runs(folders: &[&str], at: usize) -> Option<Vec<Run>> {
    let hive = folders[at].starts_with(HIVE[0]);
    let part = |segment: &str, i: usize| {
        let digits = if hive {
            segment.strip_prefix(HIVE[i])?
        } else {
            segment
        };
        number(digits, if i == 0 { 4 } else { 2 })
    };
    let mut found = [part(folders[at], 0)?, 1, 1, 0];
    let mut runs: Vec<Run> = Vec::new();
    let (mut depth, mut together) = (0, false);
    for (i, segment) in folders.iter().enumerate().skip(at) {
        let Some(value) = part(segment, depth) else {
            together = false;
            continue;
        };
        found[depth] = value;
        let hour = hour_of_parts(found)?;
        let span = runs
            .last()
            .map_or(ALWAYS, |run: &Run| (run.hour, next(run.hour, depth)));
        depth += 1;
        match runs.last_mut().filter(|_| together) {
            Some(run) => (run.depth, run.hour) = (depth, hour),
            None => runs.push(Run {
                hive,
                at: i,
                first: depth - 1,
                depth,
                hour,
                span,
            }),
        }
        together = true;
        if depth == 4 {
            break;
        }
    }
    Some(runs)
}

/// The hour that follows a year (`depth` 1), a month (2), a day (3).
fn next(first: i64, depth: usize) -> i64 {
    let [year, month, ..] = parts(first);
    let following = match depth {
        1 => hour_of_parts([year + 1, 1, 1, 0]),
        2 if month == 12 => hour_of_parts([year + 1, 1, 1, 0]),
        2 => hour_of_parts([year, month + 1, 1, 0]),
        3 => Some(first + 24),
        _ => Some(first + 1),
    };
    following.unwrap_or(i64::MAX)
}

fn number(digits: &str, width: usize) -> Option<u32> {
    let plain = digits.len() == width && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

fn hour_of_parts([year, month, day, hour]: [u32; 4]) -> Option<i64> {
    // A folder of four digits is a year only within reason.
    let year = i32::try_from(year)
        .ok()
        .filter(|y| (1995..2200).contains(y))?;
    let date = chrono::NaiveDate::from_ymd_opt(year, month, day)?;
    let time = date.and_hms_opt(hour, 0, 0)?;
    Some(time.and_utc().timestamp().div_euclid(3600))
}

/// Year, month, day and hour.
fn parts(hour: i64) -> [u32; 4] {
    DateTime::from_timestamp(hour.saturating_mul(3600), 0).map_or([9999, 12, 31, 23], |t| {
        [t.year().clamp(0, 9999) as u32, t.month(), t.day(), t.hour()]
    })
}

/// The first hour that has the same year, month … up to `depth` parts.
fn truncated(hour: i64, depth: usize) -> i64 {
    let whole = parts(hour);
    let mut kept = [whole[0], 1, 1, 0];
    kept[..depth].copy_from_slice(&whole[..depth]);
    hour_of_parts(kept).unwrap_or(hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_series_of_each_layout() {
        let hour = hour::hour_of("E2.2026-03-04-05.x").unwrap();
        let table = [
            ("px/E2.2026-03-04-05.a.gz", vec!["px/E2.2026-03-04-05"]),
            (
                "p/E2/2026/03/04/05/E2.2026-03-04-05.a.gz",
                vec!["p/E2/2026/03/04/05", "p/E2/2026/03/04/05/E2.2026-03-04-05"],
            ),
            (
                "AWSLogs/aws-account-id=1/CloudFront/year=2026/month=03/day=04/hour=05/E2.2026-03-04-05.a.gz",
                vec![
                    "AWSLogs/aws-account-id=1/CloudFront/year=2026/month=03/day=04/hour=05",
                    "AWSLogs/aws-account-id=1/CloudFront/year=2026/month=03/day=04/hour=05/E2.2026-03-04-05",
                ],
            ),
            (
                "p/2026/03/logs/04/05/E2.2026-03-04-05.a.gz",
                vec![
                    "p/2026/03",
                    "p/2026/03/logs/04/05",
                    "p/2026/03/logs/04/05/E2.2026-03-04-05",
                ],
            ),
            (
                "p/2026/03/logs/E2.2026-03-04-05.a.gz",
                vec!["p/2026/03", "p/2026/03/logs/E2.2026-03-04-05"],
            ),
            // A project called 2024 is no year of these logs.
            (
                "p/2024/E2.2026-03-04-05.a.gz",
                vec!["p/2024/E2.2026-03-04-05"],
            ),
            ("p/2026/03/a.log", vec![]),
            ("p/other.log", vec![]),
        ];
        for (key, starts) in table {
            let found: Vec<String> = Series::of(key).iter().map(|(s, _)| s.start(hour)).collect();
            assert_eq!(found, starts, "{key}");
            for (series, at) in Series::of(key) {
                assert!(series.start(at).as_str() < key && series.past().as_str() > key);
                assert_eq!(series.floor(hour), at, "{key}");
                for other in [hour - 20_000, hour - 40, hour - 5, hour + 40, hour + 20_000] {
                    let earlier = series.start(other).as_str() < key;
                    assert_eq!(earlier, series.floor(other) <= at, "{key} {other}");
                }
            }
        }
    }
}
