//! Duplicate events: the same event id twice in a run (X501 with the same payload, X502 with another).
//!
//! Runs where batches are in order again, so that "first" does not depend on the number of threads.

mod seen;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::routing::{Routing, Surprise};
use crate::model::{Batch, Cause, CauseId, Causes, Code, Counters, EventTypes, Severity, Verdict};
use seen::{Earlier, REMEMBERED, Seen};

/// The event ids of the run so far, as hashes: some 18 bytes an event, in bounded memory (see [`Seen`]). Two different ids fall together once in some
/// 10^7 runs of a million events; of two payloads under one id, half a hash each is compared.
#[derive(Debug)]
pub(super) struct Duplicates {
    policy: Surprise,
    seen: Seen,
    causes: Arc<Causes>,
    types: Arc<EventTypes>,
    severity: [Severity; 2],
    known: HashMap<(u16, Code), CauseId>,
}

struct Found {
    record: u32,
    cause: CauseId,
    severity: Severity,
    leave_out: bool,
}

impl Duplicates {
    pub fn new(routing: &Routing, causes: Arc<Causes>, types: Arc<EventTypes>) -> Self {
        let severity =
            |code: Code| match (routing.severity.get(&code), routing.policy.duplicate_event) {
                (Some(severity), _) => *severity,
                (None, Surprise::Quarantine) => Severity::Error,
                (None, _) => code.default_severity(),
            };
        Self {
            policy: routing.policy.duplicate_event,
            seen: Seen::new(),
            causes,
            types,
            severity: [severity(Code::X501), severity(Code::X502)],
            known: HashMap::new(),
        }
    }

    /// Adds an X501 or X502 to every event whose id was seen before, and leaves it out where the policy says so.
    pub fn mark(&mut self, batch: &mut Batch) {
        if self.policy == Surprise::Allow {
            return;
        }
        let mut found = Vec::new();
        for events in &batch.events {
            self.seen
                .add(&events.id_hash, &events.payload_hash, |row, earlier| {
                    let code = match earlier {
                        Earlier::None => return,
                        Earlier::Same => Code::X501,
                        Earlier::Other => Code::X502,
                    };
                    found.push((events.event_type.0, events.record[row], code));
                });
        }
        if found.is_empty() {
            return;
        }
        found.sort_by_key(|f| f.1);
        let found: Vec<_> = found
            .into_iter()
            .map(|(event, record, code)| self.found(event, record, code))
            .collect();
        for duplicate in &found {
            let repaired = self.was_repaired(batch, duplicate.record);
            count(batch, duplicate, repaired);
        }
        merge(batch, &found);
    }

    fn was_repaired(&self, batch: &Batch, record: u32) -> bool {
        let failures = &batch.failures;
        let start = failures.record.partition_point(|r| *r < record);
        let of_record = failures.record[start..]
            .iter()
            .zip(&failures.cause[start..]);
        of_record
            .take_while(|(r, _)| **r == record)
            .any(|(_, id)| self.causes.get(*id).is_some_and(|c| c.code == Code::F701))
    }

    /// Adds again what was found of these rows of a batch, ascending, when they were judged before.
    pub fn mark_again(&mut self, batch: &mut Batch, known: &[(u32, Code)]) {
        let found: Vec<Found> = known
            .iter()
            .filter_map(|(row, code)| {
                let event_type = *batch.records.event_type.get(*row as usize)?;
                Some(self.found(event_type.checked_sub(1)?, *row, *code))
            })
            .collect();
        for duplicate in &found {
            let repaired = self.was_repaired(batch, duplicate.record);
            count(batch, duplicate, repaired);
        }
        if !found.is_empty() {
            merge(batch, &found);
        }
    }

    /// A sentence once ids had to be forgotten.
    pub fn warning(&self) -> Option<String> {
        self.seen.forgot().then(|| {
            format!(
                "more event ids than are remembered: duplicates (X501, X502) more than some {REMEMBERED} events apart may be missing"
            )
        })
    }

    fn found(&mut self, event: u16, record: u32, code: Code) -> Found {
        let severity = self.severity[usize::from(code == Code::X502)];
        let cause = *self.known.entry((event, code)).or_insert_with(|| {
            let types = self.types.list();
            let (name, version) = types.get(event as usize).map_or_else(
                || (Arc::from(""), Arc::from("")),
                |t| (t.name.clone(), t.version.clone()),
            );
            self.causes.intern(&Cause {
                code,
                severity,
                event: name,
                version,
                path: "".into(),
                keyword: "",
                expected: "an event id used once".into(),
            })
        });
        Found {
            record,
            cause,
            severity,
            leave_out: self.policy == Surprise::Quarantine,
        }
    }
}

fn count(batch: &mut Batch, duplicate: &Found, repaired: bool) {
    let row = duplicate.record as usize;
    let object = batch.records.object[row];
    let Some(counters) = batch
        .objects
        .iter_mut()
        .find(|o| o.object.0 == object)
        .map(|o| &mut o.counters)
    else {
        return;
    };
    match duplicate.severity {
        Severity::Error => counters.errors += 1,
        Severity::Warn => counters.warnings += 1,
        Severity::Info => counters.infos += 1,
    }
    let verdict = &mut batch.records.verdict[row];
    let from = Verdict::from_byte(*verdict);
    let to = match (duplicate.leave_out, duplicate.severity) {
        (true, _) => Verdict::Duplicate,
        (false, Severity::Error) => Verdict::Failed,
        _ => from,
    };
    *place(counters, from) -= 1;
    *place(counters, to) += 1;
    if repaired && from == Verdict::Good && to != Verdict::Good {
        counters.repaired -= 1;
    }
    *verdict = to as u8;
}

fn place(counters: &mut Counters, verdict: Verdict) -> &mut u64 {
    match verdict {
        Verdict::NotEvent => &mut counters.not_events,
        Verdict::Good => &mut counters.good,
        Verdict::Failed => &mut counters.failed,
        Verdict::Duplicate => &mut counters.duplicates,
    }
}

/// Puts the new failures among the old ones, in the order of their records.
fn merge(batch: &mut Batch, found: &[Found]) {
    let old = std::mem::take(&mut batch.failures);
    let mut next = found.iter().peekable();
    let out = &mut batch.failures;
    for row in 0..old.len() {
        while let Some(duplicate) = next.next_if(|d| d.record < old.record[row]) {
            out.push(duplicate.record, duplicate.cause, None);
        }
        let (record, cause) = (old.record[row], old.cause[row]);
        out.push_repaired(record, cause, old.value(row), old.repaired.get(row));
    }
    for duplicate in next {
        out.push(duplicate.record, duplicate.cause, None);
    }
}
