//! Which records are events: `[match]` of `frontlog.toml`.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::event::path;
use crate::model::routing::Routing;

/// Says of each record whether it is an event. One a thread: it remembers the paths that patterns were tried on.
#[derive(Debug)]
pub struct Router {
    exact: Vec<Box<str>>,
    patterns: GlobSet,
    methods: Vec<Box<str>>,
    statuses: Vec<i64>,
    any_path: bool,
    seen: RefCell<HashMap<Box<str>, bool, FixedState>>,
}

/// Past this many distinct paths the memory stops growing; patterns are then tried again each time.
const MAX_SEEN: usize = 16_384;

impl Router {
    /// A router for `[match]`. A path that is no pattern stands for itself; an invalid pattern matches nothing
    /// (`contract` refuses those when it loads).
    pub fn new(routing: &Routing) -> Self {
        Self::of(&routing.paths, routing)
    }

    /// The same with other paths.
    pub fn of(paths: &[String], routing: &Routing) -> Self {
        let (patterns, exact): (Vec<_>, Vec<_>) =
            paths.iter().partition(|p| p.contains(['*', '?', '[', '{']));
        let mut globs = GlobSetBuilder::new();
        for pattern in patterns {
            // `*` stays within a segment, `**` does not.
            if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
                globs.add(glob);
            }
        }
        Self {
            exact: exact.into_iter().map(|p| p.as_str().into()).collect(),
            patterns: globs.build().unwrap_or_default(),
            methods: routing.methods.iter().map(|m| m.as_str().into()).collect(),
            statuses: routing.statuses.clone(),
            any_path: paths.is_empty(),
            seen: RefCell::default(),
        }
    }

    /// True for a record that is an event. `stem` is the path as logged; `status` is `None` where it is not logged,
    /// which only an empty `status` list accepts. An absent method (`-`, RTMP) is given as an empty text.
    #[inline]
    pub fn is_event(&self, method: &str, stem: &str, status: Option<i64>) -> bool {
        self.takes(method, status)
            && (self.any_path
                || self.exact.iter().any(|p| **p == *stem)
                || self.matches_pattern(stem))
    }

    /// Method and status are among those of events.
    #[inline]
    pub fn takes(&self, method: &str, status: Option<i64>) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|m| **m == *method))
            && (self.statuses.is_empty() || status.is_some_and(|s| self.statuses.contains(&s)))
    }

    /// The path is one of events. Remembers nothing: for callers that do.
    pub fn has_path(&self, stem: &str) -> bool {
        self.any_path
            || self.exact.iter().any(|p| **p == *stem)
            || self.patterns.is_match(stem)
            || (stem.contains('%') && self.matches_decoded(&path::decoded(stem)))
    }

    fn matches_pattern(&self, stem: &str) -> bool {
        if self.patterns.is_empty() && !stem.contains('%') {
            return false;
        }
        if let Some(known) = self.seen.borrow().get(stem) {
            return *known;
        }
        let answer = self.has_path(stem);
        let mut seen = self.seen.borrow_mut();
        if seen.len() < MAX_SEEN {
            seen.insert(stem.into(), answer);
        }
        answer
    }

    /// People write paths as a browser shows them, `CloudFront` logs them encoded twice.
    fn matches_decoded(&self, stem: &str) -> bool {
        self.exact.iter().any(|p| **p == *stem) || self.patterns.is_match(stem)
    }
}
