//! `check --against CONTRACT`: the same input judged by two contracts, each line read once, and what changes between them.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde::Serialize;

use crate::commands::Outcome;
use crate::commands::check::report::{
    CORRUPT, ExampleRow, FORMAT, ObjectRow, UNREADABLE, incomplete,
};
use crate::commands::check::threshold::Thresholds;
use crate::commands::check::{counted, tally};
use crate::commands::table::thousands;
use crate::contract::{Contract, Privacy};
use crate::error::Result;
use crate::model::{
    Batch, Cause, CauseId, Code, Counters, EventType, FailureColumns, RecordColumns, Severity,
    Sink, Verdict,
};
use crate::pipeline::RunSummary;

/// What the other contract changes.
#[derive(Debug, Clone, Serialize)]
pub struct AgainstReport {
    /// [`FORMAT`].
    pub format: u32,
    /// The exit status.
    pub exit_status: u8,
    /// Why the status is not 0, a sentence each.
    pub reasons: Vec<String>,
    /// The other contract, as typed.
    pub against: String,
    /// The identity under the contract in force.
    pub counters: Counters,
    /// The identity under the other one.
    pub counters_against: Counters,
    /// Failed events that are good under the other contract.
    pub became_good: u64,
    /// Good events that are failed under the other contract.
    pub became_failed: u64,
    /// By name: the types with an event whose verdict differs; those with most first.
    pub events: Vec<EventChangeRow>,
    /// Causes with a different number of events; the largest difference first.
    pub causes: Vec<CauseChangeRow>,
    /// By URI: objects that could not be read to their end.
    pub incomplete_objects: Vec<ObjectRow>,
    /// Sentences worth showing.
    pub warnings: Vec<String>,
}

/// One event's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventChangeRow {
    /// As logged; null for events without a name.
    pub event: Option<String>,
    /// Events under either contract.
    pub events: u64,
    /// Failed events that are good under the other contract.
    pub became_good: u64,
    /// Good events that are failed under the other contract.
    pub became_failed: u64,
    /// Records that are events under the other contract only.
    pub became_events: u64,
    /// Events that are none under the other contract.
    pub became_none: u64,
}

/// One cause.
#[derive(Debug, Clone, Serialize)]
pub struct CauseChangeRow {
    /// `V402`.
    pub code: &'static str,
    /// `error`, `warn` or `info`.
    pub severity: Severity,
    /// Event name, empty for an event that has none.
    pub event: String,
    /// Version of the event schema, empty where there is none.
    pub version: String,
    /// Property or log field, empty for the whole event.
    pub path: String,
    /// What was expected.
    pub expected: String,
    /// Events with it under the contract in force.
    pub events_before: u64,
    /// Events with it under the other contract.
    pub events_after: u64,
    /// Failures of events that become good (before) or failed (after): the first few in the order of the input.
    pub examples: Vec<ExampleRow>,
}

#[derive(Debug, Default)]
struct OfCause {
    before: u64,
    after: u64,
    /// Failures under the other contract in events that become failed.
    turning: u64,
    examples: Vec<tally::Example>,
}

#[derive(Debug, Default, Clone, Copy)]
struct OfType {
    events: u64,
    good: u64,
    failed: u64,
    come: u64,
    gone: u64,
}

/// Counts what differs, and nothing a row.
#[derive(Debug, Default)]
pub struct Comparison {
    max_examples: usize,
    /// By event type plus one under the one contract and under the other.
    types: HashMap<(u16, u16), OfType, FixedState>,
    causes: HashMap<CauseId, OfCause, FixedState>,
    judged: Counters,
}

impl Comparison {
    /// Keeps up to `max_examples` examples of each cause.
    pub fn new(max_examples: usize) -> Self {
        Self {
            max_examples,
            ..Self::default()
        }
    }

    fn count_types(&mut self, one: &RecordColumns, other: &RecordColumns) {
        for row in 0..one.len() {
            let was = Verdict::from_byte(one.verdict[row]);
            let is = Verdict::from_byte(other.verdict[row]);
            if was == Verdict::NotEvent && is == Verdict::NotEvent {
                continue;
            }
            let ids = (one.event_type[row], other.event_type[row]);
            let count = self.types.entry(ids).or_default();
            count.events += 1;
            match (was, is) {
                (Verdict::Failed, Verdict::Good) => count.good += 1,
                (Verdict::Good, Verdict::Failed) => count.failed += 1,
                (Verdict::NotEvent, _) => count.come += 1,
                (_, Verdict::NotEvent) => count.gone += 1,
                _ => {}
            }
        }
    }

    fn count_failures(
        &mut self,
        failures: &FailureColumns,
        records: &RecordColumns,
        is_other: bool,
        turns: impl Fn(usize) -> bool,
    ) {
        for (i, (record, cause)) in failures.record.iter().zip(&failures.cause).enumerate() {
            let count = self.causes.entry(*cause).or_default();
            // Failures are ordered by record: an event counts once.
            let seen = (0..i)
                .rev()
                .take_while(|j| failures.record[*j] == *record)
                .any(|j| failures.cause[j] == *cause);
            let events = if is_other {
                &mut count.after
            } else {
                &mut count.before
            };
            *events += u64::from(!seen);
            let row = *record as usize;
            if !turns(row) {
                continue;
            }
            count.turning += u64::from(is_other);
            if count.examples.len() < self.max_examples {
                count.examples.push(tally::Example {
                    value: failures.value(i).map(str::to_owned),
                    repaired: failures.repaired.get(i).map(str::to_owned),
                    object: records.object[row],
                    line: records.line[row],
                });
            }
        }
    }
}

impl Sink for Comparison {
    fn take(&mut self, batch: Batch) -> Result<()> {
        let Some(other) = batch.against.as_deref() else {
            return Ok(());
        };
        let (one, two) = (&batch.records, &other.records);
        self.count_types(one, two);
        let is = |verdict: &[u8], row: usize, wanted: Verdict| verdict[row] == wanted as u8;
        let turns_good = |row: usize| {
            is(&one.verdict, row, Verdict::Failed) && is(&two.verdict, row, Verdict::Good)
        };
        let turns_failed = |row: usize| {
            is(&one.verdict, row, Verdict::Good) && is(&two.verdict, row, Verdict::Failed)
        };
        self.count_failures(&batch.failures, one, false, turns_good);
        self.count_failures(&other.failures, one, true, turns_failed);
        self.judged.add(&other.counters());
        Ok(())
    }
}

impl AgainstReport {
    /// Joins what was counted with what the run says of its ids; values that either contract calls private are left out.
    pub fn new(
        counted: Comparison,
        summary: RunSummary,
        other: &Contract,
        privacy: [&Privacy; 2],
    ) -> Self {
        let mut counters_against = summary.counters;
        counters_against.replace(&summary.counters.judged(), &counted.judged.judged());
        let mut incomplete_objects: Vec<ObjectRow> =
            summary.objects.iter().filter_map(incomplete).collect();
        incomplete_objects.sort();
        let events = events(&counted.types, &summary.event_types);
        let uri = |object: u32| {
            let known = summary.objects.get(object as usize);
            known.map(|o| o.object.uri.to_string()).unwrap_or_default()
        };
        let is_private = |cause: &Cause| {
            let hides = |p: &&Privacy| p.hides(cause.code.as_str(), &cause.path);
            privacy.iter().any(hides)
        };
        let mut causes: Vec<CauseChangeRow> = counted
            .causes
            .into_iter()
            .filter(|(_, count)| count.before != count.after)
            .filter_map(|(id, count)| {
                let cause = summary.causes.get(id.0 as usize)?;
                Some(row(cause, count, &uri, is_private(cause)))
            })
            .collect();
        causes.sort_by(|a, b| {
            let size = |c: &CauseChangeRow| c.events_before.abs_diff(c.events_after);
            size(b).cmp(&size(a)).then_with(|| key(a).cmp(&key(b)))
        });
        Self {
            format: FORMAT,
            exit_status: 0,
            reasons: vec![],
            against: other
                .dir
                .as_ref()
                .map_or_else(String::new, |dir| dir.display().to_string()),
            counters: summary.counters,
            counters_against,
            became_good: events.iter().map(|e| e.became_good).sum(),
            became_failed: events.iter().map(|e| e.became_failed).sum(),
            events: events.into_iter().filter(EventChangeRow::differs).collect(),
            causes,
            incomplete_objects,
            warnings: summary.warnings,
        }
    }

    /// Decides the outcome and writes the reasons down. What counts is what becomes failed; incomplete input outranks it.
    pub fn judge(&mut self, thresholds: &Thresholds, turning: &HashMap<Code, u64>) -> Outcome {
        let all = self.counters_against.events;
        let turned = format!(
            "{} that were good",
            counted(self.became_failed, "failed event")
        );
        match thresholds.max_failed {
            None if thresholds.max_code.is_empty() && self.became_failed > 0 => {
                self.reasons.push(format!("Findings: {turned}."));
            }
            Some(limit) if limit.exceeded(self.became_failed, all) => {
                let all = thousands(all);
                self.reasons.push(format!(
                    "Findings: {turned}, of {all}, are more than {limit}."
                ));
            }
            _ => {}
        }
        let mut codes: Vec<Code> = thresholds.max_code.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            let count = turning.get(&code).copied().unwrap_or_default();
            if let Some(limit) = thresholds.of_code(code).filter(|l| l.exceeded(count, all)) {
                self.reasons.push(format!(
                    "Findings: {} of {} ({}) in events that were good are more than {limit}.",
                    thousands(count),
                    code.as_str(),
                    code.name()
                ));
            }
        }
        let objects = |state: &str| {
            let objects = self.incomplete_objects.iter();
            objects.filter(|o| o.state == state).count() as u64
        };
        let (cut, unreadable) = (objects(CORRUPT), objects(UNREADABLE));
        if cut > 0 && thresholds.of_code(Code::L103).is_none() {
            self.reasons.push(format!(
                "Findings: {} truncated or corrupt (L103).",
                counted(cut, "object")
            ));
        }
        if unreadable > 0 {
            self.reasons.push(format!(
                "Incomplete: {} could not be read.",
                counted(unreadable, "object")
            ));
            return Outcome::Incomplete;
        }
        if self.reasons.is_empty() {
            Outcome::Clean
        } else {
            Outcome::Findings
        }
    }
}

impl Comparison {
    /// Failures by code, under the other contract, in events that become failed.
    pub fn turning(&self, causes: &[Arc<Cause>]) -> HashMap<Code, u64> {
        let mut codes = HashMap::new();
        for (id, count) in &self.causes {
            if let Some(cause) = causes.get(id.0 as usize) {
                *codes.entry(cause.code).or_default() += count.turning;
            }
        }
        codes
    }
}

impl EventChangeRow {
    fn differs(&self) -> bool {
        self.turned() + self.became_events + self.became_none > 0
    }

    fn turned(&self) -> u64 {
        self.became_good + self.became_failed
    }
}

fn events(
    counted: &HashMap<(u16, u16), OfType, FixedState>,
    types: &[Arc<EventType>],
) -> Vec<EventChangeRow> {
    let name = |id: u16| {
        types
            .get(usize::from(id).checked_sub(1)?)
            .map(|t| t.name.to_string())
    };
    let mut rows: HashMap<Option<String>, EventChangeRow> = HashMap::new();
    for ((one, other), count) in counted {
        let event = name(*other).or_else(|| name(*one));
        let row = rows.entry(event.clone()).or_insert_with(|| EventChangeRow {
            event,
            events: 0,
            became_good: 0,
            became_failed: 0,
            became_events: 0,
            became_none: 0,
        });
        row.events += count.events;
        row.became_good += count.good;
        row.became_failed += count.failed;
        row.became_events += count.come;
        row.became_none += count.gone;
    }
    let mut rows: Vec<EventChangeRow> = rows.into_values().collect();
    rows.sort_by(|a, b| {
        let more = b.turned().cmp(&a.turned());
        more.then_with(|| a.event.cmp(&b.event))
    });
    rows
}

fn row(
    cause: &Cause,
    count: OfCause,
    uri: &impl Fn(u32) -> String,
    is_private: bool,
) -> CauseChangeRow {
    let examples = count.examples.into_iter().map(|e| ExampleRow {
        value: e.value.filter(|_| !is_private),
        repaired: e.repaired.filter(|_| !is_private),
        object: uri(e.object),
        line: e.line,
    });
    CauseChangeRow {
        code: cause.code.as_str(),
        severity: cause.severity,
        event: cause.event.to_string(),
        version: cause.version.to_string(),
        path: cause.path.to_string(),
        expected: cause.expected.to_string(),
        events_before: count.before,
        events_after: count.after,
        examples: examples.collect(),
    }
}

fn key(row: &CauseChangeRow) -> (&str, &str, &str, &str, &str, Severity) {
    (
        row.code,
        &row.event,
        &row.version,
        &row.path,
        &row.expected,
        row.severity,
    )
}
