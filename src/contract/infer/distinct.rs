//! How many distinct values, and which are frequent, in a few kilobytes.

use xxhash_rust::xxh3::xxh3_64;

/// Up to this many distinct values are kept as they are.
pub const MAX_EXACT: usize = 64;
/// Frequent values that are followed once there are more.
const FOLLOWED: usize = 16;
/// Longest text that is kept of a followed value, in bytes.
const MAX_TEXT_BYTES: usize = 64;

/// Estimates the number of distinct texts (HyperLogLog): 1 KiB, standard error 3.25 %.
#[derive(Debug, Clone)]
pub struct Estimate {
    registers: Box<[u8; REGISTERS]>,
}

const REGISTERS: usize = 1 << REGISTER_BITS;
const REGISTER_BITS: u32 = 10;

impl Default for Estimate {
    fn default() -> Self {
        Self {
            registers: Box::new([0; REGISTERS]),
        }
    }
}

impl Estimate {
    /// Takes one text, by its hash.
    pub fn add(&mut self, hash: u64) {
        let register = &mut self.registers[(hash >> (64 - REGISTER_BITS)) as usize];
        let rank = ((hash << REGISTER_BITS)
            .leading_zeros()
            .min(64 - REGISTER_BITS)
            + 1) as u8;
        *register = rank.max(*register);
    }

    /// Takes what another one took.
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.registers.iter_mut().zip(&*other.registers) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// How many distinct texts were taken.
    pub fn count(&self) -> u64 {
        let m = REGISTERS as f64;
        let sum: f64 = self.registers.iter().map(|r| (-f64::from(*r)).exp2()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let zeros: f64 = self
            .registers
            .iter()
            .map(|r| f64::from(u8::from(*r == 0)))
            .sum();
        // Few values: counting the empty registers is closer.
        if raw <= 2.5 * m && zeros > 0.0 {
            return (m * (m / zeros).ln()).round() as u64;
        }
        raw.round() as u64
    }
}

/// Follows the most frequent values (space-saving): a value that occurs more often than once in `FOLLOWED` is among
/// them, and no count is too high by more than `1 / FOLLOWED` of all.
#[derive(Debug, Clone, Default)]
pub struct Frequent {
    hashes: [u64; FOLLOWED],
    counts: [u64; FOLLOWED],
    texts: Vec<String>,
}

impl Frequent {
    /// Takes a text that came `times` times.
    pub fn add(&mut self, text: &str, hash: u64, times: u64) {
        let used = self.texts.len();
        if let Some(at) = self.hashes[..used].iter().position(|h| *h == hash) {
            self.counts[at] += times;
            return;
        }
        let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
        if used < FOLLOWED {
            self.texts.push(text.to_owned());
            (self.hashes[used], self.counts[used]) = (hash, times);
            return;
        }
        let mut least = 0;
        for at in 1..FOLLOWED {
            if self.counts[at] < self.counts[least] {
                least = at;
            }
        }
        // The buffer is written anew: nothing is allocated for a stream of unique values.
        self.texts[least].clear();
        self.texts[least].push_str(text);
        self.hashes[least] = hash;
        self.counts[least] += times;
    }

    /// Takes what another one follows.
    pub fn absorb(&mut self, other: &Self) {
        for ((text, hash), count) in other.texts.iter().zip(other.hashes).zip(other.counts) {
            self.add(text, hash, count);
        }
    }

    /// The followed values with their counts, most frequent first, ties by text.
    pub fn top(&self, most: usize) -> Vec<(String, u64)> {
        let mut list: Vec<(String, u64)> = self.texts.iter().cloned().zip(self.counts).collect();
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        list.truncate(most);
        list
    }
}

/// What tells texts apart, the same on every machine.
pub fn hash_of(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_stay_within_a_tenth() {
        for wanted in [1u64, 64, 100, 1_000, 20_000, 300_000] {
            let mut estimate = Estimate::default();
            for i in 0..wanted {
                estimate.add(hash_of(&i.to_string()));
                estimate.add(hash_of(&i.to_string()));
            }
            let off = estimate.count().abs_diff(wanted) as f64 / wanted as f64;
            assert!(off < 0.1, "{wanted}: {}", estimate.count());
        }
    }

    #[test]
    fn the_frequent_value_is_found_in_a_stream_of_unique_ones() {
        let mut frequent = Frequent::default();
        for i in 0..10_000 {
            let text = i.to_string();
            frequent.add(&text, hash_of(&text), 1);
            if i % 5 == 0 {
                frequent.add("often", hash_of("often"), 1);
            }
        }
        let (text, count) = &frequent.top(1)[0];
        assert_eq!(text, "often");
        assert!(
            (2_000..2_000 + 12_000 / FOLLOWED as u64).contains(count),
            "{count}"
        );
    }
}
