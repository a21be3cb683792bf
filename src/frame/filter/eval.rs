//! Runs bound filters over records: column by column, chunk by chunk, on all cores.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use polars::prelude::{ChunkedArray, DataType, PolarsNumericType, Series, UInt32Type};

use super::Filter;
use super::bind::{Binder, Bound, SeriesTest, TableTest};
use super::matcher::TextTest;
use super::value_test::{ValueTest, in_order};
use crate::frame::Snapshot;
use crate::frame::chunks::{Numbers, pieces};
use crate::frame::snapshot::column;

/// Records a thread works on between two looks at the cancel flag.
const BLOCK: usize = 65_536;

/// Turns off the rows of `live` that one of the filters does not keep. False when cancelled.
pub(super) fn narrow(
    filters: &[&Filter],
    snapshot: &Snapshot,
    rows: Range<usize>,
    live: &mut [bool],
    cancel: &AtomicBool,
) -> bool {
    let binder = Binder::new(snapshot, rows.clone());
    let mut list: Vec<_> = filters
        .iter()
        .map(|filter| binder.node(&filter.root))
        .collect();
    list.sort_by_key(Bound::cost);
    run(&Bound::All(list), snapshot, rows, live, cancel)
}

/// As [`narrow`], for a text that any text of the row may have.
pub(super) fn narrow_any(
    test: &TextTest,
    snapshot: &Snapshot,
    rows: Range<usize>,
    live: &mut [bool],
    cancel: &AtomicBool,
) -> bool {
    let bound = Binder::new(snapshot, rows.clone()).any(test);
    run(&bound, snapshot, rows, live, cancel)
}

fn run(
    bound: &Bound<'_>,
    snapshot: &Snapshot,
    rows: Range<usize>,
    live: &mut [bool],
    cancel: &AtomicBool,
) -> bool {
    let known = snapshot.len().saturating_sub(rows.start).min(live.len());
    let (live, past_the_end) = live.split_at_mut(known);
    past_the_end.fill(false);
    if live.is_empty() {
        return !cancel.load(Relaxed);
    }
    let threads = if live.len() > BLOCK {
        std::thread::available_parallelism().map_or(1, usize::from)
    } else {
        1
    };
    let share = live.len().div_ceil(threads);
    let work = |first: usize, part: &mut [bool]| {
        for (i, block) in part.chunks_mut(BLOCK).enumerate() {
            if cancel.load(Relaxed) {
                return;
            }
            let start = first + i * BLOCK;
            bound.narrow(start..start + block.len(), block);
        }
    };
    if threads == 1 {
        work(rows.start, live);
    } else {
        std::thread::scope(|scope| {
            for (i, part) in live.chunks_mut(share).enumerate() {
                let first = rows.start + i * share;
                scope.spawn(move || work(first, part));
            }
        });
    }
    !cancel.load(Relaxed)
}

impl Bound<'_> {
    fn narrow(&self, rows: Range<usize>, live: &mut [bool]) {
        if !live.contains(&true) {
            return;
        }
        match self {
            Self::All(list) => list
                .iter()
                .for_each(|bound| bound.narrow(rows.clone(), live)),
            Self::AnyOf(list) => {
                let mut open = live.to_vec();
                for bound in list {
                    let mut hits = open.clone();
                    bound.narrow(rows.clone(), &mut hits);
                    open.iter_mut()
                        .zip(&hits)
                        .for_each(|(open, hit)| *open &= !hit);
                }
                live.iter_mut()
                    .zip(&open)
                    .for_each(|(live, open)| *live &= !open);
            }
            Self::Not(inner) => {
                let mut hits = live.to_vec();
                inner.narrow(rows, &mut hits);
                live.iter_mut()
                    .zip(&hits)
                    .for_each(|(live, hit)| *live &= !hit);
            }
            Self::Column(test) => test.narrow(rows, live),
            Self::Tables(list) => {
                let mut hits = vec![false; live.len()];
                for table in list {
                    table.mark(rows.clone(), live, &mut hits);
                }
                live.copy_from_slice(&hits);
            }
            Self::Rows(list) => {
                let mut hits = vec![false; live.len()];
                let from = list.partition_point(|row| (*row as usize) < rows.start);
                for row in list[from..]
                    .iter()
                    .map(|row| *row as usize)
                    .take_while(|row| *row < rows.end)
                {
                    hits[row - rows.start] = true;
                }
                live.iter_mut()
                    .zip(&hits)
                    .for_each(|(live, hit)| *live &= hit);
            }
        }
    }
}

impl TableTest<'_> {
    /// Marks the records of `rows` that are live and whose event passes.
    fn mark(&self, rows: Range<usize>, live: &[bool], hits: &mut [bool]) {
        let records = self
            .table
            .frame
            .column(column::RECORD)
            .ok()
            .and_then(|c| c.try_u32());
        let Some(records) = records else { return };
        let by_row = Numbers::<UInt32Type>::new(records);
        let events = by_row.first_at_or_after(rows.start)..by_row.first_at_or_after(rows.end);
        let mut at: Vec<usize> = Vec::with_capacity(events.len());
        for piece in pieces(records.downcast_iter(), events.clone()) {
            at.extend(
                piece.array.values().as_slice()[piece.rows]
                    .iter()
                    .map(|r| *r as usize - rows.start),
            );
        }
        let mut open: Vec<bool> = at.iter().map(|i| live[*i]).collect();
        for test in &self.any_of {
            let mut passed = open.clone();
            test.narrow(events.clone(), &mut passed);
            for ((open, passed), i) in open.iter_mut().zip(passed).zip(&at) {
                *open &= !passed;
                hits[*i] |= passed;
            }
        }
    }
}

impl SeriesTest<'_> {
    fn narrow(&self, rows: Range<usize>, live: &mut [bool]) {
        let series = self.series;
        match &self.test {
            ValueTest::Present => present(series, rows, live),
            ValueTest::Lut(lut) => {
                ints(series, rows, live, |v| {
                    usize::try_from(v)
                        .ok()
                        .and_then(|v| lut.get(v))
                        .is_some_and(|yes| *yes)
                });
            }
            ValueTest::Int(range) if *series.dtype() == DataType::Float64 => {
                let (low, high) = (*range.start() as f64, *range.end() as f64);
                floats(series, rows, live, |v| v >= low && v <= high);
            }
            ValueTest::Int(range) => {
                let (low, high) = (*range.start(), *range.end());
                ints(series, rows, live, |v| v >= low && v <= high);
            }
            ValueTest::Float(op, wanted) => {
                let (op, wanted) = (*op, *wanted);
                floats(series, rows, live, |v| {
                    v.partial_cmp(&wanted)
                        .is_some_and(|order| in_order(op, order))
                });
            }
            ValueTest::Bool(wanted) => bools(series, rows, live, |v| v == *wanted),
            ValueTest::Text(TextTest::Equal(wanted)) => texts(series, rows, live, |v| v == wanted),
            ValueTest::Rest(name, test) => {
                let key = memchr::memmem::Finder::new(name.as_bytes());
                // A name that JSON escapes does not stand there as it is.
                let plain = !name.contains(['"', '\\']) && !name.chars().any(char::is_control);
                let wanted = |v: &str| {
                    (!plain || key.find(v.as_bytes()).is_some())
                        && crate::frame::cell::rest_value(v, name)
                            .is_some_and(|value| test.holds(&value))
                };
                texts(series, rows, live, wanted);
            }
            ValueTest::Text(test) => texts(series, rows, live, |v| test.test(v)),
            ValueTest::Order(..) | ValueTest::NumberText(..) => {
                texts(series, rows, live, |v| self.test.holds(v));
            }
            ValueTest::Shown(test) => shown(series, rows, live, test),
        }
    }
}

fn present(series: &Series, rows: Range<usize>, live: &mut [bool]) {
    for piece in pieces(series.chunks().iter().map(AsRef::as_ref), rows) {
        let Some(bits) = piece.array.validity() else {
            continue;
        };
        let live = &mut live[piece.at..piece.at + piece.rows.len()];
        for (live, row) in live.iter_mut().zip(piece.rows) {
            *live &= bits.get_bit(row);
        }
    }
}

/// Values as text, the way they are shown.
fn shown(series: &Series, rows: Range<usize>, live: &mut [bool], test: &TextTest) {
    use crate::frame::cell::{format_date, format_time};
    match series.dtype() {
        DataType::Float64 => floats(series, rows, live, |v| test.test(&v.to_string())),
        DataType::Boolean => bools(series, rows, live, |v| {
            test.test(if v { "true" } else { "false" })
        }),
        DataType::Datetime(..) => ints(series, rows, live, |v| {
            test.test(&crate::model::time::format_us(v))
        }),
        DataType::Date => ints(series, rows, live, |v| test.test(&format_date(v as i32))),
        DataType::Time => ints(series, rows, live, |v| test.test(&format_time(v))),
        DataType::String => texts(series, rows, live, |v| test.test(v)),
        _ => ints(series, rows, live, |v| test.test(&v.to_string())),
    }
}

/// Whole numbers, codes of categoricals and times, whatever their width.
fn ints(series: &Series, rows: Range<usize>, live: &mut [bool], f: impl Fn(i64) -> bool) {
    if let Some(v) = series.try_i16() {
        fixed(v, rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_u32() {
        fixed(v, rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_u64() {
        fixed(v, rows, live, |v| f(v as i64));
    } else if let Some(v) = series.try_i32() {
        fixed(v, rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_i64() {
        fixed(v, rows, live, f);
    } else if let Some(v) = series.try_cat8() {
        fixed(v.physical(), rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_cat16() {
        fixed(v.physical(), rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_cat32() {
        fixed(v.physical(), rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_datetime() {
        fixed(v.physical(), rows, live, f);
    } else if let Some(v) = series.try_date() {
        fixed(v.physical(), rows, live, |v| f(i64::from(v)));
    } else if let Some(v) = series.try_time() {
        fixed(v.physical(), rows, live, f);
    } else {
        live.fill(false);
    }
}

fn floats(series: &Series, rows: Range<usize>, live: &mut [bool], f: impl Fn(f64) -> bool) {
    match series.try_f64() {
        Some(v) => fixed(v, rows, live, f),
        None => live.fill(false),
    }
}

fn fixed<T: PolarsNumericType>(
    column: &ChunkedArray<T>,
    rows: Range<usize>,
    live: &mut [bool],
    f: impl Fn(T::Native) -> bool,
) {
    for piece in pieces(column.downcast_iter(), rows) {
        let live = &mut live[piece.at..piece.at + piece.rows.len()];
        let values = &piece.array.values().as_slice()[piece.rows.clone()];
        match piece.array.validity() {
            None => live
                .iter_mut()
                .zip(values)
                .for_each(|(live, v)| *live &= f(*v)),
            Some(bits) => live
                .iter_mut()
                .zip(values)
                .zip(piece.rows)
                .for_each(|((live, v), row)| *live = *live && bits.get_bit(row) && f(*v)),
        }
    }
}

fn bools(series: &Series, rows: Range<usize>, live: &mut [bool], f: impl Fn(bool) -> bool) {
    let Some(column) = series.try_bool() else {
        return live.fill(false);
    };
    for piece in pieces(column.downcast_iter(), rows) {
        let live = &mut live[piece.at..piece.at + piece.rows.len()];
        for (live, row) in live.iter_mut().zip(piece.rows) {
            *live = *live && piece.array.get(row).is_some_and(&f);
        }
    }
}

fn texts(series: &Series, rows: Range<usize>, live: &mut [bool], f: impl Fn(&str) -> bool) {
    let Some(column) = series.try_str() else {
        return live.fill(false);
    };
    for piece in pieces(column.downcast_iter(), rows) {
        let live = &mut live[piece.at..piece.at + piece.rows.len()];
        for (live, row) in live.iter_mut().zip(piece.rows) {
            *live = *live && piece.array.get(row).is_some_and(&f);
        }
    }
}
