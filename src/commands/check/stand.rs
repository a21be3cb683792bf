//! What a report says of causes that are known: acknowledged, in the baseline, new.

use std::collections::HashSet;

use crate::commands::check::report::{AcknowledgedRow, Excused, Report};
use crate::contract::Privacy;
use crate::contract::baseline::{Baseline, Rows, Since};
use crate::contract::standing::{KnownCauses, Standing};
use crate::model::{CauseKey, OwnedCauseKey, Severity};

impl Report {
    /// Marks each cause with where it stands, and counts what is excused. Takes what was only kept for that.
    pub fn stand(&mut self, known: &KnownCauses) {
        let (newest_us, sets) = (self.newest_us.take(), std::mem::take(&mut self.cause_sets));
        if known.is_empty() {
            return;
        }
        for row in &mut self.failures {
            let now = Rows {
                rows: row.rows,
                of_events: row.of_events,
            };
            let standing = known.standing(row.key(), now, newest_us);
            (row.since_baseline, row.baseline) = (standing.since, standing.before);
            row.acknowledged = acknowledged(&standing);
        }
        let lines = self.counters.lines;
        for row in &mut self.rejects {
            let now = Rows {
                rows: row.lines,
                of_events: lines,
            };
            let standing = known.standing(row.key(), now, newest_us);
            (row.since_baseline, row.baseline) = (standing.since, standing.before);
            row.acknowledged = acknowledged(&standing);
        }
        let errors = self
            .failures
            .iter()
            .filter(|f| f.severity == Severity::Error);
        let excused: HashSet<OwnedCauseKey> = errors
            .filter(|f| f.is_excused())
            .map(|f| f.key().to_owned())
            .collect();
        let is_excused = |causes: &[OwnedCauseKey]| {
            !causes.is_empty() && causes.iter().all(|cause| excused.contains(cause))
        };
        let failed = sets.iter().filter(|set| is_excused(&set.causes));
        let lines = self.rejects.iter().filter(|r| r.is_excused());
        self.excused = Some(Excused {
            failed_events: failed.map(|set| set.events).sum(),
            unreadable_lines: lines.map(|r| r.lines).sum(),
        });
        let met: Vec<_> = self.keys().collect();
        let unmet = known.acknowledged.unmet(&met);
        self.warnings.extend(unmet);
    }

    /// Takes values out that `[privacy]` names, or that may hold what it names: reports of CI are read by many.
    pub fn hide_values(&mut self, privacy: &Privacy) {
        if privacy.is_empty() {
            return;
        }
        for row in &mut self.failures {
            if privacy.hides(&row.code, &row.path) {
                for example in &mut row.examples {
                    example.value = None;
                }
            }
        }
    }

    /// Everything that was found, to be compared with later runs.
    pub fn baseline(&self) -> Baseline {
        let failures = self.failures.iter().map(|row| {
            let rows = Rows {
                rows: row.rows,
                of_events: row.of_events,
            };
            (row.key(), rows)
        });
        let rejects = self.rejects.iter().map(|row| {
            let rows = Rows {
                rows: row.lines,
                of_events: self.counters.lines,
            };
            (row.key(), rows)
        });
        Baseline::of(failures.chain(rejects))
    }

    fn keys(&self) -> impl Iterator<Item = CauseKey<'_>> {
        let failures = self.failures.iter().map(super::report::FailureRow::key);
        failures.chain(self.rejects.iter().map(super::report::RejectRow::key))
    }
}

fn acknowledged(standing: &Standing) -> Option<AcknowledgedRow> {
    standing.acknowledged.as_ref().map(|entry| AcknowledgedRow {
        note: entry.note.clone(),
        by: entry.by.clone(),
        until: entry.until.map(|day| day.to_string()),
        expired: standing.expired,
    })
}

/// In few words, for the report: `new`, `grown 2.4×`, `acknowledged`, `known`; empty where nothing is in force.
pub fn words(
    since: Option<Since>,
    before: Option<Rows>,
    now: Rows,
    acknowledged: Option<&AcknowledgedRow>,
) -> String {
    let since = match since {
        None => String::new(),
        Some(Since::New) => "new".to_owned(),
        Some(Since::Known) => "known".to_owned(),
        Some(Since::Grown) => before.map_or_else(String::new, |before| {
            format!("grown {:.1}×", now.share() / before.share())
        }),
    };
    let acknowledged = match acknowledged {
        None => "",
        Some(a) if a.expired => "expired",
        Some(_) => "acknowledged",
    };
    match (since.is_empty(), acknowledged) {
        (_, "") => since,
        (true, word) => word.to_owned(),
        (false, word) => format!("{since}, {word}"),
    }
}
