//! Which records are events, and how a record becomes one: `frontlog.toml` as plain values.
//!
//! `contract` reads the file, `event` follows it.

use std::collections::BTreeMap;

use crate::model::{Code, Severity};

/// Everything `frontlog.toml` says, defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Routing {
    /// The preset it started from: `generic`.
    pub preset: String,
    /// Path patterns: exact, or with `*` (within a segment) and `**`.
    pub paths: Vec<String>,
    /// HTTP methods; empty: any.
    pub methods: Vec<String>,
    /// HTTP statuses; empty: any.
    pub statuses: Vec<i64>,
    /// Where the event's name is.
    pub name: NameRule,
    /// Where the schema version is.
    pub version: VersionRule,
    /// Query key of the event id; `x-edge-request-id` where it is absent from a query.
    pub id_key: Option<String>,
    /// Where the event time is.
    pub time: Option<TimeRule>,
    /// Properties whose text is a JSON payload: its values are JSON's own and are not coerced.
    pub json_properties: Vec<String>,
    /// What to do with surprises.
    pub policy: Policy,
    /// Severities that differ from [`Code::default_severity`].
    pub severity: BTreeMap<Code, Severity>,
}

impl Routing {
    /// The severity of a code under this contract. `duplicate_key = "error"` makes D305 an error unless `[severity]`
    /// says otherwise.
    pub fn severity_of(&self, code: Code) -> Severity {
        let default = match (code, self.policy.duplicate_key, self.policy.unknown_event) {
            (Code::D305, DuplicateKey::Error, _) => Severity::Error,
            (Code::R202, _, Surprise::Warn) => Severity::Warn,
            _ => code.default_severity(),
        };
        self.severity.get(&code).copied().unwrap_or(default)
    }
}

/// Where the event's name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameRule {
    /// The value of one of these query keys, the first that is there.
    Query(Vec<String>),
    /// A segment of the path, from 0, or from the end when negative.
    PathSegment(i32),
    /// Always this name.
    Const(String),
}

/// Where the schema version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRule {
    /// Query key, if versions are logged.
    pub key: Option<String>,
    /// Used where the key is absent: `1-*-*` means the highest version that matches.
    pub default: String,
}

/// Where the event time is, and how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRule {
    /// Query key.
    pub key: String,
    /// How it is written.
    pub format: TimeFormat,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFormat {
    /// Seconds since 1970.
    EpochS,
    /// Milliseconds since 1970.
    EpochMs,
    /// RFC 3339.
    Rfc3339,
}

/// What to do with surprises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// An event name without a schema: `Allow` nothing said, `Warn` R202 as a warning, `Quarantine` R202 as an error.
    pub unknown_event: Surprise,
    /// A property the schema does not know.
    pub unknown_property: UnknownProperty,
    /// A key that occurs twice.
    pub duplicate_key: DuplicateKey,
    /// An event id seen before.
    pub duplicate_event: Surprise,
}

/// Three ways to take a surprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surprise {
    /// Say nothing.
    Allow,
    /// A warning; the event stays good.
    Warn,
    /// Keep it out of the batch.
    Quarantine,
}

/// What happens to a property that the schema does not know and does not forbid.
/// (`additionalProperties: false` in the schema always gives V410.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownProperty {
    /// V410.
    Forbid,
    /// Kept in `_rest_json`.
    Rescue,
    /// Left out.
    Drop,
}

/// Which value counts when a key occurs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateKey {
    /// The first; D305 as a warning.
    First,
    /// The last; D305 as a warning.
    Last,
    /// D305 as an error.
    Error,
}
