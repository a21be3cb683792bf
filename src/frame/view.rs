//! What a screen shows: which rows, in which order, and how many of each verdict.

mod compute;
mod search;
mod sort;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub(crate) use compute::{membership, times};
pub use search::Needle;
pub(crate) use sort::Places;

use crate::frame::columns::ColumnRef;
use crate::frame::filter::Filter;
use crate::frame::{Snapshot, Timeline};
use crate::model::CauseId;

/// A filter in the stack, on or off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilterTerm {
    /// What it keeps.
    pub filter: Filter,
    /// Counts only while on.
    pub on: bool,
}

/// One column to sort by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// The column.
    pub column: ColumnRef,
    /// Largest first. Rows without a value come last either way.
    pub descending: bool,
}

/// What to show. One value, so that undo and redo are lists of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct ViewSpec {
    /// The filter stack; all that are on must keep a row.
    pub filters: Vec<FilterTerm>,
    /// Leave out records that are no event.
    pub events_only: bool,
    /// Log time from (included) and to (excluded), in microseconds since 1970 UTC.
    pub range: Option<(i64, i64)>,
    /// Empty: log time ascending, so that the newest is at the bottom. Ties keep the order of reading.
    pub sort: Vec<SortKey>,
    /// Only records with a failure of this cause.
    pub cause: Option<CauseId>,
}

impl ViewSpec {
    /// True when every record is shown, in whatever order.
    pub fn shows_everything(&self) -> bool {
        !self.events_only && self.shows_all_events()
    }

    /// True when every event is shown.
    pub fn shows_all_events(&self) -> bool {
        self.range.is_none() && self.cause.is_none() && !self.filters.iter().any(|f| f.on)
    }
}

/// The rows of a snapshot that a [`ViewSpec`] shows. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// What was asked for.
    pub spec: Arc<ViewSpec>,
    /// Rows of `Snapshot::records`, in the order of the sort.
    pub rows: Arc<[u32]>,
    /// Records looked at: the rows `0..seen` of the snapshot.
    pub seen: usize,
    /// Revision of the snapshot that was looked at.
    pub revision: u64,
    /// [`Snapshot::verdicts`] of that snapshot.
    pub verdicts: u64,
    /// Good events among the rows.
    pub good: u64,
    /// Failed events among the rows.
    pub failed: u64,
    /// Other records among the rows.
    pub other: u64,
    /// When the rows were logged.
    pub timeline: Timeline,
    /// The order-preserving key of each row, where the sort is by one column whose keys do not change as rows come.
    keys: Option<Arc<[u64]>>,
}

impl View {
    /// Filters and sorts all of a snapshot. `None` when cancelled.
    pub fn compute(snapshot: &Snapshot, spec: Arc<ViewSpec>, cancel: &AtomicBool) -> Option<Self> {
        compute::extend(
            &Self {
                spec,
                ..Self::default()
            },
            snapshot,
            cancel,
        )
    }

    /// The same view of a later snapshot of the same run: looks only at the rows that are new and merges them in.
    /// Filters that depend on the newest record (`last:15m`, times without a day) are evaluated anew, and all of it is
    /// once records were judged again.
    /// `None` when cancelled.
    pub fn extend(&self, snapshot: &Snapshot, cancel: &AtomicBool) -> Option<Self> {
        compute::extend(self, snapshot, cancel)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when no row is shown.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The record at a position of the view.
    pub fn row(&self, position: usize) -> Option<usize> {
        self.rows.get(position).map(|row| *row as usize)
    }

    /// The position of a record in the view, for keeping the cursor on its row. Costs a scan.
    pub fn position(&self, row: usize) -> Option<usize> {
        self.rows.iter().position(|r| *r as usize == row)
    }

    /// The next position after `from` (or before it) whose row has the text, going round at the end; `from` itself
    /// comes last. Looks at every text a row has, and stops early when cancelled.
    pub fn find_next(
        &self,
        snapshot: &Snapshot,
        needle: &Needle,
        from: usize,
        forward: bool,
        cancel: &AtomicBool,
    ) -> Option<usize> {
        search::find_next(self, snapshot, needle, (from, forward), cancel)
    }

    /// Rows that have the text; `None` when cancelled.
    pub fn count(
        &self,
        snapshot: &Snapshot,
        needle: &Needle,
        cancel: &AtomicBool,
    ) -> Option<usize> {
        search::count(self, snapshot, needle, cancel)
    }

    /// The next position after `from` (or before it) with a failed event; does not go round.
    pub fn next_failure(&self, snapshot: &Snapshot, from: usize, forward: bool) -> Option<usize> {
        search::next_failure(self, snapshot, from, forward)
    }

    /// The first position at or after a log time, when the view is sorted by it ascending (the default); else `None`.
    pub fn position_of_time(&self, snapshot: &Snapshot, us: i64) -> Option<usize> {
        search::position_of_time(self, snapshot, us)
    }
}
