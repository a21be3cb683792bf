//! What fills windows: batches as they come, or a snapshot of what is loaded.

use std::collections::HashMap;
use std::sync::Arc;

use polars_arrow::array::{PrimitiveArray, StaticArray as _};

use crate::frame::Snapshot;
use crate::frame::chunks::{Numbers, whole_numbers};
use crate::frame::snapshot::column;
use crate::model::{Batch, Column, EventType, EventTypes, FieldId, RecordColumns, Verdict};

use super::{Complete, Keep, Seen, WindowSpec, Windows};

/// `time-taken` and `sc-bytes` of a batch.
struct Measures {
    taken: Option<PrimitiveArray<f64>>,
    bytes: Option<PrimitiveArray<i64>>,
}

impl Measures {
    fn take(records: &mut RecordColumns) -> Self {
        let mut take = |field: FieldId| records.fields[usize::from(field.0)].take();
        Self {
            taken: match take(FieldId::TIME_TAKEN) {
                Some(Column::Float(column)) => Some(column.freeze()),
                _ => None,
            },
            bytes: match take(FieldId::SC_BYTES) {
                Some(Column::Int(column)) => Some(column.widest().freeze()),
                _ => None,
            },
        }
    }
}

impl Windows {
    /// Counts the events of a batch; `on` is given each window that becomes complete by it ([`Keep::Recent`] only).
    ///
    /// Takes the columns `time_taken` and `sc_bytes` out of the batch.
    pub fn batch(
        &mut self,
        batch: &mut Batch,
        types: &EventTypes,
        on: &mut dyn FnMut(&Complete<'_>),
    ) {
        let measures = Measures::take(&mut batch.records);
        if batch
            .records
            .event_type
            .iter()
            .any(|t| usize::from(*t) >= self.of_type.len())
        {
            self.learn(&types.list());
        }
        let mut own_times: Vec<&[i64]> = vec![&[]; self.of_type.len()];
        for events in &batch.events {
            if let Some(times) = own_times.get_mut(usize::from(events.event_type.0) + 1) {
                *times = &events.event_time_us;
            }
        }
        let records = &batch.records;
        for row in 0..records.len() {
            let (log_us, verdict) = (
                records.time_us[row],
                Verdict::from_byte(records.verdict[row]),
            );
            if verdict != Verdict::NotEvent {
                let event_type = usize::from(records.event_type[row]);
                let own_us = own_times
                    .get(event_type)
                    .and_then(|times| times.get(records.event_row[row] as usize))
                    .filter(|_| event_type > 0);
                self.add(&Seen {
                    log_us,
                    event_us: own_us.copied().unwrap_or(log_us),
                    group: self.group(event_type),
                    verdict,
                    taken_s: measures.taken.as_ref().and_then(|a| a.get(row)),
                    bytes: measures.bytes.as_ref().and_then(|a| a.get(row)),
                });
            }
            if self.logged(log_us) {
                self.close(on);
            }
        }
    }

    /// The windows of everything loaded.
    pub fn of(snapshot: &Snapshot, spec: WindowSpec) -> Self {
        let mut windows = Self::new(spec, Keep::All);
        let types: Vec<_> = snapshot
            .events
            .iter()
            .map(|t| t.event_type.clone())
            .collect();
        windows.learn(&types);
        windows.records(snapshot);
        windows
    }

    fn records(&mut self, snapshot: &Snapshot) {
        let series = |name: &str| {
            let column = snapshot.records.column(name).ok()?;
            Some(column.as_materialized_series())
        };
        let numbers = |name: &str| series(name).and_then(whole_numbers);
        let times = series(column::TIME_UTC)
            .and_then(|s| s.try_datetime())
            .map(|c| Numbers::new(c.physical()));
        let (Some(times), Some(verdicts)) = (times, numbers(column::VERDICT)) else {
            return;
        };
        let (types, rows) = (numbers(column::EVENT_TYPE), numbers(column::EVENT_ROW));
        let bytes = numbers(FieldId::SC_BYTES.field().column);
        let taken = series(FieldId::TIME_TAKEN.field().column)
            .and_then(|s| s.try_f64())
            .map(Numbers::new);
        let own_times: Vec<_> = snapshot
            .events
            .iter()
            .map(|table| {
                let column = table.frame.column(column::EVENT_TIME_UTC).ok()?;
                let times = column.as_materialized_series().try_datetime()?;
                Some(Numbers::new(times.physical()))
            })
            .collect();
        for row in 0..snapshot.len() {
            let Some(log_us) = times.get(row) else {
                continue;
            };
            let verdict = Verdict::from_byte(verdicts(row).unwrap_or(0) as u8);
            if verdict != Verdict::NotEvent {
                let number = |read: &Option<crate::frame::chunks::Read<'_, i64>>| {
                    read.as_ref().and_then(|read| read(row))
                };
                let event_type = number(&types).map_or(0, |t| t as usize);
                let own_us = event_type
                    .checked_sub(1)
                    .and_then(|id| own_times.get(id)?.as_ref())
                    .and_then(|times| times.get(number(&rows)? as usize));
                self.add(&Seen {
                    log_us,
                    event_us: own_us.unwrap_or(log_us),
                    group: self.group(event_type),
                    verdict,
                    taken_s: taken.as_ref().and_then(|t| t.get(row)),
                    bytes: number(&bytes),
                });
            }
            self.logged(log_us);
        }
    }

    /// Names of event types, by id; all versions of one name count together.
    fn learn(&mut self, types: &[Arc<EventType>]) {
        let mut groups: HashMap<Arc<str>, u16> =
            self.names.iter().skip(1).cloned().zip(1..).collect();
        for event_type in types.iter().skip(self.of_type.len() - 1) {
            let next = self.names.len() as u16;
            let group = *groups.entry(event_type.name.clone()).or_insert(next);
            if group == next {
                self.names.push(event_type.name.clone());
                self.last.push(None);
            }
            self.of_type.push(group);
        }
    }

    fn group(&self, event_type: usize) -> u16 {
        self.of_type.get(event_type).copied().unwrap_or(0)
    }
}
