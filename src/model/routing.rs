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
    /// Where the event's name is: the first rule that finds one counts.
    pub name: Vec<NameRule>,
    /// Where the schema version is.
    pub version: VersionRule,
    /// Query key of the event id; `x-edge-request-id` where it is absent from a query.
    pub id_key: Option<String>,
    /// Where the event time is.
    pub time: Option<TimeRule>,
    /// Parameters that hold a text of their own, encoded, or JSON.
    pub payloads: Vec<PayloadRule>,
    /// Pixels that are tried before what stands above, each known by path and parameters: only without a contract.
    pub known: Vec<Pixel>,
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

/// A pixel that shows by itself what it is, with its own way to an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Pixel {
    /// The preset it belongs to.
    pub preset: &'static str,
    /// Path patterns, as in [`Routing::paths`].
    pub paths: Vec<String>,
    /// Of each list one parameter must be there.
    pub evidence: Vec<Vec<Has>>,
    /// As in [`Routing::name`].
    pub name: Vec<NameRule>,
    /// As in [`Routing::id_key`].
    pub id_key: Option<String>,
    /// As in [`Routing::time`].
    pub time: Option<TimeRule>,
    /// As in [`Routing::payloads`].
    pub payloads: Vec<PayloadRule>,
}

/// One way to find an event's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRule {
    /// Where to look.
    pub from: NameFrom,
    /// What a name as sent stands for: `pv`, `page_view`. Others stay as they are.
    pub map: Vec<(String, String)>,
    /// Only for events with this parameter.
    pub has: Option<Has>,
}

/// Where an event's name is. An Iglu URI there (`iglu:vendor/name/jsonschema/1-0-0`) gives name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameFrom {
    /// The value of one of these query keys, the first that is there.
    Query(Vec<String>),
    /// A segment of the path, from 0, or from the end when negative.
    PathSegment(i32),
    /// Always this name.
    Const(String),
    /// The text at this JSON pointer of a payload.
    Payload(String),
    /// The first parameter with one of these words in its key and a word as its value: a guess.
    Like(Vec<String>),
}

/// A parameter, and the value it must have where one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Has {
    /// The query key.
    pub key: String,
    /// The value.
    pub value: Option<String>,
}

impl Has {
    /// `key` or `key=value`.
    pub fn parse(text: &str) -> Self {
        let (key, value) = text
            .split_once('=')
            .map_or((text, None), |(key, value)| (key, Some(value.to_owned())));
        Self {
            key: key.to_owned(),
            value,
        }
    }
}

impl NameRule {
    /// A rule without a map and without a condition.
    pub fn new(from: NameFrom) -> Self {
        Self {
            from,
            map: vec![],
            has: None,
        }
    }

    /// Where it looks, as a noun phrase: `parameter e`.
    pub fn described(&self) -> String {
        let source = match &self.from {
            NameFrom::Query(keys) if keys.len() == 1 => format!("parameter {}", keys[0]),
            NameFrom::Query(keys) => format!("the first parameter of {}", keys.join(", ")),
            NameFrom::PathSegment(index) => format!("path segment {index}"),
            NameFrom::Const(name) => format!("the name {name}"),
            NameFrom::Payload(pointer) => format!("{pointer} of a payload"),
            NameFrom::Like(words) => {
                format!("the first parameter with {} in its key", words.join(", "))
            }
        };
        match (&self.from, &self.has) {
            (NameFrom::Const(_), Some(has)) => format!("parameter {}", has.key),
            _ => source,
        }
    }
}

/// A parameter that holds a text of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadRule {
    /// The query key.
    pub key: String,
    /// How the text is written in the parameter.
    pub encoding: Encoding,
    /// The text is JSON.
    pub json: bool,
    /// The property that the decoded text becomes; the parameter's own key where there is none.
    pub into: Option<String>,
    /// JSON pointer to the part that counts; empty for all of it.
    pub at: String,
    /// What becomes of the members of an object.
    pub spread: Spread,
}

/// How a text is written in a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// base64 in either alphabet, padded or not.
    Base64,
    /// The same where the value begins as JSON in base64 does; any other value is no payload.
    LikelyBase64,
}

/// What becomes of the members of a payload's object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// The object is one property, as JSON text.
    No,
    /// Each member is a property of the event, and the parameters beside the payload are not judged.
    Members,
    /// The same, and the members of objects in it are properties too, with dotted keys.
    Deep,
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
