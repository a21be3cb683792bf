//! Counts by second of log time, kept up as batches come, cheap to clone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Verdict;

/// Counts in one bucket of time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Good events.
    pub good: u32,
    /// Failed events.
    pub failed: u32,
    /// Records that are no event, and duplicates left out.
    pub other: u32,
}

impl Bucket {
    /// Counts one record with that verdict.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Good => self.good += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::NotEvent | Verdict::Duplicate => self.other += 1,
        }
    }

    /// Adds another bucket to this one.
    pub fn add(&mut self, other: Self) {
        self.good += other.good;
        self.failed += other.failed;
        self.other += other.other;
    }
}

type Hour = Vec<Bucket>;

/// Good, failed and other records for every second. Cloning shares the hours.
#[derive(Debug, Default, Clone)]
pub struct Timeline {
    /// Hours since 1970 → 3,600 buckets.
    hours: BTreeMap<i64, Arc<Hour>>,
}

impl Timeline {
    /// Adds to the bucket of a second since 1970.
    pub fn add(&mut self, second: i64, bucket: Bucket) {
        let hour = self
            .hours
            .entry(second.div_euclid(3600))
            .or_insert_with(|| Arc::new(vec![Bucket::default(); 3600]));
        Arc::make_mut(hour)[second.rem_euclid(3600) as usize].add(bucket);
    }

    /// Moves records from one kind to another within a second that has them.
    pub fn shift(&mut self, second: i64, from: Bucket, to: Bucket) {
        let Some(hour) = self.hours.get_mut(&second.div_euclid(3600)) else {
            return;
        };
        let bucket = &mut Arc::make_mut(hour)[second.rem_euclid(3600) as usize];
        bucket.add(to);
        bucket.good = bucket.good.saturating_sub(from.good);
        bucket.failed = bucket.failed.saturating_sub(from.failed);
        bucket.other = bucket.other.saturating_sub(from.other);
    }

    /// First and last second with a record.
    pub fn span(&self) -> Option<(i64, i64)> {
        let used = |hour: &Hour, back: bool| {
            let is_used = |b: &Bucket| *b != Bucket::default();
            if back {
                hour.iter().rposition(is_used)
            } else {
                hour.iter().position(is_used)
            }
        };
        let (first, hour) = self.hours.first_key_value()?;
        let start = first * 3600 + used(hour, false)? as i64;
        let (last, hour) = self.hours.last_key_value()?;
        Some((start, last * 3600 + used(hour, true)? as i64))
    }

    /// `count` buckets of `step` seconds each, the first starting at `start`.
    pub fn buckets(&self, start: i64, step: i64, count: usize) -> Vec<Bucket> {
        let mut out = vec![Bucket::default(); count];
        let end = start + step * count as i64;
        for (hour, buckets) in self
            .hours
            .range(start.div_euclid(3600)..=end.div_euclid(3600))
        {
            for (i, bucket) in buckets.iter().enumerate() {
                let second = hour * 3600 + i as i64;
                if second >= start && second < end {
                    out[((second - start) / step) as usize].add(*bucket);
                }
            }
        }
        out
    }
}
