//! `acknowledged.toml`: causes of failures that somebody knows of, until a day. A file to commit, beside
//! `frontlog.toml`.
//!
//! ```toml
//! [[cause]]
//! code     = "V402"
//! event    = "checkout"          # what is left out matches anything
//! path     = "value"
//! note     = "decimal comma of app 3.2, fixed in 3.3"
//! by       = "ann"
//! until    = 2026-12-31          # its last day, in log time (UTC)
//! ```

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::contract::place::{did_you_mean, error_at, line_column};
use crate::contract::whole_file;
use crate::error::{Error, Result};
use crate::model::{CauseKey, Code};

/// The file's name.
pub const FILE_NAME: &str = "acknowledged.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    cause: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: Spanned<String>,
    event: Option<String>,
    version: Option<String>,
    path: Option<String>,
    expected: Option<String>,
    note: Option<Spanned<String>>,
    by: Option<Spanned<String>>,
    until: Option<Spanned<Datetime>>,
}

/// One acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    code: Code,
    event: Option<String>,
    version: Option<String>,
    path: Option<String>,
    expected: Option<String>,
    /// Why it may be so.
    pub note: String,
    /// Who says so; empty where nobody signed.
    pub by: String,
    /// The last day on which it holds, in log time, UTC; `None`: until somebody takes it out.
    pub until: Option<NaiveDate>,
    /// Line in the file, from 1.
    pub line: usize,
}

impl Acknowledgement {
    /// True for a cause that it speaks of; what it leaves out matches anything.
    pub fn covers(&self, key: CauseKey<'_>) -> bool {
        let fits = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        self.code.as_str() == key.code
            && fits(&self.event, key.event)
            && fits(&self.version, key.version)
            && fits(&self.path, key.path)
            && fits(&self.expected, key.expected)
    }

    /// True for the one that says everything of this cause and of no other.
    fn is_exactly(&self, key: CauseKey<'_>) -> bool {
        let all = [&self.event, &self.version, &self.path, &self.expected];
        all.iter().all(|part| part.is_some()) && self.covers(key)
    }

    /// True up to the end of its last day. `newest_us` is the newest log time of what is judged, in microseconds since
    /// 1970 UTC: the clock is not asked, so that the same input is judged alike on any day.
    pub fn holds(&self, newest_us: Option<i64>) -> bool {
        let Some((until, newest)) = self.until.zip(newest_us) else {
            return true;
        };
        let day = chrono::DateTime::from_timestamp_micros(newest).map(|t| t.date_naive());
        day.is_none_or(|day| day <= until)
    }

    /// What it speaks of, for people: `V402 checkout value`.
    pub fn title(&self) -> String {
        let parts = [&self.event, &self.version, &self.path, &self.expected];
        let parts = parts.into_iter().flatten().map(String::as_str);
        let parts: Vec<&str> = std::iter::once(self.code.as_str())
            .chain(parts.filter(|part| !part.is_empty()))
            .collect();
        parts.join(" ")
    }

    /// For people: `by ann until 2026-12-31: decimal comma of app 3.2`.
    pub fn sentence(&self) -> String {
        let mut text = String::new();
        if !self.by.is_empty() {
            text += &format!(" by {}", self.by);
        }
        if let Some(until) = self.until {
            text += &format!(" until {until}");
        }
        if !self.note.is_empty() {
            text += &format!(": {}", self.note);
        }
        text
    }
}

/// What is written of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Why it may be so.
    pub note: String,
    /// Who says so; empty: nobody signs.
    pub by: String,
    /// The last day.
    pub until: Option<NaiveDate>,
}

/// All acknowledgements of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Where the file is, or would be; `None` without a contract's folder.
    pub file: Option<PathBuf>,
    /// In the order of the file.
    pub entries: Vec<Acknowledgement>,
}

impl Acknowledged {
    /// Reads the file of a contract's folder; none where there is none.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Config`] with file, line and column.
    pub fn load(folder: Option<&Path>) -> Result<Self> {
        let Some(file) = folder.map(|folder| folder.join(FILE_NAME)) else {
            return Ok(Self::default());
        };
        let text = text_of(&file)?;
        Ok(Self {
            entries: entries(&file, &text)?,
            file: Some(file),
        })
    }

    /// The acknowledgement of a cause: the one that names all of it, else the first that covers it.
    pub fn of(&self, key: CauseKey<'_>) -> Option<&Acknowledgement> {
        let exact = self.entries.iter().find(|entry| entry.is_exactly(key));
        exact.or_else(|| self.entries.iter().find(|entry| entry.covers(key)))
    }

    /// A sentence for each entry that speaks of none of these causes.
    pub fn unmet(&self, met: &[CauseKey<'_>]) -> Vec<String> {
        let is_met = |entry: &&Acknowledgement| met.iter().any(|key| entry.covers(*key));
        let file = self.file.as_deref().unwrap_or(Path::new(FILE_NAME));
        let unmet = self.entries.iter().filter(|entry| !is_met(entry));
        unmet
            .map(|entry| {
                format!(
                    "{}:{}: nothing here has the acknowledged cause {}",
                    file.display(),
                    entry.line,
                    entry.title()
                )
            })
            .collect()
    }

    /// Acknowledges a cause in the file as it is now on disk, and gives what the file says then. An entry for exactly
    /// this cause gets the new note, name and day; else one is added at the end. All else stays as it is written.
    ///
    /// # Errors
    /// As [`Acknowledged::load`]; the file cannot be written; there is no folder to write it in.
    pub fn write(&self, key: CauseKey<'_>, written: &Written) -> Result<Self> {
        let Some(file) = self.file.as_deref() else {
            return Err(Error::Config(format!(
                "there is no contract whose folder could hold {FILE_NAME}; make one with a frontlog.toml, or name it with --contract DIR"
            )));
        };
        let text = text_of(file)?;
        let position = entries(file, &text)?
            .iter()
            .position(|entry| entry.is_exactly(key));
        let changed = match position {
            Some(at) => changed(file, &text, at, written)?,
            None => added(&text, key, written),
        };
        // Read before it is written: a file that could not be read back would be worse than none.
        let entries = entries(file, &changed)?;
        whole_file::replace(file, &changed)?;
        Ok(Self {
            file: Some(file.to_owned()),
            entries,
        })
    }
}

fn text_of(file: &Path) -> Result<String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(Error::file("read", file, e)),
    }
}

fn parsed(file: &Path, text: &str) -> Result<File> {
    toml::from_str(text).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        error_at(file, text, at, &e.message().replace('\n', " "))
    })
}

fn entries(file: &Path, text: &str) -> Result<Vec<Acknowledgement>> {
    let entry = |entry: Entry| {
        let at = entry.code.span().start;
        let Some(code) = Code::parse(entry.code.get_ref()) else {
            let hint = did_you_mean(entry.code.get_ref(), Code::ALL.iter().map(|c| c.as_str()));
            let sentence = format!("\"{}\" is no failure code{hint}", entry.code.get_ref());
            return Err(error_at(file, text, at, &sentence));
        };
        let until = match &entry.until {
            Some(until) => Some(day(until.get_ref()).ok_or_else(|| {
                let sentence = format!("until = {} is no day; write 2026-12-31", until.get_ref());
                error_at(file, text, until.span().start, &sentence)
            })?),
            None => None,
        };
        let owned = |text: Option<Spanned<String>>| text.map(Spanned::into_inner);
        Ok(Acknowledgement {
            code,
            event: entry.event,
            version: entry.version,
            path: entry.path,
            expected: entry.expected,
            note: owned(entry.note).unwrap_or_default(),
            by: owned(entry.by).unwrap_or_default(),
            until,
            line: line_column(text, at).0,
        })
    };
    parsed(file, text)?.cause.into_iter().map(entry).collect()
}

fn day(written: &Datetime) -> Option<NaiveDate> {
    let date = written.date.filter(|_| written.time.is_none())?;
    NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
}

/// A TOML string.
fn quoted(text: &str) -> String {
    // One line, whatever it holds: the multi-line form would break the layout.
    toml::Value::String(text.replace(['\n', '\r'], " ")).to_string()
}

/// The lines that say who, why and until when.
fn lines(written: &Written) -> [Option<(&'static str, String)>; 3] {
    let text = |name, text: &str| (!text.is_empty()).then(|| (name, quoted(text)));
    [
        text("note", &written.note),
        text("by", &written.by),
        written.until.map(|day| ("until", day.to_string())),
    ]
}

fn added(text: &str, key: CauseKey<'_>, written: &Written) -> String {
    let mut out = text.to_owned();
    if !out.is_empty() {
        out.push_str(if out.ends_with('\n') { "\n" } else { "\n\n" });
    }
    out.push_str("[[cause]]\n");
    let known = [
        ("code", key.code),
        ("event", key.event),
        ("version", key.version),
        ("path", key.path),
        ("expected", key.expected),
    ];
    for (name, value) in known {
        out += &format!("{name} = {}\n", quoted(value));
    }
    for (name, value) in lines(written).into_iter().flatten() {
        out += &format!("{name} = {value}\n");
    }
    out
}

/// The text with note, name and day of one entry replaced where they stand, or added behind its code.
fn changed(file: &Path, text: &str, at: usize, written: &Written) -> Result<String> {
    let parsed = parsed(file, text)?;
    let Some(entry) = parsed.cause.get(at) else {
        return Ok(text.to_owned());
    };
    let spans = [
        entry.note.as_ref().map(Spanned::span),
        entry.by.as_ref().map(Spanned::span),
        entry.until.as_ref().map(Spanned::span),
    ];
    let code_end = entry.code.span().end;
    let end_of_line = text[code_end..]
        .find('\n')
        .map_or(text.len(), |at| code_end + at);
    let mut edits = Vec::new();
    for (span, line) in spans.into_iter().zip(lines(written)) {
        match (span, line) {
            (Some(span), Some((_, value))) => edits.push((span, value)),
            (None, Some((name, value))) => {
                edits.push((end_of_line..end_of_line, format!("\n{name} = {value}")));
            }
            (Some(span), None) => edits.push((whole_line(text, span.start), String::new())),
            (None, None) => {}
        }
    }
    // From the end, so that the places before stay right.
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = text.to_owned();
    for (span, value) in edits {
        out.replace_range(span, &value);
    }
    Ok(out)
}

fn whole_line(text: &str, at: usize) -> std::ops::Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n + 1);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMENTED: &str = "# known faults\n[[cause]]\ncode = \"V402\"  # type\nevent = \"checkout\"\nversion = \"1-0-2\"\npath = \"value\"\nexpected = \"a number\"\nnote = 'old' # why\nuntil = 2026-01-31\n\n# the rest\n[[cause]]\ncode = \"L101\"\nnote = \"lines cut by hand\"\n";

    fn value() -> CauseKey<'static> {
        CauseKey {
            code: "V402",
            event: "checkout",
            version: "1-0-2",
            path: "value",
            expected: "a number",
        }
    }

    fn read(text: &str) -> Acknowledged {
        Acknowledged {
            file: None,
            entries: entries(Path::new("acknowledged.toml"), text).unwrap(),
        }
    }

    fn day(text: &str) -> Option<NaiveDate> {
        text.parse().ok()
    }

    #[test]
    fn the_exact_entry_goes_before_a_wide_one() {
        let wide = "[[cause]]\ncode = \"V402\"\nnote = \"wide\"\n";
        let both = read(&format!("{wide}{COMMENTED}"));
        assert_eq!(both.of(value()).unwrap().note, "old");
        let other = CauseKey {
            path: "tax",
            ..value()
        };
        assert_eq!(both.of(other).unwrap().note, "wide");
        assert_eq!(read(COMMENTED).of(other), None);
        assert_eq!(
            read(COMMENTED).unmet(&[value()]),
            ["acknowledged.toml:13: nothing here has the acknowledged cause L101"]
        );
    }

    #[test]
    fn an_entry_holds_through_its_last_day_of_log_time() {
        let entry = &read(COMMENTED).entries[0];
        let us = |text: &str| {
            let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            Some(time.timestamp_micros())
        };
        assert!(entry.holds(us("2026-01-31T23:59:59Z")) && entry.holds(None));
        assert!(!entry.holds(us("2026-02-01T00:00:00Z")));
        assert!(read(COMMENTED).entries[1].holds(us("9999-01-01T00:00:00Z")));
    }

    #[test]
    fn writing_keeps_all_that_is_not_about_the_cause() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        std::fs::write(&file, COMMENTED).unwrap();
        let loaded = Acknowledged::load(Some(dir.path())).unwrap();
        let written = Written {
            note: "new \"quoted\"".into(),
            by: "ann".into(),
            until: day("2026-12-31"),
        };
        let after = loaded.write(value(), &written).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        let expected = COMMENTED
            .replace("'old'", "'new \"quoted\"'")
            .replace("2026-01-31", "2026-12-31")
            .replace("# type\n", "# type\nby = \"ann\"\n");
        assert_eq!(text, expected);
        assert_eq!(after, Acknowledged::load(Some(dir.path())).unwrap());
        let other = CauseKey {
            path: "tax",
            ..value()
        };
        let short = Written {
            note: "two\nlines".into(),
            ..Written::default()
        };
        let after = after.write(other, &short).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.ends_with("\n\n[[cause]]\ncode = \"V402\"\nevent = \"checkout\"\nversion = \"1-0-2\"\npath = \"tax\"\nexpected = \"a number\"\nnote = \"two lines\"\n"), "{text}");
        // A day that is taken back goes with its line.
        after.write(value(), &short).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("until") && !text.contains("by ="), "{text}");
        assert_eq!(entries(&file, &text).unwrap().len(), 3);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = |text: &str| entries(Path::new("a.toml"), text).unwrap_err().to_string();
        for (text, place, said) in [
            (
                "[[cause]]\ncode = \"V02\"\n",
                "a.toml:2:8",
                "did you mean \"V402\"",
            ),
            (
                "[[cause]]\ncode = \"V402\"\nuntill = 2026-01-01\n",
                "a.toml:3:1",
                "untill",
            ),
            (
                "[[cause]]\ncode = \"V402\"\nuntil = 2026-01-01T00:00:00\n",
                "a.toml:3:9",
                "2026-12-31",
            ),
            ("[[cause]]\nnote = \"x\"\n", "a.toml:1:1", "code"),
        ] {
            let told = error(text);
            assert!(told.contains(place) && told.contains(said), "{told}");
        }
        let nowhere = Acknowledged::default().write(value(), &Written::default());
        assert!(nowhere.unwrap_err().to_string().contains("--contract"));
    }
}
