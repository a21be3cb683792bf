//! Adding up two reports: that of a followed run, and that of the run it goes on from.

use std::collections::HashSet;

use crate::commands::check::report::{FailureRow, Report, UNREADABLE, key, sort};

impl Report {
    /// Adds what an earlier run had counted.
    pub fn add(&mut self, earlier: Self) {
        self.counters.add(&earlier.counters);
        self.events_by = self.events_by.take().or(earlier.events_by);
        for row in earlier.events {
            let same = |r: &&mut super::report::EventRow| {
                (&r.event, &r.version, r.declared) == (&row.event, &row.version, row.declared)
            };
            match self.events.iter_mut().find(same) {
                Some(known) => {
                    known.events += row.events;
                    known.good += row.good;
                    known.failed += row.failed;
                    known.duplicates += row.duplicates;
                }
                None => self.events.push(row),
            }
        }
        self.events.sort();
        for row in earlier.failures {
            let known = self
                .failures
                .iter_mut()
                .find(|r| r.severity == row.severity && key(r) == key(&row));
            match known {
                Some(known) => merge(known, row),
                None => self.failures.push(row),
            }
        }
        for at in 0..self.failures.len() {
            self.failures[at].of_events = self.events_of(&self.failures[at]);
        }
        sort(&mut self.failures);
        for row in earlier.rejects {
            match self.rejects.iter_mut().find(|r| r.code == row.code) {
                Some(known) => {
                    known.lines += row.lines;
                    let most = known.examples.len().max(row.examples.len());
                    let newer = std::mem::replace(&mut known.examples, row.examples);
                    for example in newer {
                        let is_known = known.examples.iter().any(|e| e.message == example.message);
                        if !is_known && known.examples.len() < most {
                            known.examples.push(example);
                        }
                    }
                }
                None => self.rejects.push(row),
            }
        }
        self.rejects.sort_by(|a, b| a.code.cmp(&b.code));
        let known: HashSet<String> = self
            .incomplete_objects
            .iter()
            .map(|o| o.object.clone())
            .collect();
        let others = earlier.incomplete_objects.into_iter();
        self.incomplete_objects
            .extend(others.filter(|o| !known.contains(&o.object)));
        self.incomplete_objects.sort();
        self.newest_us = self.newest_us.max(earlier.newest_us);
        for set in earlier.cause_sets {
            match self.cause_sets.iter_mut().find(|s| s.causes == set.causes) {
                Some(known) => known.events += set.events,
                None => self.cause_sets.push(set),
            }
        }
        self.cause_sets.sort();
        let newer = std::mem::replace(&mut self.warnings, earlier.warnings);
        for warning in newer {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// What could not be read is tried again by the run that goes on from this one.
    pub fn forget_unreadable(&mut self) {
        self.counters.objects_unreadable = 0;
        self.incomplete_objects.retain(|o| o.state != UNREADABLE);
    }

    /// Events of the name and version of a cause; of its name where that version has none.
    fn events_of(&self, row: &FailureRow) -> u64 {
        let count = |same: &dyn Fn(&str, &str) -> bool| -> u64 {
            let rows = self.events.iter();
            rows.filter(|e| same(e.event.as_deref().unwrap_or_default(), &e.version))
                .map(|e| e.events)
                .sum()
        };
        let events = match count(&|name, version| name == row.event && version == row.version) {
            0 => count(&|name, _| name == row.event),
            events => events,
        };
        events.max(row.rows)
    }
}

fn merge(known: &mut FailureRow, earlier: FailureRow) {
    known.rows += earlier.rows;
    known.failures += earlier.failures;
    // Written alike, so that they compare as texts.
    known.first_utc = match (known.first_utc.take(), earlier.first_utc) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    known.last_utc = known.last_utc.take().max(earlier.last_utc);
    let most = known.examples.len().max(earlier.examples.len());
    let newer = std::mem::replace(&mut known.examples, earlier.examples);
    for example in newer {
        let is_known = known.examples.iter().any(|e| e.value == example.value);
        if !is_known && known.examples.len() < most {
            known.examples.push(example);
        }
    }
}
