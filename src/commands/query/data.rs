//! A result as CSV and JSON.

use std::io::{self, Write};

use polars::prelude::{AnyValue, DataFrame};

/// The dialect that loads everywhere: UTF-8, LF, comma, header, texts in quotes, null as `\N`, times in UTC as
/// `YYYY-MM-DD HH:MM:SS.ffffff`.
pub(super) fn csv(frame: &DataFrame, out: &mut dyn Write) -> io::Result<()> {
    for (i, name) in frame.get_column_names().into_iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        quoted(name, out)?;
    }
    out.write_all(b"\n")?;
    for row in 0..frame.height() {
        for (i, column) in frame.columns().iter().enumerate() {
            if i > 0 {
                out.write_all(b",")?;
            }
            match value(column, row) {
                Value::Null => out.write_all(b"\\N")?,
                Value::Number(text) | Value::Time(text) => out.write_all(text.as_bytes())?,
                Value::Text(text) => quoted(&text, out)?,
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn quoted(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"\"")?;
    for (i, part) in text.split('"').enumerate() {
        if i > 0 {
            out.write_all(b"\"\"")?;
        }
        out.write_all(part.as_bytes())?;
    }
    out.write_all(b"\"")
}

/// One array with an object a row.
pub(super) fn json(frame: &DataFrame, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"[")?;
    for row in 0..frame.height() {
        out.write_all(if row == 0 { b"\n" } else { b",\n" })?;
        object(frame, row, out)?;
    }
    out.write_all(if frame.height() == 0 {
        b"]\n"
    } else {
        b"\n]\n"
    })
}

/// An object a line.
pub(super) fn json_lines(frame: &DataFrame, out: &mut dyn Write) -> io::Result<()> {
    for row in 0..frame.height() {
        object(frame, row, out)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn object(frame: &DataFrame, row: usize, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{")?;
    for (i, column) in frame.columns().iter().enumerate() {
        if i > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, column.name().as_str())?;
        out.write_all(b":")?;
        match value(column, row) {
            Value::Null => out.write_all(b"null")?,
            // JSON has no infinity and no NaN.
            Value::Number(text) if matches!(text.as_str(), "inf" | "-inf" | "NaN") => {
                out.write_all(b"null")?;
            }
            Value::Number(text) => out.write_all(text.as_bytes())?,
            Value::Time(text) | Value::Text(text) => serde_json::to_writer(&mut *out, &text)?,
        }
    }
    out.write_all(b"}")
}

/// A value as it is written.
pub(super) enum Value {
    Null,
    /// A number, `true` or `false`.
    Number(String),
    /// A date or a time.
    Time(String),
    Text(String),
}

/// The value of one row. Past the end it is null.
pub(super) fn value(column: &polars::prelude::Column, row: usize) -> Value {
    use crate::frame::cell::{format_date, format_time};
    match column.get(row).unwrap_or(AnyValue::Null) {
        AnyValue::Null => Value::Null,
        AnyValue::String(text) => Value::Text(text.to_owned()),
        AnyValue::StringOwned(text) => Value::Text(text.to_string()),
        AnyValue::Boolean(v) => Value::Number(v.to_string()),
        AnyValue::Float64(v) => Value::Number(v.to_string()),
        AnyValue::Float32(v) => Value::Number(v.to_string()),
        AnyValue::Date(days) => Value::Time(format_date(days)),
        AnyValue::Time(ns) => Value::Time(format_time(ns)),
        // A column of one row gives values of its own.
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => {
            Value::Time(timestamp(match unit {
                polars::prelude::TimeUnit::Nanoseconds => v.div_euclid(1000),
                polars::prelude::TimeUnit::Microseconds => v,
                polars::prelude::TimeUnit::Milliseconds => v.saturating_mul(1000),
            }))
        }
        AnyValue::Binary(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        AnyValue::Categorical(code, words) | AnyValue::Enum(code, words) => words
            .cat_to_str(code)
            .map_or(Value::Null, |word| Value::Text(word.to_owned())),
        AnyValue::CategoricalOwned(code, words) | AnyValue::EnumOwned(code, words) => words
            .cat_to_str(code)
            .map_or(Value::Null, |word| Value::Text(word.to_owned())),
        AnyValue::BinaryOwned(bytes) => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
        other if other.is_primitive_numeric() => Value::Number(other.to_string()),
        other => Value::Text(other.to_string()),
    }
}

/// `2026-03-04 14:02:11.204000`
fn timestamp(us: i64) -> String {
    let text = crate::model::time::format_us(us.div_euclid(1_000_000).saturating_mul(1_000_000));
    format!("{text}.{:06}", us.rem_euclid(1_000_000))
}
