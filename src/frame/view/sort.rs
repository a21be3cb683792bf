//! The order of a view's rows. Every sort column becomes one `u64` a row that sorts as the values do.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use polars::prelude::{DataType, Logical, Series};

use super::SortKey;
use super::compute::{Order, times};
use crate::frame::Snapshot;
use crate::frame::chunks::{Numbers, Read, Texts, codes, dictionary, whole_numbers, words};
use crate::frame::columns::{ColumnRef, Virtual};
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::text_reader::text_reader;
use crate::model::ColumnKind;

/// The key of a row without a value: behind all others, whatever the direction.
const NOTHING: u64 = u64::MAX;

/// Puts `new` rows (ascending) among the rows that are in order already.
pub(super) fn merge(
    snapshot: &Snapshot,
    sort: &[SortKey],
    (rows, keys): (&[u32], Option<&[u64]>),
    mut new: Vec<u32>,
    cancel: &AtomicBool,
) -> Option<Order> {
    let by_time = [SortKey {
        column: ColumnRef::time(),
        descending: false,
    }];
    let sort = if sort.is_empty() { &by_time } else { sort };
    if let [only] = sort
        && let Some(new_keys) = lasting_keys(snapshot, only, &new)
    {
        let mut pairs: Vec<(u64, u32)> = new_keys.into_iter().zip(new).collect();
        pairs.sort_unstable();
        return Some(zip_in((rows, keys.unwrap_or_default()), &pairs));
    }
    // Ranks of words and texts change as new ones come, so all rows are put in order anew.
    let mut all = rows.to_vec();
    all.append(&mut new);
    all.sort_unstable();
    let mut columns = vec![];
    for key in sort {
        if cancel.load(Relaxed) {
            return None;
        }
        columns
            .push(lasting_keys(snapshot, key, &all).unwrap_or_else(|| ranks(snapshot, key, &all)));
    }
    let mut order: Vec<u32> = (0..all.len() as u32).collect();
    order.sort_by(|a, b| {
        let keys = columns
            .iter()
            .map(|keys| keys[*a as usize].cmp(&keys[*b as usize]));
        keys.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    Some(Order {
        rows: order.into_iter().map(|i| all[i as usize]).collect(),
        keys: None,
    })
}

/// Merges two sorted lists; on a tie the old row is first, its number is lower.
fn zip_in((rows, keys): (&[u32], &[u64]), new: &[(u64, u32)]) -> Order {
    let mut out_rows = Vec::with_capacity(rows.len() + new.len());
    let mut out_keys = Vec::with_capacity(rows.len() + new.len());
    let mut at = 0;
    for (key, row) in new {
        let to = at + upper_bound(&keys[at..], *key);
        out_rows.extend_from_slice(&rows[at..to]);
        out_keys.extend_from_slice(&keys[at..to]);
        out_rows.push(*row);
        out_keys.push(*key);
        at = to;
    }
    out_rows.extend_from_slice(&rows[at..]);
    out_keys.extend_from_slice(&keys[at..]);
    Order {
        rows: out_rows.into(),
        keys: Some(Arc::from(out_keys)),
    }
}

/// How many keys are not behind `key`: by doubling steps, since the next one is mostly near.
fn upper_bound(keys: &[u64], key: u64) -> usize {
    let mut step = 1;
    while step < keys.len() && keys[step] <= key {
        step *= 2;
    }
    let from = step / 2;
    let to = (step + 1).min(keys.len());
    from.min(to) + keys[from.min(to)..to].partition_point(|k| *k <= key)
}

/// Keys that stay as they are when more rows come; `None` where there are no such.
fn lasting_keys(snapshot: &Snapshot, sort: &SortKey, rows: &[u32]) -> Option<Vec<u64>> {
    let mut keys = match &sort.column {
        ColumnRef::Record(name) if &**name == column::TIME_UTC => {
            let time = Numbers::new(times(snapshot)?);
            rows.iter()
                .map(|row| time.get(*row as usize).map_or(NOTHING, from_int))
                .collect()
        }
        ColumnRef::Record(name) => {
            let key = number_reader(snapshot.records.column(name).ok()?.as_materialized_series())?;
            rows.iter()
                .map(|row| key(*row as usize).unwrap_or(NOTHING))
                .collect()
        }
        ColumnRef::Property(name) => property_keys(snapshot, name, rows)?,
        ColumnRef::Virtual(Virtual::EventTime) => {
            event_keys(snapshot, column::EVENT_TIME_UTC, rows)?
        }
        ColumnRef::Virtual(Virtual::Failures) => {
            let counts: HashMap<u32, i64> = Failures::of(snapshot, 0..snapshot.len())
                .counts()
                .into_iter()
                .collect();
            rows.iter()
                .map(|row| from_int(counts.get(row).copied().unwrap_or(0)))
                .collect()
        }
        ColumnRef::Virtual(Virtual::Verdict) => {
            let key = number_reader(
                snapshot
                    .records
                    .column(column::VERDICT)
                    .ok()?
                    .as_materialized_series(),
            )?;
            rows.iter()
                .map(|row| key(*row as usize).unwrap_or(NOTHING))
                .collect()
        }
        ColumnRef::Virtual(_) => return None,
    };
    if sort.descending {
        keys.iter_mut()
            .filter(|key| **key != NOTHING)
            .for_each(|key| *key = NOTHING - 1 - *key);
    }
    Some(keys)
}

/// `NOTHING` is never a value's key.
fn from_int(v: i64) -> u64 {
    ((v as u64) ^ (1 << 63)).min(NOTHING - 1)
}

/// The order of floats as that of whole numbers; NaN last.
fn from_float(v: f64) -> u64 {
    let bits = v.to_bits();
    let key = if bits >> 63 == 1 {
        !bits
    } else {
        bits | (1 << 63)
    };
    key.min(NOTHING - 1)
}

/// Reads the keys of a numeric column by row; `None` for texts and words.
fn number_reader(series: &Series) -> Option<Read<'_, u64>> {
    if let Some(get) = whole_numbers(series) {
        return Some(Box::new(move |row| get(row).map(from_int)));
    }
    if let Some(column) = series.try_f64() {
        let numbers = Numbers::new(column);
        return Some(Box::new(move |row| numbers.get(row).map(from_float)));
    }
    if let Some(column) = series.try_bool() {
        return Some(Box::new(move |row| column.get(row).map(u64::from)));
    }
    match series.dtype() {
        DataType::Datetime(..) | DataType::Time | DataType::Date => {}
        _ => return None,
    }
    if let Some(column) = series.try_date() {
        let numbers = Numbers::new(column.physical());
        return Some(Box::new(move |row| {
            numbers.get(row).map(|v| from_int(i64::from(v)))
        }));
    }
    let column = series
        .try_datetime()
        .map(Logical::physical)
        .or_else(|| series.try_time().map(Logical::physical))?;
    let numbers = Numbers::new(column);
    Some(Box::new(move |row| numbers.get(row).map(from_int)))
}

/// A property that is a number of one kind in every event type that declares it.
fn property_keys(snapshot: &Snapshot, name: &str, rows: &[u32]) -> Option<Vec<u64>> {
    let declared = |table: &crate::frame::EventTable| {
        table
            .event_type
            .columns
            .iter()
            .find(|c| *c.name == *name)
            .map(|c| c.kind)
    };
    let mut kinds: Vec<ColumnKind> = snapshot.events.iter().filter_map(declared).collect();
    kinds.dedup();
    let numeric = matches!(
        kinds.as_slice(),
        [ColumnKind::Int
            | ColumnKind::Float
            | ColumnKind::Bool
            | ColumnKind::Date
            | ColumnKind::Time
            | ColumnKind::Timestamp]
    );
    if numeric {
        event_keys(snapshot, name, rows)
    } else {
        None
    }
}

/// Keys of a numeric column of the event tables.
fn event_keys(snapshot: &Snapshot, name: &str, rows: &[u32]) -> Option<Vec<u64>> {
    let readers: Vec<_> = snapshot
        .events
        .iter()
        .map(|table| {
            table
                .frame
                .column(name)
                .ok()
                .and_then(|c| number_reader(c.as_materialized_series()))
        })
        .collect();
    let places = Places::of(snapshot)?;
    let key = |row: u32| {
        let (table, event_row) = places.get(row)?;
        readers.get(table)?.as_ref()?(event_row)
    };
    Some(
        rows.iter()
            .map(|row| key(*row).unwrap_or(NOTHING))
            .collect(),
    )
}

/// Where the event of a record is.
pub(crate) struct Places<'a> {
    types: Numbers<'a, polars::prelude::Int16Type>,
    rows: Numbers<'a, polars::prelude::UInt32Type>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Option<Self> {
        Some(Self {
            types: Numbers::new(
                snapshot
                    .records
                    .column(column::EVENT_TYPE)
                    .ok()?
                    .try_i16()?,
            ),
            rows: Numbers::new(snapshot.records.column(column::EVENT_ROW).ok()?.try_u32()?),
        })
    }

    /// Index of the event table, and the row in it.
    pub(crate) fn get(&self, record: u32) -> Option<(usize, usize)> {
        let table = usize::try_from(self.types.get(record as usize)? - 1).ok()?;
        Some((table, self.rows.get(record as usize)? as usize))
    }
}

/// The rank of each row's text among the texts of all rows.
fn ranks(snapshot: &Snapshot, sort: &SortKey, rows: &[u32]) -> Vec<u64> {
    if let ColumnRef::Record(name) = &sort.column
        && let Ok(series) = snapshot.records.column(name)
    {
        if let Some(ranks) = word_ranks(series.as_materialized_series(), rows, sort.descending) {
            return ranks;
        }
        if let Some(texts) = series.try_str() {
            let texts = Texts::new(texts);
            let texts: Vec<_> = rows.iter().map(|row| texts.get(*row as usize)).collect();
            return text_ranks(&texts, sort.descending);
        }
    }
    let read = text_reader(snapshot, &sort.column);
    let texts: Vec<Option<Cow<'_, str>>> = rows.iter().map(|row| read(*row)).collect();
    let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
    text_ranks(&texts, sort.descending)
}

fn word_ranks(series: &Series, rows: &[u32], descending: bool) -> Option<Vec<u64>> {
    let code = codes(series)?;
    let texts: Vec<_> = words(dictionary(series)?).collect();
    let by_code = text_ranks(&texts, descending);
    let rank = |row: u32| code(row as usize).and_then(|code| by_code.get(code as usize).copied());
    Some(
        rows.iter()
            .map(|row| rank(*row).unwrap_or(NOTHING))
            .collect(),
    )
}

fn text_ranks(texts: &[Option<&str>], descending: bool) -> Vec<u64> {
    // Most comparisons are decided by the first eight bytes, which lie side by side.
    let mut order: Vec<(u64, u32)> = texts
        .iter()
        .zip(0_u32..)
        .filter_map(|(text, i)| Some((beginning((*text)?), i)))
        .collect();
    order.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0)
            .then_with(|| texts[a.1 as usize].cmp(&texts[b.1 as usize]))
    });
    if descending {
        order.reverse();
    }
    let mut ranks = vec![NOTHING; texts.len()];
    let mut rank = 0;
    for (i, (_, at)) in order.iter().enumerate() {
        if i > 0 && texts[*at as usize] != texts[order[i - 1].1 as usize] {
            rank += 1;
        }
        ranks[*at as usize] = rank;
    }
    ranks
}

/// The first eight bytes as a number that sorts as they do.
fn beginning(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_values_do() {
        let ints = [i64::MIN, -5, 0, 7, i64::MAX - 1];
        assert!(ints.windows(2).all(|w| from_int(w[0]) < from_int(w[1])));
        let floats = [f64::NEG_INFINITY, -1.5, -0.1, 0.0, 0.1, 3.0, f64::INFINITY];
        assert!(
            floats
                .windows(2)
                .all(|w| from_float(w[0]) < from_float(w[1]))
        );
        assert!(from_int(i64::MAX) < NOTHING && from_float(f64::NAN) < NOTHING);
    }

    #[test]
    fn merging_is_sorting() {
        let old: Vec<(u64, u32)> = [(1, 0), (3, 1), (3, 2), (9, 3)].to_vec();
        for new in [
            vec![],
            vec![(0, 4)],
            vec![(3, 4), (3, 5), (10, 6)],
            vec![(2, 4), (4, 5), (9, 6)],
        ] {
            let (keys, rows): (Vec<u64>, Vec<u32>) = old.iter().copied().unzip();
            let merged = zip_in((&rows, &keys), &new);
            let mut wanted = [old.clone(), new].concat();
            wanted.sort_unstable();
            assert_eq!(
                &*merged.rows,
                wanted.iter().map(|p| p.1).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn the_upper_bound_is_exact() {
        let keys = [1, 1, 2, 5, 5, 5, 8];
        for key in 0..10 {
            assert_eq!(
                upper_bound(&keys, key),
                keys.iter().filter(|k| **k <= key).count(),
                "{key}"
            );
        }
        assert_eq!(upper_bound(&[], 1), 0);
    }
}
