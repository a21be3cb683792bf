//! Event schemas learned from what is logged.
//!
//! ```text
//!  texts ──► Learner ──► Sketch ──► Figures ──► draft
//!            names of    a few      kinds,      JSON Schema of
//!            a type,     values,    lengths,    the rules that
//!            bounded     then counts shapes      hold for all
//! ```
//! A [`Sketch`] is bounded whatever comes: up to [`distinct::MAX_EXACT`] values as they are, then counts only. A
//! [`Learner`] is bounded in names. [`draft`] states the rule for each keyword that it writes.

pub mod distinct;
pub mod draft;
pub mod figures;
pub mod file_name;
pub mod kind;
pub mod learner;
pub mod shape;
pub mod sketch;

pub use draft::{Draft, Rules, Setting, draft};
pub use figures::Figures;
pub use file_name::file_name;
pub use kind::kind_of;
pub use learner::{Learner, TypeSketch};
pub use sketch::Sketch;

use crate::contract::Contract;
use crate::model::routing::{NameRule, Routing, Surprise, UnknownProperty};

impl Contract {
    /// The same routing without a schema and without an envelope but the name: every property of every event is kept
    /// as the text that was logged, the version too.
    pub fn to_learn(&self) -> Self {
        let mut routing = self.routing.clone();
        routing.version.key = None;
        routing.id_key = None;
        routing.time = None;
        routing.policy.unknown_event = Surprise::Allow;
        routing.policy.unknown_property = UnknownProperty::Rescue;
        routing.policy.duplicate_event = Surprise::Allow;
        Self {
            routing,
            schemas: vec![],
            ..self.clone()
        }
    }
}

/// The keys that hold an event's name, version, id and time: no properties of it.
pub fn envelope_keys(routing: &Routing) -> Vec<&str> {
    let names: &[String] = match &routing.name {
        NameRule::Query(keys) => keys,
        NameRule::PathSegment(_) | NameRule::Const(_) => &[],
    };
    let others = [
        routing.version.key.as_deref(),
        routing.id_key.as_deref(),
        routing.time.as_ref().map(|t| t.key.as_str()),
    ];
    let names = names.iter().map(String::as_str);
    names.chain(others.into_iter().flatten()).collect()
}
