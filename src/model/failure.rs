//! Failure codes, severities and verdicts: public interface, scripts match on them.

use serde::{Deserialize, Serialize};

/// How much a failure weighs. Only [`Severity::Error`] keeps an event out of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Counted and shown, nothing more.
    Info,
    /// Worth a look; the event stays good.
    Warn,
    /// The event is failed.
    Error,
}

impl Severity {
    /// The word used in files, on the screen and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What a record turned out to be. Stored as a byte a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Verdict {
    /// A record that `[match]` does not select.
    NotEvent = 0,
    /// An event without a failure of severity error.
    Good = 1,
    /// An event with one or more failures of severity error.
    Failed = 2,
    /// An event left out because its id was seen before and the policy says quarantine.
    Duplicate = 3,
}

impl Verdict {
    /// The verdict of a stored byte; unknown bytes are `NotEvent`.
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            1 => Self::Good,
            2 => Self::Failed,
            3 => Self::Duplicate,
            _ => Self::NotEvent,
        }
    }

    /// The word used in the `verdict` column, in filters and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotEvent => "not_event",
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Duplicate => "duplicate",
        }
    }

    /// Every verdict, in the order of its byte.
    pub const ALL: [Self; 4] = [Self::NotEvent, Self::Good, Self::Failed, Self::Duplicate];
}

macro_rules! codes {
    ($($code:ident $name:literal $severity:ident $what:literal;)*) => {
        /// Why a line, an event or a value is not as it should be. Adding is allowed, changing is not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum Code { $($code),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];
            /// The code as scripts match on it: `V402`.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$code => stringify!($code)),* } }
            /// A short name: `type`.
            pub const fn name(self) -> &'static str { match self { $(Self::$code => $name),* } }
            /// One clause for a person.
            pub const fn meaning(self) -> &'static str { match self { $(Self::$code => $what),* } }
            /// The severity when `[severity]` says nothing.
            pub const fn default_severity(self) -> Severity { match self { $(Self::$code => Severity::$severity),* } }
            /// The code of that text, if there is one.
            pub fn parse(text: &str) -> Option<Self> { match text { $(stringify!($code) => Some(Self::$code),)* _ => None } }
        }
    };
}

codes! {
    L101 "columns" Error "wrong column count";
    L102 "format" Error "no usable #Fields header, or unknown format";
    L103 "corrupt" Error "object truncated or corrupt";
    L104 "date" Error "bad date or time";
    L105 "long_line" Error "line over the limit of 1 MiB";
    L106 "number" Error "bad number in a numeric field";
    R201 "no_name" Error "event without a name";
    R202 "unknown_event" Error "event that the contract does not know";
    R203 "unknown_version" Error "schema version that the contract does not know";
    R204 "ambiguous" Error "more than one event name";
    D301 "escape" Error "bad percent-escape";
    D302 "utf8" Error "not UTF-8";
    D303 "base64" Error "bad base64";
    D304 "json" Error "bad JSON payload";
    D305 "repeated" Warn "key repeated";
    D306 "cut" Warn "query near CloudFront's 8,192-byte limit: likely cut";
    V401 "required" Error "required property missing";
    V402 "type" Error "text cannot be read as the type";
    V403 "enum" Error "not one of the allowed values";
    V404 "minimum" Error "below the minimum";
    V405 "maximum" Error "above the maximum";
    V406 "short" Error "too short";
    V407 "long" Error "too long";
    V408 "pattern" Error "does not match the pattern";
    V409 "format" Error "not of the format";
    V410 "unknown_property" Error "property that the schema does not know";
    V411 "multiple_of" Error "not a multiple";
    V412 "array" Error "array breaks its rule";
    V413 "combination" Error "oneOf, anyOf, allOf or not";
    V414 "dependency" Error "dependencies or if/then/else";
    V499 "keyword" Error "any other keyword";
    X501 "duplicate" Warn "event id seen before, same payload";
    X502 "conflict" Warn "event id seen before, other payload";
    X504 "clock" Warn "device clock far from log time";
    W601 "bytes" Error "text over the warehouse column's bytes";
    W602 "row_bytes" Error "row over 4 MB";
    W603 "nul" Error "NUL byte";
    W604 "timestamp" Error "timestamp out of range";
    W605 "decimal" Error "decimal overflow";
    W606 "identifier" Error "identifier clash";
    F701 "repaired" Info "value repaired as frontlog.toml says";
    S901 "changed" Error "object changed while it was read";
    S902 "unreadable" Error "object not readable";
}
