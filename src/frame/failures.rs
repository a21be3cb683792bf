//! The failures of a range of records.

use std::ops::Range;

use polars::prelude::{StringChunked, UInt32Chunked, UInt32Type};

use crate::frame::Snapshot;
use crate::frame::chunks::{Numbers, pieces};
use crate::frame::snapshot::column;
use crate::model::Cause;

/// The failures of a range of records, in order.
pub(crate) struct Failures<'a> {
    snapshot: &'a Snapshot,
    columns: Option<(&'a UInt32Chunked, &'a UInt32Chunked, &'a StringChunked)>,
    /// Rows in `Snapshot::failures`.
    span: Range<usize>,
}

impl<'a> Failures<'a> {
    /// Finds them by binary search: `Snapshot::failures` is ordered by record.
    pub(crate) fn of(snapshot: &'a Snapshot, records: Range<usize>) -> Self {
        let column = |name| snapshot.failures.column(name).ok();
        let columns = column("record")
            .and_then(|c| c.try_u32())
            .zip(column("cause").and_then(|c| c.try_u32()))
            .zip(column("value").and_then(|c| c.try_str()))
            .map(|((record, cause), value)| (record, cause, value));
        let span = columns.map_or(0..0, |(record, ..)| {
            let record = Numbers::<UInt32Type>::new(record);
            record.first_at_or_after(records.start)..record.first_at_or_after(records.end)
        });
        Self {
            snapshot,
            columns,
            span,
        }
    }

    /// The records that have a failure of a wanted cause with a wanted value, ascending, each once. `cause` is asked
    /// once a cause, `value` for each failure of a wanted one.
    pub(crate) fn rows(
        &self,
        cause: impl Fn((usize, &Cause)) -> bool,
        value: impl Fn(&Cause, Option<&str>) -> bool,
    ) -> Vec<u32> {
        let wanted: Vec<bool> = self
            .snapshot
            .causes
            .iter()
            .enumerate()
            .map(|(id, c)| cause((id, c)))
            .collect();
        let mut rows: Vec<u32> = vec![];
        if !wanted.contains(&true) {
            return rows;
        }
        self.each(|record, id, text| {
            let is_wanted = wanted.get(id as usize).copied().unwrap_or(false);
            if is_wanted
                && rows.last() != Some(&record)
                && self
                    .snapshot
                    .causes
                    .get(id as usize)
                    .is_some_and(|c| value(c, text))
            {
                rows.push(record);
            }
        });
        rows
    }

    /// The records with failures and how many, ascending.
    pub(crate) fn counts(&self) -> Vec<(u32, i64)> {
        let mut counts: Vec<(u32, i64)> = vec![];
        self.each(|record, _, _| match counts.last_mut() {
            Some((last, n)) if *last == record => *n += 1,
            _ => counts.push((record, 1)),
        });
        counts
    }

    /// What each was repaired to, in the order of [`Failures::each`].
    pub(crate) fn repaired(&self) -> impl Iterator<Item = Option<&'a str>> {
        let column = self.snapshot.failures.column(column::REPAIRED).ok();
        let column: Option<&'a StringChunked> = column.and_then(|c| c.try_str());
        let span = self.span.clone();
        column.into_iter().flat_map(move |column| {
            pieces(column.downcast_iter(), span.clone())
                .flat_map(|p| p.rows.map(|i| p.array.get(i)))
        })
    }

    /// Calls `f(record, cause id, value)` for every one in order.
    pub(crate) fn each(&self, mut f: impl FnMut(u32, u32, Option<&'a str>)) {
        let Some((record, cause, value)) = self.columns else {
            return;
        };
        let mut causes = pieces(cause.downcast_iter(), self.span.clone()).flat_map(|p| {
            let values: &'a [u32] = p.array.values().as_slice();
            values[p.rows].iter().copied()
        });
        let mut values = pieces(value.downcast_iter(), self.span.clone())
            .flat_map(|p| p.rows.map(|i| p.array.get(i)));
        for piece in pieces(record.downcast_iter(), self.span.clone()) {
            for record in &piece.array.values().as_slice()[piece.rows] {
                let (Some(cause), Some(value)) = (causes.next(), values.next()) else {
                    return;
                };
                f(*record, cause, value);
            }
        }
    }
}
