//! What a cause is known by from one run to the next: by baselines, acknowledgements and reports.

use serde::{Deserialize, Serialize};

use crate::model::{Cause, Code};

/// A cause without its severity and keyword, which may change while the cause stays the same.
///
/// Unreadable lines are known by their code alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CauseKey<'a> {
    /// `V402`.
    pub code: &'a str,
    /// Event name, empty where there is none.
    pub event: &'a str,
    /// Version of the event schema, empty where there is none.
    pub version: &'a str,
    /// Property or log field, empty for the whole event.
    pub path: &'a str,
    /// What was expected.
    pub expected: &'a str,
}

impl<'a> CauseKey<'a> {
    /// The key of unreadable lines with that code.
    pub const fn of_code(code: &'a str) -> Self {
        Self {
            code,
            event: "",
            version: "",
            path: "",
            expected: "",
        }
    }

    /// The same with texts of its own.
    pub fn to_owned(self) -> OwnedCauseKey {
        OwnedCauseKey {
            code: self.code.into(),
            event: self.event.into(),
            version: self.version.into(),
            path: self.path.into(),
            expected: self.expected.into(),
        }
    }

    /// For people: `V402 checkout value`.
    pub fn title(self) -> String {
        let what = match (self.path, Code::parse(self.code)) {
            ("", Some(code)) => code.meaning(),
            (path, _) => path,
        };
        [self.code, self.event, what]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// A [`CauseKey`] with texts of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnedCauseKey {
    /// See [`CauseKey`].
    pub code: String,
    /// See [`CauseKey`].
    pub event: String,
    /// See [`CauseKey`].
    pub version: String,
    /// See [`CauseKey`].
    pub path: String,
    /// See [`CauseKey`].
    pub expected: String,
}

impl OwnedCauseKey {
    /// The same, borrowed.
    pub fn as_key(&self) -> CauseKey<'_> {
        CauseKey {
            code: &self.code,
            event: &self.event,
            version: &self.version,
            path: &self.path,
            expected: &self.expected,
        }
    }
}

impl Cause {
    /// What this cause is known by from one run to the next.
    pub fn key(&self) -> CauseKey<'_> {
        CauseKey {
            code: self.code.as_str(),
            event: &self.event,
            version: &self.version,
            path: &self.path,
            expected: &self.expected,
        }
    }
}
