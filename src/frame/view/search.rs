//! Search in a view.
use std::sync::atomic::AtomicBool;

use crate::frame::{Snapshot, View};
use crate::frame::filter::TextTest;

/// A text to search for, prepared. Ignores case unless there is a capital letter in it; a regular expression when
/// something in it is special.
#[derive(Debug, Clone)]
pub struct Needle {
    pub(crate) text: String,
    pub(crate) test: TextTest,
}

impl Needle {
    /// Prepares a text.
    ///
    /// # Errors
    /// A sentence when it is a broken regular expression.
    pub fn new(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), test: TextTest::search(text)? })
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte ranges of the hits in a text, for highlighting.
    pub fn hits(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        self.test.hits(text)
    }
}
