//! Declared beside observed: what the events of each type really hold.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use polars::prelude::{ChunkAgg, ChunkedArray, Int16Type, Logical, Series};

use crate::frame::cell::verdict_of_number;
use crate::frame::chunks::Numbers;
use crate::frame::failures::Failures;
use crate::frame::snapshot::column;
use crate::frame::tally::{Tally, rank};
use crate::frame::view::Places;
use crate::frame::{EventTable, Snapshot};
use crate::model::{Code, ColumnKind, EventType, PropertyColumn, Severity, Verdict};

/// The events of one type, looked at.
#[derive(Debug, Clone)]
pub struct ObservedType {
    /// Name, version, declared columns.
    pub event_type: Arc<EventType>,
    /// Events.
    pub rows: u64,
    /// Good ones.
    pub good: u64,
    /// Failed ones.
    pub failed: u64,
    /// Declared properties in the order of the schema, then undeclared ones by name.
    pub properties: Vec<ObservedProperty>,
}

/// One property, looked at.
#[derive(Debug, Clone)]
pub struct ObservedProperty {
    /// Its name.
    pub name: Arc<str>,
    /// The declaration in few words; empty when undeclared.
    pub declared: Arc<str>,
    /// False for what was found in `_rest_json`.
    pub is_declared: bool,
    /// Listed in `required`.
    pub required: bool,
    /// The dtype of its column (`Text` for undeclared ones).
    pub kind: ColumnKind,
    /// Events looked at: all of the type, or the first 50,000 for undeclared properties.
    pub looked_at: u64,
    /// Events that have it, valid or not.
    pub present: u64,
    /// Events in which it breaks a rule of severity error; an event counts once.
    pub failing: u64,
    /// Distinct values; [`MAX_DISTINCT`] means that many or more.
    pub distinct: usize,
    /// The most frequent values with their counts, at most three, most frequent first.
    pub top: Vec<(String, u64)>,
    /// Smallest value, for numbers and times, as text.
    pub min: Option<String>,
    /// Largest value.
    pub max: Option<String>,
}

/// Distinct values are counted up to here.
pub const MAX_DISTINCT: usize = 10_000;

impl ObservedProperty {
    /// Share of the events looked at that have it, 0 to 1; 0 without events.
    pub fn presence(&self) -> f64 {
        share(self.present, self.looked_at)
    }

    /// Share of the events looked at in which it fails, 0 to 1.
    pub fn failing_share(&self) -> f64 {
        share(self.failing, self.looked_at)
    }
}

/// `part` out of `whole`, 0 when there is no whole.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Looks at the events of every type that has any. Takes a while on large frames (run it as a job); `None` when cancelled.
pub fn observe(snapshot: &Snapshot, cancel: &AtomicBool) -> Option<Vec<ObservedType>> {
    let failing = failing_by_property(snapshot);
    let Some(verdicts) = snapshot
        .records
        .column(column::VERDICT)
        .ok()
        .and_then(|c| c.try_i16())
        .map(Numbers::new)
    else {
        return Some(vec![]);
    };
    let mut out = vec![];
    for (index, table) in snapshot
        .events
        .iter()
        .enumerate()
        .filter(|(_, t)| t.frame.height() > 0)
    {
        let (good, failed) = verdict_counts(table, &verdicts);
        let mut properties = vec![];
        for declared in &table.event_type.columns {
            if cancel.load(Relaxed) {
                return None;
            }
            let failed = failing.get(&(index, declared.name.clone()));
            properties.push(observe_column(
                table,
                declared,
                failed.copied().unwrap_or_default(),
            ));
        }
        properties.extend(rest_properties(table, index, &failing));
        let rows = table.frame.height() as u64;
        out.push(ObservedType {
            event_type: table.event_type.clone(),
            rows,
            good,
            failed,
            properties,
        });
    }
    Some(out)
}

/// Failing events of one property of one type.
#[derive(Debug, Clone, Copy, Default)]
struct Failing {
    /// Events with a failure of severity error.
    events: u64,
    /// Events with a failure that has a value, in which the column is null: they have the property, though not as a
    /// value.
    with_text: u64,
}

/// By event table and property, in one pass over the failures.
fn failing_by_property(snapshot: &Snapshot) -> HashMap<(usize, Arc<str>), Failing> {
    let mut out: HashMap<(usize, Arc<str>), (Failing, Option<u32>)> = HashMap::new();
    let Some(places) = Places::of(snapshot) else {
        return HashMap::new();
    };
    Failures::of(snapshot, 0..snapshot.len()).each(|record, cause, value| {
        let Some(cause) = snapshot
            .causes
            .get(cause as usize)
            .filter(|c| !c.path.is_empty())
        else {
            return;
        };
        let Some((table, _)) = places.get(record) else {
            return;
        };
        let (failing, last) = out.entry((table, cause.path.clone())).or_default();
        // An event that breaks two rules on one property is one failing event.
        if *last != Some(record) && cause.severity == Severity::Error {
            *last = Some(record);
            failing.events += 1;
            let lost = matches!(cause.code, Code::V402 | Code::V409) && value.is_some();
            failing.with_text += u64::from(lost);
        }
    });
    out.into_iter()
        .map(|(key, (failing, _))| (key, failing))
        .collect()
}

fn verdict_counts(table: &EventTable, verdicts: &Numbers<'_, Int16Type>) -> (u64, u64) {
    let (mut good, mut failed) = (0, 0);
    let records = table
        .frame
        .column(column::RECORD)
        .ok()
        .and_then(|c| c.try_u32());
    for record in records
        .into_iter()
        .flat_map(ChunkedArray::downcast_iter)
        .flat_map(|a| a.values().iter())
    {
        match verdicts.get(*record as usize).map(verdict_of_number) {
            Some(Verdict::Good) => good += 1,
            Some(Verdict::Failed) => failed += 1,
            _ => {}
        }
    }
    (good, failed)
}

fn observe_column(
    table: &EventTable,
    declared: &PropertyColumn,
    failing: Failing,
) -> ObservedProperty {
    let rows = table.frame.height();
    let mut out = ObservedProperty {
        name: declared.name.clone(),
        declared: declared.declared.clone(),
        is_declared: true,
        required: declared.required,
        kind: declared.kind,
        looked_at: rows as u64,
        present: 0,
        failing: failing.events,
        distinct: 0,
        top: vec![],
        min: None,
        max: None,
    };
    let Ok(series) = table
        .frame
        .column(&declared.name)
        .map(polars::prelude::Column::as_materialized_series)
    else {
        return out;
    };
    let mut tally = Tally::new(series, MAX_DISTINCT);
    (0..rows).for_each(|row| tally.add(row));
    let nulls = tally.nulls;
    let counted = tally.finish(3);
    out.present = (rows as u64 - nulls + failing.with_text.min(nulls)).min(rows as u64);
    out.distinct = counted.distinct;
    out.top = counted.top;
    (out.min, out.max) = bounds(series);
    out
}

/// Smallest and largest value of numbers and times, as text.
fn bounds(series: &Series) -> (Option<String>, Option<String>) {
    use crate::frame::cell::{format_date, format_time};
    fn both<T: Copy>(
        min: Option<T>,
        max: Option<T>,
        show: impl Fn(T) -> String,
    ) -> (Option<String>, Option<String>) {
        (min.map(&show), max.map(&show))
    }
    macro_rules! whole {
        ($($column:expr),*) => {
            $(if let Some(c) = $column {
                return both(c.min(), c.max(), |v| v.to_string());
            })*
        };
    }
    whole!(series.try_i16(), series.try_i32(), series.try_i64());
    if let Some(c) = series.try_f64() {
        return both(c.min(), c.max(), |v| v.to_string());
    }
    if let Some(c) = series.try_datetime().map(Logical::physical) {
        return both(c.min(), c.max(), crate::model::time::format_us);
    }
    if let Some(c) = series.try_date().map(Logical::physical) {
        return both(c.min(), c.max(), format_date);
    }
    if let Some(c) = series.try_time().map(Logical::physical) {
        return both(c.min(), c.max(), format_time);
    }
    (None, None)
}

/// Rows of `_rest_json` that are looked at, an event type.
const SAMPLED_REST_ROWS: usize = 50_000;

/// Undeclared properties, by name.
fn rest_properties(
    table: &EventTable,
    index: usize,
    failing: &HashMap<(usize, Arc<str>), Failing>,
) -> Vec<ObservedProperty> {
    let mut found: BTreeMap<String, (u64, HashMap<String, u64>)> = BTreeMap::new();
    let rest = table
        .frame
        .column(column::REST_JSON)
        .ok()
        .and_then(|c| c.try_str());
    for json in rest
        .into_iter()
        .flat_map(|r| r.iter().take(SAMPLED_REST_ROWS).flatten())
    {
        let Ok(map) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json)
        else {
            continue;
        };
        for (name, value) in map {
            let (present, values) = found.entry(name).or_default();
            *present += 1;
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if let Some(n) = values.get_mut(&text) {
                *n += 1;
            } else if values.len() < MAX_DISTINCT {
                values.insert(text, 1);
            }
        }
    }
    let looked_at = table.frame.height().min(SAMPLED_REST_ROWS) as u64;
    let mut out = vec![];
    for (name, (present, values)) in found {
        let counted = rank(values.into_iter().collect(), 3);
        let name: Arc<str> = name.into();
        out.push(ObservedProperty {
            failing: failing.get(&(index, name.clone())).map_or(0, |f| f.events),
            name,
            declared: "".into(),
            is_declared: false,
            required: false,
            kind: ColumnKind::Text,
            looked_at,
            present,
            distinct: counted.distinct,
            top: counted.top,
            min: None,
            max: None,
        });
    }
    out
}
