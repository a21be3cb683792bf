//! Everything about one record, read again from its object: what the detail pane shows.

use std::ops::Range;
use std::sync::Arc;

use crate::model::{Code, Severity, Verdict};

/// One record with its raw line, decoded query and failures.
#[derive(Debug, Clone, Default)]
pub struct Detail {
    /// Row in the snapshot's `records`.
    pub row: u32,
    /// What it turned out to be; `None` before it is known.
    pub verdict: Option<Verdict>,
    /// Event name, empty for records that are no event.
    pub event: String,
    /// Version of the event schema it was judged by, empty where none was.
    pub version: String,
    /// Log time in microseconds since 1970 UTC.
    pub time_us: i64,
    /// The query, decoded, in its order; required properties that are absent stand at the end with no value.
    pub properties: Vec<DetailProperty>,
    /// Failures that belong to no property of the query.
    pub failures: Vec<DetailFailure>,
    /// Every log field of the line, in the order of the line.
    pub fields: Vec<DetailField>,
    /// The untouched line, without its line end.
    pub raw: Vec<u8>,
    /// Byte ranges in `raw` that a failure is about, ordered, not overlapping.
    pub raw_marks: Vec<Range<usize>>,
    /// Why `raw` is empty, as a sentence, where the object could not be read again.
    pub raw_error: Option<String>,
    /// URI of the object.
    pub object_uri: Arc<str>,
    /// Line number in the object, from 1.
    pub line: u32,
    /// Byte offset of the line in the object's text.
    pub offset: u64,
}

/// One property of the query.
#[derive(Debug, Clone, Default)]
pub struct DetailProperty {
    /// Decoded key.
    pub key: String,
    /// Decoded value; `None` for a required property that is absent.
    pub value: Option<String>,
    /// How deep inside a payload it is: 0 for the pairs of the query.
    pub depth: u8,
    /// Where it is in the event, as failures say it: the key, or `order.items[0]`.
    pub path: String,
    /// The value as it stands in the log.
    pub raw: String,
    /// What the event schema says, in few words; empty when it says nothing.
    pub declared: String,
    /// What is wrong with it.
    pub failures: Vec<DetailFailure>,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailFailure {
    /// The code.
    pub code: Code,
    /// Its weight.
    pub severity: Severity,
    /// Instance path; empty for the whole event.
    pub path: String,
    /// What was expected, as a noun phrase; may be empty.
    pub expected: String,
    /// The whole sentence.
    pub sentence: String,
}

/// One log field of the line.
#[derive(Debug, Clone, Default)]
pub struct DetailField {
    /// As AWS writes it: `cs(User-Agent)`.
    pub name: String,
    /// Decoded value; `None` for `-`.
    pub value: Option<String>,
    /// Unit of its numbers, or empty.
    pub unit: &'static str,
    /// What it says, in one clause; empty for fields that are not known.
    pub meaning: &'static str,
}

impl Detail {
    /// Failures of properties and of the whole event, those of the event first.
    pub fn all_failures(&self) -> impl Iterator<Item = &DetailFailure> {
        self.failures
            .iter()
            .chain(self.properties.iter().flat_map(|p| &p.failures))
    }
}
