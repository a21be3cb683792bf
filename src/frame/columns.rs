//! The columns a person can name: in a filter, in the column chooser, in a sort.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::frame::Snapshot;
use crate::frame::snapshot::column;
use crate::model::{ColumnKind, FIELDS, FieldId};

/// A column that can be shown, filtered, sorted and counted. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnRef {
    /// A column of `Snapshot::records`, by name: `sc_status`, `time_utc`, `line`.
    Record(Arc<str>),
    /// An event property, looked up in whichever event type the row has.
    Property(Arc<str>),
    /// Made from several tables.
    Virtual(Virtual),
}

/// A column that is made from several tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Virtual {
    /// The event's name; null where the record has no event type.
    Event,
    /// Version of the event schema; null where the record has no event type.
    Version,
    /// `good`, `failed`, `duplicate`, `not_event`.
    Verdict,
    /// The object's URI.
    Object,
    /// Number of failures of the record, of any severity.
    Failures,
    /// The failures' codes, in order, with spaces between; null without a failure.
    Code,
    /// The failures' cause ids; in a filter `cause=17`, as a cell the first one.
    Cause,
    /// The first failure as a sentence; null without one.
    Message,
    /// The event id.
    EventId,
    /// The event time.
    EventTime,
}

impl Virtual {
    /// Every one, in the order of the column chooser.
    pub const ALL: [Self; 10] = [
        Self::Event,
        Self::Version,
        Self::Verdict,
        Self::Failures,
        Self::Code,
        Self::Cause,
        Self::Message,
        Self::EventId,
        Self::EventTime,
        Self::Object,
    ];

    /// The name as typed in a filter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Version => "version",
            Self::Verdict => "verdict",
            Self::Object => "object",
            Self::Failures => "failures",
            Self::Code => "code",
            Self::Cause => "cause",
            Self::Message => "message",
            Self::EventId => "event_id",
            Self::EventTime => "event_time",
        }
    }

    /// Its dtype.
    pub const fn kind(self) -> ColumnKind {
        match self {
            Self::Event | Self::Version | Self::Verdict | Self::Object => ColumnKind::Word,
            Self::Failures | Self::Cause => ColumnKind::Int,
            Self::Code | Self::Message | Self::EventId => ColumnKind::Text,
            Self::EventTime => ColumnKind::Timestamp,
        }
    }

    /// What it says, in one clause.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Event => "name of the event",
            Self::Version => "version of the event schema",
            Self::Verdict => "good, failed, duplicate or not_event",
            Self::Object => "log file or S3 object",
            Self::Failures => "number of failures",
            Self::Code => "codes of the failures",
            Self::Cause => "number of the cause",
            Self::Message => "the first failure as a sentence",
            Self::EventId => "id of the event",
            Self::EventTime => "time at which the event happened",
        }
    }
}

/// Short names, and the columns they stand for. The first one of a column is also its heading.
pub const ALIASES: &[(&str, &str)] = &[
    ("time", column::TIME_UTC),
    ("status", "sc_status"),
    ("method", "cs_method"),
    ("stem", "cs_uri_stem"),
    ("path", "cs_uri_stem"),
    ("query", "cs_uri_query"),
    ("host", "x_host_header"),
    ("ua", "cs_user_agent"),
    ("ref", "cs_referer"),
    ("ip", "c_ip"),
    ("edge", "x_edge_location"),
    ("result", "x_edge_result_type"),
    ("request_id", "x_edge_request_id"),
    ("protocol", "cs_protocol"),
    ("bytes", "sc_bytes"),
    ("taken", "time_taken"),
    ("cookie", "cs_cookie"),
];

/// The record columns of ours that a person may name, with kind and meaning.
const OWN: &[(&str, ColumnKind, &str, &str)] = &[
    (
        column::TIME_UTC,
        ColumnKind::Timestamp,
        "",
        "time at which the edge finished responding, UTC",
    ),
    (
        column::LINE,
        ColumnKind::Int,
        "",
        "line number in the object",
    ),
    (
        column::OFFSET,
        ColumnKind::Int,
        "bytes",
        "offset of the line in the object's text",
    ),
    (
        column::LENGTH,
        ColumnKind::Int,
        "bytes",
        "length of the line",
    ),
];

impl ColumnRef {
    /// A record column.
    pub fn record(name: &str) -> Self {
        Self::Record(name.into())
    }

    /// An event property.
    pub fn property(name: &str) -> Self {
        Self::Property(name.into())
    }

    /// Log time, the default sort.
    pub fn time() -> Self {
        Self::record(column::TIME_UTC)
    }

    /// The name as typed in a filter; [`Columns::find`] gives the same column back.
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Record(name) if &**name == "time" || &**name == "date" => {
                Cow::Owned(format!("log.{name}"))
            }
            Self::Record(_) | Self::Virtual(_) => Cow::Borrowed(self.heading()),
            Self::Property(name) if is_reserved(name) => Cow::Owned(format!("event.{name}")),
            Self::Property(name) => Cow::Borrowed(name),
        }
    }

    /// The heading in a table: the short name where there is one.
    pub fn heading(&self) -> &str {
        match self {
            Self::Record(name) => ALIASES
                .iter()
                .find(|(_, full)| *full == &**name)
                .map_or(name, |(short, _)| short),
            Self::Property(name) => name,
            Self::Virtual(v) => v.name(),
        }
    }
}

/// True for names that mean a record column, an alias or a virtual column, so that a property of that name needs the
/// prefix `event.`.
fn is_reserved(name: &str) -> bool {
    ALIASES.iter().any(|(short, _)| *short == name)
        || OWN.iter().any(|(own, ..)| *own == name)
        || Virtual::ALL.iter().any(|v| v.name() == name)
        || FIELDS.iter().any(|f| f.column == name)
        || name == "last"
        || name.starts_with("event.")
        || name.starts_with("log.")
}

/// What is known of one column.
#[derive(Debug, Clone)]
pub struct ColumnInfo {
    /// The column.
    pub column: ColumnRef,
    /// Its dtype; for a property whose event types disagree: `Text`.
    pub kind: ColumnKind,
    /// Unit of its numbers, or empty.
    pub unit: &'static str,
    /// What it says, in one clause; for a property its declaration. May be empty.
    pub meaning: Arc<str>,
    /// The event types that have this property; empty for all other columns.
    pub events: Vec<Arc<str>>,
}

/// The columns that can be named at a moment.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    list: Vec<ColumnInfo>,
    open: bool,
}

/// Rows of `_rest_json` that are looked at, an event type, to learn the names of undeclared properties.
const SAMPLED_REST_ROWS: usize = 200;

impl Columns {
    /// Everything that a snapshot has: virtual, record, then property columns (declared ones in the order of their
    /// event types, then those seen in the first rows of `_rest_json`). Cost does not grow with the rows.
    pub fn of(snapshot: &Snapshot) -> Self {
        let mut list: Vec<_> = Virtual::ALL.into_iter().map(virtual_info).collect();
        list.extend(
            OWN.iter()
                .map(|(name, kind, unit, meaning)| record_info(name, *kind, unit, meaning)),
        );
        for name in snapshot.records.get_column_names() {
            if let Some(id) = FieldId::by_column(name) {
                let field = id.field();
                list.push(record_info(
                    field.column,
                    field.kind.column_kind(),
                    field.unit,
                    field.meaning,
                ));
            }
        }
        list.extend(properties(snapshot));
        Self { list, open: false }
    }

    /// The same, but unknown names are taken for event properties: for filters that are typed before the data is there.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// All columns.
    pub fn list(&self) -> &[ColumnInfo] {
        &self.list
    }

    /// The column of a name or alias. `event.x` is always the property `x`, `log.x` always the record column `x`.
    pub fn find(&self, name: &str) -> Option<ColumnInfo> {
        if let Some(rest) = name.strip_prefix("event.") {
            return self
                .by_ref(&ColumnRef::property(rest))
                .or_else(|| self.opened(rest));
        }
        if let Some(rest) = name.strip_prefix("log.") {
            return self.by_ref(&ColumnRef::record(rest));
        }
        let full = ALIASES
            .iter()
            .find(|(short, _)| *short == name)
            .map_or(name, |(_, full)| full);
        self.list
            .iter()
            .find(|info| matches!(info.column, ColumnRef::Virtual(v) if v.name() == name))
            .cloned()
            .or_else(|| self.by_ref(&ColumnRef::record(full)))
            .or_else(|| self.by_field_name(name))
            .or_else(|| self.by_ref(&ColumnRef::property(name)))
            .or_else(|| self.opened(name))
    }

    /// The known name that is most like `name`, if one is like it at all.
    pub fn nearest(&self, name: &str) -> Option<String> {
        let aliases = ALIASES.iter().map(|(short, _)| (*short).to_owned());
        let names = self.list.iter().flat_map(|info| match &info.column {
            ColumnRef::Record(full) => vec![full.to_string()],
            other => vec![other.name().into_owned()],
        });
        let lower = name.to_lowercase();
        aliases
            .chain(names)
            .map(|known| (strsim::jaro_winkler(&known, &lower), known))
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, known)| known)
    }

    fn by_ref(&self, column: &ColumnRef) -> Option<ColumnInfo> {
        self.list
            .iter()
            .find(|info| info.column == *column)
            .cloned()
    }

    /// `cs-uri-stem`, `cs(User-Agent)`: as AWS writes them.
    fn by_field_name(&self, name: &str) -> Option<ColumnInfo> {
        self.by_ref(&ColumnRef::record(FieldId::by_name(name)?.field().column))
    }

    fn opened(&self, name: &str) -> Option<ColumnInfo> {
        self.open
            .then(|| property_info(name.into(), ColumnKind::Text, "".into(), vec![]))
    }
}

fn virtual_info(v: Virtual) -> ColumnInfo {
    ColumnInfo {
        column: ColumnRef::Virtual(v),
        kind: v.kind(),
        unit: "",
        meaning: v.meaning().into(),
        events: vec![],
    }
}

fn record_info(name: &str, kind: ColumnKind, unit: &'static str, meaning: &str) -> ColumnInfo {
    ColumnInfo {
        column: ColumnRef::record(name),
        kind,
        unit,
        meaning: meaning.into(),
        events: vec![],
    }
}

fn property_info(
    name: Arc<str>,
    kind: ColumnKind,
    meaning: Arc<str>,
    events: Vec<Arc<str>>,
) -> ColumnInfo {
    ColumnInfo {
        column: ColumnRef::Property(name),
        kind,
        unit: "",
        meaning,
        events,
    }
}

fn properties(snapshot: &Snapshot) -> Vec<ColumnInfo> {
    let mut list: Vec<ColumnInfo> = vec![];
    let mut at: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut add = |name: &Arc<str>, kind, meaning: &Arc<str>, event: &Arc<str>| {
        let i = *at.entry(name.clone()).or_insert_with(|| {
            list.push(property_info(name.clone(), kind, meaning.clone(), vec![]));
            list.len() - 1
        });
        if list[i].kind != kind {
            list[i].kind = ColumnKind::Text;
        }
        if !list[i].events.contains(event) {
            list[i].events.push(event.clone());
        }
    };
    for table in &snapshot.events {
        for property in &table.event_type.columns {
            add(
                &property.name,
                property.kind,
                &property.declared,
                &table.event_type.name,
            );
        }
    }
    for table in &snapshot.events {
        for name in rest_names(table) {
            add(&name, ColumnKind::Text, &"".into(), &table.event_type.name);
        }
    }
    list
}

fn rest_names(table: &crate::frame::EventTable) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = vec![];
    let rest = table
        .frame
        .column(column::REST_JSON)
        .ok()
        .and_then(|c| c.try_str());
    let Some(rest) = rest else { return names };
    for json in rest.iter().take(SAMPLED_REST_ROWS).flatten() {
        let Ok(map) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json)
        else {
            continue;
        };
        for key in map.keys() {
            if !names.iter().any(|n| **n == **key) {
                names.push(key.as_str().into());
            }
        }
    }
    names
}
