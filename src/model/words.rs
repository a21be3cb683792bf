//! Words: the values of low-cardinality fields (edge location, host, user agent), stored as codes.
//!
//! One dictionary a field for the whole run, Polars' own concurrent one, so that chunks of all threads share it and
//! appending never re-maps. Each thread keeps a [`WordCache`] in front of it.

use std::sync::Arc;

use polars::prelude::{CategoricalMapping, CategoricalPhysical, Categories, DataType};

use crate::model::column::Codes;

/// The dictionary of one column.
///
/// There is one mapping for codes of any width: a column that needs wider codes keeps the words it has.
#[derive(Clone)]
pub struct Words {
    /// By width of the codes: the name of the dtype.
    narrow: [Arc<Categories>; 2],
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
        let [small, medium, categories] = [
            CategoricalPhysical::U8,
            CategoricalPhysical::U16,
            CategoricalPhysical::U32,
        ]
        .map(|width| Categories::random("frontlog".into(), width));
        let mapping = categories.mapping();
        Self {
            narrow: [small, medium],
            categories,
            mapping,
        }
    }

    /// The Polars dtype of a column with these words and `u32` codes.
    pub fn dtype(&self) -> DataType {
        self.dtype_of(&self.categories)
    }

    /// The Polars dtype of a column with these words and codes as wide as those.
    ///
    /// With narrow codes, the column is for reading: what Polars finds in its mapping need not fit the codes.
    pub fn dtype_for(&self, codes: &Codes) -> DataType {
        self.dtype_of(match codes {
            Codes::Small(_) => &self.narrow[0],
            Codes::Medium(_) => &self.narrow[1],
            Codes::Large(_) => &self.categories,
        })
    }

    fn dtype_of(&self, categories: &Arc<Categories>) -> DataType {
        DataType::Categorical(categories.clone(), self.mapping.clone())
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
/// In front stands a table with one place a hash of length, first and last bytes. A repeat of up to 16 bytes, as most
/// are, costs two comparisons and no look at the heap; a longer one costs one more, of its bytes.
#[derive(Debug)]
pub struct WordCache {
    places: Vec<Place>,
    /// Values that did not find their place since the table last grew.
    misses: usize,
    codes: std::collections::HashMap<Box<[u8]>, u32, foldhash::fast::FixedState>,
}

#[derive(Debug, Clone, Default)]
struct Place {
    mark: Mark,
    code: u32,
    /// The whole value where the mark does not say it all.
    long: Vec<u8>,
}

/// Length, first and last eight bytes: with up to 16 bytes, that is the value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mark {
    len: u32,
    first: u64,
    last: u64,
}

/// Values up to this many bytes are told apart by their mark alone.
const SHORT: usize = 16;
/// Past this many distinct raw values the cache stops growing; the shared dictionary still answers.
const MAX_CACHED: usize = 65_536;
/// Places in the table in front at first, and at most; powers of two. Few values keep a small table, which stays in
/// the processor's first cache with those of the other fields.
const FEWEST_PLACES: usize = 64;
const MOST_PLACES: usize = 8_192;

impl Default for WordCache {
    fn default() -> Self {
        Self {
            places: vec![Place::default(); FEWEST_PLACES],
            misses: 0,
            codes: std::collections::HashMap::default(),
        }
    }
}

impl WordCache {
    /// The code of a logged value, which is not empty; `decode` turns it into the word, once per distinct value.
    #[inline]
    pub fn code(
        &mut self,
        raw: &[u8],
        words: &Words,
        decode: impl FnOnce(&[u8]) -> String,
    ) -> Option<u32> {
        let mark = Mark::of(raw);
        let at = mark.hash(raw) & (self.places.len() - 1);
        let place = &self.places[at];
        if place.mark == mark && mark.len > 0 && (raw.len() <= SHORT || *place.long == *raw) {
            return Some(place.code);
        }
        self.look_up(raw, mark, words, decode)
    }

    fn look_up(
        &mut self,
        raw: &[u8],
        mark: Mark,
        words: &Words,
        decode: impl FnOnce(&[u8]) -> String,
    ) -> Option<u32> {
        let code = if let Some(code) = self.codes.get(raw) {
            *code
        } else {
            let code = words.code(&decode(raw))?;
            if self.codes.len() < MAX_CACHED {
                self.codes.insert(raw.into(), code);
            }
            code
        };
        self.misses += 1;
        if self.misses > 4 * self.places.len() && self.places.len() < MOST_PLACES {
            // Too many values for the places: twice as many, filled anew as values come.
            self.places = vec![Place::default(); 2 * self.places.len()];
            self.misses = 0;
        }
        // The last one to come has the place, and the memory of the one before.
        let at = mark.hash(raw) & (self.places.len() - 1);
        let place = &mut self.places[at];
        place.mark = mark;
        place.code = code;
        place.long.clear();
        if raw.len() > SHORT {
            place.long.extend_from_slice(raw);
        }
        Some(code)
    }
}

impl Mark {
    #[inline]
    fn of(raw: &[u8]) -> Self {
        let (first, last) = match (raw.first_chunk::<8>(), raw.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => (raw.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)), 0),
        };
        Self {
            len: raw.len() as u32,
            first,
            last,
        }
    }

    /// Mixes the mark; of longer values their middle too, where user agents differ.
    #[inline]
    fn hash(self, raw: &[u8]) -> usize {
        let middle = if raw.len() > SHORT {
            raw.get(raw.len() / 2..)
                .and_then(|m| m.first_chunk::<8>())
                .map_or(0, |m| u64::from_le_bytes(*m))
        } else {
            0
        };
        let mixed =
            (self.first ^ self.last.rotate_left(23) ^ middle.rotate_left(41) ^ u64::from(self.len))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 40) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Short and long values that share their ends, many more than there are places.
    #[test]
    fn every_value_keeps_its_own_code() {
        let words = Words::new();
        let mut cache = WordCache::default();
        let value = |i: usize| match i % 4 {
            0 => format!("{i}"),
            1 => format!("MIA{i}-P4"),
            2 => format!("Mozilla/5.0 (X11; {i}) Safari/537.36"),
            _ => format!("{}{}", "\0".repeat(i % 9), i),
        };
        let mut codes = std::collections::HashMap::new();
        for round in 0..3 {
            for i in 0..20_000 {
                let value = value((i * 7919 + round) % 20_000);
                let code = cache
                    .code(value.as_bytes(), &words, |raw| {
                        String::from_utf8_lossy(raw).into_owned()
                    })
                    .unwrap();
                assert_eq!(words.word(code), Some(value.as_str()));
                assert_eq!(*codes.entry(value).or_insert(code), code);
            }
        }
    }
}
