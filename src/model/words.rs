//! Words: the values of low-cardinality fields (edge location, host, user agent), stored as codes.
//!
//! One dictionary a field for the whole run, Polars' own concurrent one, so that chunks of all threads share it and
//! appending never re-maps. Each thread keeps a [`WordCache`] in front of it.

use std::sync::Arc;

use polars::prelude::{CategoricalMapping, CategoricalPhysical, Categories, DataType};

/// The dictionary of one column.
#[derive(Clone)]
pub struct Words {
    categories: Arc<Categories>,
    mapping: Arc<CategoricalMapping>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words")
            .field("upper_bound", &self.mapping.num_cats_upper_bound())
            .finish_non_exhaustive()
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

impl Words {
    /// An empty dictionary of its own, never shared by name with another run.
    pub fn new() -> Self {
        let categories = Categories::random("frontlog".into(), CategoricalPhysical::U32);
        let mapping = categories.mapping();
        Self {
            categories,
            mapping,
        }
    }

    /// The Polars dtype of a column with these words.
    pub fn dtype(&self) -> DataType {
        DataType::from_categories(self.categories.clone())
    }

    /// The code of `word`, new or known. `None` when the dictionary is full (2^32 words).
    pub fn code(&self, word: &str) -> Option<u32> {
        self.mapping.insert_cat(word).ok()
    }

    /// The word of a code.
    pub fn word(&self, code: u32) -> Option<&str> {
        self.mapping.cat_to_str(code)
    }
}

/// A thread's own way from logged bytes to codes; saves decoding and the shared dictionary for every repeat.
///
/// In front stands a table with one place a hash of length, first and last bytes: a repeat costs one comparison.
#[derive(Debug)]
pub struct WordCache {
    places: Vec<(Vec<u8>, u32)>,
    /// Values that did not find their place since the table last grew.
    misses: usize,
    codes: std::collections::HashMap<Box<[u8]>, u32, foldhash::fast::FixedState>,
}

/// Past this many distinct raw values the cache stops growing; the shared dictionary still answers.
const MAX_CACHED: usize = 65_536;
/// Places in the table in front at first, and at most; powers of two. Few values keep a small table, which stays in
/// the processor's first cache with those of the other fields.
const FEWEST_PLACES: usize = 64;
const MOST_PLACES: usize = 8_192;

impl Default for WordCache {
    fn default() -> Self {
        Self {
            places: vec![(Vec::new(), 0); FEWEST_PLACES],
            misses: 0,
            codes: std::collections::HashMap::default(),
        }
    }
}

impl WordCache {
    /// The code of a logged value, which is not empty; `decode` turns it into the word, once per distinct value.
    pub fn code(
        &mut self,
        raw: &[u8],
        words: &Words,
        decode: impl FnOnce(&[u8]) -> String,
    ) -> Option<u32> {
        let place = place(raw) & (self.places.len() - 1);
        let (known, code) = &self.places[place];
        if *known == *raw && !raw.is_empty() {
            return Some(*code);
        }
        let code = match self.codes.get(raw) {
            Some(code) => *code,
            None => {
                let code = words.code(&decode(raw))?;
                if self.codes.len() < MAX_CACHED {
                    self.codes.insert(raw.into(), code);
                }
                code
            }
        };
        self.misses += 1;
        if self.misses > 4 * self.places.len() && self.places.len() < MOST_PLACES {
            // Too many values for the places: twice as many, filled anew as values come.
            self.places = vec![(Vec::new(), 0); 2 * self.places.len()];
            self.misses = 0;
            return Some(code);
        }
        // The last one to come has the place, and the memory of the one before.
        let (known, known_code) = &mut self.places[place];
        known.clear();
        known.extend_from_slice(raw);
        *known_code = code;
        Some(code)
    }
}

/// Mixes the length with the first and the last eight bytes; short values are taken whole.
fn place(raw: &[u8]) -> usize {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let (first, last) = match (raw.first_chunk::<8>(), raw.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (word(raw), 0),
    };
    let middle = raw
        .get(raw.len() / 2..)
        .and_then(|m| m.first_chunk::<8>())
        .map_or(0, |m| u64::from_le_bytes(*m));
    let mixed = (first ^ last.rotate_left(23) ^ middle.rotate_left(41) ^ raw.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize
}
