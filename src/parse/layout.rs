//! The columns of a log, as its `#Fields` line, its keys, `--fields` or a known field list name them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{FIELDS, FieldId, FieldKind};

/// Where each field stands in a row.
///
/// After the `width` columns that a row has come those that are made from them: `date` and `time` of a log that has a
/// timestamp instead, and the query that real-time logs write behind the stem.
#[derive(Debug, Clone)]
pub struct Layout {
    /// By column; `None` for a name we do not know.
    pub columns: Vec<Option<FieldId>>,
    /// By column of the row: its name as written.
    pub names: Vec<Box<str>>,
    /// The columns that hold numbers, with their field: checked on every row.
    pub numbers: Vec<(usize, FieldId)>,
    /// Where the time of a record is found.
    pub time: TimeSource,
    /// What is done to a row beside cutting it.
    pub dialect: Dialect,
    /// Unlike that of any other layout of this process, and never 0: tells cheaply that a row has other columns than the
    /// row before.
    pub id: u64,
    /// Another program's log that shares field names with `CloudFront`'s: what it is.
    pub foreign: Option<&'static str>,
    /// By field; `u16::MAX` where the log has no such column.
    positions: Vec<u16>,
}

/// Where the time of a record is found; the numbers are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeSource {
    /// `date` and `time`.
    DateTime(usize, usize),
    /// `timestamp(ms)`.
    Milliseconds(usize),
    /// `timestamp`: seconds since 1970, with decimals in real-time logs.
    Seconds(usize),
    /// Nowhere: the hour in the object's name stands in.
    ObjectName,
}

/// How a kind of log writes its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As standard logs do.
    Standard,
    /// Real-time: `cs-host` is the viewer's `Host` header and `x-host-header` the distribution's domain, the reverse of
    /// standard logs; the query stands behind the stem too.
    Realtime,
    /// RTMP: spaces and U+200B stand around values.
    Rtmp,
}

/// The same columns of the same log; not the same [`Layout::id`].
impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        (&self.names, &self.columns, self.foreign) == (&other.names, &other.columns, other.foreign)
    }
}

impl Eq for Layout {}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

const ABSENT: u16 = u16::MAX;

/// What no `CloudFront` log has, and whose it is.
const FOREIGN: [(&str, &str); 7] = [
    (
        "connectionStatus",
        "a connection log of CloudFront (TLS handshakes, not requests)",
    ),
    (
        "tlsHandshakeDuration",
        "a connection log of CloudFront (TLS handshakes, not requests)",
    ),
    ("s-port", "a log of Internet Information Services (IIS)"),
    (
        "sc-substatus",
        "a log of Internet Information Services (IIS)",
    ),
    (
        "sc-win32-status",
        "a log of Internet Information Services (IIS)",
    ),
    ("s-sitename", "a log of Internet Information Services (IIS)"),
    ("x-app", "a log of Wowza Streaming Engine"),
];

/// Names that only real-time logs have; v2 and v1 write `cs(Host)`.
const REALTIME_NAMES: [&str; 4] = ["cs-host", "cs-user-agent", "cs-referer", "cs-cookie"];

impl Layout {
    /// Reads the text after `#Fields:`, split on any run of spaces, tabs or U+200B (AWS' own samples hold some), and on
    /// `delimiter` where there is one.
    ///
    /// `None` when no known field is among the names: this is another kind of log.
    pub fn from_directive(names: &str, delimiter: Option<&str>) -> Option<Self> {
        let spaced = match delimiter.filter(|d| !d.trim().is_empty()) {
            Some(delimiter) => names.replace(delimiter, " "),
            None => names.to_owned(),
        };
        let separator = |c: char| c.is_whitespace() || c == '\u{200B}';
        let split = |text: &str| -> Vec<String> {
            let names = text.split(separator).filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        let mut names = split(&spaced);
        // A delivery with a delimiter of its own may write the header with it too.
        if names.len() == 1 && delimiter.is_none() {
            names = split(&spaced.replace([',', '|', ';'], " "));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::new(&names, None)
    }

    /// Columns of these names. Whether they are those of a real-time log is told by the names where `dialect` is `None`.
    ///
    /// `None` when no known field is among them.
    pub fn new(names: &[&str], dialect: Option<Dialect>) -> Option<Self> {
        let has = |name: &&str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let dialect = dialect.unwrap_or_else(|| {
            if REALTIME_NAMES.iter().any(has) {
                Dialect::Realtime
            } else if has(&"x-event") {
                Dialect::Rtmp
            } else {
                Dialect::Standard
            }
        });
        let mut columns: Vec<Option<FieldId>> = Vec::with_capacity(names.len() + 3);
        for name in names {
            let field = FieldId::by_name(name).map(|f| meant(f, dialect));
            // A name that comes twice counts once.
            columns.push(field.filter(|f| !columns.contains(&Some(*f))));
        }
        if columns.iter().all(Option::is_none) {
            return None;
        }
        let at = |field: FieldId| columns.iter().position(|c| *c == Some(field));
        let time = match (at(FieldId::DATE), at(FieldId::TIME)) {
            (Some(date), Some(time)) => TimeSource::DateTime(date, time),
            _ => at(FieldId::TIMESTAMP_MS)
                .map(TimeSource::Milliseconds)
                .or_else(|| at(FieldId::TIMESTAMP).map(TimeSource::Seconds))
                .unwrap_or(TimeSource::ObjectName),
        };
        let is_number = |f: &FieldId| matches!(f.field().kind, FieldKind::Int | FieldKind::Seconds);
        let numbers = columns
            .iter()
            .enumerate()
            .filter_map(|(i, f)| f.filter(is_number).map(|f| (i, f)))
            .collect();
        if !matches!(time, TimeSource::DateTime(..)) {
            columns
                .iter_mut()
                .filter(|c| matches!(**c, Some(FieldId::DATE | FieldId::TIME)))
                .for_each(|c| *c = None);
            columns.extend([Some(FieldId::DATE), Some(FieldId::TIME)]);
        }
        let has_query = columns.contains(&Some(FieldId::CS_URI_QUERY));
        if dialect == Dialect::Realtime && !has_query {
            columns.push(Some(FieldId::CS_URI_QUERY));
        }
        let mut positions = vec![ABSENT; FIELDS.len()];
        for (i, field) in columns.iter().enumerate() {
            if let Some(field) = field {
                positions[field.0 as usize] = i as u16;
            }
        }
        let foreign = FOREIGN.iter().find(|(name, _)| has(name));
        Some(Self {
            columns,
            names: names.iter().map(|n| Box::from(*n)).collect(),
            numbers,
            time,
            dialect,
            id: next_id(),
            foreign: foreign.map(|(_, what)| *what),
            positions,
        })
    }

    /// Stands for a log of another kind, which is refused.
    pub fn of_neighbour(what: &'static str) -> Self {
        Self {
            columns: vec![],
            names: vec![],
            numbers: vec![],
            time: TimeSource::ObjectName,
            dialect: Dialect::Standard,
            id: next_id(),
            foreign: Some(what),
            positions: vec![ABSENT; FIELDS.len()],
        }
    }

    /// Number of columns of a row.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// A row is cut and that is all: no column is made from others.
    pub fn is_plain(&self) -> bool {
        self.columns.len() == self.names.len() && self.dialect == Dialect::Standard
    }

    /// The column of a field.
    #[inline]
    pub fn position(&self, field: FieldId) -> Option<usize> {
        match self.positions[field.0 as usize] {
            ABSENT => None,
            i => Some(i as usize),
        }
    }
}

/// The field that a name means in that dialect.
fn meant(field: FieldId, dialect: Dialect) -> FieldId {
    match (dialect, field) {
        (Dialect::Realtime, FieldId::CS_HOST) => FieldId::X_HOST_HEADER,
        (Dialect::Realtime, FieldId::X_HOST_HEADER) => FieldId::CS_HOST,
        _ => field,
    }
}
