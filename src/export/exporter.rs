//! The sink that turns batches into the rows of files, in the order of the log.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::export::cell::Cell;
use crate::export::failed::RowFailure;
use crate::export::frozen::{Frozen, FrozenEvents, some_text};
use crate::export::names::RunNames;
use crate::export::options::Options;
use crate::export::parts::{Class, PartKey, Parts, WrittenFile};
use crate::export::proof::{Misfit, misfits};
use crate::export::table::{REPAIRS, TableSchema, Tables, failures_table, unreadable_table};
use crate::model::{Batch, Causes, EventTypes, LogObject, Sink, Verdict, Words};

/// What an exporter has written: the result of the protocol's second step.
#[derive(Debug)]
pub struct Receipt {
    /// Finished files, sorted by path; none has been moved to its place.
    pub files: Vec<WrittenFile>,
    /// Good events that the proof of loadability moved to `rejected` (W6xx).
    pub moved: u64,
    /// Those of them in which a value was repaired.
    pub moved_repaired: u64,
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
    names: RunNames,
    by_code: BTreeMap<String, u64>,
    moved: u64,
    moved_repaired: u64,
    misfits: u64,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

impl Sink for Exporter {
    fn start(&mut self, types: &Arc<EventTypes>, causes: &Arc<Causes>, _words: &[Option<Words>]) {
        self.names = RunNames::new(types, causes);
    }

    fn listed(&mut self, objects: &[Arc<LogObject>]) {
        self.names.objects.extend_from_slice(objects);
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        let frozen = Frozen::new(batch, &mut self.names, &self.tables)?;
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
            names: RunNames::default(),
            by_code: BTreeMap::new(),
            moved: 0,
            moved_repaired: 0,
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
            moved_repaired: self.moved_repaired,
            misfits: self.misfits,
            by_code: self.by_code,
            tables: self.tables,
        })
    }

    fn count(&mut self, frozen: &Frozen) {
        let codes = frozen
            .failures
            .codes()
            .chain(frozen.rejects.code.iter().copied());
        for code in codes {
            count(&mut self.by_code, code.as_str());
        }
    }

    /// Good and failed events, in the order of the log. What does not fit goes into `found`, ordered by record.
    fn event_rows(&mut self, frozen: &Frozen, found: &mut Vec<(u32, RowFailure)>) -> Result<()> {
        let repairs = frozen.failures.repairs();
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
            row.resize(self.good[table].columns.len(), Cell::Null);
            if let Some((events, at)) = event {
                events.payload(at, &mut row);
            }
            let repaired = repairs
                .binary_search_by_key(&(record as u32), |(r, _)| *r)
                .ok();
            let column = repaired.and_then(|_| self.good[table].position(REPAIRS));
            if let (Some(i), Some(column)) = (repaired, column) {
                row[column] = Cell::Text(&repairs[i].1);
            }
            let day = Some(frozen.records.time_us[record].div_euclid(86_400_000_000) as i32);
            if verdict == Verdict::Good {
                reasons.clear();
                misfits(&self.good[table], &row, &mut reasons);
                if reasons.is_empty() {
                    self.parts.push(
                        PartKey {
                            class: Class::Good,
                            table,
                            day,
                        },
                        &self.good[table],
                        &row,
                    )?;
                    continue;
                }
                self.moved += 1;
                self.moved_repaired += u64::from(repaired.is_some());
                self.note_misfits(record as u32, table, event, &reasons, &row, found);
            }
            frozen.failures.json(record as u32, found, &mut json);
            finite(&mut row);
            let mut row = row.clone();
            row.push(Cell::Text(&json));
            row.push(frozen.raw(record, event).map_or(Cell::Null, Cell::Text));
            self.parts.push(
                PartKey {
                    class: Class::Rejected,
                    table,
                    day,
                },
                &self.rejected[table],
                &row,
            )?;
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
            let (name, version) = event.map_or(("", ""), |(events, _)| {
                (&*events.event_type.name, &*events.event_type.version)
            });
            let cause = misfit.cause(&self.good[table], name, version);
            let value = misfit
                .column
                .and_then(|i| row.get(i))
                .and_then(RowFailure::value_of);
            self.misfits += 1;
            count(&mut self.by_code, cause.code.as_str());
            found.push((
                record,
                RowFailure {
                    cause: Arc::new(cause),
                    value,
                },
            ));
        }
    }

    /// One row a failure: those of the judge in their order, then those of the proof.
    fn failure_rows(&mut self, frozen: &Frozen, found: &[(u32, RowFailure)]) -> Result<()> {
        let judged = (0..frozen.failures.len())
            .map(|i| (frozen.failures.get(i), frozen.failures.message(i)));
        let proved = found.iter().map(|(record, failure)| {
            let value = failure.value.as_deref();
            (
                (*record, &*failure.cause, value),
                failure.cause.message(value),
            )
        });
        for ((record, cause, value), message) in judged.chain(proved) {
            let records = &frozen.records;
            let at = record as usize;
            let object = &frozen.objects[&records.object[at]];
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
            self.parts.push(
                PartKey {
                    class: Class::Failures,
                    table: 0,
                    day,
                },
                &self.failures,
                &row,
            )?;
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
                Cell::Text(rejects.message.get(i).unwrap_or_default()),
                Cell::Text(&raw),
            ];
            self.parts.push(
                PartKey {
                    class: Class::Unreadable,
                    table: 0,
                    day: None,
                },
                &self.unreadable,
                &row,
            )?;
        }
        Ok(())
    }
}

fn count(by_code: &mut BTreeMap<String, u64>, code: &str) {
    match by_code.get_mut(code) {
        Some(n) => *n += 1,
        None => {
            by_code.insert(code.to_owned(), 1);
        }
    }
}

/// JSON has no word for what is not finite; the raw line keeps it.
fn finite(row: &mut [Cell<'_>]) {
    for cell in row {
        if matches!(cell, Cell::Float(v) if !v.is_finite()) {
            *cell = Cell::Null;
        }
    }
}
