//! What a query can select from, and how each table is made of a snapshot.

use std::sync::Arc;

use polars::prelude::{
    Categorical32Chunked, Column, DataFrame, DataType, IntoColumn, IntoSeries, NamedFrom, PlSmallStr, Series,
    UInt32Chunked,
};

use super::TableInfo;
use crate::error::Result;
use crate::frame::chunks::Numbers;
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::view::Places;
use crate::frame::{EventTable, Snapshot};
use crate::model::{Verdict, Words};

/// A table that a query can name.
pub(super) struct Table {
    pub(super) name: String,
    kind: Kind,
}

enum Kind {
    Records,
    Events,
    Failures,
    Rejects,
    Objects,
    Causes,
    /// The event tables of one name.
    Event(Vec<usize>),
}

impl Table {
    /// All of them, in the order they are listed.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let fixed = [
            ("records", Kind::Records),
            ("events", Kind::Events),
            ("failures", Kind::Failures),
            ("rejects", Kind::Rejects),
            ("objects", Kind::Objects),
            ("causes", Kind::Causes),
        ];
        let mut all: Vec<Self> = fixed.into_iter().map(|(name, kind)| Self { name: name.to_owned(), kind }).collect();
        let mut by_event: Vec<(Arc<str>, Vec<usize>)> = vec![];
        for (i, table) in snapshot.events.iter().enumerate() {
            let name = &table.event_type.name;
            match by_event.iter_mut().find(|(known, _)| known == name) {
                Some((_, list)) => list.push(i),
                None => by_event.push((name.clone(), vec![i])),
            }
        }
        for (event, list) in by_event {
            let mut name = identifier(&event);
            while all.iter().any(|t| t.name.eq_ignore_ascii_case(&name)) {
                name.insert_str(0, "event_");
            }
            all.push(Self { name, kind: Kind::Event(list) });
        }
        all
    }

    pub(super) fn info(&self, snapshot: &Snapshot) -> TableInfo {
        let (meaning, rows) = match &self.kind {
            Kind::Records => ("one row a record".to_owned(), snapshot.len()),
            Kind::Events => ("one row an event of any type".to_owned(), event_rows(snapshot)),
            Kind::Failures => ("one row a failure".to_owned(), snapshot.failures.height()),
            Kind::Rejects => ("one row an unreadable line".to_owned(), snapshot.rejects.height()),
            Kind::Objects => ("one row a log file or S3 object".to_owned(), snapshot.objects.len()),
            Kind::Causes => ("one row a cause of failures".to_owned(), snapshot.causes.len()),
            Kind::Event(list) => {
                let tables: Vec<_> = list.iter().filter_map(|i| snapshot.events.get(*i)).collect();
                let event = tables.first().map_or("", |t| &t.event_type.name);
                (format!("one row an event `{event}`"), tables.iter().map(|t| t.frame.height()).sum())
            }
        };
        // Built of no rows, the table shows its columns for the price of none.
        let columns = self.build(&without_rows(snapshot), "*").map_or_else(|_| vec![], |frame| columns_of(&frame));
        TableInfo { name: self.name.clone(), meaning, columns, rows }
    }

    /// Makes the table. `sql` tells whether costly columns are wanted.
    pub(super) fn build(&self, snapshot: &Snapshot, sql: &str) -> Result<DataFrame> {
        match &self.kind {
            Kind::Records => records(snapshot),
            Kind::Events => events(snapshot),
            Kind::Failures => failures(snapshot, sql),
            Kind::Rejects => rejects(snapshot),
            Kind::Objects => objects(snapshot),
            Kind::Causes => causes(snapshot),
            Kind::Event(list) => event(snapshot, list),
        }
    }
}

/// The name as an SQL identifier that needs no quotes.
fn identifier(name: &str) -> String {
    let mut out: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "event_");
    }
    out
}

fn columns_of(frame: &DataFrame) -> Vec<(String, String)> {
    let word = |dtype: &DataType| match dtype {
        DataType::Categorical(..) | DataType::String => "text",
        DataType::Float64 => "number",
        DataType::Boolean => "boolean",
        DataType::Datetime(..) => "timestamp",
        DataType::Date => "date",
        DataType::Time => "time",
        DataType::Binary => "binary",
        _ => "integer",
    };
    frame.columns().iter().map(|c| (c.name().to_string(), word(c.dtype()).to_owned())).collect()
}

fn without_rows(snapshot: &Snapshot) -> Snapshot {
    let mut empty = snapshot.clone();
    empty.records = empty.records.clear();
    empty.failures = empty.failures.clear();
    empty.rejects = empty.rejects.clear();
    for table in &mut empty.events {
        table.frame = table.frame.clear();
    }
    empty.objects = Arc::default();
    empty
}

fn event_rows(snapshot: &Snapshot) -> usize {
    snapshot.events.iter().map(|t| t.frame.height()).sum()
}

/// A text column of few distinct values: a dictionary, and an index into `words` a row.
fn dictionary<'a>(
    name: &str,
    words: impl Iterator<Item = &'a str>,
    rows: impl Iterator<Item = Option<usize>>,
) -> Column {
    let dictionary = Words::new();
    let codes: Vec<Option<u32>> = words.map(|word| dictionary.code(word)).collect();
    let rows: UInt32Chunked = rows.map(|i| i.and_then(|i| codes.get(i).copied().flatten())).collect();
    Categorical32Chunked::from_cats_and_dtype(rows.with_name(name.into()), dictionary.dtype()).into_series().into_column()
}

fn frame(columns: Vec<Column>) -> Result<DataFrame> {
    let height = columns.first().map_or(0, Column::len);
    Ok(DataFrame::new(height, columns)?)
}

fn numbers(name: &str, values: Vec<u64>) -> Column {
    // SQL arithmetic on unsigned numbers wraps below zero.
    let values: Vec<i64> = values.into_iter().map(|v| v as i64).collect();
    Series::new(name.into(), values).into_column()
}

fn texts<'a>(name: &str, values: impl Iterator<Item = Option<&'a str>>) -> Column {
    Series::new(name.into(), values.collect::<Vec<_>>()).into_column()
}

/// The record's number, then object, event, verdict as words, then our columns and the log fields.
fn records(snapshot: &Snapshot) -> Result<DataFrame> {
    let count = snapshot.len() as u32;
    let mut columns = vec![Series::new("record".into(), (0..count).collect::<Vec<u32>>()).into_column()];
    columns.extend(origin(snapshot, &mut (0..count)));
    columns.extend(identity(snapshot, &mut (0..count)));
    let hidden = [column::OBJECT, column::LINE, column::EVENT_TYPE, column::EVENT_ROW, column::VERDICT];
    columns.extend(snapshot.records.columns().iter().filter(|c| !hidden.contains(&c.name().as_str())).cloned());
    frame(columns)
}

/// `object`, `line` of some records.
fn origin(snapshot: &Snapshot, records: &mut (impl Iterator<Item = u32> + Clone)) -> Vec<Column> {
    let number = |name| snapshot.records.column(name).ok().and_then(|c| c.try_u32()).map(Numbers::new);
    let (Some(object), Some(line)) = (number(column::OBJECT), number(column::LINE)) else { return vec![] };
    let uris = snapshot.objects.iter().map(|o| &*o.object.uri);
    let lines: UInt32Chunked = records.clone().map(|row| line.get(row as usize)).collect();
    vec![
        dictionary("object", uris, records.map(|row| object.get(row as usize).map(|id| id as usize))),
        lines.with_name("line".into()).into_series().into_column(),
    ]
}

/// `event`, `version`, `verdict` of some records.
fn identity(snapshot: &Snapshot, records: &mut (impl Iterator<Item = u32> + Clone)) -> Vec<Column> {
    let Some(places) = Places::of(snapshot) else { return vec![] };
    let verdicts = snapshot.records.column(column::VERDICT).ok().and_then(|c| c.try_i16()).map(Numbers::new);
    let types = || snapshot.events.iter().map(|t| &t.event_type);
    let place = |row: u32| places.get(row).map(|(table, _)| table);
    let verdict = |row: u32| verdicts.as_ref().and_then(|v| v.get(row as usize)).and_then(|n| usize::try_from(n).ok());
    vec![
        dictionary("event", types().map(|t| &*t.name), records.clone().map(place)),
        dictionary("version", types().map(|t| &*t.version), records.clone().map(place)),
        dictionary("verdict", Verdict::ALL.iter().map(|v| v.as_str()), records.map(verdict)),
    ]
}

/// The envelope: what every event has.
fn envelope(snapshot: &Snapshot, table: &EventTable) -> Result<Vec<Column>> {
    let records = table.frame.column(column::RECORD)?.u32()?.clone();
    let rows: Vec<u32> = records.downcast_iter().flat_map(|a| a.values().iter().copied()).collect();
    let mut columns = vec![records.clone().with_name("record".into()).into_series().into_column()];
    let renamed = |name: &str, to: &str| -> Result<Column> {
        let mut column = table.frame.column(name)?.clone();
        column.rename(to.into());
        Ok(column)
    };
    columns.push(renamed(column::EVENT_ID, "event_id")?);
    columns.push(renamed(column::EVENT_TIME_UTC, "event_time_utc")?);
    let time = snapshot.records.select([column::TIME_UTC])?.take(&records)?;
    columns.extend(time.columns().iter().cloned());
    columns.extend(identity(snapshot, &mut rows.iter().copied()));
    columns.extend(origin(snapshot, &mut rows.iter().copied()));
    Ok(columns.into_iter().map(plain).collect())
}

/// Categorical columns of different dictionaries cannot be put under each other; texts can.
fn plain(column: Column) -> Column {
    match column.dtype() {
        DataType::Categorical(..) => column.cast(&DataType::String).unwrap_or(column),
        _ => column,
    }
}

fn events(snapshot: &Snapshot) -> Result<DataFrame> {
    let mut all: Option<DataFrame> = None;
    for table in &snapshot.events {
        let part = frame(envelope(snapshot, table)?)?;
        match &mut all {
            Some(all) => {
                all.vstack_mut_owned(part)?;
            }
            None => all = Some(part),
        }
    }
    all.map_or_else(|| no_events(snapshot), Ok)
}

/// The columns of `events` without a row, for logs that have no event type at all.
fn no_events(snapshot: &Snapshot) -> Result<DataFrame> {
    let none: [u32; 0] = [];
    let time = snapshot.records.column(column::TIME_UTC)?.dtype().clone();
    let mut columns = vec![
        Series::new("record".into(), none).into_column(),
        Column::new_empty("event_id".into(), &DataType::String),
        Column::new_empty("event_time_utc".into(), &time),
        Column::new_empty("time_utc".into(), &time),
    ];
    columns.extend(identity(snapshot, &mut none.iter().copied()).into_iter().map(plain));
    columns.extend(origin(snapshot, &mut none.iter().copied()).into_iter().map(plain));
    frame(columns)
}

/// The events of one name: envelope, then every property of any version.
fn event(snapshot: &Snapshot, list: &[usize]) -> Result<DataFrame> {
    let tables: Vec<&EventTable> = list.iter().filter_map(|i| snapshot.events.get(*i)).collect();
    let shape = properties(&tables);
    let mut all: Option<DataFrame> = None;
    for table in tables {
        let mut columns = envelope(snapshot, table)?;
        let height = table.frame.height();
        for (name, dtype) in &shape {
            let column = match table.frame.column(name) {
                Ok(column) => plain(column.clone()).cast(dtype)?,
                Err(_) => Column::full_null(name.clone(), height, dtype),
            };
            let taken = columns.iter().any(|c| c.name() == name);
            columns.push(if taken { column.with_name(format!("event.{name}").into()) } else { column });
        }
        let part = frame(columns)?;
        match &mut all {
            Some(all) => {
                all.vstack_mut_owned(part)?;
            }
            None => all = Some(part),
        }
    }
    all.map_or_else(|| no_events(snapshot), Ok)
}

/// Every property of any version with its dtype; text where versions disagree. `_rest_json` last.
fn properties(tables: &[&EventTable]) -> Vec<(PlSmallStr, DataType)> {
    let mut shape: Vec<(PlSmallStr, DataType)> = vec![];
    let own = [column::RECORD, column::EVENT_ID, column::EVENT_TIME_UTC, column::REST_JSON];
    for column in tables.iter().flat_map(|t| t.frame.columns()).filter(|c| !own.contains(&c.name().as_str())) {
        let dtype = match column.dtype() {
            DataType::Categorical(..) => DataType::String,
            other => other.clone(),
        };
        match shape.iter_mut().find(|(name, _)| name == column.name()) {
            Some((_, known)) if *known != dtype => *known = DataType::String,
            Some(_) => {}
            None => shape.push((column.name().clone(), dtype)),
        }
    }
    shape.push((column::REST_JSON.into(), DataType::String));
    shape
}

fn failures(snapshot: &Snapshot, sql: &str) -> Result<DataFrame> {
    let count = snapshot.failures.height();
    let (mut records, mut cause_ids) = (Vec::with_capacity(count), Vec::with_capacity(count));
    // The sentences are made one by one, so only for a query that can show them.
    let lower = sql.to_lowercase();
    let mut messages = (lower.contains("message") || lower.contains('*')).then(Vec::<String>::new);
    Failures::of(snapshot, 0..snapshot.len()).each(|record, cause, value| {
        records.push(record);
        cause_ids.push(cause);
        if let Some(messages) = &mut messages {
            messages.push(snapshot.causes.get(cause as usize).map_or_else(String::new, |c| c.message(value)));
        }
    });
    let record = UInt32Chunked::from_vec("record".into(), records);
    let rows: Vec<u32> = record.downcast_iter().flat_map(|a| a.values().iter().copied()).collect();
    let mut columns = vec![record.clone().into_series().into_column()];
    columns.extend(origin(snapshot, &mut rows.iter().copied()));
    columns.extend(snapshot.records.select([column::TIME_UTC])?.take(&record)?.columns().iter().cloned());
    let of_cause = |name: &str, text: fn(&crate::model::Cause) -> &str| {
        dictionary(name, snapshot.causes.iter().map(|c| text(c)), cause_ids.iter().map(|id| Some(*id as usize)))
    };
    columns.push(of_cause("event", |c| &c.event));
    columns.push(of_cause("version", |c| &c.version));
    columns.push(of_cause("code", |c| c.code.as_str()));
    columns.push(of_cause("severity", |c| c.severity.as_str()));
    columns.push(of_cause("path", |c| &c.path));
    columns.push(of_cause("keyword", |c| c.keyword));
    columns.push(of_cause("expected", |c| &c.expected));
    if let Ok(value) = snapshot.failures.column("value") {
        columns.push(value.slice(0, rows.len()));
    }
    if let Some(messages) = messages {
        columns.push(Series::new("message".into(), messages).into_column());
    }
    columns.push(UInt32Chunked::from_vec("cause".into(), cause_ids).into_series().into_column());
    frame(columns)
}

fn rejects(snapshot: &Snapshot) -> Result<DataFrame> {
    let object = snapshot.rejects.column(column::OBJECT)?.u32()?;
    let uris = snapshot.objects.iter().map(|o| &*o.object.uri);
    let mut columns = vec![dictionary("object", uris, object.iter().map(|id| id.map(|id| id as usize)))];
    columns.extend(snapshot.rejects.columns().iter().filter(|c| c.name() != column::OBJECT).cloned());
    frame(columns)
}

fn objects(snapshot: &Snapshot) -> Result<DataFrame> {
    use crate::model::ObjectStatus;
    let list = &snapshot.objects;
    let state = |o: &crate::model::ObjectState| match &o.status {
        ObjectStatus::Waiting => ("waiting", None),
        ObjectStatus::Reading => ("reading", None),
        ObjectStatus::Read => ("read", None),
        ObjectStatus::Corrupt(why) => ("corrupt", Some(why.clone())),
        ObjectStatus::Unreadable(why) => ("unreadable", Some(why.clone())),
    };
    let states: Vec<_> = list.iter().map(state).collect();
    let mut columns = vec![
        texts("object", list.iter().map(|o| Some(&*o.object.uri))),
        texts("state", states.iter().map(|(state, _)| Some(*state))),
        texts("reason", states.iter().map(|(_, why)| why.as_deref())),
        texts("etag", list.iter().map(|o| Some(&*o.object.etag))),
        numbers("size_bytes", list.iter().map(|o| o.object.size_bytes).collect()),
    ];
    macro_rules! counters {
        ($($name:ident)*) => {
            $(columns.push(numbers(stringify!($name), list.iter().map(|o| o.counters.$name).collect()));)*
        };
    }
    counters!(text_bytes lines header_lines blank_lines unreadable_lines records not_events events good failed
              duplicates errors warnings infos);
    frame(columns)
}

fn causes(snapshot: &Snapshot) -> Result<DataFrame> {
    let list = &snapshot.causes;
    let mut counts = vec![0_u64; list.len()];
    Failures::of(snapshot, 0..snapshot.len()).each(|_, cause, _| {
        if let Some(n) = counts.get_mut(cause as usize) {
            *n += 1;
        }
    });
    frame(vec![
        numbers("cause", (0..list.len() as u64).collect()),
        texts("event", list.iter().map(|c| Some(&*c.event))),
        texts("version", list.iter().map(|c| Some(&*c.version))),
        texts("code", list.iter().map(|c| Some(c.code.as_str()))),
        texts("severity", list.iter().map(|c| Some(c.severity.as_str()))),
        texts("path", list.iter().map(|c| Some(&*c.path))),
        texts("keyword", list.iter().map(|c| Some(c.keyword))),
        texts("expected", list.iter().map(|c| Some(&*c.expected))),
        numbers("failures", counts),
    ])
}
