//! Percentiles of durations in bounded memory: counts in fixed buckets.
//!
//! Up to 20 ms each whole millisecond has a bucket of its own; above, each bucket ends 10 % further than the one
//! before. So a percentile is off by half a millisecond or 5 %, whichever is more, for whatever was put in and in
//! whatever order: two sketches added up are the sketch of all their values.

use serde::{Deserialize, Serialize};

/// Milliseconds that have a bucket each.
const EXACT_MS: f64 = 20.0;
/// How much further each later bucket reaches.
const GROWTH: f64 = 1.1;
/// Buckets in all; the last one begins at some five years.
const BUCKETS: u8 = 250;

/// Counts of durations by bucket; at most 250 pairs, only for buckets that hold something.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// Bucket and count, ascending.
    counts: Vec<(u8, u32)>,
    /// Smallest and largest value, in seconds: no percentile lies outside.
    range: Option<(f64, f64)>,
}

impl Sketch {
    /// Counts one duration, in seconds.
    #[inline]
    pub fn add(&mut self, seconds: f64) {
        self.put(bucket_of(seconds), 1);
        self.reach(seconds, seconds);
    }

    /// Counts all that another sketch has counted.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            self.put(*bucket, *count);
        }
        if let Some((low, high)) = other.range {
            self.reach(low, high);
        }
    }

    #[inline]
    fn put(&mut self, bucket: u8, count: u32) {
        match self.counts.binary_search_by_key(&bucket, |(b, _)| *b) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(count),
            Err(at) => self.counts.insert(at, (bucket, count)),
        }
    }

    #[inline]
    fn reach(&mut self, low: f64, high: f64) {
        self.range = Some(
            self.range
                .map_or((low, high), |(a, b)| (a.min(low), b.max(high))),
        );
    }

    /// The smallest value that at least `part` (0 to 1) of all values do not exceed, in seconds; `None` without a
    /// value.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let (low, high) = self.range?;
        let all: u64 = self.counts.iter().map(|(_, n)| u64::from(*n)).sum();
        let rank = ((part * all as f64).ceil() as u64).clamp(1, all.max(1));
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen += u64::from(*count);
            if seen >= rank {
                let micros = (middle_of(*bucket) * 1e6).round() / 1e6;
                return Some(micros.clamp(low, high));
            }
        }
        Some(high)
    }
}

fn bucket_of(seconds: f64) -> u8 {
    let ms = seconds * 1e3;
    // A negative or unreadable duration is none: it counts as the shortest.
    if ms.is_nan() || ms <= 0.0 {
        return 0;
    }
    if ms <= EXACT_MS + 0.5 {
        return ms.round() as u8;
    }
    let step = ((ms / EXACT_MS).ln() / GROWTH.ln()).ceil();
    (EXACT_MS + step).min(f64::from(BUCKETS - 1)) as u8
}

/// The value of a bucket that is off by the smallest share from both of its ends, in seconds.
fn middle_of(bucket: u8) -> f64 {
    let bucket = f64::from(bucket);
    if bucket <= EXACT_MS {
        return bucket / 1e3;
    }
    let end = EXACT_MS * GROWTH.powf(bucket - EXACT_MS);
    2.0 * end / (1.0 + GROWTH) / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_are_exact_and_ends_are_kept() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(0.5), None);
        for ms in [1.0, 2.0, 2.0, 3.0, 1234.0] {
            sketch.add(ms / 1e3);
        }
        assert_eq!(sketch.quantile(0.2), Some(0.001));
        assert_eq!(sketch.quantile(0.5), Some(0.002));
        assert_eq!(sketch.quantile(0.8), Some(0.003));
        assert_eq!(sketch.quantile(0.0), Some(0.001));
        let top = sketch.quantile(0.99).unwrap();
        assert!((top - 1.234).abs() <= 1.234 * 0.05 && top <= 1.234, "{top}");
    }

    #[test]
    fn whatever_comes_has_a_bucket() {
        for odd in [-1.0, 0.0, f64::NAN, f64::INFINITY, 1e300, 1e-9] {
            assert!(bucket_of(odd) < BUCKETS, "{odd}");
        }
    }
}
