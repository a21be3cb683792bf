//! The failures of a batch, found by record.

use std::sync::Arc;

use polars_arrow::array::Utf8ViewArray;
use serde::Serialize;

use crate::export::cell::Cell;
use crate::model::batch::MAX_FAILURE_VALUE_BYTES;
use crate::model::{Cause, Code};

/// A failure that the proof of loadability found.
#[derive(Debug, Clone)]
pub struct RowFailure {
    /// What is wrong.
    pub cause: Arc<Cause>,
    /// The offending text, cut at 256 bytes.
    pub value: Option<String>,
}

impl RowFailure {
    /// The text of a cell for a failure, cut at 256 bytes; `None` for null.
    pub fn value_of(cell: &Cell<'_>) -> Option<String> {
        match cell {
            Cell::Null => None,
            Cell::Text(text) => {
                Some(text[..text.floor_char_boundary(MAX_FAILURE_VALUE_BYTES)].to_owned())
            }
            Cell::Int(v) | Cell::Timestamp(v) => Some(v.to_string()),
            Cell::Float(v) => Some(v.to_string()),
            Cell::Bool(v) => Some(v.to_string()),
            Cell::Date(v) => Some(v.to_string()),
        }
    }
}

/// The failures that the judge found, ordered by record.
#[derive(Debug)]
pub struct FailureRows {
    record: Vec<u32>,
    cause: Vec<Arc<Cause>>,
    value: Utf8ViewArray,
}

/// One failure in `_failures`.
#[derive(Serialize)]
struct Brief<'a> {
    code: &'static str,
    severity: &'static str,
    path: &'a str,
    value: Option<&'a str>,
    message: String,
}

impl FailureRows {
    /// Of columns of the same length, ordered by record.
    pub fn new(record: Vec<u32>, cause: Vec<Arc<Cause>>, value: Utf8ViewArray) -> Self {
        Self {
            record,
            cause,
            value,
        }
    }

    /// Number of failures.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// True without a failure.
    pub fn is_empty(&self) -> bool {
        self.record.is_empty()
    }

    /// Record, cause and value of one failure.
    pub fn get(&self, i: usize) -> (u32, &Cause, Option<&str>) {
        (self.record[i], &self.cause[i], self.value.get(i))
    }

    /// The code of every failure.
    pub fn codes(&self) -> impl Iterator<Item = Code> {
        self.cause.iter().map(|c| c.code)
    }

    /// The failures of one record as a JSON array in `out`; `proved` holds those of the proof, ordered by record.
    pub fn json(&self, record: u32, proved: &[(u32, RowFailure)], out: &mut String) {
        let start = self.record.partition_point(|r| *r < record);
        let judged = (start..self.len())
            .map(|i| self.get(i))
            .take_while(|(r, ..)| *r == record);
        let start = proved.partition_point(|(r, _)| *r < record);
        let proved = proved[start..]
            .iter()
            .map(|(r, f)| (*r, &*f.cause, f.value.as_deref()));
        let briefs: Vec<_> = judged
            .chain(proved)
            .map(|(_, cause, value)| Brief {
                code: cause.code.as_str(),
                severity: cause.severity.as_str(),
                path: &cause.path,
                value,
                message: cause.message(value),
            })
            .collect();
        out.clear();
        // Texts and arrays of them cannot fail to become JSON.
        out.push_str(&serde_json::to_string(&briefs).unwrap_or_default());
    }
}
