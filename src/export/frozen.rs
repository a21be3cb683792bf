//! A batch whose columns are frozen, so that a row of a file can be made of them without a copy.

use std::collections::HashMap;
use std::sync::Arc;

use polars_arrow::array::Utf8ViewArray;

use crate::error::Result;
use crate::export::cell::{Cell, CellColumn};
use crate::export::failed::FailureRows;
use crate::export::names::{RunNames, unknown};
use crate::export::table::{Storage, Tables};
use crate::model::{
    Batch, EventColumns, EventType, FieldId, LogObject, RecordColumns, RejectColumns,
};

/// A batch whose columns can be read row by row.
pub(super) struct Frozen {
    pub records: RecordColumns,
    pub request_id: CellColumn,
    pub events: Vec<FrozenEvents>,
    /// By event type id: index into `events`.
    pub by_type: Vec<Option<usize>>,
    pub failures: FailureRows,
    pub untyped: (Vec<u32>, Utf8ViewArray),
    pub rejects: RejectColumns,
    pub objects: HashMap<u32, Arc<LogObject>>,
}

pub(super) struct FrozenEvents {
    pub event_type: Arc<EventType>,
    pub table: usize,
    /// By property: its column in the table.
    pub columns: Vec<usize>,
    pub event_id: Utf8ViewArray,
    pub event_time_us: Vec<i64>,
    pub properties: Vec<CellColumn>,
    pub rest_json: Utf8ViewArray,
    pub raw: Utf8ViewArray,
}

impl Frozen {
    pub fn new(batch: Batch, names: &mut RunNames, tables: &Tables) -> Result<Self> {
        let Batch {
            mut records,
            events,
            failures,
            untyped,
            rejects,
            ..
        } = batch;
        let request_id = records.fields[FieldId::X_EDGE_REQUEST_ID.0 as usize].take();
        let mut objects = HashMap::new();
        let mut last = None;
        for id in records.object.iter().chain(&rejects.object) {
            if last != Some(*id) {
                objects.insert(*id, names.object(*id)?);
                last = Some(*id);
            }
        }
        let causes: Result<Vec<_>> = failures.cause.iter().map(|id| names.cause(*id)).collect();
        let mut frozen = Self {
            records,
            request_id: request_id.map_or(CellColumn::Missing, CellColumn::freeze),
            events: Vec::with_capacity(events.len()),
            by_type: vec![],
            failures: FailureRows::new(failures.record, causes?, failures.value.freeze())
                .with_repaired(failures.repaired),
            untyped: (untyped.record, untyped.raw.freeze()),
            rejects,
            objects,
        };
        for columns in events {
            let id = columns.event_type.0 as usize;
            if frozen.by_type.len() <= id {
                frozen.by_type.resize(id + 1, None);
            }
            frozen.by_type[id] = Some(frozen.events.len());
            frozen
                .events
                .push(FrozenEvents::new(columns, names, tables)?);
        }
        Ok(frozen)
    }

    /// The event of a record, and its row; `None` for a failed event without a type.
    pub fn event(&self, record: usize) -> Option<(&FrozenEvents, usize)> {
        let id = self.records.event_type[record].checked_sub(1)?;
        let events = (*self.by_type.get(id as usize)?)?;
        Some((
            &self.events[events],
            self.records.event_row[record] as usize,
        ))
    }

    pub fn envelope<'a>(
        &'a self,
        record: usize,
        event: Option<(&'a FrozenEvents, usize)>,
        row: &mut Vec<Cell<'a>>,
    ) {
        let log_time = self.records.time_us[record];
        let event_time = event
            .and_then(|(e, i)| e.event_time_us.get(i).copied())
            .unwrap_or(log_time);
        row.extend([
            Cell::Timestamp(event_time),
            Cell::Timestamp(log_time),
            event.map_or(Cell::Null, |(e, _)| some_text(&e.event_type.name)),
            event.map_or(Cell::Null, |(e, _)| some_text(&e.event_type.version)),
            event
                .and_then(|(e, i)| e.event_id.get(i))
                .map_or(Cell::Null, some_text),
            self.request_id.cell(record),
            Cell::Text(&self.objects[&self.records.object[record]].uri),
            Cell::Int(i64::from(self.records.line[record])),
        ]);
    }

    pub fn raw<'a>(
        &'a self,
        record: usize,
        event: Option<(&'a FrozenEvents, usize)>,
    ) -> Option<&'a str> {
        match event {
            Some((events, at)) => events.raw.get(at),
            None => self
                .untyped
                .1
                .get(self.untyped.0.binary_search(&(record as u32)).ok()?),
        }
    }
}

impl FrozenEvents {
    /// The properties and `_rest_json` of one event, into a row that is as wide as the table.
    pub fn payload<'a>(&'a self, at: usize, row: &mut [Cell<'a>]) {
        for (column, property) in self.columns.iter().zip(&self.properties) {
            row[*column] = property.cell(at);
        }
        if let (Some(cell), Some(text)) = (row.last_mut(), self.rest_json.get(at)) {
            *cell = Cell::Text(text);
        }
    }

    pub fn new(columns: EventColumns, names: &mut RunNames, tables: &Tables) -> Result<Self> {
        let id = columns.event_type;
        let event_type = names.event_type(id)?;
        let (table, places) = match tables.placement(id) {
            Some(placement) => (placement.table, placement.columns.clone()),
            None if columns.properties.is_empty() => (tables.undeclared(), vec![]),
            None => return Err(unknown("columns of event type", id.0 as usize)),
        };
        let rows = columns.record.len();
        let storage = |i: usize| {
            places
                .get(i)
                .map(|c| tables.list[table].columns[*c].storage)
        };
        let properties = columns
            .properties
            .into_iter()
            .enumerate()
            .map(|(i, column)| match storage(i) {
                Some(Storage::Text(_)) => CellColumn::freeze(column).into_text(rows),
                _ => CellColumn::freeze(column),
            })
            .collect();
        Ok(Self {
            event_type,
            table,
            columns: places,
            event_id: columns.event_id.freeze(),
            event_time_us: columns.event_time_us,
            properties,
            rest_json: columns.rest_json.freeze(),
            raw: columns.raw.freeze(),
        })
    }
}

/// Null for an empty text.
pub(super) fn some_text(text: &str) -> Cell<'_> {
    if text.is_empty() {
        Cell::Null
    } else {
        Cell::Text(text)
    }
}
