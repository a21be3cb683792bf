//! The sink of a check: counts by cause, by event type and by reject code, and nothing a row.
//!
//! Memory is bounded by the number of distinct causes and types, which `model` bounds, and `max_examples`.

use std::collections::BTreeMap;
use std::sync::Arc;

use polars_arrow::array::Utf8ViewArray;

use crate::commands::check::report::{Known, Report};
use crate::commands::check::sets::Sets;
use crate::error::Result;
use crate::model::{
    Batch, Causes, Code, EventTypes, FailureColumns, RecordColumns, RejectColumns, Sink, SoFar,
    Verdict, Words,
};

/// One example of a failure: the offending text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The offending text; `None` where there is none (a missing property).
    pub value: Option<String>,
    /// What it was repaired to (F701).
    pub repaired: Option<String>,
    /// Object id.
    pub object: u32,
    /// Line in the object, from 1.
    pub line: u32,
}

/// What one cause has come to.
#[derive(Debug, Clone, Default)]
pub struct CauseTally {
    /// Failures.
    pub failures: u64,
    /// Events that have at least one of them.
    pub rows: u64,
    /// Earliest and latest log time, in microseconds since 1970 UTC.
    pub span_us: Option<(i64, i64)>,
    /// The first few, with distinct values.
    pub examples: Vec<Example>,
}

/// What one event type has come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct TypeTally {
    /// Events.
    pub events: u64,
    /// Events without an error.
    pub good: u64,
    /// Events with an error.
    pub failed: u64,
    /// Events left out as duplicates.
    pub duplicates: u64,
}

/// What one reject code has come to.
#[derive(Debug, Clone, Default)]
pub struct RejectTally {
    /// Unreadable lines.
    pub lines: u64,
    /// Object, line and sentence of the first few, with distinct sentences.
    pub examples: Vec<(u32, u32, String)>,
}

/// Counts batches; see the module.
#[derive(Debug, Default)]
pub struct Tally {
    max_examples: usize,
    /// By cause id.
    pub causes: Vec<CauseTally>,
    /// By event type id plus one; 0 is the events without a name.
    pub types: Vec<TypeTally>,
    /// By code.
    pub rejects: BTreeMap<Code, RejectTally>,
    /// Failed events by their causes; nothing unless asked for.
    pub sets: Sets,
    /// Newest log time, in microseconds since 1970 UTC.
    pub newest_us: Option<i64>,
    causes_of_run: Arc<Causes>,
    /// What an earlier run had counted that this one goes on from.
    pub earlier: Option<Box<Report>>,
}

impl Tally {
    /// An empty tally that keeps up to `max_examples` examples of each cause.
    pub fn new(max_examples: usize) -> Self {
        Self {
            max_examples,
            ..Self::default()
        }
    }

    /// Counts failed events by their causes too, to tell later which of them are excused.
    pub fn with_sets(mut self, wanted: bool) -> Self {
        self.sets = Sets::new(wanted);
        self
    }

    fn count_types(&mut self, records: &RecordColumns) {
        for (event_type, verdict) in records.event_type.iter().zip(&records.verdict) {
            let verdict = Verdict::from_byte(*verdict);
            if verdict == Verdict::NotEvent {
                continue;
            }
            let index = usize::from(*event_type);
            if index >= self.types.len() {
                self.types.resize(index + 1, TypeTally::default());
            }
            let tally = &mut self.types[index];
            tally.events += 1;
            match verdict {
                Verdict::Good => tally.good += 1,
                Verdict::Failed => tally.failed += 1,
                Verdict::Duplicate => tally.duplicates += 1,
                Verdict::NotEvent => {}
            }
        }
    }

    fn count_failures(&mut self, failures: FailureColumns, records: &RecordColumns) {
        let repaired = failures.repaired;
        let values: Utf8ViewArray = failures.value.freeze();
        for (i, (record, cause)) in failures.record.iter().zip(&failures.cause).enumerate() {
            let index = cause.0 as usize;
            if index >= self.causes.len() {
                self.causes.resize(index + 1, CauseTally::default());
            }
            let tally = &mut self.causes[index];
            tally.failures += 1;
            // Failures are ordered by record: the same cause earlier in this record has been counted already.
            let seen = (0..i)
                .rev()
                .take_while(|j| failures.record[*j] == *record)
                .any(|j| failures.cause[j] == *cause);
            tally.rows += u64::from(!seen);
            let row = *record as usize;
            let (Some(time), Some(object), Some(line)) = (
                records.time_us.get(row),
                records.object.get(row),
                records.line.get(row),
            ) else {
                continue;
            };
            tally.span_us = Some(
                tally
                    .span_us
                    .map_or((*time, *time), |(a, b)| (a.min(*time), b.max(*time))),
            );
            if tally.examples.len() < self.max_examples {
                let value = values.get(i);
                if value.is_none() || tally.examples.iter().all(|e| e.value.as_deref() != value) {
                    tally.examples.push(Example {
                        value: value.map(str::to_owned),
                        repaired: repaired.get(i).map(str::to_owned),
                        object: *object,
                        line: *line,
                    });
                }
            }
        }
    }

    fn count_rejects(&mut self, rejects: RejectColumns) {
        let messages: Utf8ViewArray = rejects.message.freeze();
        for (i, code) in rejects.code.iter().enumerate() {
            let tally = self.rejects.entry(*code).or_default();
            tally.lines += 1;
            if tally.examples.len() < self.max_examples {
                let message = messages.get(i).unwrap_or_default();
                if tally.examples.iter().all(|(_, _, known)| known != message) {
                    tally
                        .examples
                        .push((rejects.object[i], rejects.line[i], message.to_owned()));
                }
            }
        }
    }
}

impl Sink for Tally {
    fn start(&mut self, _: &Arc<EventTypes>, causes: &Arc<Causes>, _: &[Option<Words>]) {
        self.causes_of_run = causes.clone();
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        self.newest_us = self
            .newest_us
            .max(batch.records.time_us.iter().copied().max());
        self.count_types(&batch.records);
        self.sets.count(&batch, &self.causes_of_run);
        self.count_failures(batch.failures, &batch.records);
        self.count_rejects(batch.rejects);
        Ok(())
    }

    /// The report so far, by names instead of this run's ids.
    fn memo(&mut self, so_far: &SoFar<'_>) -> Option<serde_json::Value> {
        let known = Known {
            counters: so_far.counters,
            objects: so_far.objects,
            causes: &so_far.causes.list(),
            types: &so_far.types.list(),
        };
        let mut report = Report::of(self, &known);
        report.forget_unreadable();
        if let Some(earlier) = &self.earlier {
            report.add((**earlier).clone());
        }
        serde_json::to_value(&report).ok()
    }

    fn recall(&mut self, memo: serde_json::Value) {
        self.earlier = serde_json::from_value(memo).ok().map(Box::new);
    }
}
