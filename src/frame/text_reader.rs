//! The text of any column by record, for work that goes over many rows: lookups are prepared once.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use polars::prelude::DataType;

use crate::frame::cell::{cell, frame_cell, rest_value};
use crate::frame::chunks::{Numbers, Texts};
use crate::frame::columns::{ColumnRef, Virtual};
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::view::Places;
use crate::frame::{EventTable, Snapshot};
use crate::model::Code;

/// Gives the text that [`crate::frame::Cell::to_text`] gives, `None` for null.
pub(crate) type TextReader<'a> = Box<dyn Fn(u32) -> Option<Cow<'a, str>> + 'a>;

/// The reader of a column.
pub(crate) fn text_reader<'a>(snapshot: &'a Snapshot, column: &'a ColumnRef) -> TextReader<'a> {
    let fast = match column {
        ColumnRef::Property(name) => property(snapshot, name),
        ColumnRef::Virtual(Virtual::Event) => by_event(snapshot, |table| &table.event_type.name),
        ColumnRef::Virtual(Virtual::Version) => {
            by_event(snapshot, |table| &table.event_type.version)
        }
        ColumnRef::Virtual(Virtual::Object) => object(snapshot),
        ColumnRef::Record(_) | ColumnRef::Virtual(_) => None,
    };
    fast.unwrap_or_else(|| {
        Box::new(move |row| {
            let cell = cell(snapshot, row as usize, column);
            (!cell.is_null()).then(|| Cow::Owned(cell.to_text().into_owned()))
        })
    })
}

fn by_event(snapshot: &Snapshot, text: fn(&EventTable) -> &str) -> Option<TextReader<'_>> {
    let places = Places::of(snapshot)?;
    Some(Box::new(move |row| {
        Some(Cow::Borrowed(text(
            snapshot.events.get(places.get(row)?.0)?,
        )))
    }))
}

fn object(snapshot: &Snapshot) -> Option<TextReader<'_>> {
    let ids = Numbers::new(snapshot.records.column(column::OBJECT).ok()?.try_u32()?);
    Some(Box::new(move |row| {
        let object = snapshot.objects.get(ids.get(row as usize)? as usize)?;
        Some(Cow::Borrowed(&*object.object.uri))
    }))
}

/// Where one event table keeps a property.
enum Place<'a> {
    Texts(Texts<'a>),
    /// A column of another dtype.
    Values(&'a EventTable),
    /// In `_rest_json`.
    Rest(Texts<'a>),
    Nowhere,
}

fn property<'a>(snapshot: &'a Snapshot, name: &'a str) -> Option<TextReader<'a>> {
    let places = Places::of(snapshot)?;
    let tables: Vec<Place<'a>> = snapshot
        .events
        .iter()
        .map(|table| place(table, name))
        .collect();
    let mut failed: HashMap<u32, &'a str, FixedState> = HashMap::default();
    if snapshot.causes.iter().any(|cause| *cause.path == *name) {
        Failures::of(snapshot, 0..snapshot.len()).each(|record, cause, value| {
            if let (Some(cause), Some(value)) = (snapshot.causes.get(cause as usize), value)
                && *cause.path == *name
                && cause.code != Code::F701
            {
                failed.entry(record).or_insert(value);
            }
        });
    }
    Some(Box::new(move |row| {
        let (table, event_row) = places.get(row)?;
        match tables.get(table)? {
            Place::Texts(texts) => texts.get(event_row).map(Cow::Borrowed),
            Place::Rest(texts) => return rest_value(texts.get(event_row)?, name).map(Cow::Owned),
            Place::Values(table) => {
                let cell = frame_cell(&table.frame, name, event_row);
                (!cell.is_null()).then(|| Cow::Owned(cell.to_text().into_owned()))
            }
            Place::Nowhere => return None,
        }
        .or_else(|| failed.get(&row).copied().map(Cow::Borrowed))
    }))
}

fn place<'a>(table: &'a EventTable, name: &str) -> Place<'a> {
    let declared = table.event_type.columns.iter().any(|c| *c.name == *name);
    let column = table
        .frame
        .column(if declared { name } else { column::REST_JSON });
    let Ok(column) = column else {
        return Place::Nowhere;
    };
    match (column.dtype(), column.try_str()) {
        (DataType::String, Some(texts)) if declared => Place::Texts(Texts::new(texts)),
        (DataType::String, Some(texts)) if texts.null_count() < texts.len() => {
            Place::Rest(Texts::new(texts))
        }
        _ if declared => Place::Values(table),
        _ => Place::Nowhere,
    }
}
