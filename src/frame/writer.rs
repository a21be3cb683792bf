//! The one writer: takes batches, appends chunks, publishes snapshots.

use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::DataFrame;
use tokio::sync::watch;

use crate::error::Result;
use crate::frame::timeline::Bucket;
use crate::frame::{EventTable, Snapshot, build, widen, width};
use crate::model::{
    Batch, Causes, Counters, EventTypes, LogObject, ObjectId, ObjectState, ObjectStatus, Sink,
    Verdict, Words,
};

/// At most some 25 snapshots a second: more than a screen shows, few enough to cost nothing.
const PUBLISH_EVERY: Duration = Duration::from_millis(40);
/// A chunk this long is left alone when it comes: copying it costs more, in time and in holes between what stays, than
/// it saves.
const ALONE_ROWS: usize = 512;
/// Shorter ones are merged until there are so many rows, because the cost of every operation follows the number of
/// chunks.
const SEALED_ROWS: usize = 4_096;
/// So many short chunks may wait to be merged.
const MOST_SHORT_CHUNKS: usize = 16;

/// Appends batches to frames and publishes what readers see.
#[derive(Debug)]
pub struct FrameWriter {
    pub(super) snapshot: Snapshot,
    pub(super) types: Arc<EventTypes>,
    pub(super) causes: Arc<Causes>,
    pub(super) objects: Vec<ObjectState>,
    /// The short chunks at the end of each table, for merging: records, failures, rejects, then events by type.
    pub(super) tails: Tails,
    sender: watch::Sender<Arc<Snapshot>>,
    published: Instant,
    dirty: bool,
}

#[derive(Debug, Default)]
pub(super) struct Tails {
    records: Tail,
    pub(super) failures: Tail,
    rejects: Tail,
    pub(super) events: Vec<Tail>,
}

impl FrameWriter {
    /// Publishes to `sender`.
    pub fn new(sender: watch::Sender<Arc<Snapshot>>) -> Self {
        Self {
            snapshot: Snapshot::empty(),
            types: Arc::default(),
            causes: Arc::default(),
            objects: Vec::new(),
            tails: Tails::default(),
            sender,
            published: Instant::now(),
            dirty: false,
        }
    }

    /// Publishes the last state, marked complete.
    pub fn finish(&mut self) {
        self.snapshot.complete = true;
        self.publish();
    }

    /// The counts so far.
    pub fn counters(&self) -> Counters {
        self.snapshot.counters
    }

    pub(super) fn publish(&mut self) {
        self.snapshot.revision += 1;
        self.snapshot.objects = Arc::new(self.objects.clone());
        let causes = self.causes.list();
        if causes.len() != self.snapshot.causes.len() {
            self.snapshot.causes = Arc::new(causes);
        }
        self.add_event_types();
        let found_by = self.types.found_by();
        if self.snapshot.found_by.as_deref() != found_by.as_deref() {
            self.snapshot.found_by = found_by.map(Into::into);
        }
        self.sender.send_replace(Arc::new(self.snapshot.clone()));
        self.published = Instant::now();
        self.dirty = false;
    }

    /// Tables of types that are known by now, so that ids index them.
    pub(super) fn add_event_types(&mut self) {
        for event_type in self
            .types
            .list()
            .into_iter()
            .skip(self.snapshot.events.len())
        {
            let frame = build::events(&event_type, empty_events(&event_type)).unwrap_or_default();
            self.snapshot.events.push(EventTable { event_type, frame });
            self.tails.events.push(Tail::default());
        }
    }

    fn append(&mut self, mut batch: Batch) -> Result<()> {
        let base = self.snapshot.records.height() as u32;
        self.add_event_types();
        let heights: Vec<u32> = self
            .snapshot
            .events
            .iter()
            .map(|e| e.frame.height() as u32)
            .collect();
        for (row, event_type) in batch
            .records
            .event_row
            .iter_mut()
            .zip(&batch.records.event_type)
        {
            if *event_type > 0 {
                *row += heights
                    .get(*event_type as usize - 1)
                    .copied()
                    .unwrap_or_default();
            }
        }
        let newest = |timeline: &crate::frame::Timeline| timeline.span().map(|(_, last)| last);
        let before = newest(&self.snapshot.timeline);
        count_time(&mut self.snapshot.timeline, &batch);
        if newest(&self.snapshot.timeline) > before {
            let now = std::time::UNIX_EPOCH.elapsed().ok();
            self.snapshot.newest_came_ms = now.map(|since| since.as_millis() as i64);
        }
        for record in &mut batch.failures.record {
            *record += base;
        }
        for mut events in batch.events {
            for record in &mut events.record {
                *record += base;
            }
            let id = events.event_type.0 as usize;
            let Some(table) = self.snapshot.events.get_mut(id) else {
                continue;
            };
            let chunk = build::events(&table.event_type, events)?;
            extend(&mut table.frame, chunk, &mut self.tails.events[id])?;
        }
        extend_failures(
            &mut self.snapshot.failures,
            build::failures(batch.failures)?,
            &mut self.tails.failures,
        )?;
        extend(
            &mut self.snapshot.rejects,
            build::rejects(batch.rejects)?,
            &mut self.tails.rejects,
        )?;
        let mut records = build::records(batch.records)?;
        if records.height() > 0 {
            widen::align(&mut self.snapshot.records, &mut records)?;
        }
        extend(&mut self.snapshot.records, records, &mut self.tails.records)?;
        Ok(())
    }
}

/// The short chunks at the end of a table.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tail {
    rows: usize,
    chunks: usize,
}

/// Appends failures, of which only those from the first repaired value on have a column for it.
pub(super) fn extend_failures(
    frame: &mut DataFrame,
    mut chunk: DataFrame,
    tail: &mut Tail,
) -> Result<()> {
    if chunk.height() > 0 {
        widen::align(frame, &mut chunk)?;
    }
    extend(frame, chunk, tail)
}

/// Appends a chunk. Short chunks are merged once they are many, or enough rows for one that is left alone: merging at
/// every append would copy each row again and again, and leave as much garbage between what stays.
pub(super) fn extend(frame: &mut DataFrame, mut chunk: DataFrame, tail: &mut Tail) -> Result<()> {
    let rows = chunk.height();
    if rows == 0 {
        return Ok(());
    }
    if frame.height() == 0 {
        *frame = chunk;
    } else {
        width::level(frame, &mut chunk)?;
        frame.vstack_mut(&chunk)?;
    }
    if rows >= ALONE_ROWS {
        // What stands before it stays as it is: no more short chunks than long ones come that way.
        *tail = Tail::default();
        return Ok(());
    }
    *tail = Tail {
        rows: tail.rows + rows,
        chunks: tail.chunks + 1,
    };
    let sealed = tail.rows >= SEALED_ROWS;
    if sealed || tail.chunks >= MOST_SHORT_CHUNKS {
        merge_tail(frame, tail.rows)?;
        *tail = if sealed {
            Tail::default()
        } else {
            Tail {
                rows: tail.rows,
                chunks: 1,
            }
        };
    }
    Ok(())
}

/// Makes the last rows one chunk.
fn merge_tail(frame: &mut DataFrame, rows: usize) -> Result<()> {
    let sealed = frame.height() - rows;
    let mut merged = frame.slice(sealed as i64, rows);
    merged.rechunk_mut();
    if sealed == 0 {
        *frame = merged;
        return Ok(());
    }
    let mut kept = frame.slice(0, sealed);
    kept.vstack_mut(&merged)?;
    *frame = kept;
    Ok(())
}

/// Adds a batch to the timeline: rows of a batch share few seconds, so runs of one second are counted first.
fn count_time(timeline: &mut crate::frame::Timeline, batch: &Batch) {
    let mut counts: std::collections::HashMap<i64, Bucket, foldhash::fast::FixedState> =
        std::collections::HashMap::default();
    for (time, verdict) in batch.records.time_us.iter().zip(&batch.records.verdict) {
        let bucket = counts.entry(time.div_euclid(1_000_000)).or_default();
        bucket.count(Verdict::from_byte(*verdict));
    }
    for (second, bucket) in counts {
        timeline.add(second, bucket);
    }
}

pub(super) fn empty_events(event_type: &crate::model::EventType) -> crate::model::EventColumns {
    let mut columns = crate::model::EventColumns::empty(crate::model::EventTypeId(0));
    columns.properties = event_type
        .columns
        .iter()
        .map(|p| crate::model::Column::new(p.kind))
        .collect();
    columns
}

impl Sink for FrameWriter {
    fn start(&mut self, types: &Arc<EventTypes>, causes: &Arc<Causes>, words: &[Option<Words>]) {
        self.types = types.clone();
        self.causes = causes.clone();
        self.snapshot = build::empty(words);
        self.publish();
    }

    fn listed(&mut self, objects: &[Arc<LogObject>]) {
        self.objects
            .extend(objects.iter().map(|object| ObjectState {
                object: object.clone(),
                status: ObjectStatus::Waiting,
                counters: Counters::default(),
            }));
        self.dirty = true;
    }

    fn again(&mut self, object: ObjectId, gone: &Counters) {
        if let Some(state) = self.objects.get_mut(object.0 as usize) {
            state.ask_again();
            self.snapshot.counters.take_away(gone);
            self.snapshot.complete = false;
            self.dirty = true;
        }
    }

    fn relisted(&mut self, object: ObjectId, now: &Arc<LogObject>) {
        if let Some(state) = self.objects.get_mut(object.0 as usize) {
            state.object = now.clone();
            self.dirty = true;
        }
    }

    fn complete(&mut self) {
        self.finish();
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        for count in &batch.objects {
            if let Some(state) = self.objects.get_mut(count.object.0 as usize) {
                state.counters.add(&count.counters);
                if let Some(status) = &count.status {
                    state.status = status.clone();
                }
            }
            self.snapshot.counters.add(&count.counters);
        }
        self.append(batch)?;
        self.dirty = true;
        if self.published.elapsed() >= PUBLISH_EVERY {
            self.publish();
        }
        Ok(())
    }

    fn idle(&mut self) -> Result<()> {
        if self.dirty {
            self.publish();
        }
        Ok(())
    }
}
