//! The failures of a batch, found by record.

use std::sync::Arc;

use polars_arrow::array::Utf8ViewArray;
use serde::Serialize;
use serde_json::Value as Json;

use crate::export::cell::Cell;
use crate::model::batch::MAX_FAILURE_VALUE_BYTES;
use crate::model::column::Text;
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
    repaired: Text,
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
            repaired: Text::default(),
        }
    }

    /// With what each was repaired to.
    #[must_use]
    pub fn with_repaired(mut self, repaired: Text) -> Self {
        self.repaired = repaired;
        self
    }

    /// The sentence of one failure.
    pub fn message(&self, i: usize) -> String {
        self.cause[i].message_of(self.value.get(i), self.repaired.get(i))
    }

    /// The records in which something was repaired, in order, each with a JSON object of property to text as logged.
    pub fn repairs(&self) -> Vec<(u32, String)> {
        let mut out: Vec<(u32, serde_json::Map<String, Json>)> = vec![];
        for i in 0..self.len() {
            let (record, cause, value) = self.get(i);
            if cause.code != Code::F701 {
                continue;
            }
            if out.last().is_none_or(|(last, _)| *last != record) {
                out.push((record, serde_json::Map::new()));
            }
            if let Some((_, map)) = out.last_mut() {
                map.insert(cause.path.to_string(), value.map_or(Json::Null, Json::from));
            }
        }
        out.into_iter()
            .map(|(record, map)| (record, Json::Object(map).to_string()))
            .collect()
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
            .take_while(|i| self.record[*i] == record)
            .map(|i| (&*self.cause[i], self.value.get(i), self.message(i)));
        let start = proved.partition_point(|(r, _)| *r < record);
        let proved = proved[start..].iter().map(|(_, f)| {
            let value = f.value.as_deref();
            (&*f.cause, value, f.cause.message(value))
        });
        let briefs: Vec<_> = judged
            .chain(proved)
            .map(|(cause, value, message)| Brief {
                code: cause.code.as_str(),
                severity: cause.severity.as_str(),
                path: &cause.path,
                value,
                message,
            })
            .collect();
        out.clear();
        // Texts and arrays of them cannot fail to become JSON.
        out.push_str(&serde_json::to_string(&briefs).unwrap_or_default());
    }
}
