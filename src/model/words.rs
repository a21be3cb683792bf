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
        f.debug_struct("Words").field("upper_bound", &self.mapping.num_cats_upper_bound()).finish()
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
        Self { categories, mapping }
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

/// A thread's own map from logged bytes to codes; saves decoding and the shared dictionary for every repeat.
#[derive(Debug, Default)]
pub struct WordCache {
    codes: std::collections::HashMap<Box<[u8]>, u32, foldhash::fast::FixedState>,
    last: (Box<[u8]>, u32),
}

/// Past this many distinct raw values the cache stops growing; the shared dictionary still answers.
const MAX_CACHED: usize = 65_536;

impl WordCache {
    /// The code of a logged value; `decode` turns it into the word and runs once per distinct value.
    pub fn code(&mut self, raw: &[u8], words: &Words, decode: impl FnOnce(&[u8]) -> String) -> Option<u32> {
        if *self.last.0 == *raw && !raw.is_empty() {
            return Some(self.last.1);
        }
        if let Some(code) = self.codes.get(raw) {
            return Some(*code);
        }
        let code = words.code(&decode(raw))?;
        if self.codes.len() < MAX_CACHED {
            self.codes.insert(raw.into(), code);
            self.last = (raw.into(), code);
        }
        Some(code)
    }
}
