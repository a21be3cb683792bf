//! What could come next in a filter that is being typed.

use crate::frame::Snapshot;

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// First byte of the text to be replaced.
    pub start: usize,
    /// End (excluded) of the text to be replaced; the cursor.
    pub end: usize,
    /// What to put there.
    pub insert: String,
    /// How to list it: the name or value alone.
    pub label: String,
    /// What it is, or how often it occurs: `word · HTTP method`, `12,408`.
    pub detail: String,
}

/// Proposals for the word that ends at `cursor` (a byte position): column names, and after `=` or `!=` the column's most
/// frequent values. Best first, at most 50. Looks at no more than the first 50,000 rows for values.
pub fn complete(text: &str, cursor: usize, snapshot: &Snapshot) -> Vec<Completion> {
    let _ = (text, cursor, snapshot);
    vec![]
}
