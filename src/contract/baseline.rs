//! A baseline: the causes of one run with their share, to tell what is new in another. A file to commit.
//!
//! One line a cause, sorted by what the cause is, so that two baselines can be compared by `diff`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::contract::whole_file;
use crate::error::{Error, Result};
use crate::model::{CauseKey, OwnedCauseKey};

/// The format number; it changes only when something is taken away or renamed.
const FORMAT: u32 = 1;

/// How often a cause came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// Events (or lines) with it.
    pub rows: u64,
    /// Of so many of that event and version (or lines).
    pub of_events: u64,
}

impl Rows {
    /// `rows` of `of_events`, 0 to 1.
    pub fn share(self) -> f64 {
        self.rows as f64 / self.of_events.max(1) as f64
    }
}

/// What a cause is beside the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Since {
    /// The baseline does not have it.
    New,
    /// Its share grew by more than the factor.
    Grown,
    /// It is as it was, or less.
    Known,
}

/// The causes of an earlier run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    causes: BTreeMap<OwnedCauseKey, Rows>,
    growth: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    causes: Vec<FileRow>,
}

#[derive(Serialize, Deserialize)]
struct FileRow {
    code: String,
    event: String,
    version: String,
    path: String,
    expected: String,
    #[serde(flatten)]
    rows: Rows,
}

impl Baseline {
    /// Reads a file that [`Baseline::write`] wrote. A share counts as grown past `growth` times what it was.
    ///
    /// # Errors
    /// [`Error::File`] or, for a text that is no baseline, [`Error::Config`].
    pub fn read(path: &Path, growth: f64) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::file("read", path, e))?;
        let wrong = |why: String| {
            Error::Config(format!(
                "{} is no baseline: {why}; `frontlog check --write-baseline {}` writes one",
                path.display(),
                path.display()
            ))
        };
        let file: File = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if file.format != FORMAT {
            return Err(wrong(format!(
                "its format is {}, and this version reads {FORMAT}",
                file.format
            )));
        }
        let of = |row: FileRow| {
            let key = OwnedCauseKey {
                code: row.code,
                event: row.event,
                version: row.version,
                path: row.path,
                expected: row.expected,
            };
            (key, row.rows)
        };
        Ok(Self {
            causes: file.causes.into_iter().map(of).collect(),
            growth,
        })
    }

    /// Of these causes.
    pub fn of<'a>(causes: impl Iterator<Item = (CauseKey<'a>, Rows)>) -> Self {
        let mut baseline = Self::default();
        for (key, rows) in causes {
            let known = baseline.causes.entry(key.to_owned()).or_insert(Rows {
                rows: 0,
                of_events: rows.of_events,
            });
            // The same cause twice differs in severity or keyword: no event has both.
            known.rows += rows.rows;
        }
        baseline
    }

    /// Writes it, in place of what is there.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = format!("{{\n  \"format\": {FORMAT},\n  \"causes\": [");
        for (i, (key, rows)) in self.causes.iter().enumerate() {
            let row = FileRow {
                code: key.code.clone(),
                event: key.event.clone(),
                version: key.version.clone(),
                path: key.path.clone(),
                expected: key.expected.clone(),
                rows: *rows,
            };
            // Texts and numbers always serialize, and writing to a String never fails.
            let row = serde_json::to_string(&row).unwrap_or_default();
            let _ = write!(text, "{}\n    {row}", if i == 0 { "" } else { "," });
        }
        text.push_str("\n  ]\n}\n");
        whole_file::replace(path, &text)
    }

    /// What a cause was when the baseline was written.
    pub fn rows(&self, key: CauseKey<'_>) -> Option<Rows> {
        self.causes.get(&key.to_owned()).copied()
    }

    /// What a cause that came `now` is beside this baseline.
    pub fn since(&self, key: CauseKey<'_>, now: Rows) -> Since {
        match self.rows(key) {
            None => Since::New,
            Some(then) if now.share() > self.growth * then.share() => Since::Grown,
            Some(_) => Since::Known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str) -> CauseKey<'_> {
        CauseKey {
            code: "V402",
            event: "checkout",
            version: "1-0-2",
            path,
            expected: "a number",
        }
    }

    const fn rows(rows: u64, of_events: u64) -> Rows {
        Rows { rows, of_events }
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written_and_sorted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("baseline.json");
        let causes = [
            (key("value"), rows(10, 1000)),
            (key("a \"b\"\n"), rows(1, 1000)),
        ];
        Baseline::of(causes.into_iter()).write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(text.find("a \\\"b").unwrap() < text.find("\"value\"").unwrap());
        let read = Baseline::read(&path, 2.0).unwrap();
        for (path, now, since) in [
            ("value", rows(20, 1000), Since::Known),
            ("value", rows(21, 1000), Since::Grown),
            ("value", rows(1, 10), Since::Grown),
            ("a \"b\"\n", rows(1, 1000), Since::Known),
            ("tax", rows(1, 1_000_000), Since::New),
        ] {
            assert_eq!(read.since(key(path), now), since, "{path} {now:?}");
        }
        Baseline::default().write(&path).unwrap();
        assert_eq!(Baseline::read(&path, 2.0).unwrap().causes.len(), 0);
    }

    #[test]
    fn what_is_no_baseline_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.json");
        for (text, said) in [
            ("", "is no baseline"),
            ("{\"format\": 2, \"causes\": []}", "its format is 2"),
            ("{\"format\": 1}", "causes"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Baseline::read(&path, 2.0).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(said), "{error}");
        }
        let missing = Baseline::read(&dir.path().join("none"), 2.0).unwrap_err();
        assert!(missing.to_string().contains("none"), "{missing}");
    }
}
