//! The identity: where every line went.

use serde::{Deserialize, Serialize};

use crate::model::Verdict;

/// Counts of one run, one object or one batch. They add up; [`Counters::identity`] proves it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Objects read to their end, or to where they broke.
    pub objects: u64,
    /// Objects that could not be opened at all (S9xx).
    pub objects_unreadable: u64,
    /// Bytes as stored (compressed).
    pub object_bytes: u64,
    /// Bytes of text after decompression.
    pub text_bytes: u64,
    /// All lines; the corrupt tail of an object counts as one.
    pub lines: u64,
    /// Lines that start with `#`.
    pub header_lines: u64,
    /// Lines with nothing in them.
    pub blank_lines: u64,
    /// Lines that are no record (L1xx).
    pub unreadable_lines: u64,
    /// Lines that are a record.
    pub records: u64,
    /// Records that `[match]` does not select.
    pub not_events: u64,
    /// Records that are events.
    pub events: u64,
    /// Events without an error.
    pub good: u64,
    /// Of the good ones: those in which a value was repaired.
    #[serde(default)]
    pub repaired: u64,
    /// Events with an error.
    pub failed: u64,
    /// Events left out as duplicates (policy `quarantine` only).
    pub duplicates: u64,
    /// Events left out by a filter (`--where`).
    pub filtered: u64,
    /// Failures of severity error.
    pub errors: u64,
    /// Failures of severity warn.
    pub warnings: u64,
    /// Failures of severity info.
    pub infos: u64,
}

impl Counters {
    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        macro_rules! sum { ($($f:ident)*) => { $(self.$f += other.$f;)* } }
        sum!(objects objects_unreadable object_bytes text_bytes lines header_lines blank_lines unreadable_lines
             records not_events events good repaired failed duplicates filtered errors warnings infos);
    }

    /// Takes another count, which is part of this one, away again.
    pub fn take_away(&mut self, other: &Self) {
        macro_rules! subtract { ($($f:ident)*) => { $(self.$f = self.$f.saturating_sub(other.$f);)* } }
        subtract!(objects objects_unreadable object_bytes text_bytes lines header_lines blank_lines unreadable_lines
             records not_events events good repaired failed duplicates filtered errors warnings infos);
    }

    /// Counts one record of that verdict, as a record only.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::NotEvent => self.not_events += 1,
            Verdict::Good => self.good += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Duplicate => self.duplicates += 1,
        }
        self.events += u64::from(verdict != Verdict::NotEvent);
    }

    /// What was counted as one thing counts as another now.
    pub fn replace(&mut self, was: &Self, is: &Self) {
        self.add(is);
        self.take_away(was);
    }

    /// What judging counts, and nothing of what reading counts.
    #[must_use]
    pub fn judged(&self) -> Self {
        Self {
            not_events: self.not_events,
            events: self.events,
            good: self.good,
            repaired: self.repaired,
            failed: self.failed,
            duplicates: self.duplicates,
            errors: self.errors,
            warnings: self.warnings,
            infos: self.infos,
            ..Self::default()
        }
    }

    /// Checks that nothing was lost.
    ///
    /// # Errors
    /// The equation that does not hold, with its figures, as a sentence.
    pub fn identity(&self) -> Result<(), String> {
        let lines = self.header_lines + self.blank_lines + self.unreadable_lines + self.records;
        if self.lines != lines {
            return Err(format!(
                "{} lines were read, but headers {} + blank {} + unreadable {} + records {} = {lines}",
                self.lines,
                self.header_lines,
                self.blank_lines,
                self.unreadable_lines,
                self.records
            ));
        }
        if self.records != self.not_events + self.events {
            return Err(format!(
                "{} records were read, but not events {} + events {} = {}",
                self.records,
                self.not_events,
                self.events,
                self.not_events + self.events
            ));
        }
        let events = self.good + self.failed + self.duplicates + self.filtered;
        if self.events != events {
            return Err(format!(
                "{} events were found, but good {} + failed {} + duplicates left out {} + filtered out {} = {events}",
                self.events, self.good, self.failed, self.duplicates, self.filtered
            ));
        }
        if self.repaired > self.good {
            return Err(format!(
                "{} events were repaired and good, but only {} were good",
                self.repaired, self.good
            ));
        }
        Ok(())
    }
}
