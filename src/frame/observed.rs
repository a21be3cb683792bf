//! Declared beside observed: what the events of each type really hold.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::frame::Snapshot;
use crate::model::{ColumnKind, EventType};

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
    /// Events in which it fails a rule of severity error (counting each event and cause once).
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
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Looks at the events of every type that has any. Takes a while on large frames (run it as a job); `None` when cancelled.
pub fn observe(snapshot: &Snapshot, cancel: &AtomicBool) -> Option<Vec<ObservedType>> {
    let _ = (snapshot, cancel);
    None
}
