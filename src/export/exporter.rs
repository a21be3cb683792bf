//! The sink that turns batches into the rows of files, in the order of the log.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use polars_arrow::array::Utf8ViewArray;

use crate::error::{Error, Result};
use crate::export::cell::{Cell, CellColumn};
use crate::export::failed::{FailureRows, RowFailure};
use crate::export::options::Options;
use crate::export::parts::{Class, PartKey, Parts, WrittenFile};
use crate::export::proof::{Misfit, misfits};
use crate::export::table::{Storage, TableSchema, Tables, failures_table, unreadable_table};
use crate::model::{
    Batch, Cause, CauseId, Causes, EventColumns, EventType, EventTypeId, EventTypes, FieldId, LogObject, RecordColumns,
    RejectColumns, Sink, Verdict, Words,
};

/// What an exporter has written: the result of the protocol's second step.
#[derive(Debug)]
pub struct Receipt {
    /// Finished files, sorted by path; none has been moved to its place.
    pub files: Vec<WrittenFile>,
    /// Good events that the proof of loadability moved to `rejected` (W6xx).
    pub moved: u64,
    /// Failures that the proof added.
    pub misfits: u64,
    /// Rows of `failures/` and of `rejected/_unreadable/`, by code.
    pub by_code: BTreeMap<String, u64>,
    /// The tables of this export.
    pub tables: Tables,
}

/// Takes batches in order and writes them to files under the plan's temporary folder.
pub struct Exporter {
    tables: Tables,
    good: Vec<Arc<TableSchema>>,
    rejected: Vec<Arc<TableSchema>>,
    failures: Arc<TableSchema>,
    unreadable: Arc<TableSchema>,
    parts: Parts,
    types: Arc<EventTypes>,
    causes: Arc<Causes>,
    /// By object id, as listed.
    objects: Vec<Arc<LogObject>>,
    known_types: Vec<Arc<EventType>>,
    known_causes: HashMap<CauseId, Arc<Cause>>,
    by_code: BTreeMap<String, u64>,
    moved: u64,
    misfits: u64,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Sink for Exporter {
    fn start(&mut self, types: &Arc<EventTypes>, causes: &Arc<Causes>, _words: &[Option<Words>]) {
        (self.types, self.causes) = (types.clone(), causes.clone());
    }

    fn listed(&mut self, objects: &[Arc<LogObject>]) {
        self.objects.extend_from_slice(objects);
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        let frozen = Frozen::new(batch, self)?;
        self.count(&frozen);
        let mut found = vec![];
        self.event_rows(&frozen, &mut found)?;
        self.failure_rows(&frozen, &found)?;
        self.unreadable_rows(&frozen)
    }
}

impl Exporter {
    /// Writes into `folder` (the plan's temporary one), into files named after the plan. `tables` lays out the declared
    /// event types, by the ids that they have in the run.
    pub fn new(options: Options, tables: Tables, folder: PathBuf, plan: &str) -> Self {
        Self {
            good: tables.list.iter().cloned().map(Arc::new).collect(),
            rejected: tables.list.iter().map(|t| Arc::new(t.rejected())).collect(),
            failures: Arc::new(failures_table()),
            unreadable: Arc::new(unreadable_table()),
            tables,
            parts: Parts::new(options, folder, plan),
            types: Arc::default(),
            causes: Arc::default(),
            objects: vec![],
            known_types: vec![],
            known_causes: HashMap::new(),
            by_code: BTreeMap::new(),
            moved: 0,
            misfits: 0,
        }
    }

    /// Finishes every file.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn finish(self) -> Result<Receipt> {
        Ok(Receipt {
            files: self.parts.finish()?,
            moved: self.moved,
            misfits: self.misfits,
            by_code: self.by_code,
            tables: self.tables,
        })
    }

    fn event_type(&mut self, id: EventTypeId) -> Result<Arc<EventType>> {
        let id = id.0 as usize;
        if id >= self.known_types.len() {
            self.known_types = self.types.list();
        }
        self.known_types.get(id).cloned().ok_or_else(|| unknown("event type", id))
    }

    fn cause(&mut self, id: CauseId) -> Result<Arc<Cause>> {
        if let Some(cause) = self.known_causes.get(&id) {
            return Ok(cause.clone());
        }
        let cause = self.causes.get(id).ok_or_else(|| unknown("cause", id.0 as usize))?;
        self.known_causes.insert(id, cause.clone());
        Ok(cause)
    }

    fn count(&mut self, frozen: &Frozen) {
        let codes = frozen.failures.codes().chain(frozen.rejects.code.iter().copied());
        for code in codes {
            count(&mut self.by_code, code.as_str());
        }
    }

    /// Good and failed events, in the order of the log. What does not fit goes into `found`, ordered by record.
    fn event_rows(&mut self, frozen: &Frozen, found: &mut Vec<(u32, RowFailure)>) -> Result<()> {
        let (mut row, mut reasons, mut json) = (Vec::new(), Vec::new(), String::new());
        for record in 0..frozen.records.len() {
            let verdict = Verdict::from_byte(frozen.records.verdict[record]);
            if !matches!(verdict, Verdict::Good | Verdict::Failed) {
                continue;
            }
            let event = frozen.event(record);
            let table = event.map_or(self.tables.undeclared(), |(events, _)| events.table);
            row.clear();
            frozen.envelope(record, event, &mut row);
            frozen.payload(event, self.good[table].columns.len(), &mut row);
            let day = Some(frozen.records.time_us[record].div_euclid(86_400_000_000) as i32);
            if verdict == Verdict::Good {
                reasons.clear();
                misfits(&self.good[table], &row, &mut reasons);
                if reasons.is_empty() {
                    self.parts.push(PartKey { class: Class::Good, table, day }, &self.good[table], &row)?;
                    continue;
                }
                self.moved += 1;
                self.note_misfits(record as u32, table, event, &reasons, &row, found);
            }
            frozen.failures.json(record as u32, found, &mut json);
            finite(&mut row);
            let mut row = row.clone();
            row.push(Cell::Text(&json));
            row.push(frozen.raw(record, event).map_or(Cell::Null, Cell::Text));
            self.parts.push(PartKey { class: Class::Rejected, table, day }, &self.rejected[table], &row)?;
        }
        Ok(())
    }

    fn note_misfits(
        &mut self,
        record: u32,
        table: usize,
        event: Option<(&FrozenEvents, usize)>,
        reasons: &[Misfit],
        row: &[Cell<'_>],
        found: &mut Vec<(u32, RowFailure)>,
    ) {
        for misfit in reasons {
            let (name, version) = event.map_or(("", ""), |(events, _)| (&*events.event_type.name, &*events.event_type.version));
            let cause = misfit.cause(&self.good[table], name, version);
            let value = misfit.column.and_then(|i| row.get(i)).and_then(RowFailure::value_of);
            self.misfits += 1;
            count(&mut self.by_code, cause.code.as_str());
            found.push((record, RowFailure { cause: Arc::new(cause), value }));
        }
    }

    /// One row a failure: those of the judge in their order, then those of the proof.
    fn failure_rows(&mut self, frozen: &Frozen, found: &[(u32, RowFailure)]) -> Result<()> {
        let judged = (0..frozen.failures.len()).map(|i| frozen.failures.get(i));
        let proved = found.iter().map(|(record, failure)| (*record, &*failure.cause, failure.value.as_deref()));
        for (record, cause, value) in judged.chain(proved) {
            let records = &frozen.records;
            let at = record as usize;
            let object = &frozen.objects[&records.object[at]];
            let message = cause.message(value);
            let row = [
                Cell::Text(&object.uri),
                Cell::Text(&object.etag),
                Cell::Int(i64::from(records.line[at])),
                Cell::Int(records.offset[at] as i64),
                Cell::Int(i64::from(records.length[at])),
                Cell::Timestamp(records.time_us[at]),
                some_text(&cause.event),
                some_text(&cause.version),
                Cell::Text(cause.code.as_str()),
                Cell::Text(cause.severity.as_str()),
                some_text(cause.keyword),
                some_text(&cause.path),
                some_text(&cause.expected),
                value.map_or(Cell::Null, Cell::Text),
                Cell::Text(&message),
            ];
            let day = Some(records.time_us[at].div_euclid(86_400_000_000) as i32);
            self.parts.push(PartKey { class: Class::Failures, table: 0, day }, &self.failures, &row)?;
        }
        Ok(())
    }

    fn unreadable_rows(&mut self, frozen: &Frozen) -> Result<()> {
        let rejects = &frozen.rejects;
        for i in 0..rejects.object.len() {
            let object = &frozen.objects[&rejects.object[i]];
            let raw = String::from_utf8_lossy(rejects.raw.value(i));
            let row = [
                Cell::Text(&object.uri),
                Cell::Text(&object.etag),
                Cell::Int(i64::from(rejects.line[i])),
                Cell::Int(rejects.offset[i] as i64),
                Cell::Int(rejects.length[i] as i64),
                Cell::Text(rejects.code[i].as_str()),
                Cell::Text(rejects.message.value(i)),
                Cell::Text(&raw),
            ];
            self.parts.push(PartKey { class: Class::Unreadable, table: 0, day: None }, &self.unreadable, &row)?;
        }
        Ok(())
    }
}

fn unknown(what: &str, id: usize) -> Error {
    Error::Frame(format!("the export was given {what} {id}, which nobody knows"))
}

fn count(by_code: &mut BTreeMap<String, u64>, code: &str) {
    match by_code.get_mut(code) {
        Some(n) => *n += 1,
        None => {
            by_code.insert(code.to_owned(), 1);
        }
    }
}

fn some_text(text: &str) -> Cell<'_> {
    if text.is_empty() { Cell::Null } else { Cell::Text(text) }
}

/// JSON has no word for what is not finite; the raw line keeps it.
fn finite(row: &mut [Cell<'_>]) {
    for cell in row {
        if matches!(cell, Cell::Float(v) if !v.is_finite()) {
            *cell = Cell::Null;
        }
    }
}

/// A batch whose columns can be read row by row.
struct Frozen {
    records: RecordColumns,
    request_id: CellColumn,
    events: Vec<FrozenEvents>,
    /// By event type id: index into `events`.
    by_type: Vec<Option<usize>>,
    failures: FailureRows,
    untyped: (Vec<u32>, Utf8ViewArray),
    rejects: RejectColumns,
    objects: HashMap<u32, Arc<LogObject>>,
}

struct FrozenEvents {
    event_type: Arc<EventType>,
    table: usize,
    /// By property: its column in the table.
    columns: Vec<usize>,
    event_id: Utf8ViewArray,
    event_time_us: Vec<i64>,
    properties: Vec<CellColumn>,
    rest_json: Utf8ViewArray,
    raw: Utf8ViewArray,
}

impl Frozen {
    fn new(batch: Batch, exporter: &mut Exporter) -> Result<Self> {
        let Batch { mut records, events, failures, untyped, rejects, .. } = batch;
        let request_id = records.fields[FieldId::X_EDGE_REQUEST_ID.0 as usize].take();
        let mut objects = HashMap::new();
        let mut last = None;
        for id in records.object.iter().chain(&rejects.object) {
            if last != Some(*id) {
                let object = exporter.objects.get(*id as usize).ok_or_else(|| unknown("object", *id as usize))?;
                objects.insert(*id, object.clone());
                last = Some(*id);
            }
        }
        let causes: Result<Vec<_>> = failures.cause.iter().map(|id| exporter.cause(*id)).collect();
        let mut frozen = Self {
            records,
            request_id: request_id.map_or(CellColumn::Missing, CellColumn::freeze),
            events: Vec::with_capacity(events.len()),
            by_type: vec![],
            failures: FailureRows::new(failures.record, causes?, failures.value.freeze()),
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
            frozen.events.push(FrozenEvents::new(columns, exporter)?);
        }
        Ok(frozen)
    }

    /// The event of a record, and its row; `None` for a failed event without a type.
    fn event(&self, record: usize) -> Option<(&FrozenEvents, usize)> {
        let id = self.records.event_type[record].checked_sub(1)?;
        let events = (*self.by_type.get(id as usize)?)?;
        Some((&self.events[events], self.records.event_row[record] as usize))
    }

    fn envelope<'a>(&'a self, record: usize, event: Option<(&'a FrozenEvents, usize)>, row: &mut Vec<Cell<'a>>) {
        let log_time = self.records.time_us[record];
        let event_time = event.and_then(|(e, i)| e.event_time_us.get(i).copied()).unwrap_or(log_time);
        row.extend([
            Cell::Timestamp(event_time),
            Cell::Timestamp(log_time),
            event.map_or(Cell::Null, |(e, _)| some_text(&e.event_type.name)),
            event.map_or(Cell::Null, |(e, _)| some_text(&e.event_type.version)),
            event.and_then(|(e, i)| e.event_id.get(i)).map_or(Cell::Null, some_text),
            self.request_id.cell(record),
            Cell::Text(&self.objects[&self.records.object[record]].uri),
            Cell::Int(i64::from(self.records.line[record])),
        ]);
    }

    /// The properties and `_rest_json`, up to `width` columns.
    fn payload<'a>(&'a self, event: Option<(&'a FrozenEvents, usize)>, width: usize, row: &mut Vec<Cell<'a>>) {
        row.resize(width, Cell::Null);
        let Some((events, at)) = event else { return };
        for (column, property) in events.columns.iter().zip(&events.properties) {
            row[*column] = property.cell(at);
        }
        row[width - 1] = events.rest_json.get(at).map_or(Cell::Null, Cell::Text);
    }

    fn raw<'a>(&'a self, record: usize, event: Option<(&'a FrozenEvents, usize)>) -> Option<&'a str> {
        match event {
            Some((events, at)) => events.raw.get(at),
            None => self.untyped.1.get(self.untyped.0.binary_search(&(record as u32)).ok()?),
        }
    }
}

impl FrozenEvents {
    fn new(columns: EventColumns, exporter: &mut Exporter) -> Result<Self> {
        let id = columns.event_type;
        let event_type = exporter.event_type(id)?;
        let (table, places) = match exporter.tables.placement(id) {
            Some(placement) => (placement.table, placement.columns.clone()),
            None if columns.properties.is_empty() => (exporter.tables.undeclared(), vec![]),
            None => return Err(unknown("columns of event type", id.0 as usize)),
        };
        let rows = columns.record.len();
        let storage = |i: usize| places.get(i).map(|c| exporter.tables.list[table].columns[*c].storage);
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
