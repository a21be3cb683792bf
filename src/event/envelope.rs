//! What `[event]` of `frontlog.toml` names: where an event's name, version, id and time are.

use std::borrow::Cow;

use crate::event::{KeyTable, UNKNOWN_KEY, path};
use crate::model::Properties;
use crate::model::routing::{NameRule, Routing, TimeRule};
use crate::model::time::parse_time_text;

/// The keys of `[event]` as numbers of a [`KeyTable`].
#[derive(Debug, Clone)]
pub struct Envelope {
    name: NameSource,
    version: u16,
    id: u16,
    time: u16,
    time_rule: Option<TimeRule>,
}

#[derive(Debug, Clone)]
enum NameSource {
    Keys(Vec<u16>),
    Segment(i32),
    Const(Box<str>),
}

/// The name of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'a> {
    /// As sent, decoded; `None` where there is none, or it is empty (R201).
    pub text: Option<Cow<'a, str>>,
    /// Position of the property it was taken from.
    pub at: Option<usize>,
    /// Position of a second property with the same key and another value (R204).
    pub rival: Option<usize>,
}

impl Envelope {
    /// Interns the keys of `[event]`.
    pub fn new(routing: &Routing, keys: &mut KeyTable) -> Self {
        let name = match &routing.name {
            NameRule::Query(names) => {
                NameSource::Keys(names.iter().map(|k| keys.intern(k)).collect())
            }
            NameRule::PathSegment(index) => NameSource::Segment(*index),
            NameRule::Const(name) => NameSource::Const(name.as_str().into()),
        };
        let mut intern = |key: Option<&str>| key.map_or(UNKNOWN_KEY, |k| keys.intern(k));
        Self {
            name,
            version: intern(routing.version.key.as_deref()),
            id: intern(routing.id_key.as_deref()),
            time: intern(routing.time.as_ref().map(|t| t.key.as_str())),
            time_rule: routing.time.clone(),
        }
    }

    /// The event's name. `ids` are the properties' keys as [`KeyTable::resolve`] gave them.
    pub fn name<'a>(&'a self, properties: &Properties<'a>, ids: &[u16], stem: &'a str) -> Name<'a> {
        match &self.name {
            NameSource::Const(name) => Name {
                text: Some(Cow::Borrowed(name)),
                at: None,
                rival: None,
            },
            NameSource::Segment(index) => Name {
                text: path::segment(stem, *index),
                at: None,
                rival: None,
            },
            NameSource::Keys(keys) => Self::name_by_key(keys, properties, ids),
        }
    }

    fn name_by_key<'a>(keys: &[u16], properties: &Properties<'a>, ids: &[u16]) -> Name<'a> {
        let Some(at) = keys.iter().find_map(|key| position(ids, *key)) else {
            return Name {
                text: None,
                at: None,
                rival: None,
            };
        };
        let value = properties.value(at);
        let rival =
            (at + 1..ids.len()).find(|&i| ids[i] == ids[at] && properties.value(i) != value);
        Name {
            text: (!value.is_empty()).then_some(Cow::Borrowed(value)),
            at: Some(at),
            rival,
        }
    }

    #[inline]
    /// The schema version as sent, where a key is configured and present.
    pub fn version<'a>(&self, properties: &Properties<'a>, ids: &[u16]) -> Option<&'a str> {
        position(ids, self.version).map(|at| properties.value(at))
    }

    #[inline]
    /// Position of the property that holds the schema version.
    pub fn version_at(&self, ids: &[u16]) -> Option<usize> {
        position(ids, self.version)
    }

    #[inline]
    /// The event id as sent, where a key is configured, present and not empty.
    pub fn id<'a>(&self, properties: &Properties<'a>, ids: &[u16]) -> Option<&'a str> {
        position(ids, self.id)
            .map(|at| properties.value(at))
            .filter(|id| !id.is_empty())
    }

    /// The event time in microseconds since 1970 UTC, where a key is configured, present and readable.
    pub fn time_us(&self, properties: &Properties<'_>, ids: &[u16]) -> Option<i64> {
        let rule = self.time_rule.as_ref()?;
        parse_time_text(properties.value(position(ids, self.time)?), rule.format)
    }

    /// A bit of its own for the key that the name came from, and for those of version, id and time; 0 for all others.
    #[inline]
    pub fn bit(&self, key: u16, name_key: u16) -> u8 {
        let is = |own: u16, bit: u8| if key == own { bit } else { 0 };
        if key == UNKNOWN_KEY {
            return 0;
        }
        // The lowest one where a key has two meanings.
        let bits = is(name_key, 1) | is(self.version, 2) | is(self.id, 4) | is(self.time, 8);
        bits & bits.wrapping_neg()
    }

    #[inline]
    /// True for the keys of version, id and time, and for the key that the name came from.
    pub fn holds(&self, key: u16, name_key: u16) -> bool {
        key != UNKNOWN_KEY
            && (key == name_key || key == self.version || key == self.id || key == self.time)
    }
}

#[inline]
fn position(ids: &[u16], key: u16) -> Option<usize> {
    if key == UNKNOWN_KEY {
        None
    } else {
        ids.iter().position(|&id| id == key)
    }
}
