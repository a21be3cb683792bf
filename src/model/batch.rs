//! A batch: what a worker thread makes of a few thousand lines, in columns.

use polars_arrow::array::MutableBinaryViewArray;
use polars_buffer::Buffer;

use crate::model::column::{Text, take_exact};
use crate::model::{
    CauseId, Causes, Code, Column, Counters, EventTypeId, EventTypes, FIELDS, FieldId, LogObject,
    ObjectId, ObjectStatus, Words,
};

/// Records, events, failures and rejects of one piece of input. Row numbers in it count from 0 within the batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Number of the unit of work; batches leave the pipeline in the order of `(unit, part)`.
    pub unit: u64,
    /// Part of the unit, from 0.
    pub part: u32,
    /// No further part of this unit follows.
    pub last_part: bool,
    /// Which contract it was judged by: counts up with each edit in a run.
    pub contract: u64,
    /// One row a record.
    pub records: RecordColumns,
    /// One entry for each event type met in this batch.
    pub events: Vec<EventColumns>,
    /// One row a failure, ordered by record.
    pub failures: FailureColumns,
    /// Raw lines of failed events that have no type (R201, R204), ordered by record; empty unless asked for (export).
    pub untyped: UntypedColumns,
    /// The same records judged by another contract, of their columns only those that judging fills; absent unless asked
    /// for.
    pub against: Option<Box<Batch>>,
    /// One row an unreadable line.
    pub rejects: RejectColumns,
    /// What was counted, by object: several batches may speak of one object, and the counts add up.
    pub objects: Vec<ObjectCount>,
    /// Of followed objects that may be overwritten: hashes of the lines read, by object id. Empty otherwise.
    pub read_lines: Vec<(u32, Vec<u64>)>,
}

impl Batch {
    /// The sum over the objects of this batch.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        for object in &self.objects {
            sum.add(&object.counters);
        }
        sum
    }
}

/// What one batch says of one object.
#[derive(Debug, Clone)]
pub struct ObjectCount {
    /// Which object.
    pub object: ObjectId,
    /// What this batch counted in it.
    pub counters: Counters,
    /// Its new status, where this batch changes it.
    pub status: Option<ObjectStatus>,
}

/// The records of a batch: provenance, verdict, and a column for each log field that was asked for.
#[derive(Debug)]
pub struct RecordColumns {
    /// Object of each record.
    pub object: Vec<u32>,
    /// Line number in the object, from 1.
    pub line: Vec<u32>,
    /// Byte offset of the line in the object's text.
    pub offset: Vec<u64>,
    /// Length of the line in bytes, without its line end.
    pub length: Vec<u32>,
    /// Log time in microseconds since 1970 UTC (`date` and `time`).
    pub time_us: Vec<i64>,
    /// Event type plus one; 0 for records that are no event (or have no type: R201).
    pub event_type: Vec<u16>,
    /// Row in the event type's columns; meaningless where `event_type` is 0.
    pub event_row: Vec<u32>,
    /// [`crate::model::Verdict`] as a byte.
    pub verdict: Vec<u8>,
    /// By [`FieldId`]; `None` where the field was not asked for.
    pub fields: Vec<Option<Column>>,
}

impl Default for RecordColumns {
    fn default() -> Self {
        Self {
            object: vec![],
            line: vec![],
            offset: vec![],
            length: vec![],
            time_us: vec![],
            event_type: vec![],
            event_row: vec![],
            verdict: vec![],
            fields: (0..FIELDS.len()).map(|_| None).collect(),
        }
    }
}

impl RecordColumns {
    /// The rows so far in columns of their own size; these are empty then, and keep their memory.
    pub fn take_exact(&mut self) -> Self {
        Self {
            object: take_exact(&mut self.object),
            line: take_exact(&mut self.line),
            offset: take_exact(&mut self.offset),
            length: take_exact(&mut self.length),
            time_us: take_exact(&mut self.time_us),
            event_type: take_exact(&mut self.event_type),
            event_row: take_exact(&mut self.event_row),
            verdict: take_exact(&mut self.verdict),
            fields: self
                .fields
                .iter_mut()
                .map(|column| column.as_mut().map(Column::take_exact))
                .collect(),
        }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.object.len()
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.object.is_empty()
    }

    /// The column of a field, where it was asked for.
    pub fn field(&self, id: FieldId) -> Option<&Column> {
        self.fields[id.0 as usize].as_ref()
    }
}

/// The events of one type in a batch.
#[derive(Debug)]
pub struct EventColumns {
    /// Which type.
    pub event_type: EventTypeId,
    /// Row in the batch's records.
    pub record: Vec<u32>,
    /// Hash of the event id, for duplicates.
    pub id_hash: Vec<u64>,
    /// Hash of the whole payload, to tell a copy from a conflict.
    pub payload_hash: Vec<u64>,
    /// The event id as text (`[event.id]`, else `x-edge-request-id`); empty when columns were not asked for.
    pub event_id: Text,
    /// Event time in microseconds since 1970 UTC (`[event.time]`, else the log's); empty when columns were not asked for.
    pub event_time_us: Vec<i64>,
    /// One column a property, as in [`crate::model::EventType::columns`]; empty when columns were not asked for.
    pub properties: Vec<Column>,
    /// Properties that have no column, as one JSON object of texts; null where there is none. Empty as above.
    pub rest_json: Text,
    /// The untouched log line of failed events, null for the others; empty unless asked for (export).
    pub raw: Text,
}

impl EventColumns {
    /// No rows, and no property columns.
    pub fn empty(event_type: EventTypeId) -> Self {
        Self {
            event_type,
            record: vec![],
            id_hash: vec![],
            payload_hash: vec![],
            event_id: Text::default(),
            event_time_us: vec![],
            properties: vec![],
            rest_json: Text::default(),
            raw: Text::default(),
        }
    }

    /// The rows so far in columns of their own size; these are empty then, and keep their memory.
    pub fn take_exact(&mut self) -> Self {
        Self {
            event_type: self.event_type,
            record: take_exact(&mut self.record),
            id_hash: take_exact(&mut self.id_hash),
            payload_hash: take_exact(&mut self.payload_hash),
            event_id: self.event_id.take_exact(),
            event_time_us: take_exact(&mut self.event_time_us),
            properties: self.properties.iter_mut().map(Column::take_exact).collect(),
            rest_json: self.rest_json.take_exact(),
            raw: self.raw.take_exact(),
        }
    }

    /// Gives the texts that are pieces of another column's the bytes of that column.
    pub fn borrow_from(&mut self, lender: &Buffer<u8>) {
        self.event_id.borrow_from(lender);
        for column in &mut self.properties {
            column.borrow_from(lender);
        }
    }
}

/// The failures of a batch.
#[derive(Debug, Default)]
pub struct FailureColumns {
    /// Row in the batch's records.
    pub record: Vec<u32>,
    /// What is wrong.
    pub cause: Vec<CauseId>,
    /// The offending text, cut at 256 bytes on a character boundary; null where there is none (V401).
    pub value: Text,
    /// The text it was repaired to (F701), cut likewise; null for all others.
    pub repaired: Text,
}

/// Raw lines of failed events that have no type, and so no row in any [`EventColumns`].
#[derive(Debug, Default)]
pub struct UntypedColumns {
    /// Row in the batch's records.
    pub record: Vec<u32>,
    /// The untouched log line.
    pub raw: Text,
}

/// Longest value kept with a failure, in bytes.
pub const MAX_FAILURE_VALUE_BYTES: usize = 256;

impl FailureColumns {
    /// Appends one failure, cutting its value.
    pub fn push(&mut self, record: u32, cause: CauseId, value: Option<&str>) {
        self.push_repaired(record, cause, value, None);
    }

    /// Appends one failure with the text that it was repaired to, cutting both.
    pub fn push_repaired(
        &mut self,
        record: u32,
        cause: CauseId,
        value: Option<&str>,
        repaired: Option<&str>,
    ) {
        let cut = |v: &'_ str| v.floor_char_boundary(MAX_FAILURE_VALUE_BYTES);
        self.record.push(record);
        self.cause.push(cause);
        self.value.push(value.map(|v| &v[..cut(v)]));
        self.repaired.push(repaired.map(|v| &v[..cut(v)]));
    }

    /// The rows so far in columns of their own size; these are empty then, and keep their memory.
    pub fn take_exact(&mut self) -> Self {
        Self {
            record: take_exact(&mut self.record),
            cause: take_exact(&mut self.cause),
            value: self.value.take_exact(),
            repaired: self.repaired.take_exact(),
        }
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> Option<&str> {
        self.value.get(row)
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }
}

/// Unreadable lines.
#[derive(Debug, Default)]
pub struct RejectColumns {
    /// Object of each line.
    pub object: Vec<u32>,
    /// Line number in the object, from 1.
    pub line: Vec<u32>,
    /// Byte offset of the line in the object's text.
    pub offset: Vec<u64>,
    /// True length of the line in bytes.
    pub length: Vec<u64>,
    /// L1xx.
    pub code: Vec<Code>,
    /// What is wrong with this line, as a sentence.
    pub message: Text,
    /// The line's bytes as they are, cut at 64 KiB.
    pub raw: MutableBinaryViewArray<[u8]>,
}

/// Longest raw line kept with a reject, in bytes; `offset` and `length` find the rest in the object.
pub const MAX_REJECT_RAW_BYTES: usize = 65_536;

/// Who takes the batches at the end of the pipeline: the frame, an export, or a count.
///
/// Called on one thread, in the order of `(unit, part)`, whatever the number of workers.
pub trait Sink: Send {
    /// Called once, before anything else: the tables of this run, shared with the workers. `words` is by field,
    /// `None` where a field's column is no dictionary.
    fn start(
        &mut self,
        types: &std::sync::Arc<EventTypes>,
        causes: &std::sync::Arc<Causes>,
        words: &[Option<Words>],
    ) {
        let _ = (types, causes, words);
    }

    /// Objects were found; a batch speaks of them only after this call. They count on from the objects found before.
    fn listed(&mut self, objects: &[std::sync::Arc<LogObject>]) {
        let _ = objects;
    }

    /// An object that could not be read is read again; the counts of the run lose what `gone` says, as
    /// [`crate::model::ObjectState::ask_again`] gives it.
    fn again(&mut self, object: ObjectId, gone: &Counters) {
        let _ = (object, gone);
    }

    /// An object was overwritten since it was found; what comes of it next is this version.
    fn relisted(&mut self, object: ObjectId, now: &std::sync::Arc<LogObject>) {
        let _ = (object, now);
    }

    /// All objects found so far are read.
    fn complete(&mut self) {}

    /// Takes one batch.
    ///
    /// # Errors
    /// Only when the world fails (disk full); the run stops then.
    fn take(&mut self, batch: Batch) -> crate::error::Result<()>;

    /// Nothing came for a while: a chance to publish what was held back.
    ///
    /// # Errors
    /// As [`Sink::take`].
    fn idle(&mut self) -> crate::error::Result<()> {
        Ok(())
    }

    /// What this sink would lose with the process, to be kept in one file with how far the sources were taken; `None`
    /// for a sink that starts anew each time. Called between two batches.
    fn memo(&mut self, so_far: &SoFar<'_>) -> Option<serde_json::Value> {
        let _ = so_far;
        None
    }

    /// What [`Sink::memo`] gave in the run that this one goes on from. Called before [`Sink::start`].
    fn recall(&mut self, memo: serde_json::Value) {
        let _ = memo;
    }
}

/// What a run has come to when a sink is asked for its memo.
#[derive(Debug)]
pub struct SoFar<'a> {
    /// The counts.
    pub counters: &'a crate::model::Counters,
    /// Every object, by id.
    pub objects: &'a [crate::model::ObjectState],
    /// The causes.
    pub causes: &'a Causes,
    /// The event types.
    pub types: &'a EventTypes,
}
