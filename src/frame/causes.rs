//! Failures grouped by cause, and unreadable lines grouped by code.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::frame::{Snapshot, View};
use crate::model::{Cause, CauseId};

/// All failures with one cause.
#[derive(Debug, Clone)]
pub struct CauseGroup {
    /// Index of the cause.
    pub id: CauseId,
    /// The cause.
    pub cause: Arc<Cause>,
    /// Records with such a failure.
    pub rows: u64,
    /// Failures; more than `rows` where one record breaks the same rule twice.
    pub failures: u64,
    /// `rows` out of all events of that name (0 to 1); out of all events where the cause names none.
    pub share_of_event: f64,
    /// Log time of the first and last one, in microseconds since 1970 UTC.
    pub first_us: i64,
    /// See `first_us`.
    pub last_us: i64,
    /// Failures over the time of all records, in [`CauseOptions::buckets`] equal parts.
    pub spark: Vec<u32>,
    /// A value that failed: the first one that is not null.
    pub sample: Option<String>,
    /// Row in `Snapshot::records` of the first one.
    pub sample_row: u32,
}

/// Unreadable lines of one code.
#[derive(Debug, Clone)]
pub struct RejectGroup {
    /// `L101` …
    pub code: String,
    /// Lines.
    pub lines: u64,
    /// The object of the first one (index into `Snapshot::objects`).
    pub object: u32,
    /// The line number of the first one.
    pub line: u32,
    /// What is wrong with the first one.
    pub message: String,
    /// Row in `Snapshot::rejects` of the first one.
    pub sample_row: u32,
}

/// How to group.
#[derive(Debug, Clone, Copy)]
pub struct CauseOptions {
    /// Parts of the sparkline; 0 for none.
    pub buckets: usize,
}

impl Default for CauseOptions {
    fn default() -> Self {
        Self { buckets: 24 }
    }
}

/// Groups the failures of a snapshot by cause, most rows first (ties by cause id). With a view: only the failures of
/// its rows. `None` when cancelled. One pass over the failures.
pub fn group_causes(
    snapshot: &Snapshot,
    view: Option<&View>,
    options: CauseOptions,
    cancel: &AtomicBool,
) -> Option<Vec<CauseGroup>> {
    let _ = (snapshot, view, options, cancel);
    None
}

/// Groups the unreadable lines of a snapshot by code, most lines first.
pub fn group_rejects(snapshot: &Snapshot) -> Vec<RejectGroup> {
    let _ = snapshot;
    vec![]
}
