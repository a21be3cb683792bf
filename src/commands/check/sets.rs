//! Failed events by the set of causes that they have: an event is excused only where all of its causes are, and which
//! are is known at the end (a share that grew).

use std::collections::HashMap;

use crate::model::{Batch, CauseId, Causes, Severity, Verdict};

/// Distinct sets that are kept; events past them count as findings, whatever their causes.
pub const MAX_SETS: usize = 4_096;

/// Counts failed events by their causes of severity error. Memory: [`MAX_SETS`] short lists.
#[derive(Debug, Default)]
pub struct Sets {
    wanted: bool,
    events: HashMap<Box<[CauseId]>, u64>,
    /// Events whose set found no place.
    rest: u64,
    /// By cause id; grows as causes come.
    is_error: Vec<Option<bool>>,
    /// The set of the event at hand.
    scratch: Vec<CauseId>,
}

impl Sets {
    /// Counts nothing unless `wanted`.
    pub fn new(wanted: bool) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Counts the failed events of a batch, whose failures are ordered by record.
    pub fn count(&mut self, batch: &Batch, causes: &Causes) {
        if !self.wanted {
            return;
        }
        let failures = &batch.failures;
        let mut from = 0;
        while from < failures.len() {
            let record = failures.record[from];
            let same = failures.record[from..].iter().take_while(|r| **r == record);
            let to = from + same.count();
            let verdict = batch.records.verdict.get(record as usize).copied();
            if verdict.map(Verdict::from_byte) == Some(Verdict::Failed) {
                self.scratch.clear();
                for cause in &failures.cause[from..to] {
                    if self.is_error(*cause, causes) {
                        self.scratch.push(*cause);
                    }
                }
                self.add();
            }
            from = to;
        }
    }

    fn is_error(&mut self, id: CauseId, causes: &Causes) -> bool {
        let at = id.0 as usize;
        if at >= self.is_error.len() {
            self.is_error.resize(at + 1, None);
        }
        *self.is_error[at].get_or_insert_with(|| {
            let cause = causes.get(id);
            cause.is_some_and(|cause| cause.severity == Severity::Error)
        })
    }

    fn add(&mut self) {
        self.scratch.sort_unstable();
        self.scratch.dedup();
        if let Some(events) = self.events.get_mut(self.scratch.as_slice()) {
            *events += 1;
        } else if self.events.len() < MAX_SETS {
            self.events.insert(self.scratch.as_slice().into(), 1);
        } else {
            self.rest += 1;
        }
    }

    /// Each set with its events, in no order; the events that found no place under the empty set.
    pub fn iter(&self) -> impl Iterator<Item = (&[CauseId], u64)> {
        let known = self.events.iter().map(|(causes, n)| (&**causes, *n));
        let rest = (self.rest > 0).then_some((&[][..], self.rest));
        known.chain(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cause, Code};
    use std::sync::Arc;

    fn cause(causes: &Causes, path: &str, severity: Severity) -> CauseId {
        causes.intern(&Cause {
            code: Code::V402,
            severity,
            event: "e".into(),
            version: Arc::from(""),
            path: path.into(),
            keyword: "type",
            expected: "a number".into(),
        })
    }

    #[test]
    fn events_are_counted_by_their_errors_and_memory_is_bounded() {
        let causes = Causes::default();
        let ids: Vec<_> = (0..MAX_SETS + 10)
            .map(|i| cause(&causes, &i.to_string(), Severity::Error))
            .collect();
        let warning = cause(&causes, "w", Severity::Warn);
        let mut batch = Batch::default();
        let mut record = 0;
        let mut event = |of: &[CauseId]| {
            batch.records.verdict.push(Verdict::Failed as u8);
            for cause in of {
                batch.failures.push(record, *cause, None);
            }
            record += 1;
        };
        event(&[ids[1], warning, ids[0], ids[1]]);
        event(&[ids[0], ids[1]]);
        for id in &ids {
            event(&[*id]);
        }
        let mut sets = Sets::new(true);
        sets.count(&batch, &causes);
        assert_eq!(sets.events[&[ids[0], ids[1]][..]], 2);
        assert_eq!(
            sets.iter().map(|(_, n)| n).sum::<u64>(),
            ids.len() as u64 + 2
        );
        assert_eq!((sets.events.len(), sets.rest), (MAX_SETS, 11));
        let mut none = Sets::new(false);
        none.count(&batch, &causes);
        assert_eq!(none.iter().count(), 0);
    }
}
