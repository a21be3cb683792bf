//! Failures on their way into columns.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::routing::Routing;
use crate::model::{Cause, CauseId, Causes, Code, Counters, FailureColumns, Severity};

/// A cause with its severity at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    pub id: CauseId,
    pub severity: Severity,
}

/// Takes the failures of one record.
#[derive(Debug)]
pub(super) struct Emitter<'a> {
    pub record: u32,
    pub failures: &'a mut FailureColumns,
    pub counters: &'a mut Counters,
    /// A failure of severity error came.
    pub failed: bool,
    /// A value was repaired.
    pub repaired: bool,
}

impl Emitter<'_> {
    /// Pushes one failure and counts it; true where it is an error.
    pub fn emit(&mut self, ranked: Ranked, value: Option<&str>) -> bool {
        self.failures.push(self.record, ranked.id, value);
        self.count(ranked)
    }

    /// Pushes one F701.
    pub fn note_repair(&mut self, ranked: Ranked, value: Option<&str>, repaired: &str) {
        self.failures
            .push_repaired(self.record, ranked.id, value, Some(repaired));
        self.count(ranked);
        self.repaired = true;
    }

    fn count(&mut self, ranked: Ranked) -> bool {
        match ranked.severity {
            Severity::Error => self.counters.errors += 1,
            Severity::Warn => self.counters.warnings += 1,
            Severity::Info => self.counters.infos += 1,
        }
        self.failed |= ranked.severity == Severity::Error;
        ranked.severity == Severity::Error
    }
}

/// Of which event a failure is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub name: &'a Arc<str>,
    pub version: &'a Arc<str>,
    pub event_type: u16,
}

/// The causes whose paths come with the logs (unknown keys, bad escapes), with a bounded memory of their ids in front
/// of the shared table, which takes a lock.
#[derive(Debug)]
pub(super) struct DynamicCauses {
    shared: Arc<Causes>,
    severities: Vec<Severity>,
    known: HashMap<u64, Remembered, FixedState>,
}

#[derive(Debug)]
struct Remembered {
    event_type: u16,
    code: Code,
    path: Box<str>,
    keyword: &'static str,
    expected: Box<str>,
    ranked: Ranked,
}

/// What a cause is beside its event: code, path, keyword and expectation.
#[derive(Debug, Clone, Copy)]
pub(super) struct What<'a> {
    pub code: Code,
    pub path: &'a str,
    pub keyword: &'static str,
    pub expected: &'a str,
}

const MAX_REMEMBERED: usize = 8_192;

impl DynamicCauses {
    pub fn new(shared: Arc<Causes>, routing: &Routing) -> Self {
        let severities = Code::ALL
            .iter()
            .map(|code| routing.severity_of(*code))
            .collect();
        Self {
            shared,
            severities,
            known: HashMap::default(),
        }
    }

    /// Interns a cause that is known from the start.
    pub fn intern(&self, cause: &Cause) -> Ranked {
        Ranked {
            id: self.shared.intern(cause),
            severity: cause.severity,
        }
    }

    pub fn severity(&self, code: Code) -> Severity {
        self.severities[code as usize]
    }

    /// The cause of a code at a path of an event.
    pub fn at(&mut self, subject: Subject<'_>, code: Code, path: &str) -> Ranked {
        let what = What {
            code,
            path,
            keyword: keyword(code),
            expected: expected(code),
        };
        self.of(subject, what)
    }

    /// The cause of a broken rule that the logs brought the path of.
    pub fn of(&mut self, subject: Subject<'_>, what: What<'_>) -> Ranked {
        let seed = u64::from(subject.event_type) << 16 | what.code as u64;
        let hash = xxh3_64_with_seed(what.path.as_bytes(), seed)
            ^ xxh3_64_with_seed(what.expected.as_bytes(), what.keyword.len() as u64);
        if let Some(known) = self.known.get(&hash)
            && known.code == what.code
            && known.event_type == subject.event_type
            && *known.path == *what.path
            && known.keyword == what.keyword
            && *known.expected == *what.expected
        {
            return known.ranked;
        }
        let ranked = self.intern(&Cause {
            code: what.code,
            severity: self.severity(what.code),
            event: subject.name.clone(),
            version: subject.version.clone(),
            path: what.path[..what.path.floor_char_boundary(MAX_PATH_BYTES)].into(),
            keyword: what.keyword,
            expected: what.expected.into(),
        });
        if self.known.len() < MAX_REMEMBERED {
            self.known.insert(
                hash,
                Remembered {
                    event_type: subject.event_type,
                    code: what.code,
                    path: what.path.into(),
                    keyword: what.keyword,
                    expected: what.expected.into(),
                    ranked,
                },
            );
        }
        ranked
    }
}

/// A key may be 8 KB long; a cause's path is for reading.
const MAX_PATH_BYTES: usize = 128;

const fn keyword(code: Code) -> &'static str {
    match code {
        Code::V410 => "additionalProperties",
        _ => "",
    }
}

const fn expected(code: Code) -> &'static str {
    match code {
        Code::D301 => "% and two hex digits",
        Code::D302 => "UTF-8",
        Code::D303 => "base64",
        Code::D304 => "JSON of at most 127 levels",
        Code::D306 => "less than 8,100 bytes of path and query",
        Code::R204 => "one event name",
        _ => "",
    }
}
