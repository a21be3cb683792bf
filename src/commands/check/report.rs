//! What a check found, as values in a stable order: the text and the JSON output print nothing else.
//!
//! The same input under the same contract gives the same report, whatever the number of threads, and nothing in it
//! tells when or where it was made: two reports can be compared by `diff`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::commands::check::alerting::AlertChange;
pub use crate::commands::check::rows::{
    AcknowledgedRow, EventRow, ExampleRow, FailureRow, ObjectRow, RejectExample, RejectRow,
};
use crate::commands::check::sets::Sets;
use crate::commands::check::tally::{CauseTally, Tally, TypeTally};
use crate::commands::check::watching::Watching;
use crate::model::time::format_us;
use crate::model::{
    Cause, CauseId, Code, Counters, EventType, ObjectState, ObjectStatus, OwnedCauseKey,
};
use crate::pipeline::RunSummary;
use crate::pipeline::judging::preview::PreviewRow;

/// The format number in the JSON output; it changes only when something is taken away or renamed.
pub const FORMAT: u32 = 1;

/// The state of an object that broke off or is damaged (L103): what came before counts.
pub const CORRUPT: &str = "corrupt";
/// The state of an object that could not be read at all (S9xx).
pub const UNREADABLE: &str = "unreadable";

/// Everything a check found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The exit status.
    pub exit_status: u8,
    /// Why the status is not 0, a sentence each.
    pub reasons: Vec<String>,
    /// The identity.
    pub counters: Counters,
    /// By name and version.
    pub events: Vec<EventRow>,
    /// How events came to their names; absent under event schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_by: Option<String>,
    /// By rows, the most first; then by code, event and path.
    pub failures: Vec<FailureRow>,
    /// By code.
    pub rejects: Vec<RejectRow>,
    /// By URI: objects that could not be read to their end.
    pub incomplete_objects: Vec<ObjectRow>,
    /// What the alerts did; absent where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub alerts: Option<Alerts>,
    /// What each repair would do, by cause; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub repairs: Option<Vec<PreviewRow>>,
    /// Findings that do not count, because all of their causes are acknowledged or as in the baseline; absent where
    /// neither is in force.
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub excused: Option<Excused>,
    /// Sentences worth showing.
    pub warnings: Vec<String>,
    /// Newest log time, in microseconds since 1970 UTC; only in what a resumed run goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_us: Option<i64>,
    /// Failed events by the causes they have; only in what a resumed run goes on from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cause_sets: Vec<CauseSet>,
}

/// What is found and does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Excused {
    /// Failed events.
    pub failed_events: u64,
    /// Unreadable lines.
    pub unreadable_lines: u64,
}

/// Failed events that have the same causes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CauseSet {
    /// Causes of severity error; empty for events past the number of sets that are kept.
    pub causes: Vec<OwnedCauseKey>,
    /// Events.
    pub events: u64,
}

/// What the alerts did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alerts {
    /// Those that opened, as typed, each once.
    pub opened: Vec<String>,
    /// Each opening and each end, in the order of time; without those that were printed as they came.
    pub changes: Vec<AlertChange>,
    /// Of a followed run: events that came when their window had been judged. (Whatever order they come in, a run that
    /// ends by itself judges all of them.)
    pub late_events: Option<u64>,
}

impl Alerts {
    /// The end of watching.
    pub fn of(mut watching: Watching, follows: bool) -> Self {
        Self {
            changes: watching.take_changes(),
            opened: watching.opened().to_vec(),
            late_events: follows.then(|| watching.late()),
        }
    }
}

impl Report {
    /// Joins what was counted with what the run says of its ids, and with what an earlier run had counted that this
    /// one goes on from. `reasons` and the status are filled in later.
    pub fn new(mut tally: Tally, summary: RunSummary) -> Self {
        let earlier = tally.earlier.take();
        let known = Known {
            counters: &summary.counters,
            objects: &summary.objects,
            causes: &summary.causes,
            types: &summary.event_types,
        };
        let mut report = Self::of(&tally, &known);
        report.warnings = summary.warnings;
        report.events_by = summary.found_by;
        if let Some(earlier) = earlier {
            report.add(*earlier);
        }
        report
    }

    /// Joins what was counted with what is known of its ids.
    pub fn of(tally: &Tally, known: &Known<'_>) -> Self {
        let names = Names {
            known,
            tally: &tally.types,
        };
        let mut events = names.events();
        events.sort();
        let causes = known.causes.iter().zip(&tally.causes);
        let mut failures: Vec<FailureRow> = causes
            .filter(|(_, t)| t.failures > 0)
            .map(|(cause, t)| names.failure(cause, t))
            .collect();
        sort(&mut failures);
        let rejects = tally.rejects.iter().map(|(code, t)| RejectRow {
            code: code.as_str().into(),
            name: code.name().into(),
            lines: t.lines,
            since_baseline: None,
            baseline: None,
            acknowledged: None,
            examples: t
                .examples
                .iter()
                .map(|(object, line, message)| RejectExample {
                    object: names.object(*object),
                    line: *line,
                    message: message.clone(),
                })
                .collect(),
        });
        let rejects = rejects.collect();
        let mut incomplete_objects: Vec<ObjectRow> =
            known.objects.iter().filter_map(incomplete).collect();
        incomplete_objects.sort();
        Self {
            format: FORMAT,
            exit_status: 0,
            reasons: Vec::new(),
            counters: *known.counters,
            events,
            events_by: None,
            failures,
            rejects,
            incomplete_objects,
            alerts: None,
            repairs: None,
            excused: None,
            warnings: Vec::new(),
            newest_us: tally.newest_us,
            cause_sets: names.cause_sets(&tally.sets),
        }
    }

    /// Failures or unreadable lines of one code that count.
    pub fn count_of(&self, code: Code) -> u64 {
        let failures = self
            .failures
            .iter()
            .filter(|f| f.code == code.as_str() && !f.is_excused())
            .map(|f| f.failures);
        let rejects = self
            .rejects
            .iter()
            .filter(|r| r.code == code.as_str() && !r.is_excused())
            .map(|r| r.lines);
        failures.chain(rejects).sum()
    }
}

/// By rows, the most first; then by what they are.
pub(super) fn sort(failures: &mut [FailureRow]) {
    failures.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| key(a).cmp(&key(b))));
}

pub(super) fn key(row: &FailureRow) -> (&str, &str, &str, &str, &str, &str) {
    (
        &row.code,
        &row.event,
        &row.version,
        &row.path,
        &row.keyword,
        &row.expected,
    )
}

pub(super) fn incomplete(state: &ObjectState) -> Option<ObjectRow> {
    let (word, reason) = match &state.status {
        ObjectStatus::Corrupt(reason) => (CORRUPT, reason),
        ObjectStatus::Unreadable(reason) => (UNREADABLE, reason),
        ObjectStatus::Waiting | ObjectStatus::Reading | ObjectStatus::Read => return None,
    };
    Some(ObjectRow {
        object: state.object.uri.to_string(),
        state: word.into(),
        reason: reason.clone(),
    })
}

/// What is known of the ids in a tally, and the counts.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The identity.
    pub counters: &'a Counters,
    /// By object id.
    pub objects: &'a [ObjectState],
    /// By cause id.
    pub causes: &'a [Arc<Cause>],
    /// By event type id.
    pub types: &'a [Arc<EventType>],
}

/// Turns ids into names.
struct Names<'a> {
    known: &'a Known<'a>,
    tally: &'a [TypeTally],
}

impl Names<'_> {
    /// Sorted, so that the order in which causes were met does not show.
    fn cause_sets(&self, sets: &Sets) -> Vec<CauseSet> {
        let name = |id: &CauseId| {
            let cause = self.known.causes.get(id.0 as usize)?;
            Some(cause.key().to_owned())
        };
        let set = |(causes, events): (&[CauseId], u64)| {
            let mut causes: Vec<_> = causes.iter().filter_map(name).collect();
            causes.sort();
            CauseSet { causes, events }
        };
        let mut sets: Vec<CauseSet> = sets.iter().map(set).collect();
        sets.sort();
        sets
    }

    fn object(&self, id: u32) -> String {
        self.known
            .objects
            .get(id as usize)
            .map(|o| o.object.uri.to_string())
            .unwrap_or_default()
    }

    fn events(&self) -> Vec<EventRow> {
        let rows = self
            .tally
            .iter()
            .enumerate()
            .filter(|(_, tally)| tally.events > 0)
            .map(|(index, tally)| {
                let known = index.checked_sub(1).and_then(|id| self.known.types.get(id));
                EventRow {
                    event: known.map(|t| t.name.to_string()),
                    version: known.map(|t| t.version.to_string()).unwrap_or_default(),
                    declared: known.is_some_and(|t| t.declared),
                    events: tally.events,
                    good: tally.good,
                    failed: tally.failed,
                    duplicates: tally.duplicates,
                }
            });
        rows.collect()
    }

    /// Events of the name and version of a cause; of its name where that version has none (R203).
    fn events_of(&self, cause: &Cause) -> u64 {
        let count = |same: &dyn Fn(&str, &str) -> bool| -> u64 {
            let types = self.known.types.iter().zip(self.tally.iter().skip(1));
            types
                .filter(|(t, _)| same(&t.name, &t.version))
                .map(|(_, tally)| tally.events)
                .sum()
        };
        if cause.event.is_empty() {
            return self.tally.first().map_or(0, |unnamed| unnamed.events);
        }
        match count(&|name, version| *name == *cause.event && *version == *cause.version) {
            0 => count(&|name, _| *name == *cause.event),
            events => events,
        }
    }

    fn failure(&self, cause: &Arc<Cause>, tally: &CauseTally) -> FailureRow {
        let examples = tally.examples.iter();
        FailureRow {
            code: cause.code.as_str().into(),
            name: cause.code.name().into(),
            severity: cause.severity,
            event: cause.event.to_string(),
            version: cause.version.to_string(),
            path: cause.path.to_string(),
            keyword: cause.keyword.into(),
            expected: cause.expected.to_string(),
            rows: tally.rows,
            failures: tally.failures,
            of_events: self.events_of(cause).max(tally.rows),
            first_utc: tally.span_us.map(|(first, _)| format_us(first)),
            last_utc: tally.span_us.map(|(_, last)| format_us(last)),
            since_baseline: None,
            baseline: None,
            acknowledged: None,
            examples: examples
                .map(|e| ExampleRow {
                    value: e.value.clone(),
                    repaired: e.repaired.clone(),
                    object: self.object(e.object),
                    line: e.line,
                })
                .collect(),
        }
    }
}
