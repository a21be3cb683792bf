//! Search in a view.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::View;
use super::compute::times;
use crate::frame::Snapshot;
use crate::frame::chunks::Numbers;
use crate::frame::filter::{TextTest, narrow_any};
use crate::frame::snapshot::column;
use crate::model::Verdict;

/// A text to search for, prepared. Ignores case unless there is a capital letter in it; a regular expression when
/// something in it is special. Remembers which records have it, so that the next hit costs nothing; cloning shares that.
#[derive(Debug, Clone)]
pub struct Needle {
    text: String,
    test: TextTest,
    hits: Arc<Mutex<Vec<bool>>>,
}

impl Needle {
    /// Prepares a text.
    ///
    /// # Errors
    /// A sentence when it is a broken regular expression.
    pub fn new(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.to_owned(),
            test: TextTest::search(text)?,
            hits: Arc::default(),
        })
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte ranges of the hits in a text, for highlighting.
    pub fn hits(&self, text: &str) -> Vec<Range<usize>> {
        self.test.hits(text)
    }

    /// Calls `f` with, for each record, whether it has the text; looks only at records that are new. `None` when
    /// cancelled.
    fn with_records<R>(
        &self,
        snapshot: &Snapshot,
        cancel: &AtomicBool,
        f: impl FnOnce(&[bool]) -> R,
    ) -> Option<R> {
        let mut known = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > snapshot.len() {
            known.clear();
        }
        let new = known.len()..snapshot.len();
        if !new.is_empty() {
            let mut live = vec![true; new.len()];
            if !narrow_any(&self.test, snapshot, new, &mut live, cancel) {
                return None;
            }
            known.append(&mut live);
        }
        Some(f(&known))
    }
}

pub(super) fn find_next(
    view: &View,
    snapshot: &Snapshot,
    needle: &Needle,
    (from, forward): (usize, bool),
    cancel: &AtomicBool,
) -> Option<usize> {
    let n = view.rows.len();
    needle.with_records(snapshot, cancel, |hits| {
        let is_hit = |i: &usize| {
            view.row(*i)
                .and_then(|row| hits.get(row))
                .is_some_and(|hit| *hit)
        };
        if forward {
            (from + 1..n).chain(0..(from + 1).min(n)).find(is_hit)
        } else {
            (0..from.min(n))
                .rev()
                .chain((from.min(n)..n).rev())
                .find(is_hit)
        }
    })?
}

pub(super) fn count(
    view: &View,
    snapshot: &Snapshot,
    needle: &Needle,
    cancel: &AtomicBool,
) -> Option<usize> {
    needle.with_records(snapshot, cancel, |hits| {
        view.rows
            .iter()
            .filter(|row| hits.get(**row as usize).is_some_and(|hit| *hit))
            .count()
    })
}

pub(super) fn next_failure(
    view: &View,
    snapshot: &Snapshot,
    from: usize,
    forward: bool,
) -> Option<usize> {
    let verdicts = Numbers::new(snapshot.records.column(column::VERDICT).ok()?.try_i16()?);
    let is_failed =
        |i: &usize| view.row(*i).and_then(|row| verdicts.get(row)) == Some(Verdict::Failed as i16);
    if forward {
        (from + 1..view.rows.len()).find(is_failed)
    } else {
        (0..from.min(view.rows.len())).rev().find(is_failed)
    }
}

pub(super) fn position_of_time(view: &View, snapshot: &Snapshot, us: i64) -> Option<usize> {
    if !view.spec.sort.is_empty() {
        return None;
    }
    let time = Numbers::new(times(snapshot)?);
    Some(
        view.rows
            .partition_point(|row| time.get(*row as usize).is_some_and(|t| t < us)),
    )
}
