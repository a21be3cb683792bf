//! Event schemas learned from what is logged.
//!
//! ```text
//!  texts ──► Learner ──► Sketch ──► Figures ──► draft
//!            names of    a few      kinds,      JSON Schema of
//!            a type,     values,    lengths,    the rules that
//!            bounded     then counts shapes      hold for all
//! ```
//! A [`Sketch`] is bounded whatever comes: up to [`distinct::MAX_EXACT`] values as they are, then counts only. A
//! [`Learner`] is bounded in names. [`mod@draft`] states the rule for each keyword that it writes.

pub mod broken;
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
pub use learner::{Learner, PropertySketch, TypeSketch};
pub use sketch::Sketch;

use crate::contract::Contract;
use crate::model::routing::{NameFrom, Routing, Surprise, UnknownProperty};

impl Contract {
    /// The same routing without a schema: every property that a schema would judge is kept as the text that was logged.
    pub fn to_learn(&self) -> Self {
        let mut routing = self.routing.clone();
        routing.policy.unknown_event = Surprise::Allow;
        routing.policy.unknown_property = UnknownProperty::Rescue;
        routing.policy.duplicate_event = Surprise::Allow;
        Self {
            routing,
            schemas: vec![],
            learns: true,
            ..self.clone()
        }
    }
}

/// The keys that hold an event's name, version, id and time: properties that are judged apart.
pub fn envelope_keys(routing: &Routing) -> Vec<&str> {
    let names = routing.name.iter().filter_map(|rule| match &rule.from {
        NameFrom::Query(keys) => Some(keys),
        _ => None,
    });
    let others = [
        routing.version.key.as_deref(),
        routing.id_key.as_deref(),
        routing.time.as_ref().map(|t| t.key.as_str()),
    ];
    let names = names.flatten().map(String::as_str);
    names.chain(others.into_iter().flatten()).collect()
}
