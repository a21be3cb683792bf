//! Everything about one record: what is loaded, and its raw line read again from the object.

use std::ops::Range;

use crate::contract::Contract;
use crate::error::{Error, Result};
use crate::frame::cell::{event_of, failures_of, frame_cell, verdict_of};
use crate::frame::snapshot::column;
use crate::frame::{Cell, Snapshot};
use crate::model::{
    Code, Detail, DetailFailure, DetailField, DetailProperty, EventType, FIELDS, FieldId, FieldKind,
};
use crate::parse::encoding::{decode_header, undo_log_layer};
use crate::pipeline::raw_fields::{self, RawField};
use crate::pipeline::raw_line::{RawLine, RawLines};
use crate::source;

mod query;

use query::Request;

/// Looks at records one after the other; remembers the object that was read last.
#[derive(Debug, Default)]
pub struct Inspector {
    lines: RawLines,
}

impl Inspector {
    /// One record with its raw line. Blocks on the disk or the network: run it as a job.
    ///
    /// An object that cannot be read again is no error: the detail then holds what is loaded, and
    /// [`Detail::raw_error`] says why.
    ///
    /// # Errors
    /// The snapshot has no such row.
    pub fn inspect(
        &mut self,
        snapshot: &Snapshot,
        row: u32,
        contract: &Contract,
        source: &source::Options,
    ) -> Result<Detail> {
        let place = Place::of(snapshot, row).ok_or_else(|| {
            Error::Frame(format!(
                "there is no record {row}; {} are loaded",
                snapshot.len()
            ))
        })?;
        let Some(state) = snapshot.objects.get(place.object) else {
            return Ok(loaded(snapshot, row, contract));
        };
        match self
            .lines
            .read(source, &state.object, (place.offset, place.length))
        {
            Ok(raw) => Ok(with_raw(snapshot, row, contract, raw)),
            Err(error) => Ok(Detail {
                raw_error: Some(error.to_string()),
                ..loaded(snapshot, row, contract)
            }),
        }
    }
}

/// As [`Inspector::inspect`], remembering nothing.
///
/// # Errors
/// The snapshot has no such row.
pub fn inspect(
    snapshot: &Snapshot,
    row: u32,
    contract: &Contract,
    source: &source::Options,
) -> Result<Detail> {
    Inspector::default().inspect(snapshot, row, contract, source)
}

/// What the snapshot itself knows of a record: everything but the raw line. No I/O; an empty detail past the end.
pub fn loaded(snapshot: &Snapshot, row: u32, contract: &Contract) -> Detail {
    let mut detail = head(snapshot, row);
    for field in FIELDS {
        let value = match frame_cell(&snapshot.records, field.column, row as usize) {
            Cell::Null => continue,
            value => Some(value.to_text().into_owned()),
        };
        detail.fields.push(DetailField {
            name: field.name.into(),
            value,
            unit: field.unit,
            meaning: field.meaning,
        });
    }
    let query = frame_cell(
        &snapshot.records,
        FieldId::CS_URI_QUERY.field().column,
        row as usize,
    );
    let text = |id: FieldId| {
        frame_cell(&snapshot.records, id.field().column, row as usize)
            .to_text()
            .into_owned()
    };
    let request = Request {
        method: &text(FieldId::CS_METHOD),
        stem: &text(FieldId::CS_URI_STEM),
        status: text(FieldId::SC_STATUS).parse().ok(),
    };
    let pairs = query::read(contract, request, &logged(&query.to_text()));
    detail.properties = pairs.into_iter().map(|(property, _)| property).collect();
    judge(&mut detail, snapshot);
    detail
}

/// What the raw line says, with the verdicts of the snapshot.
fn with_raw(snapshot: &Snapshot, row: u32, contract: &Contract, raw: RawLine) -> Detail {
    let mut detail = head(snapshot, row);
    let columns = raw_fields::columns(&raw);
    detail.fields = columns.iter().map(field).collect();
    let text = |id: FieldId| {
        let column = columns.iter().find(|column| column.id == Some(id));
        column.map_or("", |column| column.text.as_str())
    };
    let request = Request {
        method: text(FieldId::CS_METHOD),
        stem: text(FieldId::CS_URI_STEM),
        status: text(FieldId::SC_STATUS).parse().ok(),
    };
    let query = columns
        .iter()
        .find(|column| column.id == Some(FieldId::CS_URI_QUERY) && column.text != "-");
    let mut ranges = Vec::new();
    if let Some(query) = query {
        let pairs = query::read(contract, request, &query.text);
        (detail.properties, ranges) = pairs.into_iter().unzip();
    }
    detail.raw = raw.bytes;
    judge(&mut detail, snapshot);
    // Where the line holds another spelling of the query, nothing can be marked in it.
    if let Some(place) = query.and_then(|query| query.place.clone()) {
        detail.raw_marks = marks(&detail, &ranges, place.start);
    }
    detail
}

/// Where a record stands.
struct Place {
    object: usize,
    line: u32,
    offset: u64,
    length: u64,
}

impl Place {
    fn of(snapshot: &Snapshot, row: u32) -> Option<Self> {
        let number = |name| match frame_cell(&snapshot.records, name, row as usize) {
            Cell::Int(n) => u64::try_from(n).ok(),
            _ => None,
        };
        Some(Self {
            object: number(column::OBJECT)? as usize,
            line: number(column::LINE)? as u32,
            offset: number(column::OFFSET)?,
            length: number(column::LENGTH)?,
        })
    }
}

/// Provenance, time, verdict and type.
fn head(snapshot: &Snapshot, row: u32) -> Detail {
    let Some(place) = Place::of(snapshot, row) else {
        return Detail {
            row,
            ..Detail::default()
        };
    };
    let time_us = match frame_cell(&snapshot.records, column::TIME_UTC, row as usize) {
        Cell::Timestamp(us) => us,
        _ => 0,
    };
    let event_type = event_of(snapshot, row as usize).map(|(table, _)| table.event_type.clone());
    Detail {
        row,
        verdict: Some(verdict_of(snapshot, row as usize)),
        event: event_type
            .as_ref()
            .map(|t| t.name.to_string())
            .unwrap_or_default(),
        version: event_type
            .as_ref()
            .map(|t| t.version.to_string())
            .unwrap_or_default(),
        time_us,
        object_uri: snapshot
            .objects
            .get(place.object)
            .map_or_else(|| "".into(), |o| o.object.uri.clone()),
        line: place.line,
        offset: place.offset,
        ..Detail::default()
    }
}

fn field(column: &RawField) -> DetailField {
    let text = &column.text;
    let known = column.id.map(FieldId::field);
    let value = match known.map(|f| f.kind) {
        _ if text == "-" || text.is_empty() => None,
        Some(FieldKind::DecodedWord) => Some(decode_header(text)),
        Some(FieldKind::Word | FieldKind::Text) | None => {
            let mut once = String::with_capacity(text.len());
            undo_log_layer(text, &mut once);
            Some(once)
        }
        Some(_) => Some(text.clone()),
    };
    DetailField {
        name: column.name.clone(),
        value,
        unit: known.map_or("", |f| f.unit),
        meaning: known.map_or("", |f| f.meaning),
    }
}

/// The query as the frame keeps it, one layer off, with that layer put on again.
fn logged(query: &str) -> String {
    query.replace('%', "%25")
}

/// Puts declarations and failures where they belong.
fn judge(detail: &mut Detail, snapshot: &Snapshot) {
    let event_type =
        event_of(snapshot, detail.row as usize).map(|(table, _)| table.event_type.clone());
    for property in &mut detail.properties {
        if property.depth <= 1 {
            let by_schema = declared(event_type.as_deref(), &property.path);
            if !by_schema.is_empty() {
                property.declared = by_schema;
            }
        }
    }
    for failure in failures_of(snapshot, detail.row as usize) {
        let sentence = failure.message();
        let cause = failure.cause;
        let told = DetailFailure {
            code: cause.code,
            severity: cause.severity,
            path: cause.path.to_string(),
            expected: cause.expected.to_string(),
            sentence,
        };
        match owner(&detail.properties, &cause.path, failure.value) {
            Some(i) => detail.properties[i].failures.push(told),
            None if matches!(cause.code, Code::V401 | Code::F701) => {
                detail.properties.push(DetailProperty {
                    key: cause.path.to_string(),
                    path: cause.path.to_string(),
                    declared: declared(event_type.as_deref(), &cause.path),
                    failures: vec![told],
                    ..DetailProperty::default()
                });
            }
            None => detail.failures.push(told),
        }
    }
}

/// The property that a failure is about: the nearest to its path, and of several with that path the one with that value.
fn owner(properties: &[DetailProperty], path: &str, value: Option<&str>) -> Option<usize> {
    let named = |p: &DetailProperty| {
        let rest = path.strip_prefix(p.path.as_str());
        !p.path.is_empty()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let same = |p: &DetailProperty| {
        value.is_some_and(|v| p.value.as_deref().is_some_and(|whole| whole.starts_with(v)))
    };
    let all = properties.iter().enumerate();
    // The first of equals: `max_by_key` takes the last.
    all.rev()
        .filter(|(_, p)| named(p))
        .max_by_key(|(_, p)| (p.path.len(), same(p), p.depth))
        .map(|(i, _)| i)
}

/// What the schema says of a key; empty where it says nothing.
fn declared(event_type: Option<&EventType>, key: &str) -> String {
    let columns = event_type.map_or(&[][..], |t| &t.columns);
    let column = columns.iter().find(|c| &*c.name == key);
    column.map_or_else(String::new, |c| c.declared.to_string())
}

/// Byte ranges of the raw line that failures are about.
fn marks(detail: &Detail, ranges: &[Range<usize>], query_start: usize) -> Vec<Range<usize>> {
    let failed = detail
        .properties
        .iter()
        .zip(ranges)
        .filter(|(p, _)| !p.failures.is_empty());
    failed
        .map(|(_, range)| query_start + range.start..query_start + range.end)
        .filter(|range| !range.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXEL: Request<'static> = Request {
        method: "GET",
        stem: "/i",
        status: Some(200),
    };

    /// A contract without payloads.
    fn plain() -> Contract {
        let mut contract = Contract::builtin();
        contract.routing = crate::contract::preset::generic();
        contract
    }

    #[test]
    fn what_a_payload_held_stands_below_it() {
        let base64 = "eyJzY2hlbWEiOiJpZ2x1OmE-YiIsImRhdGEiOnsic2NoZW1hIjoiaWdsdTp2L2NsaWNrL2pzb25zY2hlbWEvMS0wLTAiLCJkYXRhIjp7ImlkIjoiYSIsInNpemVzIjpbMSx7InciOjJ9XX19fQ";
        let query = format!("e=ue&ue_px={base64}&tv=js-3&p=web");
        let read = query::read(&Contract::builtin(), PIXEL, &query);
        let lines: Vec<(u8, &str, &str)> = read
            .iter()
            .map(|(p, _)| (p.depth, p.path.as_str(), p.value.as_deref().unwrap()))
            .collect();
        assert_eq!(
            lines,
            [
                (0, "e", "ue"),
                (0, "ue_px", base64),
                (1, "id", "a"),
                (1, "sizes", r#"[1,{"w":2}]"#),
                (2, "sizes[0]", "1"),
                (2, "sizes[1]", r#"{"w":2}"#),
                (3, "sizes[1].w", "2"),
                (0, "tv", "js-3"),
                (0, "p", "web"),
            ]
        );
        assert!(read[4].1 == read[1].1 && query[read[4].1.clone()] == *base64);
    }

    #[test]
    fn pairs_know_where_their_value_stands_in_the_query() {
        let query = "e=checkout&value=12%252C50&empty=&flag";
        let found: Vec<(String, &str)> = query::read(&plain(), PIXEL, query)
            .into_iter()
            .map(|(p, at)| (p.value.unwrap(), &query[at]))
            .collect();
        let expected = [
            ("checkout", "checkout"),
            ("12,50", "12%252C50"),
            ("", "empty="),
            ("", "flag"),
        ];
        assert_eq!(found, expected.map(|(value, raw)| (value.to_owned(), raw)));
    }

    #[test]
    fn a_query_from_the_frame_has_one_layer_left() {
        let values = |query: &str| -> Vec<String> {
            query::read(&plain(), PIXEL, &logged(query))
                .into_iter()
                .filter_map(|(p, _)| p.value)
                .collect()
        };
        assert_eq!(
            values("u=gr%25C3%25B6&a=x+y&&b=%C3%B6&c=70%25zz&d"),
            ["gr%C3%B6", "x y", "ö", "70%zz", ""]
        );
    }

    #[test]
    fn a_failure_finds_its_property_also_among_repeated_keys_and_parts() {
        let property = |key: &str, value: &str| DetailProperty {
            key: key.into(),
            path: key.into(),
            value: Some(value.into()),
            ..DetailProperty::default()
        };
        let all = [
            property("a", "1"),
            property("a", "2"),
            property("order", "{}"),
            property("or", "x"),
        ];
        assert_eq!(owner(&all, "a", Some("2")), Some(1));
        assert_eq!(owner(&all, "a", None), Some(0));
        assert_eq!(owner(&all, "order.total", Some("12,50")), Some(2));
        assert_eq!(owner(&all, "missing", None), None);
    }

    #[test]
    fn fields_of_a_line_are_decoded_by_their_kind() {
        let value = |name: &str, text: &str| {
            field(&RawField {
                name: name.into(),
                id: FieldId::by_name(name),
                text: text.into(),
                place: None,
            })
            .value
        };
        assert_eq!(
            value("cs(User-Agent)", "Mozilla/5.0%20(X11)").as_deref(),
            Some("Mozilla/5.0 (X11)")
        );
        assert_eq!(value("cs-uri-stem", "/a%2520b").as_deref(), Some("/a%20b"));
        assert_eq!(value("cs(Referer)", "-"), None);
        assert_eq!(value("sc-bytes", "980").as_deref(), Some("980"));
        assert_eq!(value("x-unknown", "v").as_deref(), Some("v"));
    }
}
