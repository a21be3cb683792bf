//! Which causes come together: counted in one pass over failures that are ordered by record.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::frame::causes::MOST_COMPANIONS;
use crate::model::CauseId;

/// Causes of one record that are paired; a record that breaks more rules than that is a wreck, not a pattern.
const MOST_OF_RECORD: usize = 16;
/// Distinct pairs that are counted; pairs that come later are left out.
const MOST_PAIRS: usize = 65_536;

/// Counts pairs of causes by records. Memory: [`MOST_PAIRS`] numbers.
#[derive(Debug, Default)]
pub(super) struct Together {
    record: Option<u32>,
    causes: Vec<u32>,
    pairs: HashMap<(u32, u32), u64, FixedState>,
}

impl Together {
    /// A failure with that cause; records come in order.
    pub fn add(&mut self, record: u32, cause: u32) {
        if self.record != Some(record) {
            self.close();
            self.record = Some(record);
        }
        if self.causes.len() < MOST_OF_RECORD && !self.causes.contains(&cause) {
            self.causes.push(cause);
        }
    }

    fn close(&mut self) {
        for (i, a) in self.causes.iter().enumerate() {
            for b in &self.causes[i + 1..] {
                let pair = (*a.min(b), *a.max(b));
                if let Some(n) = self.pairs.get_mut(&pair) {
                    *n += 1;
                } else if self.pairs.len() < MOST_PAIRS {
                    self.pairs.insert(pair, 1);
                }
            }
        }
        self.causes.clear();
    }

    /// By cause id, for so many causes: what comes with it, the most records first, ties in `order`.
    pub fn finish(
        mut self,
        causes: usize,
        order: impl Fn(CauseId, CauseId) -> std::cmp::Ordering,
    ) -> Vec<Vec<(CauseId, u64)>> {
        self.close();
        let mut with = vec![vec![]; causes];
        for ((a, b), n) in self.pairs {
            for (one, other) in [(a, b), (b, a)] {
                if let Some(list) = with.get_mut(one as usize) {
                    list.push((CauseId(other), n));
                }
            }
        }
        for list in &mut with {
            list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| order(a.0, b.0)));
            list.truncate(MOST_COMPANIONS);
        }
        with
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_by_record() {
        let mut together = Together::default();
        for (record, cause) in [
            (0, 1),
            (0, 2),
            (0, 2),
            (3, 2),
            (4, 2),
            (4, 1),
            (4, 0),
            (9, 2),
        ] {
            together.add(record, cause);
        }
        let id = |id, n| (CauseId(id), n);
        assert_eq!(
            together.finish(4, |a, b| a.cmp(&b)),
            [
                vec![id(1, 1), id(2, 1)],
                vec![id(2, 2), id(0, 1)],
                vec![id(1, 2), id(0, 1)],
                vec![]
            ]
        );
    }

    #[test]
    fn a_wreck_costs_no_more_than_its_first_causes() {
        let mut together = Together::default();
        for cause in 0..1_000_000 {
            together.add(0, cause);
        }
        together.close();
        assert_eq!(
            together.pairs.len(),
            MOST_OF_RECORD * (MOST_OF_RECORD - 1) / 2
        );
    }
}
