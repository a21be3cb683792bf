//! How often the values of a property break its declared rules: judged by judging's own kernels.

use std::sync::Arc;

use crate::contract::schema::PropertySchema;

/// What broke, by cause.
#[derive(Debug, Clone)]
pub struct Broken {
    declared: Arc<PropertySchema>,
    scratch: Vec<u8>,
    /// By the causes of the declaration.
    counts: Vec<Count>,
}

/// How often one rule was broken.
#[derive(Debug, Clone, Default)]
pub struct Count {
    /// Values that break it.
    pub times: u64,
    /// The first of them, cut.
    pub example: Option<Box<str>>,
}

/// Longest example, in bytes.
const MAX_EXAMPLE_BYTES: usize = 40;

impl Broken {
    /// Nothing broken yet.
    pub fn new(declared: Arc<PropertySchema>) -> Self {
        Self {
            scratch: vec![],
            counts: vec![Count::default(); declared.causes.len()],
            declared,
        }
    }

    /// Judges a text that came `times` times.
    pub fn add(&mut self, text: &str, times: u64) {
        self.declared.rule.judge(text, &mut self.scratch);
        for cause in self.scratch.drain(..) {
            if let Some(count) = self.counts.get_mut(usize::from(cause)) {
                count.times += times;
                count.example.get_or_insert_with(|| {
                    text[..text.floor_char_boundary(MAX_EXAMPLE_BYTES)].into()
                });
            }
        }
    }

    /// Takes what another one counted by the same declaration.
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.times += theirs.times;
            if mine.example.is_none() {
                mine.example.clone_from(&theirs.example);
            }
        }
    }

    /// What was broken, by keyword.
    pub fn by_keyword(&self) -> impl Iterator<Item = (&'static str, &Count)> {
        let causes = self.declared.causes.iter().zip(&self.counts);
        causes
            .filter(|(_, c)| c.times > 0)
            .map(|(cause, c)| (cause.keyword, c))
    }
}
