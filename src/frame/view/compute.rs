//! Which rows, and how many of each verdict: incremental, so that live input costs by what is new.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use polars::prelude::{Int16Chunked, Int64Chunked};

use super::{View, ViewSpec, sort};
use crate::frame::cell::verdict_of_number;
use crate::frame::chunks::{Numbers, pieces};
use crate::frame::failures::Failures;
use crate::frame::filter::Filter;
use crate::frame::snapshot::column;
use crate::frame::timeline::Bucket;
use crate::frame::{Snapshot, Timeline};
use crate::model::{CauseId, Verdict};

pub(super) fn extend(old: &View, snapshot: &Snapshot, cancel: &AtomicBool) -> Option<View> {
    let spec = old.spec.clone();
    let filters: Vec<&Filter> = spec
        .filters
        .iter()
        .filter(|f| f.on)
        .map(|f| &f.filter)
        .collect();
    let starts_anew = snapshot.len() < old.seen
        || snapshot.verdicts != old.verdicts
        || filters.iter().any(|f| f.is_relative());
    let empty = View {
        spec: spec.clone(),
        ..View::default()
    };
    let old = if starts_anew { &empty } else { old };
    let range = old.seen..snapshot.len();
    if range.is_empty() {
        return Some(View {
            revision: snapshot.revision,
            verdicts: snapshot.verdicts,
            ..old.clone()
        });
    }

    let mut live = vec![true; range.len()];
    narrow_by_shape(&spec, snapshot, range.clone(), &mut live);
    if !filters.is_empty()
        && !Filter::narrow_all(&filters, snapshot, range.clone(), &mut live, cancel)
    {
        return None;
    }
    let new: Vec<u32> = live
        .iter()
        .enumerate()
        .filter(|(_, live)| **live)
        .map(|(i, _)| (range.start + i) as u32)
        .collect();
    let counts = count(snapshot, range.clone(), &live);
    let mut timeline = if spec.shows_everything() {
        snapshot.timeline.clone()
    } else {
        old.timeline.clone()
    };
    if !spec.shows_everything() {
        add_times(snapshot, &new, &mut timeline);
    }
    let order = sort::merge(
        snapshot,
        &spec.sort,
        (&old.rows, old.keys.as_deref()),
        new,
        cancel,
    )?;
    if cancel.load(Relaxed) {
        return None;
    }
    Some(View {
        spec,
        rows: order.rows,
        timeline,
        keys: order.keys,
        seen: range.end,
        revision: snapshot.revision,
        verdicts: snapshot.verdicts,
        good: old.good + u64::from(counts.good),
        failed: old.failed + u64::from(counts.failed),
        other: old.other + u64::from(counts.other),
    })
}

/// Everything in the specification that is not the filter stack.
fn narrow_by_shape(spec: &ViewSpec, snapshot: &Snapshot, range: Range<usize>, live: &mut [bool]) {
    if spec.events_only {
        each_verdict(snapshot, range.clone(), |i, verdict| {
            live[i] = verdict != Verdict::NotEvent;
        });
    }
    if let Some((from, to)) = spec.range
        && let Some(time) = times(snapshot)
    {
        for piece in pieces(time.downcast_iter(), range.clone()) {
            let live = &mut live[piece.at..piece.at + piece.rows.len()];
            let values = &piece.array.values().as_slice()[piece.rows];
            live.iter_mut()
                .zip(values)
                .for_each(|(live, us)| *live &= *us >= from && *us < to);
        }
    }
    if let Some(cause) = spec.cause {
        let mut hits = vec![false; live.len()];
        for row in with_cause(snapshot, range.clone(), cause) {
            hits[row as usize - range.start] = true;
        }
        live.iter_mut()
            .zip(hits)
            .for_each(|(live, hit)| *live &= hit);
    }
}

fn with_cause(snapshot: &Snapshot, range: Range<usize>, cause: CauseId) -> Vec<u32> {
    Failures::of(snapshot, range).rows(|(id, _)| id == cause.0 as usize, |_, _| true)
}

fn count(snapshot: &Snapshot, range: Range<usize>, live: &[bool]) -> Bucket {
    let mut sum = Bucket::default();
    each_verdict(snapshot, range, |i, verdict| {
        if live[i] {
            sum.add(bucket_of(verdict));
        }
    });
    sum
}

/// One record of that verdict, as a bucket.
pub(crate) fn bucket_of(verdict: Verdict) -> Bucket {
    let n = |is: bool| u32::from(is);
    Bucket {
        good: n(verdict == Verdict::Good),
        failed: n(verdict == Verdict::Failed),
        other: n(matches!(verdict, Verdict::NotEvent | Verdict::Duplicate)),
    }
}

fn each_verdict(snapshot: &Snapshot, range: Range<usize>, mut f: impl FnMut(usize, Verdict)) {
    let Some(verdicts) = verdicts(snapshot) else {
        return;
    };
    for piece in pieces(verdicts.downcast_iter(), range) {
        for (i, number) in piece.array.values().as_slice()[piece.rows]
            .iter()
            .enumerate()
        {
            f(piece.at + i, verdict_of_number(*number));
        }
    }
}

fn verdicts(snapshot: &Snapshot) -> Option<&Int16Chunked> {
    snapshot.records.column(column::VERDICT).ok()?.try_i16()
}

/// Log times of all records, in microseconds since 1970 UTC.
pub(crate) fn times(snapshot: &Snapshot) -> Option<&Int64Chunked> {
    Some(
        snapshot
            .records
            .column(column::TIME_UTC)
            .ok()?
            .try_datetime()?
            .physical(),
    )
}

/// Adds rows to a timeline. Rows that follow each other share few seconds, so runs of one second are counted first.
fn add_times(snapshot: &Snapshot, rows: &[u32], timeline: &mut Timeline) {
    let (Some(time), Some(verdict)) = (times(snapshot), verdicts(snapshot)) else {
        return;
    };
    let (time, verdict) = (Numbers::new(time), Numbers::new(verdict));
    let (mut second, mut run) = (i64::MIN, Bucket::default());
    for row in rows.iter().map(|row| *row as usize) {
        let Some(us) = time.get(row) else { continue };
        let at = us.div_euclid(1_000_000);
        if at != second {
            if run != Bucket::default() {
                timeline.add(second, run);
            }
            (second, run) = (at, Bucket::default());
        }
        run.add(bucket_of(verdict_of_number(verdict.get(row).unwrap_or(0))));
    }
    if run != Bucket::default() {
        timeline.add(second, run);
    }
}

/// For each record of the snapshot whether the view shows it.
pub(crate) fn membership(view: &View, records: usize) -> Vec<bool> {
    let mut member = vec![false; records];
    for row in view.rows.iter() {
        if let Some(member) = member.get_mut(*row as usize) {
            *member = true;
        }
    }
    member
}

/// Rows and keys of a view.
pub(super) struct Order {
    pub(super) rows: Arc<[u32]>,
    pub(super) keys: Option<Arc<[u64]>>,
}
