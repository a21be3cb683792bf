//! From a batch's columns to Polars series and frames: types and names, no copy of the values.

use std::sync::Arc;

use polars::prelude::{
    BinaryChunked, Column as PlColumn, DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr,
    Series, TimeUnit, TimeZone,
};

use polars_arrow::array::PrimitiveArray;
use polars_arrow::types::NativeType;

use crate::error::Result;
use crate::frame::snapshot::column;
use crate::frame::{Snapshot, Timeline};
use crate::model::column::{Ints, Text};
use crate::model::{
    Column, ColumnKind, Counters, EventColumns, EventType, FIELDS, FailureColumns, RecordColumns,
    RejectColumns, STANDARD_FIELDS, Words,
};

/// Microseconds since 1970, UTC.
pub fn timestamp_dtype() -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
}

/// The Polars dtype of a column kind as a query sees it; `words` is the dictionary of a `Word`. In a snapshot, integers
/// and codes are as narrow as their values allow.
pub fn dtype(kind: ColumnKind, words: Option<&Words>) -> DataType {
    match kind {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Bool => DataType::Boolean,
        ColumnKind::Text | ColumnKind::Json => DataType::String,
        ColumnKind::Word => words.map_or(DataType::String, Words::dtype),
        ColumnKind::Date => DataType::Date,
        ColumnKind::Time => DataType::Time,
        ColumnKind::Timestamp => timestamp_dtype(),
    }
}

fn column_dtype(values: &Column) -> DataType {
    match values {
        Column::Int(Ints::Small(_)) => DataType::Int16,
        Column::Int(Ints::Medium(_)) => DataType::Int32,
        Column::Int(Ints::Large(_)) => DataType::Int64,
        Column::Float(_) => DataType::Float64,
        Column::Bool(_) => DataType::Boolean,
        Column::Text(_) => DataType::String,
        Column::Word(codes, words) => words.dtype_for(codes),
        Column::Date(_) => DataType::Date,
        Column::Time(_) => DataType::Time,
        Column::Timestamp(_) => timestamp_dtype(),
    }
}

/// A finished column under a name. Never copies the values.
///
/// # Errors
/// Never, unless Polars changes its physical types.
pub fn series(name: &str, values: Column) -> Result<PlColumn> {
    let dtype = column_dtype(&values);
    Ok(
        Series::from_chunk_and_dtype(PlSmallStr::from_str(name), values.freeze(), &dtype)?
            .into_column(),
    )
}

fn text(name: &str, values: Text) -> Result<PlColumn> {
    series(name, Column::Text(values))
}

pub(super) fn numbers<T: NativeType>(
    name: &str,
    dtype: &DataType,
    values: Vec<T>,
) -> Result<PlColumn> {
    let array = PrimitiveArray::from_vec(values).boxed();
    Ok(Series::from_chunk_and_dtype(PlSmallStr::from_str(name), array, dtype)?.into_column())
}

fn timestamps(name: &str, values: Vec<i64>) -> Result<PlColumn> {
    numbers(name, &timestamp_dtype(), values)
}

/// The records of a batch as a frame; the columns of [`Snapshot::records`], log fields only where they were asked for.
///
/// # Errors
/// As [`series`].
pub fn records(records: RecordColumns) -> Result<DataFrame> {
    let mut columns = vec![
        numbers(column::OBJECT, &DataType::UInt32, records.object)?,
        numbers(column::LINE, &DataType::UInt32, records.line)?,
        numbers(column::OFFSET, &DataType::UInt64, records.offset)?,
        numbers(column::LENGTH, &DataType::UInt32, records.length)?,
        timestamps(column::TIME_UTC, records.time_us)?,
        // Polars' narrow unsigned types would cost every kernel once more at compile time; Int16 is there for SQL's sake.
        numbers(
            column::EVENT_TYPE,
            &DataType::Int16,
            records.event_type.into_iter().map(|t| t as i16).collect(),
        )?,
        numbers(column::EVENT_ROW, &DataType::UInt32, records.event_row)?,
        numbers(
            column::VERDICT,
            &DataType::Int16,
            records.verdict.into_iter().map(i16::from).collect(),
        )?,
    ];
    for (field, values) in FIELDS.iter().zip(records.fields) {
        if let Some(values) = values {
            columns.push(series(field.column, values)?);
        }
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The events of one type in a batch as a frame; the columns of [`crate::frame::EventTable::frame`].
///
/// # Errors
/// As [`series`].
pub fn events(event_type: &EventType, events: EventColumns) -> Result<DataFrame> {
    let mut columns = vec![
        numbers(column::RECORD, &DataType::UInt32, events.record)?,
        text(column::EVENT_ID, events.event_id)?,
        timestamps(column::EVENT_TIME_UTC, events.event_time_us)?,
    ];
    for (property, values) in event_type.columns.iter().zip(events.properties) {
        columns.push(series(&property.name, values)?);
    }
    columns.push(text(column::REST_JSON, events.rest_json)?);
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The failures of a batch as a frame; the columns of [`Snapshot::failures`].
///
/// # Errors
/// As [`series`].
pub fn failures(failures: FailureColumns) -> Result<DataFrame> {
    let causes: Vec<u32> = failures.cause.into_iter().map(|c| c.0).collect();
    let mut columns = vec![
        numbers("record", &DataType::UInt32, failures.record)?,
        numbers("cause", &DataType::UInt32, causes)?,
        text("value", failures.value)?,
    ];
    // Without `[repair]` it would be 16 bytes of nothing a failure.
    if !failures.repaired.is_all_null() {
        columns.push(text(column::REPAIRED, failures.repaired)?);
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The rejects of a batch as a frame; the columns of [`Snapshot::rejects`].
///
/// # Errors
/// As [`series`].
pub fn rejects(rejects: RejectColumns) -> Result<DataFrame> {
    let codes: Vec<&str> = rejects.code.iter().map(|c| c.as_str()).collect();
    let raw = BinaryChunked::with_chunk("raw".into(), rejects.raw.freeze());
    let columns = vec![
        numbers(column::OBJECT, &DataType::UInt32, rejects.object)?,
        numbers(column::LINE, &DataType::UInt32, rejects.line)?,
        numbers(column::OFFSET, &DataType::UInt64, rejects.offset)?,
        numbers(column::LENGTH, &DataType::UInt64, rejects.length)?,
        Series::new("code".into(), codes).into_column(),
        text("message", rejects.message)?,
        polars::prelude::IntoSeries::into_series(raw).into_column(),
    ];
    Ok(DataFrame::new_infer_height(columns)?)
}

/// A snapshot of nothing, with the columns that are always there. `words` is by field; without it fields are plain text.
pub fn empty(words: &[Option<Words>]) -> Snapshot {
    let mut columns = RecordColumns::default();
    for (i, field) in FIELDS.iter().take(STANDARD_FIELDS).enumerate() {
        columns.fields[i] = Some(match words.get(i) {
            Some(Some(words)) => Column::word(words.clone()),
            _ => Column::new(field.kind.column_kind()),
        });
    }
    Snapshot {
        revision: 0,
        records: records(columns).unwrap_or_default(),
        events: Vec::new(),
        failures: failures(FailureColumns::default()).unwrap_or_default(),
        rejects: rejects(RejectColumns::default()).unwrap_or_default(),
        objects: Arc::default(),
        causes: Arc::default(),
        counters: Counters::default(),
        timeline: Timeline::default(),
        found_by: None,
        windows: crate::frame::WindowSpec::default(),
        newest_came_ms: None,
        verdicts: 0,
        delta: None,
        complete: false,
    }
}

/// A snapshot of nothing, with every column in place.
pub fn empty_snapshot() -> Snapshot {
    empty(&[])
}
