//! One cell of a visible row: fast for the window on the screen, not meant for whole columns.

use std::borrow::Cow;

use polars::prelude::{AnyValue, DataFrame};

use crate::frame::columns::{ColumnRef, Virtual};
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::{EventTable, Snapshot};
use crate::model::{Cause, CauseId, Code, Verdict};

/// One value, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing there.
    Null,
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(Cow<'a, str>),
    /// A text that could not become a value of the column's type (the failure's value, at most 256 bytes).
    Invalid(Cow<'a, str>),
    /// JSON, as text.
    Json(Cow<'a, str>),
    /// Microseconds since 1970 UTC.
    Timestamp(i64),
    /// Days since 1970.
    Date(i32),
    /// Nanoseconds since midnight.
    Time(i64),
}

impl Cell<'_> {
    /// True for [`Cell::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// True for numbers: they are right-aligned.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Float(_))
    }

    /// The plain text, without thousands separators: for copying, searching and filters. Null is empty.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Int(v) => Cow::Owned(v.to_string()),
            Self::Float(v) => Cow::Owned(v.to_string()),
            Self::Bool(v) => Cow::Borrowed(if *v { "true" } else { "false" }),
            Self::Text(v) | Self::Invalid(v) | Self::Json(v) => Cow::Borrowed(v),
            Self::Timestamp(us) => Cow::Owned(crate::model::time::format_us(*us)),
            Self::Date(days) => Cow::Owned(format_date(*days)),
            Self::Time(ns) => Cow::Owned(format_time(*ns)),
        }
    }
}

/// Days since 1970 as `2026-03-04`.
pub fn format_date(days: i32) -> String {
    let text = crate::model::time::format_us(i64::from(days) * 86_400_000_000);
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Nanoseconds since midnight as `14:02:11`.
pub fn format_time(ns: i64) -> String {
    let s = ns.div_euclid(1_000_000_000);
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// The event of a record: its table and its row in it. `None` for records without an event type.
pub fn event_of(snapshot: &Snapshot, row: usize) -> Option<(&EventTable, usize)> {
    let event_type = snapshot
        .records
        .column(column::EVENT_TYPE)
        .ok()?
        .try_i16()?
        .get(row)?;
    let table = snapshot.events.get(usize::try_from(event_type - 1).ok()?)?;
    let event_row = snapshot
        .records
        .column(column::EVENT_ROW)
        .ok()?
        .try_u32()?
        .get(row)? as usize;
    (event_row < table.frame.height()).then_some((table, event_row))
}

/// The verdict of a record; `NotEvent` past the end.
pub fn verdict_of(snapshot: &Snapshot, row: usize) -> Verdict {
    let number = snapshot
        .records
        .column(column::VERDICT)
        .ok()
        .and_then(|c| c.try_i16())
        .and_then(|v| v.get(row));
    verdict_of_number(number.unwrap_or(0))
}

/// The verdict as it is stored in the frame.
pub(crate) fn verdict_of_number(number: i16) -> Verdict {
    u8::try_from(number).map_or(Verdict::NotEvent, Verdict::from_byte)
}

/// One failure of a record.
#[derive(Debug, Clone)]
pub struct FailureOf<'a> {
    /// Index of the cause.
    pub cause_id: CauseId,
    /// The cause.
    pub cause: &'a Cause,
    /// The offending text.
    pub value: Option<&'a str>,
    /// What it was repaired to (F701).
    pub repaired: Option<&'a str>,
}

impl FailureOf<'_> {
    /// It as a sentence.
    pub fn message(&self) -> String {
        self.cause.message_of(self.value, self.repaired)
    }
}

/// The failures of a record, in order. Costs a binary search: `Snapshot::failures` is ordered by record.
pub fn failures_of(snapshot: &Snapshot, row: usize) -> Vec<FailureOf<'_>> {
    let mut list = vec![];
    let failures = Failures::of(snapshot, row..row + 1);
    let mut repaired = failures.repaired();
    failures.each(|_, cause, value| {
        let repaired = repaired.next().flatten();
        if let Some(known) = snapshot.causes.get(cause as usize) {
            list.push(FailureOf {
                cause_id: CauseId(cause),
                cause: known,
                value,
                repaired,
            });
        }
    });
    list
}

/// The value of one column in one record. [`Cell::Null`] where there is none, and past the end. A property whose text
/// failed is [`Cell::Invalid`] with that text.
pub fn cell<'a>(snapshot: &'a Snapshot, row: usize, column: &ColumnRef) -> Cell<'a> {
    match column {
        ColumnRef::Record(name) => frame_cell(&snapshot.records, name, row),
        ColumnRef::Property(name) => property_cell(snapshot, row, name),
        ColumnRef::Virtual(v) => virtual_cell(snapshot, row, *v),
    }
}

/// The value of a named column of any of our tables. Never fails: what is not there is null.
pub fn frame_cell<'a>(frame: &'a DataFrame, name: &str, row: usize) -> Cell<'a> {
    let Some(value) = frame.column(name).ok().and_then(|c| c.get(row).ok()) else {
        return Cell::Null;
    };
    match value {
        AnyValue::String(v) => Cell::Text(Cow::Borrowed(v)),
        AnyValue::Categorical(code, words) | AnyValue::Enum(code, words) => words
            .cat_to_str(code)
            .map_or(Cell::Null, |word| Cell::Text(Cow::Borrowed(word))),
        // A column of one row gives values of its own.
        AnyValue::StringOwned(v) => Cell::Text(Cow::Owned(v.to_string())),
        AnyValue::CategoricalOwned(code, words) | AnyValue::EnumOwned(code, words) => words
            .cat_to_str(code)
            .map_or(Cell::Null, |word| Cell::Text(Cow::Owned(word.to_owned()))),
        AnyValue::BinaryOwned(v) => {
            Cell::Text(Cow::Owned(String::from_utf8_lossy(&v).into_owned()))
        }
        AnyValue::Boolean(v) => Cell::Bool(v),
        AnyValue::Float64(v) => Cell::Float(v),
        AnyValue::Float32(v) => Cell::Float(f64::from(v)),
        AnyValue::Datetime(us, ..) | AnyValue::DatetimeOwned(us, ..) => Cell::Timestamp(us),
        AnyValue::Date(days) => Cell::Date(days),
        AnyValue::Time(ns) => Cell::Time(ns),
        AnyValue::Null => Cell::Null,
        AnyValue::Binary(v) => Cell::Text(String::from_utf8_lossy(v)),
        other => other
            .extract::<i64>()
            .map_or_else(|| Cell::Text(Cow::Owned(other.to_string())), Cell::Int),
    }
}

fn property_cell<'a>(snapshot: &'a Snapshot, row: usize, name: &str) -> Cell<'a> {
    let Some((table, event_row)) = event_of(snapshot, row) else {
        return Cell::Null;
    };
    let declared = table.event_type.columns.iter().find(|p| *p.name == *name);
    if let Some(declared) = declared {
        return match frame_cell(&table.frame, name, event_row) {
            Cell::Null => failed_text(snapshot, row, name),
            Cell::Text(text) if declared.kind == crate::model::ColumnKind::Json => Cell::Json(text),
            cell => cell,
        };
    }
    match frame_cell(&table.frame, column::REST_JSON, event_row) {
        Cell::Text(json) => {
            rest_value(&json, name).map_or(Cell::Null, |v| Cell::Text(Cow::Owned(v)))
        }
        _ => Cell::Null,
    }
}

/// The value of one key of a `_rest_json` text.
pub(crate) fn rest_value(json: &str, name: &str) -> Option<String> {
    let map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).ok()?;
    match map.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The text of a property that has no value because it failed.
fn failed_text<'a>(snapshot: &'a Snapshot, row: usize, name: &str) -> Cell<'a> {
    if verdict_of(snapshot, row) == Verdict::NotEvent {
        return Cell::Null;
    }
    failures_of(snapshot, row)
        .into_iter()
        .filter(|failure| failure.cause.code != Code::F701)
        .find_map(|failure| failure.value.filter(|_| *failure.cause.path == *name))
        .map_or(Cell::Null, |text| Cell::Invalid(Cow::Borrowed(text)))
}

fn virtual_cell<'a>(snapshot: &'a Snapshot, row: usize, column: Virtual) -> Cell<'a> {
    let text = |text: &'a str| Cell::Text(Cow::Borrowed(text));
    let event = || event_of(snapshot, row);
    match column {
        Virtual::Event => event().map_or(Cell::Null, |(table, _)| text(&table.event_type.name)),
        Virtual::Version => {
            event().map_or(Cell::Null, |(table, _)| text(&table.event_type.version))
        }
        Virtual::Verdict if row < snapshot.len() => text(verdict_of(snapshot, row).as_str()),
        Virtual::Verdict => Cell::Null,
        Virtual::Object => object_uri(snapshot, row).map_or(Cell::Null, text),
        Virtual::Failures => Cell::Int(failures_of(snapshot, row).len() as i64),
        Virtual::Cause => failures_of(snapshot, row)
            .first()
            .map_or(Cell::Null, |f| Cell::Int(i64::from(f.cause_id.0))),
        Virtual::Code => codes(&failures_of(snapshot, row)),
        Virtual::Message => failures_of(snapshot, row)
            .first()
            .map_or(Cell::Null, |f| Cell::Text(f.message().into())),
        Virtual::EventId => event().map_or(Cell::Null, |(t, i)| {
            frame_cell(&t.frame, column::EVENT_ID, i)
        }),
        Virtual::EventTime => event().map_or(Cell::Null, |(t, i)| {
            frame_cell(&t.frame, column::EVENT_TIME_UTC, i)
        }),
    }
}

fn codes(failures: &[FailureOf<'_>]) -> Cell<'static> {
    if failures.is_empty() {
        return Cell::Null;
    }
    let codes: Vec<_> = failures.iter().map(|f| f.cause.code.as_str()).collect();
    Cell::Text(Cow::Owned(codes.join(" ")))
}

/// The URI of the object a record came from.
pub fn object_uri(snapshot: &Snapshot, row: usize) -> Option<&str> {
    let id = snapshot
        .records
        .column(column::OBJECT)
        .ok()?
        .try_u32()?
        .get(row)?;
    Some(&snapshot.objects.get(id as usize)?.object.uri)
}
