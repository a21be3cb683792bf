//! Verdicts that take the place of others, all at once: what an edit of the contract does to what is loaded.
//!
//! Only what was judged again is built anew: three columns of the records, the tables of the event types concerned,
//! and the chunks of failures that hold some of theirs. Everything else is shared with the snapshots before.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use polars::prelude::{DataFrame, DataType, IntoColumn, PolarsNumericType, Series, UInt32Type};
use polars_arrow::types::NativeType;

use crate::error::Result;
use crate::frame::chunks::{Numbers, pieces};
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::timeline::Bucket;
use crate::frame::writer::{FrameWriter, Tail, empty_events, extend, extend_failures};
use crate::frame::{EventTable, Snapshot, build};
use crate::model::delta::DeltaCount;
use crate::model::{
    Batch, Cause, CauseId, Code, Counters, EventColumns, EventType, FailureColumns, ObjectId,
    Severity, Verdict,
};

/// Records that were judged again.
#[derive(Debug, Default)]
pub struct JudgedRows {
    /// Their rows in `Snapshot::records`, ascending.
    pub rows: Vec<u32>,
    /// What they are now: events, failures, counts by object, and of the records' columns `object`, `time_us`,
    /// `event_type`, `event_row` and `verdict`. Row numbers count from 0 within the batch.
    pub batch: Batch,
}

/// What one object's records were counted as, and what they are now.
pub type Recount = (ObjectId, Counters, Counters);

impl FrameWriter {
    /// The state so far, published or not.
    pub fn state(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Puts new verdicts in the place of the old ones and publishes the whole. `touched` says of each event type (by id
    /// plus one) whether all its events were judged again; `judged` is in the order of the rows.
    ///
    /// # Errors
    /// Never, unless Polars refuses columns of the frame's own height.
    pub fn replace(
        &mut self,
        touched: &[bool],
        mut judged: Vec<JudgedRows>,
    ) -> Result<Vec<Recount>> {
        self.add_event_types();
        let causes = self.causes.list();
        let types = self.types.list();
        let mut columns = Columns::of(&self.snapshot)?;
        let tally = Tally::of(&self.snapshot, &columns, &judged, (&types, &causes));
        for (second, (from, to)) in &tally.times {
            self.snapshot.timeline.shift(*second, *from, *to);
        }
        let failures = merged_failures(&self.snapshot, &tally.again, &judged)?;
        self.replace_events(touched, types, &mut judged, &mut columns)?;
        self.snapshot.failures = build::failures(FailureColumns::default())?;
        let mut tail = Tail::default();
        for chunk in failures {
            extend_failures(&mut self.snapshot.failures, chunk, &mut tail)?;
        }
        self.tails.failures = tail;
        self.snapshot.records = columns.into_records(&self.snapshot.records)?;
        let before = self.snapshot.counters;
        let recounts: Vec<Recount> = tally
            .objects
            .into_iter()
            .map(|(object, (was, is))| (ObjectId(object), was, is))
            .collect();
        for (object, was, is) in &recounts {
            self.snapshot.counters.replace(was, is);
            if let Some(state) = self.objects.get_mut(object.0 as usize) {
                state.counters.replace(was, is);
            }
        }
        let delta = tally
            .delta
            .finish(&causes, &before, &self.snapshot.counters);
        self.snapshot.verdicts += 1;
        self.snapshot.delta = Some(Arc::new(delta));
        self.publish();
        Ok(recounts)
    }

    /// Builds the tables of the touched types anew, and writes type, row and verdict of each record.
    fn replace_events(
        &mut self,
        touched: &[bool],
        types: Vec<Arc<EventType>>,
        judged: &mut [JudgedRows],
        columns: &mut Columns,
    ) -> Result<()> {
        for (id, event_type) in types.into_iter().enumerate() {
            if touched.get(id + 1).copied().unwrap_or(false) {
                let frame = build::events(&event_type, empty_events(&event_type))?;
                self.snapshot.events[id] = EventTable { event_type, frame };
                self.tails.events[id] = Tail::default();
            }
        }
        for part in judged {
            let tables = self.snapshot.events.iter();
            let heights: Vec<u32> = tables.map(|t| t.frame.height() as u32).collect();
            let records = &part.batch.records;
            for (i, row) in part.rows.iter().enumerate() {
                let (row, event_type) = (*row as usize, records.event_type[i]);
                let before = usize::from(event_type).checked_sub(1).map(|id| heights[id]);
                columns.event_type[row] = event_type as i16;
                columns.event_row[row] = records.event_row[i] + before.unwrap_or_default();
                columns.verdict[row] = i16::from(records.verdict[i]);
            }
            for mut events in std::mem::take(&mut part.batch.events) {
                for record in &mut events.record {
                    *record = part.rows[*record as usize];
                }
                self.append_events(events)?;
            }
        }
        Ok(())
    }

    fn append_events(&mut self, events: EventColumns) -> Result<()> {
        let id = events.event_type.0 as usize;
        let Some(table) = self.snapshot.events.get_mut(id) else {
            return Ok(());
        };
        let chunk = build::events(&table.event_type, events)?;
        extend(&mut table.frame, chunk, &mut self.tails.events[id])
    }
}

/// The three columns of the records that verdicts are in.
struct Columns {
    event_type: Vec<i16>,
    event_row: Vec<u32>,
    verdict: Vec<i16>,
}

impl Columns {
    fn of(snapshot: &Snapshot) -> Result<Self> {
        let records = &snapshot.records;
        let series =
            |name| -> Result<&Series> { Ok(records.column(name)?.as_materialized_series()) };
        Ok(Self {
            event_type: values(series(column::EVENT_TYPE)?.i16()?),
            event_row: values(series(column::EVENT_ROW)?.u32()?),
            verdict: values(series(column::VERDICT)?.i16()?),
        })
    }

    /// The records with these columns in the place of theirs, in the same chunks.
    fn into_records(self, records: &DataFrame) -> Result<DataFrame> {
        let mut columns = records.columns().to_vec();
        for column in &mut columns {
            let series = column.as_materialized_series();
            let lengths: Vec<usize> = series.chunk_lengths().collect();
            *column = match column.name().as_str() {
                column::EVENT_TYPE => chunked(
                    column::EVENT_TYPE,
                    &DataType::Int16,
                    &self.event_type,
                    &lengths,
                ),
                column::EVENT_ROW => chunked(
                    column::EVENT_ROW,
                    &DataType::UInt32,
                    &self.event_row,
                    &lengths,
                ),
                column::VERDICT => {
                    chunked(column::VERDICT, &DataType::Int16, &self.verdict, &lengths)
                }
                _ => continue,
            }?;
        }
        Ok(DataFrame::new(records.height(), columns)?)
    }
}

fn values<T: PolarsNumericType>(column: &polars::prelude::ChunkedArray<T>) -> Vec<T::Native> {
    let mut out = Vec::with_capacity(column.len());
    for array in column.downcast_iter() {
        out.extend_from_slice(array.values().as_slice());
    }
    out
}

fn chunked<T: NativeType>(
    name: &str,
    dtype: &DataType,
    values: &[T],
    lengths: &[usize],
) -> Result<polars::prelude::Column> {
    let mut rest = values;
    let mut out: Option<Series> = None;
    for length in lengths {
        let (chunk, after) = rest.split_at((*length).min(rest.len()));
        rest = after;
        let chunk = build::numbers(name, dtype, chunk.to_vec())?.take_materialized_series();
        match &mut out {
            None => out = Some(chunk),
            Some(series) => {
                series.append(&chunk)?;
            }
        }
    }
    Ok(out
        .unwrap_or_else(|| Series::new_empty(name.into(), dtype))
        .into_column())
}

/// What changes in counts.
#[derive(Default)]
struct Tally {
    /// By record: it was judged again.
    again: Vec<bool>,
    delta: DeltaCount,
    objects: HashMap<u32, (Counters, Counters), FixedState>,
    /// By second of log time: what the records were, and what they are.
    times: HashMap<i64, (Bucket, Bucket), FixedState>,
}

impl Tally {
    fn of(
        snapshot: &Snapshot,
        old: &Columns,
        judged: &[JudgedRows],
        (types, causes): (&[Arc<EventType>], &[Arc<Cause>]),
    ) -> Self {
        let mut tally = Self {
            again: vec![false; old.verdict.len()],
            ..Self::default()
        };
        let nameless: Arc<str> = "".into();
        for part in judged {
            let records = &part.batch.records;
            for (i, row) in part.rows.iter().enumerate() {
                let row = *row as usize;
                tally.again[row] = true;
                let was = Verdict::from_byte(old.verdict[row] as u8);
                let is = Verdict::from_byte(records.verdict[i]);
                let known = [records.event_type[i], old.event_type[row] as u16]
                    .into_iter()
                    .find_map(|id| types.get(usize::from(id).checked_sub(1)?));
                tally
                    .delta
                    .record(known.map_or(&nameless, |t| &t.name), was, is);
                let (before, _) = tally.objects.entry(records.object[i]).or_default();
                before.count(was);
                if was != is {
                    let second = records.time_us[i].div_euclid(1_000_000);
                    let (from, to) = tally.times.entry(second).or_default();
                    from.count(was);
                    to.count(is);
                }
            }
            for count in &part.batch.objects {
                let (_, after) = tally.objects.entry(count.object.0).or_default();
                after.add(&count.counters);
            }
            for cause in &part.batch.failures.cause {
                tally.delta.failure(*cause, true);
            }
        }
        tally.count_old_failures(snapshot, old, causes);
        tally
    }

    fn count_old_failures(&mut self, snapshot: &Snapshot, old: &Columns, causes: &[Arc<Cause>]) {
        let mut repaired = None;
        let objects = snapshot.records.column(column::OBJECT).ok();
        let Some(objects) = objects
            .and_then(|c| c.try_u32())
            .map(Numbers::<UInt32Type>::new)
        else {
            return;
        };
        Failures::of(snapshot, 0..snapshot.len()).each(|record, cause, _| {
            if !self.again[record as usize] {
                return;
            }
            self.delta.failure(CauseId(cause), false);
            let object = objects.get(record as usize).unwrap_or_default();
            let (before, _) = self.objects.entry(object).or_default();
            let cause = causes.get(cause as usize);
            let is_good = old.verdict[record as usize] == Verdict::Good as i16;
            let is_repair = cause.is_some_and(|c| c.code == Code::F701);
            if is_good && is_repair && repaired != Some(record) {
                repaired = Some(record);
                before.repaired += 1;
            }
            match cause.map(|c| c.severity) {
                Some(Severity::Error) => before.errors += 1,
                Some(Severity::Warn) => before.warnings += 1,
                Some(Severity::Info) => before.infos += 1,
                None => {}
            }
        });
    }
}

/// The failures of all records in their order: chunks without a record that was judged again as they are, the others
/// with the new failures in the place of the old ones.
fn merged_failures(
    snapshot: &Snapshot,
    again: &[bool],
    judged: &[JudgedRows],
) -> Result<Vec<DataFrame>> {
    let mut new = judged
        .iter()
        .flat_map(|part| {
            let failures = &part.batch.failures;
            (0..failures.len()).map(move |i| {
                let record = part.rows[failures.record[i] as usize];
                let texts = (failures.value(i), failures.repaired.get(i));
                (record, failures.cause[i], texts)
            })
        })
        .peekable();
    let old = &snapshot.failures;
    let (records, causes) = (old.column("record")?.u32()?, old.column("cause")?.u32()?);
    let texts = old.column("value")?.str()?;
    let repaired = old.column(column::REPAIRED).ok().and_then(|c| c.try_str());
    let starts: Vec<u32> = records
        .downcast_iter()
        .filter(|a| a.len() > 0)
        .map(|a| a.values()[0])
        .collect();
    let mut chunks = vec![];
    let (mut at, mut next) = (0, 0);
    for array in records.downcast_iter().filter(|a| a.len() > 0) {
        let rows = at..at + array.len();
        at = rows.end;
        next += 1;
        let end = starts.get(next).copied().unwrap_or(u32::MAX);
        let stays = array.values().iter().all(|record| !again[*record as usize])
            && new.peek().is_none_or(|(record, ..)| *record >= end);
        if stays {
            chunks.push(old.slice(rows.start as i64, rows.len()));
            continue;
        }
        let mut out = FailureColumns::default();
        let causes = pieces(causes.downcast_iter(), rows.clone())
            .flat_map(|p| p.array.values()[p.rows].iter().copied());
        let values = pieces(texts.downcast_iter(), rows.clone())
            .flat_map(|p| p.rows.map(|i| p.array.get(i)));
        let mut repaired = repaired.iter().flat_map(|column| {
            pieces(column.downcast_iter(), rows.clone())
                .flat_map(|p| p.rows.map(|i| p.array.get(i)))
        });
        for ((record, cause), value) in array.values().iter().zip(causes).zip(values) {
            let repaired = repaired.next().flatten();
            while let Some((new, cause, (value, repaired))) = new.next_if(|(new, ..)| new < record)
            {
                out.push_repaired(new, cause, value, repaired);
            }
            if !again[*record as usize] {
                out.push_repaired(*record, CauseId(cause), value, repaired);
            }
        }
        while let Some((record, cause, texts)) = new.next_if(|(record, ..)| *record < end) {
            out.push_repaired(record, cause, texts.0, texts.1);
        }
        chunks.push(build::failures(out.take_exact())?);
    }
    let mut rest = FailureColumns::default();
    for (record, cause, (value, repaired)) in new {
        rest.push_repaired(record, cause, value, repaired);
    }
    chunks.push(build::failures(rest.take_exact())?);
    Ok(chunks)
}
