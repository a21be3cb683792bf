//! A cause: what failures have in common, and what they are grouped by.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crate::model::{Code, Severity};

/// Index into [`Causes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseId(pub u32);

/// Everything about a failure that does not vary from row to row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// The code that scripts match on.
    pub code: Code,
    /// How much it weighs under the contract in force.
    pub severity: Severity,
    /// Event name, empty for a record or line that has none.
    pub event: Arc<str>,
    /// Version of the event schema it was judged by, empty where none was.
    pub version: Arc<str>,
    /// Instance path: the property (`order.total`), or the log field, or empty for the whole event.
    pub path: Arc<str>,
    /// The JSON Schema keyword that is broken, empty for codes outside V4xx.
    pub keyword: &'static str,
    /// What was expected, as a noun phrase: `a number`, `one of "EUR", "USD"`, `at most 32 characters`.
    pub expected: Arc<str>,
}

impl Cause {
    /// The sentence for one failure that may have been repaired: `value: "12,50" repaired to "12.50" (decimal_comma)`.
    pub fn message_of(&self, value: Option<&str>, repaired: Option<&str>) -> String {
        match (value, repaired) {
            (Some(value), Some(repaired)) => format!(
                "{}: {value:?} repaired to {repaired:?} ({})",
                self.path, self.expected
            ),
            (None, Some(repaired)) => {
                format!("{}: missing, taken to be {repaired:?}", self.path)
            }
            (value, None) => self.message(value),
        }
    }

    /// The sentence for one failure with this cause: `value: "12,50" is not a number`. Never fails.
    pub fn message(&self, value: Option<&str>) -> String {
        let path: &str = if self.path.is_empty() {
            "event"
        } else {
            &self.path
        };
        match (self.code, value) {
            (Code::F701, Some(v)) => format!("{path}: {v:?} repaired ({})", self.expected),
            (Code::F701, None) => format!("{path}: missing, the default taken"),
            (Code::V401, _) => format!("{path}: required, but missing"),
            (Code::V402 | Code::V409, Some(v)) => format!("{path}: {v:?} is not {}", self.expected),
            (Code::V410, Some(v)) => {
                format!("{path}: {v:?} given, but the schema does not know this property")
            }
            (_, Some(v)) if self.expected.is_empty() => {
                format!("{path}: {v:?}: {}", self.code.meaning())
            }
            (_, Some(v)) => format!("{path}: {v:?} found, {} expected", self.expected),
            (_, None) if self.expected.is_empty() => format!("{path}: {}", self.code.meaning()),
            (_, None) => format!(
                "{path}: {}, {} expected",
                self.code.meaning(),
                self.expected
            ),
        }
    }
}

/// All causes met in a run, shared by all threads. Grows only; ids are stable within a run.
#[derive(Debug, Default)]
pub struct Causes {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ids: HashMap<Cause, CauseId>,
    list: Vec<Arc<Cause>>,
}

/// Past this many distinct causes, new ones lose their path, so that hostile property names cannot fill the memory.
const MAX_DISTINCT: usize = 20_000;

impl Causes {
    /// The id of `cause`, new or known. Takes a lock: intern at compile time, or through a per-thread cache.
    pub fn intern(&self, cause: &Cause) -> CauseId {
        if let Some(id) = self.read(|inner| inner.ids.get(cause).copied()) {
            return id;
        }
        let mut inner = self
            .inner
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut cause = cause.clone();
        if inner.list.len() >= MAX_DISTINCT {
            cause.path = "*".into();
            cause.event = if inner.list.len() >= 2 * MAX_DISTINCT {
                "*".into()
            } else {
                cause.event
            };
        }
        if let Some(id) = inner.ids.get(&cause) {
            return *id;
        }
        let id = CauseId(u32::try_from(inner.list.len()).unwrap_or(u32::MAX));
        inner.list.push(Arc::new(cause.clone()));
        inner.ids.insert(cause, id);
        id
    }

    /// The cause of that id, if this table gave it out.
    pub fn get(&self, id: CauseId) -> Option<Arc<Cause>> {
        self.read(|inner| inner.list.get(id.0 as usize).cloned())
    }

    /// All causes so far, indexed by id.
    pub fn list(&self) -> Vec<Arc<Cause>> {
        self.read(|inner| inner.list.clone())
    }

    fn read<T>(&self, f: impl FnOnce(&Inner) -> T) -> T {
        f(&self
            .inner
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}
