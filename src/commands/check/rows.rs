//! The rows of a report: what stands in its JSON.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::contract::baseline::{Rows, Since};
use crate::model::{CauseKey, Severity};

/// One event type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventRow {
    /// As logged; null for events without a name (R201).
    pub event: Option<String>,
    /// Version of the event schema; empty where the contract has none.
    pub version: String,
    /// True when the contract has an event schema for it.
    pub declared: bool,
    /// Events.
    pub events: u64,
    /// Events without an error.
    pub good: u64,
    /// Events with an error.
    pub failed: u64,
    /// Events left out as duplicates.
    pub duplicates: u64,
}

/// One cause.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailureRow {
    /// `V402`.
    pub code: Cow<'static, str>,
    /// `type`.
    pub name: Cow<'static, str>,
    /// `error`, `warn` or `info`.
    pub severity: Severity,
    /// Event name, empty for an event that has none.
    pub event: String,
    /// Version of the event schema, empty where there is none.
    pub version: String,
    /// Property or log field, empty for the whole event.
    pub path: String,
    /// JSON Schema keyword, empty outside V4xx.
    pub keyword: Cow<'static, str>,
    /// What was expected.
    pub expected: String,
    /// Events with this failure.
    pub rows: u64,
    /// Failures; more than `rows` where an event has several.
    pub failures: u64,
    /// Events of that name and version, what `rows` is a part of.
    pub of_events: u64,
    /// Earliest log time, UTC.
    pub first_utc: Option<String>,
    /// Latest log time, UTC.
    pub last_utc: Option<String>,
    /// Beside the baseline: `new`, `grown` or `known`; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_baseline: Option<Since>,
    /// What it was in the baseline; absent where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Rows>,
    /// Who acknowledged it; absent where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AcknowledgedRow>,
    /// The first few in the order of the input, with distinct values.
    pub examples: Vec<ExampleRow>,
}

/// An acknowledgement of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcknowledgedRow {
    /// Why it may be so.
    pub note: String,
    /// Who says so, empty where nobody signed.
    pub by: String,
    /// Its last day in log time, UTC.
    pub until: Option<String>,
    /// The newest record is of a later day: the cause counts.
    pub expired: bool,
}

/// One failure as an example.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExampleRow {
    /// The offending text, cut at 256 bytes; null where there is none.
    pub value: Option<String>,
    /// What it was repaired to (F701).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<String>,
    /// URI of the object.
    pub object: String,
    /// Line in it, from 1.
    pub line: u32,
}

/// Unreadable lines of one code.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RejectRow {
    /// `L101`.
    pub code: Cow<'static, str>,
    /// `columns`.
    pub name: Cow<'static, str>,
    /// Lines.
    pub lines: u64,
    /// As in [`FailureRow`]; the share is of all lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_baseline: Option<Since>,
    /// As in [`FailureRow`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Rows>,
    /// As in [`FailureRow`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AcknowledgedRow>,
    /// The first few in the order of the input.
    pub examples: Vec<RejectExample>,
}

/// One unreadable line as an example.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RejectExample {
    /// URI of the object.
    pub object: String,
    /// Line in it, from 1.
    pub line: u32,
    /// What is wrong with it, as a sentence.
    pub message: String,
}

/// One object that could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectRow {
    /// Its URI.
    pub object: String,
    /// `corrupt` or `unreadable`.
    pub state: Cow<'static, str>,
    /// Why, a sentence.
    pub reason: String,
}

impl FailureRow {
    /// What the cause is known by.
    pub fn key(&self) -> CauseKey<'_> {
        CauseKey {
            code: &self.code,
            event: &self.event,
            version: &self.version,
            path: &self.path,
            expected: &self.expected,
        }
    }

    /// True where the cause is acknowledged, or as it was in the baseline.
    pub fn is_excused(&self) -> bool {
        is_excused(self.acknowledged.as_ref(), self.since_baseline)
    }
}

impl RejectRow {
    /// What these lines are known by.
    pub fn key(&self) -> CauseKey<'_> {
        CauseKey::of_code(&self.code)
    }

    /// As [`FailureRow::is_excused`].
    pub fn is_excused(&self) -> bool {
        is_excused(self.acknowledged.as_ref(), self.since_baseline)
    }
}

fn is_excused(acknowledged: Option<&AcknowledgedRow>, since: Option<Since>) -> bool {
    acknowledged.is_some_and(|a| !a.expired) || since == Some(Since::Known)
}
