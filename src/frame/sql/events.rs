//! The tables of records and events.

use polars::prelude::{
    Categorical32Chunked, Column, DataFrame, DataType, IntoColumn, IntoSeries, NamedFrom,
    PlSmallStr, Series, UInt32Chunked,
};

use crate::error::Result;
use crate::frame::chunks::Numbers;
use crate::frame::snapshot::column;
use crate::frame::view::Places;
use crate::frame::{EventTable, Snapshot, build};
use crate::model::{FIELDS, Verdict, Words};

/// A text column of few distinct values: a dictionary, and an index into `words` a row.
pub(super) fn dictionary<'a>(
    name: &str,
    words: impl Iterator<Item = &'a str>,
    rows: impl Iterator<Item = Option<usize>>,
) -> Column {
    let dictionary = Words::new();
    let codes: Vec<Option<u32>> = words.map(|word| dictionary.code(word)).collect();
    let rows: UInt32Chunked = rows
        .map(|i| i.and_then(|i| codes.get(i).copied().flatten()))
        .collect();
    Categorical32Chunked::from_cats_and_dtype(rows.with_name(name.into()), dictionary.dtype())
        .into_series()
        .into_column()
}

/// The columns as a frame.
pub(super) fn frame(columns: Vec<Column>) -> Result<DataFrame> {
    let height = columns.first().map_or(0, Column::len);
    Ok(DataFrame::new(height, columns)?)
}

/// The record's number, then object, event, verdict as words, then our columns and the log fields.
///
/// Fields that only some formats have are there where a loaded log has values of theirs, or else, as nulls, where `sql`
/// names them: a query is right or wrong whatever the logs of the day.
pub(super) fn records(snapshot: &Snapshot, sql: &str) -> Result<DataFrame> {
    let count = snapshot.len() as u32;
    let mut columns = vec![];
    // These are made for the query, a tenth of a second and 20 bytes a record: only where it can see them.
    if takes_all(sql) || MADE.iter().any(|name| names(sql, name)) {
        columns.push(Series::new("record".into(), (0..count).collect::<Vec<u32>>()).into_column());
        columns.extend(origin(snapshot, &mut (0..count)));
        columns.extend(identity(snapshot, &mut (0..count)));
    }
    let hidden = [
        column::OBJECT,
        column::LINE,
        column::EVENT_TYPE,
        column::EVENT_ROW,
        column::VERDICT,
    ];
    columns.extend(
        snapshot
            .records
            .columns()
            .iter()
            .filter(|c| !hidden.contains(&c.name().as_str()))
            .cloned(),
    );
    let is_absent = |name: &str| snapshot.records.get_column_index(name).is_none();
    for field in FIELDS {
        if is_absent(field.column) && names(sql, field.column) {
            let dtype = build::dtype(field.kind.column_kind(), None);
            let nulls = Series::full_null(field.column.into(), count as usize, &dtype);
            columns.push(nulls.into_column());
        }
    }
    frame(columns)
}

/// The columns of `records` that no snapshot holds.
const MADE: [&str; 6] = ["record", "object", "line", "event", "version", "verdict"];

/// True where a query may take columns that it does not name.
fn takes_all(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    let counted: String = sql.split_whitespace().collect();
    counted.replace("count(*)", "").contains('*')
        || ["columns", "natural", "table"]
            .iter()
            .any(|w| names(&sql, w))
}

/// True where a query has this name as a word of its own, in whatever case.
fn names(sql: &str, name: &str) -> bool {
    let sql = &sql.to_ascii_lowercase();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    sql.match_indices(name).any(|(at, _)| {
        !sql[..at].ends_with(is_part) && !sql[at + name.len()..].starts_with(is_part)
    })
}

/// `object`, `line` of some records.
pub(super) fn origin(
    snapshot: &Snapshot,
    records: &mut (impl Iterator<Item = u32> + Clone),
) -> Vec<Column> {
    let number = |name| {
        snapshot
            .records
            .column(name)
            .ok()
            .and_then(|c| c.try_u32())
            .map(Numbers::new)
    };
    let (Some(object), Some(line)) = (number(column::OBJECT), number(column::LINE)) else {
        return vec![];
    };
    let uris = snapshot.objects.iter().map(|o| &*o.object.uri);
    let lines: UInt32Chunked = records.clone().map(|row| line.get(row as usize)).collect();
    vec![
        dictionary(
            "object",
            uris,
            records.map(|row| object.get(row as usize).map(|id| id as usize)),
        ),
        lines.with_name("line".into()).into_series().into_column(),
    ]
}

/// `event`, `version`, `verdict` of some records.
fn identity(snapshot: &Snapshot, records: &mut (impl Iterator<Item = u32> + Clone)) -> Vec<Column> {
    let Some(places) = Places::of(snapshot) else {
        return vec![];
    };
    let verdicts = snapshot
        .records
        .column(column::VERDICT)
        .ok()
        .and_then(|c| c.try_i16())
        .map(Numbers::new);
    let types = || snapshot.events.iter().map(|t| &t.event_type);
    let place = |row: u32| places.get(row).map(|(table, _)| table);
    let verdict = |row: u32| {
        verdicts
            .as_ref()
            .and_then(|v| v.get(row as usize))
            .and_then(|n| usize::try_from(n).ok())
    };
    vec![
        dictionary(
            "event",
            types().map(|t| &*t.name),
            records.clone().map(place),
        ),
        dictionary(
            "version",
            types().map(|t| &*t.version),
            records.clone().map(place),
        ),
        dictionary(
            "verdict",
            Verdict::ALL.iter().map(|v| v.as_str()),
            records.map(verdict),
        ),
    ]
}

/// The envelope: what every event has.
fn envelope(snapshot: &Snapshot, table: &EventTable) -> Result<Vec<Column>> {
    let records = table.frame.column(column::RECORD)?.u32()?.clone();
    let rows: Vec<u32> = records
        .downcast_iter()
        .flat_map(|a| a.values().iter().copied())
        .collect();
    let mut columns = vec![
        records
            .clone()
            .with_name("record".into())
            .into_series()
            .into_column(),
    ];
    let renamed = |name: &str, to: &str| -> Result<Column> {
        let mut column = table.frame.column(name)?.clone();
        column.rename(to.into());
        Ok(column)
    };
    columns.push(renamed(column::EVENT_ID, "event_id")?);
    columns.push(renamed(column::EVENT_TIME_UTC, "event_time_utc")?);
    let time = snapshot
        .records
        .select([column::TIME_UTC])?
        .take(&records)?;
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

/// Every event of any type, by type.
pub(super) fn events(snapshot: &Snapshot) -> Result<DataFrame> {
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
    columns.extend(
        identity(snapshot, &mut none.iter().copied())
            .into_iter()
            .map(plain),
    );
    columns.extend(
        origin(snapshot, &mut none.iter().copied())
            .into_iter()
            .map(plain),
    );
    frame(columns)
}

/// The events of one name: envelope, then every property of any version.
pub(super) fn event(snapshot: &Snapshot, list: &[usize]) -> Result<DataFrame> {
    let tables: Vec<&EventTable> = list
        .iter()
        .filter_map(|i| snapshot.events.get(*i))
        .collect();
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
            columns.push(if taken {
                column.with_name(format!("event.{name}").into())
            } else {
                column
            });
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
    let own = [
        column::RECORD,
        column::EVENT_ID,
        column::EVENT_TIME_UTC,
        column::REST_JSON,
    ];
    for column in tables
        .iter()
        .flat_map(|t| t.frame.columns())
        .filter(|c| !own.contains(&c.name().as_str()))
    {
        let dtype = match column.dtype() {
            DataType::Categorical(..) => DataType::String,
            DataType::Int16 | DataType::Int32 => DataType::Int64,
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
