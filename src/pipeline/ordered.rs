//! Puts batches back into the order of their units and parts.

use std::collections::BTreeMap;

use crate::model::Batch;

/// Batches that came too early, and the place of the next one that is due.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    waiting: BTreeMap<(u64, u32), Batch>,
    due: (u64, u32),
}

impl Ordered {
    pub fn put(&mut self, batch: Batch) {
        self.waiting.insert((batch.unit, batch.part), batch);
    }

    /// The next batch in order, if it is there.
    pub fn next(&mut self) -> Option<Batch> {
        let batch = self.waiting.remove(&self.due)?;
        self.due = if batch.last_part {
            (batch.unit + 1, 0)
        } else {
            (batch.unit, batch.part + 1)
        };
        Some(batch)
    }

    /// The first unit that has not been given in full.
    pub fn next_unit(&self) -> u64 {
        self.due.0
    }

    /// True when no unit was given in part.
    pub fn is_between_units(&self) -> bool {
        self.due.1 == 0
    }

    /// True when nothing came too early.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
