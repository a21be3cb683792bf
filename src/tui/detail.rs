//! The detail of one record, made from the snapshot: no I/O, so it is there as fast as the cursor moves.
//! The untouched line is read again from its object by a job and added when it comes.

use std::ops::Range;
use std::sync::Arc;

use crate::frame::cell::{event_of, failures_of, frame_cell, verdict_of};
use crate::frame::snapshot::column;
use crate::frame::{Cell, Snapshot};
use crate::model::{Detail, DetailFailure, DetailField, DetailProperty, EventType, FIELDS, Verdict};
use crate::tui::job::RawLine;

/// The detail of a record, without its raw line. `None` past the end.
pub fn detail_of(snapshot: &Snapshot, row: usize) -> Option<Detail> {
    if row >= snapshot.len() {
        return None;
    }
    let event_type = event_of(snapshot, row).map(|(table, _)| table.event_type.clone());
    let raw = raw_line_of(snapshot, row)?;
    let verdict = verdict_of(snapshot, row);
    let mut detail = Detail {
        row: row as u32,
        verdict: Some(verdict),
        event: event_type.as_ref().map_or(String::new(), |t| t.name.to_string()),
        version: event_type.as_ref().map_or(String::new(), |t| t.version.to_string()),
        time_us: integer(&frame_cell(&snapshot.records, column::TIME_UTC, row)),
        fields: fields(snapshot, row),
        object_uri: raw.uri,
        line: integer(&frame_cell(&snapshot.records, column::LINE, row)) as u32,
        offset: raw.offset,
        ..Detail::default()
    };
    let query = frame_cell(&snapshot.records, "cs_uri_query", row);
    if !query.is_null() {
        detail.properties = properties(&query.to_text(), event_type.as_deref());
    }
    if verdict != Verdict::NotEvent {
        place_failures(&mut detail, snapshot, row, event_type.as_deref());
    }
    Some(detail)
}

/// Where the raw line of a record is. `None` past the end.
pub fn raw_line_of(snapshot: &Snapshot, row: usize) -> Option<RawLine> {
    let number = |name: &str| integer(&frame_cell(&snapshot.records, name, row));
    let object = snapshot.objects.get(number(column::OBJECT) as usize)?;
    let (offset, length) = (number(column::OFFSET) as u64, number(column::LENGTH) as u64);
    Some(RawLine { record: row, uri: object.object.uri.clone(), offset, length })
}

/// Adds the raw line, and marks in it the values that a failure is about.
pub fn add_raw(detail: &mut Detail, raw: Vec<u8>) {
    let failing = detail.properties.iter().filter(|p| !p.failures.is_empty() && !p.key.is_empty());
    let mut marks: Vec<Range<usize>> = failing.filter_map(|p| find_value(&raw, &p.key, &p.raw)).collect();
    marks.sort_by_key(|mark| mark.start);
    marks.dedup_by(|b, a| b.start < a.end);
    detail.raw_marks = marks;
    detail.raw = raw;
}

/// Where `key=value` stands in a raw line, for keys that are logged as they are.
fn find_value(raw: &[u8], key: &str, value: &str) -> Option<Range<usize>> {
    let wanted = format!("{key}=");
    let starts = memchr::memmem::find_iter(raw, wanted.as_bytes());
    let start = starts.into_iter().find(|at| matches!(at.checked_sub(1).map(|i| raw[i]), Some(b'\t' | b'&')))? + wanted.len();
    let end = raw[start..].iter().position(|b| matches!(b, b'&' | b'\t')).map_or(raw.len(), |n| start + n);
    (end > start || !value.is_empty()).then_some(start..end)
}

fn integer(cell: &Cell<'_>) -> i64 {
    match cell {
        Cell::Int(n) | Cell::Timestamp(n) => *n,
        _ => 0,
    }
}

fn fields(snapshot: &Snapshot, row: usize) -> Vec<DetailField> {
    let has = |name: &str| snapshot.records.get_column_index(name).is_some();
    let field = |f: &crate::model::Field| {
        let cell = frame_cell(&snapshot.records, f.column, row);
        let value = (!cell.is_null()).then(|| cell.to_text().into_owned());
        DetailField { name: f.name.to_owned(), value, unit: f.unit, meaning: f.meaning }
    };
    FIELDS.iter().filter(|f| has(f.column)).map(field).collect()
}

/// The pairs of a query (one layer of the log's encoding already off), decoded, in their order.
fn properties(query: &str, event_type: Option<&EventType>) -> Vec<DetailProperty> {
    let declared = |key: &str| event_type.and_then(|t| t.columns.iter().find(|c| *c.name == *key)).map_or("", |c| &c.declared);
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decode(key);
        DetailProperty { declared: declared(&key).to_owned(), key, value: Some(decode(value)), raw: value.to_owned(), failures: vec![] }
    };
    query.split('&').filter(|p| !p.is_empty()).map(pair).collect()
}

fn place_failures(detail: &mut Detail, snapshot: &Snapshot, row: usize, event_type: Option<&EventType>) {
    for failure in failures_of(snapshot, row) {
        let cause = failure.cause;
        let entry = DetailFailure {
            code: cause.code,
            severity: cause.severity,
            path: cause.path.to_string(),
            expected: cause.expected.to_string(),
            sentence: cause.message(failure.value),
        };
        let key = cause.path.as_ref();
        match detail.properties.iter_mut().find(|p| p.key == key && !key.is_empty()) {
            Some(property) => property.failures.push(entry),
            None if event_type.is_some_and(|t| t.columns.iter().any(|c| *c.name == *key)) => {
                let declared = event_type.and_then(|t| t.columns.iter().find(|c| *c.name == *key)).map_or("", |c| &c.declared);
                let absent = DetailProperty { key: key.to_owned(), declared: declared.to_owned(), failures: vec![entry], ..DetailProperty::default() };
                detail.properties.push(absent);
            }
            None => detail.failures.push(entry),
        }
    }
}

/// Percent-decoding as URLs have it: `+` is a space, a `%` that starts no escape stays, bytes that are no UTF-8 show
/// as U+FFFD.
fn decode(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escape = bytes.get(i + 1..i + 3).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (bytes[i], escape) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The row as one JSON object: event, version, verdict, the query's properties, failures, and the log's fields.
pub fn as_json(detail: &Detail) -> String {
    use serde_json::{Map, Value, json};
    let mut properties = Map::new();
    for property in &detail.properties {
        properties.insert(property.key.clone(), property.value.clone().map_or(Value::Null, Value::String));
    }
    let fields: Map<String, Value> =
        detail.fields.iter().filter_map(|f| Some((f.name.clone(), Value::String(f.value.clone()?)))).collect();
    let failures: Vec<Value> = detail
        .all_failures()
        .map(|f| json!({ "code": f.code.as_str(), "severity": f.severity.as_str(), "path": f.path, "message": f.sentence }))
        .collect();
    let row = json!({
        "event": detail.event, "version": detail.version,
        "verdict": detail.verdict.map_or("", Verdict::as_str),
        "time_utc": crate::model::time::format_us(detail.time_us),
        "properties": properties, "failures": failures, "fields": fields,
        "object": Arc::<str>::as_ref(&detail.object_uri), "line": detail.line, "offset": detail.offset,
    });
    serde_json::to_string_pretty(&row).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_keeps_what_is_no_escape() {
        assert_eq!(decode("a%20b+c%zz%"), "a b c%zz%");
        assert_eq!(decode("%e2%82%ac"), "€");
        assert_eq!(decode("%+f"), "% f");
    }

    #[test]
    fn the_failing_value_is_marked_in_the_raw_line() {
        let raw = b"x\t/i\te=a&value=12%252C50&z=1\tend".to_vec();
        let mut detail = Detail { properties: properties("e=a&value=12%2C50", None), ..Detail::default() };
        detail.properties[1].failures.push(DetailFailure {
            code: crate::model::Code::V402,
            severity: crate::model::Severity::Error,
            path: "value".into(),
            expected: "a number".into(),
            sentence: String::new(),
        });
        add_raw(&mut detail, raw);
        assert_eq!(&detail.raw[detail.raw_marks[0].clone()], b"12%252C50");
        assert_eq!(detail.properties[1].value.as_deref(), Some("12,50"));
    }
}
