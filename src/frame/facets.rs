//! How often each value of a column occurs in a view.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use foldhash::fast::FixedState;

use crate::frame::columns::ColumnRef;
use crate::frame::tally::{Counted, Tally, rank};
use crate::frame::text_reader::text_reader;
use crate::frame::{Snapshot, View};

/// The values of one column in a view.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    /// The most frequent values as text with their rows, most frequent first; ties by text.
    pub top: Vec<(String, u64)>,
    /// Rows with any other value.
    pub others: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Distinct values; [`MAX_DISTINCT`] means that many or more.
    pub distinct: usize,
    /// Rows of the view.
    pub rows: u64,
}

/// Distinct values are kept apart up to here; what comes new after that counts as `others`.
pub const MAX_DISTINCT: usize = 200_000;

/// Counts the values of a column over the rows of a view; `limit` of them are listed. `None` when cancelled.
pub fn facets(
    snapshot: &Snapshot,
    view: &View,
    column: &ColumnRef,
    limit: usize,
    cancel: &AtomicBool,
) -> Option<Facets> {
    if let ColumnRef::Record(name) = column
        && let Ok(series) = snapshot.records.column(name)
    {
        let mut tally = Tally::new(series.as_materialized_series(), MAX_DISTINCT);
        for block in view.rows.chunks(BLOCK) {
            if cancel.load(Relaxed) {
                return None;
            }
            for row in block {
                tally.add(*row as usize);
            }
        }
        let nulls = tally.nulls;
        return Some(facets_of(tally.finish(limit), nulls, view));
    }
    by_text(snapshot, view, column, limit, cancel)
}

/// Rows between two looks at the cancel flag.
const BLOCK: usize = 16_384;

/// For columns that are made from several tables: values are compared as they are shown.
fn by_text(
    snapshot: &Snapshot,
    view: &View,
    column: &ColumnRef,
    limit: usize,
    cancel: &AtomicBool,
) -> Option<Facets> {
    let read = text_reader(snapshot, column);
    let mut counts: HashMap<String, u64, FixedState> = HashMap::default();
    let (mut nulls, mut overflow) = (0, 0);
    for block in view.rows.chunks(BLOCK) {
        if cancel.load(Relaxed) {
            return None;
        }
        for row in block {
            let Some(text) = read(*row) else {
                nulls += 1;
                continue;
            };
            if let Some(n) = counts.get_mut(&*text) {
                *n += 1;
            } else if counts.len() < MAX_DISTINCT {
                counts.insert(text.into_owned(), 1);
            } else {
                overflow += 1;
            }
        }
    }
    let mut counted = rank(counts.into_iter().collect(), limit);
    counted.rows += overflow;
    Some(facets_of(counted, nulls, view))
}

fn facets_of(counted: Counted, nulls: u64, view: &View) -> Facets {
    let listed: u64 = counted.top.iter().map(|(_, n)| n).sum();
    Facets {
        others: counted.rows - listed,
        top: counted.top,
        nulls,
        distinct: counted.distinct,
        rows: view.rows.len() as u64,
    }
}
