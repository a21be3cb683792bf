//! What one object's parse carries from block to block, and what a thread's parse keeps.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::{Code, FormatOptions, LogFormat};
use crate::parse::block::parse_block;
use crate::parse::json::{self, Templates};
use crate::parse::layout::{Dialect, Layout};
use crate::parse::line::{LineSink, LineView};

/// What the user said of the logs' format, made ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formats {
    /// `Auto`, or the only format that is read.
    pub format: LogFormat,
    /// Between two columns of a row; `None`: a tab, or what the row shows.
    pub delimiter: Option<Box<str>>,
    /// By `--fields`.
    pub layout: Option<Arc<Layout>>,
}

impl Formats {
    /// Makes ready what the user said.
    ///
    /// # Errors
    /// [`Error::Config`]: no name of `--fields` is a `CloudFront` field, or the delimiter cannot part columns.
    pub fn new(options: &FormatOptions) -> Result<Self> {
        let names: Vec<&str> = options.fields.iter().map(String::as_str).collect();
        let dialect = (options.format == LogFormat::Realtime).then_some(Dialect::Realtime);
        if let Some(unknown) = names
            .iter()
            .find(|n| crate::model::FieldId::by_name(n).is_none() && **n != "-")
        {
            let nearest = match nearest_field(unknown) {
                Some(name) => format!("did you mean {name}? Write"),
                None => "write".into(),
            };
            return Err(Error::Config(format!(
                "--fields: CloudFront has no field {unknown:?}; {nearest} - for a column to pass over"
            )));
        }
        let layout = if names.is_empty() {
            None
        } else {
            Some(Layout::new(&names, dialect).ok_or_else(|| {
                Error::Config("--fields names no field of CloudFront: name at least one".into())
            })?)
        };
        let delimiter = options.delimiter.as_deref().map(unescaped);
        if delimiter.as_deref() == Some("") && layout.as_ref().is_none_or(|l| l.width() != 1) {
            return Err(Error::Config(
                "--delimiter '': values with nothing between them run into each other, and no reader can part them \
                 again; with one name in --fields the whole line is its value, for more set a delimiter on the delivery"
                    .into(),
            ));
        }
        if let Some(delimiter) = &delimiter
            && (delimiter.chars().count() > 5 || delimiter.contains(['\n', '\r']))
        {
            return Err(Error::Config(format!(
                "--delimiter {delimiter:?}: CloudFront's are of 0 to 5 characters, without a line end"
            )));
        }
        Ok(Self {
            format: options.format,
            delimiter: delimiter.map(String::into_boxed_str),
            layout: layout.map(Arc::new),
        })
    }

    /// True where this format is read.
    pub fn reads(&self, format: LogFormat) -> bool {
        self.format == format || matches!(self.format, LogFormat::Auto | LogFormat::Parquet)
    }
}

/// The field that a misspelt name is likely meant to be; `None` when nothing is near.
fn nearest_field(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    crate::model::FIELDS
        .iter()
        .map(|field| {
            (
                strsim::damerau_levenshtein(&lower, &field.name.to_lowercase()),
                field.name,
            )
        })
        .filter(|(distance, known)| *distance <= known.len().div_ceil(4))
        .min()
        .map(|(_, known)| known)
}

/// `\t` as two characters is what a shell passes on.
fn unescaped(delimiter: &str) -> String {
    delimiter.replace("\\t", "\t").replace("\\\\", "\\")
}

/// What one object's parse carries from block to block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParseState {
    /// By the last `#Fields` line, else by `--fields`, or the columns of a Parquet file; `None` where nothing has
    /// said.
    pub layout: Option<Arc<Layout>>,
    /// Lines seen so far. A JSON object is one line, however it is wrapped; so is a row of a Parquet file.
    pub lines: u64,
    /// The hour in the object's name, since 1970 UTC: the time of records that have none.
    pub hour: Option<i64>,
    /// What the user said.
    pub formats: Arc<Formats>,
}

impl ParseState {
    /// The state before the first line of an object.
    pub fn new(formats: &Arc<Formats>, hour: Option<i64>) -> Self {
        Self {
            layout: formats.layout.clone(),
            lines: 0,
            hour,
            formats: formats.clone(),
        }
    }

    /// The state before the first row of a Parquet file with these columns, which stand as rows with tabs.
    #[must_use]
    pub fn of_columns(mut self, names: &[&str]) -> Self {
        self.layout = Layout::new(names, None).map(Arc::new);
        self.formats = Arc::new(Formats {
            format: LogFormat::Rows,
            delimiter: None,
            layout: None,
        });
        self
    }

    /// The layout is that of a `#Fields` line.
    pub(super) fn is_named_by_header(&self) -> bool {
        self.layout.is_some() && self.layout != self.formats.layout
    }

    /// Takes in a `#Fields` line; `names` is what follows the colon.
    pub fn directive(&mut self, names: &str) {
        let delimiter = self.formats.delimiter.as_deref();
        self.layout = Layout::from_directive(names, delimiter).map(Arc::new);
    }

    /// Moves past a block of whole lines without parsing its records.
    pub fn advance(&mut self, text: &[u8]) {
        let may_be_json = self.formats.reads(LogFormat::Json)
            && (text.first() == Some(&b'{') || memchr::memmem::find(text, b"\n{").is_some());
        // Real-time records may stand in one line, each of which counts.
        let may_be_joined = self.layout.is_none() && memchr::memchr(b'\n', text).is_none();
        if may_be_joined || (may_be_json && !json::is_one_a_line(text)) {
            // Only parsing itself knows where an object ends.
            parse_block(text, 0, self, &mut ParseScratch::default(), &mut Nobody);
            return;
        }
        self.lines += memchr::memchr_iter(b'\n', text).count() as u64;
        if !text.is_empty() && !text.ends_with(b"\n") {
            self.lines += 1;
        }
        let directives = memchr::memmem::rfind(text, b"\n#Fields:").map(|i| i + 1);
        let at = directives.or_else(|| text.starts_with(b"#Fields:").then_some(0));
        if let Some(at) = at {
            let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |i| at + i);
            let names = String::from_utf8_lossy(&text[at + b"#Fields:".len()..end]);
            self.directive(&names);
        }
    }
}

/// Takes lines for the sake of the state alone.
struct Nobody;

impl LineSink for Nobody {
    fn header(&mut self) {}
    fn blank(&mut self) {}
    fn reject(&mut self, _: Code, _: u64, _: u64, _: &[u8], _: &dyn std::fmt::Display) {}
    fn record(&mut self, _: &LineView<'_>) {}
}

/// Buffers of a parse; one a thread.
#[derive(Debug, Default)]
pub struct ParseScratch {
    pub(super) starts: Vec<u32>,
    pub(super) ends: Vec<u32>,
    /// A line and what was written anew behind it.
    pub(super) text: String,
    pub(super) dates: Dates,
    pub(super) templates: Templates,
}

/// The last date that was read: nearly every row has the date of the row before.
#[derive(Debug, Default)]
pub(super) struct Dates {
    date: [u8; 10],
    days: i32,
}

impl Dates {
    /// Days since 1970 of a date.
    #[inline]
    pub(super) fn days(&mut self, date: &str) -> Option<i32> {
        if date.as_bytes() != self.date {
            self.days = crate::model::time::parse_date(date.as_bytes())?;
            self.date.copy_from_slice(date.as_bytes());
        }
        Some(self.days)
    }
}
