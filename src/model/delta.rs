//! What an edit of the contract changed in what was judged already.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Cause, CauseId, Counters, Verdict};

/// Verdicts before and after an edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerdictDelta {
    /// Records that were judged again.
    pub judged: u64,
    /// Failed events of the whole run before and after.
    pub failed: (u64, u64),
    /// Events of the whole run before and after.
    pub events: (u64, u64),
    /// Failed events that are good now.
    pub became_good: u64,
    /// Good events that are failed now.
    pub became_failed: u64,
    /// By event type, those with most changes first.
    pub types: Vec<TypeChange>,
    /// By cause, the largest difference first.
    pub causes: Vec<CauseChange>,
}

/// How many events of a type changed sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    /// The event's name; empty where it has none.
    pub name: Arc<str>,
    /// Failed events that are good now.
    pub became_good: u64,
    /// Good events that are failed now.
    pub became_failed: u64,
}

/// Failures of one cause before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseChange {
    /// Under the contract where it occurs.
    pub cause: Arc<Cause>,
    /// Failures before.
    pub before: u64,
    /// Failures after.
    pub after: u64,
}

impl VerdictDelta {
    /// `this edit turns 12,340 failed events good, 17 good ones bad`, with `number` to write the figures.
    pub fn sentence(&self, number: impl Fn(u64) -> String) -> String {
        let events = |n: u64| if n == 1 { "event" } else { "events" };
        let turned = match (self.became_good, self.became_failed) {
            (0, 0) => "this edit changes no verdict".to_owned(),
            (good, 0) => format!(
                "this edit turns {} failed {} good",
                number(good),
                events(good)
            ),
            (0, bad) => format!("this edit turns {} good {} bad", number(bad), events(bad)),
            (good, bad) => format!(
                "this edit turns {} failed {} good, {} good {} bad",
                number(good),
                events(good),
                number(bad),
                if bad == 1 { "one" } else { "ones" }
            ),
        };
        match self.events {
            (before, after) if before == after => turned,
            (before, after) => format!(
                "{turned}; {} events before, {} after",
                number(before),
                number(after)
            ),
        }
    }
}

/// Adds up what changes while records are judged again.
#[derive(Debug, Default)]
pub struct DeltaCount {
    /// Records that were judged again.
    pub judged: u64,
    types: HashMap<Arc<str>, (u64, u64)>,
    causes: HashMap<CauseId, (u64, u64)>,
}

impl DeltaCount {
    /// Counts one record that was judged again.
    pub fn record(&mut self, name: &Arc<str>, before: Verdict, after: Verdict) {
        self.judged += 1;
        let (good, failed) = match (before, after) {
            (Verdict::Failed, Verdict::Good) => (1, 0),
            (Verdict::Good, Verdict::Failed) => (0, 1),
            _ => return,
        };
        let change = self.types.entry(name.clone()).or_default();
        change.0 += good;
        change.1 += failed;
    }

    /// Counts a failure that a record had, or has.
    pub fn failure(&mut self, cause: CauseId, is_after: bool) {
        let change = self.causes.entry(cause).or_default();
        if is_after {
            change.1 += 1;
        } else {
            change.0 += 1;
        }
    }

    /// The whole, in a stable order.
    pub fn finish(
        self,
        causes: &[Arc<Cause>],
        before: &Counters,
        after: &Counters,
    ) -> VerdictDelta {
        let mut types: Vec<TypeChange> = self
            .types
            .into_iter()
            .map(|(name, (became_good, became_failed))| TypeChange {
                name,
                became_good,
                became_failed,
            })
            .collect();
        types.sort_by(|a, b| {
            let size = |t: &TypeChange| t.became_good + t.became_failed;
            size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
        });
        let mut changes: Vec<CauseChange> = self
            .causes
            .into_iter()
            .filter(|(_, (before, after))| before != after)
            .filter_map(|(id, (before, after))| {
                Some(CauseChange {
                    cause: causes.get(id.0 as usize)?.clone(),
                    before,
                    after,
                })
            })
            .collect();
        changes.sort_by(|a, b| {
            let size = |c: &CauseChange| c.before.abs_diff(c.after);
            size(b).cmp(&size(a)).then_with(|| a.cause.cmp(&b.cause))
        });
        VerdictDelta {
            judged: self.judged,
            failed: (before.failed, after.failed),
            events: (before.events, after.events),
            became_good: types.iter().map(|t| t.became_good).sum(),
            became_failed: types.iter().map(|t| t.became_failed).sum(),
            types,
            causes: changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_says_what_changed_and_nothing_else() {
        let delta = |became_good, became_failed, events| VerdictDelta {
            events,
            became_good,
            became_failed,
            ..VerdictDelta::default()
        };
        let told = |delta: VerdictDelta| delta.sentence(|n| n.to_string());
        assert_eq!(told(delta(0, 0, (5, 5))), "this edit changes no verdict");
        assert_eq!(
            told(delta(12_340, 17, (5, 5))),
            "this edit turns 12340 failed events good, 17 good ones bad"
        );
        assert_eq!(
            told(delta(1, 0, (5, 5))),
            "this edit turns 1 failed event good"
        );
        assert_eq!(
            told(delta(0, 1, (5, 7))),
            "this edit turns 1 good event bad; 5 events before, 7 after"
        );
    }
}
