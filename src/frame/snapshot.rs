//! What readers see: one immutable state of everything loaded.

use std::collections::HashSet;
use std::sync::Arc;

use polars::prelude::{DataFrame, PlSmallStr, Series};
use polars_arrow::array::Array;
use polars_buffer::Buffer;

use crate::frame::failures::Failures;
use crate::frame::{Timeline, WindowSpec};
use crate::model::{Cause, Counters, EventType, ObjectState, VerdictDelta};

/// One immutable state of everything loaded; cheap to clone (arrow chunks are shared).
///
/// Row numbers of `records` are stable for the life of a run: rows are only ever appended. What they were judged to be
/// is stable while [`Snapshot::verdicts`] is.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Counts up with each publish.
    pub revision: u64,
    /// One row a record. Columns: [`column::OBJECT`] `u32`, `line` `u32`, `offset` `u64`, `length` `u32`,
    /// `time_utc` `Datetime(us, UTC)`, `event_type` `i16` (type id plus one, 0 for none), `event_row` `u32` (row in
    /// that type's table), `verdict` `i16`, then one column each log field, named as in `FIELDS`: integers as `i16`, `i32`
    /// or `i64`, codes of words as `u8`, `u16` or `u32`, as narrow as the values so far allow.
    pub records: DataFrame,
    /// By [`crate::model::EventTypeId`].
    pub events: Vec<EventTable>,
    /// One row a failure, ordered by record. Columns: `record` `u32` (row in `records`), `cause` `u32` (index into
    /// `causes`), `value` `String` (null where there is none); from the first repaired value on `repaired` `String`.
    pub failures: DataFrame,
    /// One row an unreadable line. Columns: `object` `u32`, `line` `u32`, `offset` `u64`, `length` `u64`,
    /// `code` `String`, `message` `String`, `raw` `Binary`.
    pub rejects: DataFrame,
    /// By [`crate::model::ObjectId`].
    pub objects: Arc<Vec<ObjectState>>,
    /// By [`crate::model::CauseId`].
    pub causes: Arc<Vec<Arc<Cause>>>,
    /// The identity so far.
    pub counters: Counters,
    /// Good, failed and other records by second of log time.
    pub timeline: Timeline,
    /// How events came to their names, where no event schema says what there is.
    pub found_by: Option<Arc<str>>,
    /// How the table `windows` of a query is cut.
    pub windows: WindowSpec,
    /// When the record with the newest log time came, in milliseconds since 1970 UTC.
    pub newest_came_ms: Option<i64>,
    /// Counts up when records that were there are judged again, all at once, because the contract was edited.
    pub verdicts: u64,
    /// What the last edit of the contract changed.
    pub delta: Option<Arc<VerdictDelta>>,
    /// True once all input has been read (never while following).
    pub complete: bool,
}

/// The events of one type.
#[derive(Debug, Clone)]
pub struct EventTable {
    /// Name, version and declared columns.
    pub event_type: Arc<EventType>,
    /// One row an event. Columns: `_record` `u32` (row in `records`), `_event_id` `String`,
    /// `_event_time_utc` `Datetime(us, UTC)`, one column a declared property, `_rest_json` `String`.
    pub frame: DataFrame,
}

/// Names of our own columns.
pub mod column {
    /// Index into `Snapshot::objects`.
    pub const OBJECT: &str = "object";
    /// Line number in the object, from 1.
    pub const LINE: &str = "line";
    /// Byte offset of the line in the object's text.
    pub const OFFSET: &str = "offset";
    /// Length of the line in bytes.
    pub const LENGTH: &str = "length";
    /// Log time.
    pub const TIME_UTC: &str = "time_utc";
    /// Event type id plus one; 0 for none.
    pub const EVENT_TYPE: &str = "event_type";
    /// Row in the event type's table.
    pub const EVENT_ROW: &str = "event_row";
    /// Verdict as a byte.
    pub const VERDICT: &str = "verdict";
    /// Row in `records`, in an event table.
    pub const RECORD: &str = "_record";
    /// Event id.
    pub const EVENT_ID: &str = "_event_id";
    /// Event time.
    pub const EVENT_TIME_UTC: &str = "_event_time_utc";
    /// Undeclared properties, as a JSON object of texts.
    pub const REST_JSON: &str = "_rest_json";
    /// What a value was repaired to (F701).
    pub const REPAIRED: &str = "repaired";
}

impl Snapshot {
    /// A snapshot of nothing: zero rows, all columns there.
    pub fn empty() -> Self {
        crate::frame::build::empty_snapshot()
    }

    /// Rows in `records`.
    pub fn len(&self) -> usize {
        self.records.height()
    }

    /// True before the first record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Resident size of all columns, in bytes; texts that columns share count once.
    pub fn memory_bytes(&self) -> usize {
        let mut counted = HashSet::new();
        [&self.records, &self.failures, &self.rejects]
            .into_iter()
            .chain(self.events.iter().map(|table| &table.frame))
            .flat_map(DataFrame::columns)
            .map(|column| column_bytes(column.as_materialized_series(), &mut counted))
            .sum()
    }

    /// Calls `f(record, cause id)` for every failure in order.
    pub fn each_failure(&self, mut f: impl FnMut(u32, u32)) {
        Failures::of(self, 0..self.len()).each(|record, cause, _| f(record, cause));
    }

    /// The column of that name, by record, where it is one of ours and of small numbers: [`column::EVENT_TYPE`],
    /// [`column::VERDICT`].
    pub fn small_numbers(&self, name: &str) -> Vec<u16> {
        let mut out = Vec::with_capacity(self.len());
        if let Some(column) = self.records.column(name).ok().and_then(|c| c.try_i16()) {
            for array in column.downcast_iter() {
                out.extend(array.values().iter().map(|n| *n as u16));
            }
        }
        out
    }

    /// Names of all columns of `records`.
    pub fn record_columns(&self) -> Vec<PlSmallStr> {
        self.records.get_column_names_owned()
    }
}

/// Size of a column, in bytes, but for the buffers of text that are in `counted`, where its own go.
fn column_bytes(series: &Series, counted: &mut HashSet<(usize, usize)>) -> usize {
    let Some(texts) = series.try_str() else {
        return series.estimated_size();
    };
    // Chunks without a value share one run of zeros.
    texts
        .downcast_iter()
        .filter(|array| array.null_count() < array.len())
        .map(|array| {
            let new = |buffer: &&Buffer<u8>| {
                counted.insert((buffer.as_slice().as_ptr() as usize, buffer.len()))
            };
            let buffers = array.data_buffers().iter().filter(new);
            let nulls = array.validity().map_or(0, |bits| bits.len() / 8);
            size_of_val(array.views().as_slice()) + nulls + buffers.map(Buffer::len).sum::<usize>()
        })
        .sum()
}
