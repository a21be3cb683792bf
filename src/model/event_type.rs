//! Event types: a name and a schema version, with the columns its events have.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use crate::model::ColumnKind;

/// Index into [`EventTypes`]. `u16::MAX` never occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypeId(pub u16);

/// One property of an event type, as a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyColumn {
    /// The property's path, which is its column name: `value`, `order.total`.
    pub name: Arc<str>,
    /// The dtype by the event schema; `Text` where none is declared.
    pub kind: ColumnKind,
    /// Listed in `required`.
    pub required: bool,
    /// The declaration in few words, for the Schemas screen: `number ≥ 0`. Empty when undeclared.
    pub declared: Arc<str>,
    /// Longest text in characters by `maxLength`, for the warehouse's column width.
    pub max_length: Option<u64>,
}

/// An event type. Declared ones have all their columns from the start; undeclared ones have none and keep their
/// properties in `properties_json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// The event's name as logged.
    pub name: Arc<str>,
    /// `SchemaVer` of the event schema (`1-0-2`), empty when undeclared.
    pub version: Arc<str>,
    /// True when the contract has an event schema for it.
    pub declared: bool,
    /// True when the contract accepts repairs of one of its properties: a table of its events tells what was repaired.
    pub repairable: bool,
    /// The columns, in the order of the schema's `properties`.
    pub columns: Vec<PropertyColumn>,
}

/// All event types of a run, shared by all threads: the declared ones first, then what the logs brought.
#[derive(Debug, Default)]
pub struct EventTypes {
    inner: RwLock<(ByName, Vec<Arc<EventType>>)>,
    ways: RwLock<BTreeSet<Way>>,
}

/// How events came to their names where no event schema says what there is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A preset that shows by path and parameters.
    Preset(Arc<str>),
    /// A query parameter.
    Parameter(Arc<str>),
    /// Another rule of `[event] name`, in words.
    Other(Arc<str>),
}

/// Past this many ways further ones are not kept.
const MAX_WAYS: usize = 1_024;

/// So many of a kind are told by name.
const MAX_TOLD: usize = 5;

/// Name and version to id.
type ByName = HashMap<(Arc<str>, Arc<str>), EventTypeId>;

/// Past this many undeclared types, further names share one type named `(other)`.
const MAX_TYPES: usize = 4_096;

impl EventTypes {
    /// The id of a type with that name and version; adds `event_type` when it is new.
    pub fn intern(&self, event_type: EventType) -> EventTypeId {
        let key = (event_type.name.clone(), event_type.version.clone());
        if let Some(id) = self.find(&event_type.name, &event_type.version) {
            return id;
        }
        let mut inner = self
            .inner
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(id) = inner.0.get(&key) {
            return *id;
        }
        if inner.1.len() >= MAX_TYPES && event_type.name.as_ref() != "(other)" {
            drop(inner);
            return self.intern(EventType {
                name: "(other)".into(),
                version: "".into(),
                declared: false,
                repairable: false,
                columns: vec![],
            });
        }
        let id = EventTypeId(inner.1.len() as u16);
        inner.1.push(Arc::new(event_type));
        inner.0.insert(key, id);
        id
    }

    /// Makes these the declared types: those that are known keep their ids and get these columns; types that were
    /// declared and are not any more keep their ids too, without columns.
    pub fn redeclare(&self, declared: impl IntoIterator<Item = EventType>) {
        let ids: Vec<EventTypeId> = declared
            .into_iter()
            .map(|event_type| {
                let id = self.intern(event_type.clone());
                self.replace(id, event_type);
                id
            })
            .collect();
        for (at, known) in self.list().into_iter().enumerate() {
            let id = EventTypeId(at as u16);
            if known.declared && !ids.contains(&id) {
                let withdrawn = EventType {
                    declared: false,
                    columns: vec![],
                    ..EventType::clone(&known)
                };
                self.replace(id, withdrawn);
            }
        }
    }

    fn replace(&self, id: EventTypeId, event_type: EventType) {
        let mut inner = self
            .inner
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = inner.1.get_mut(usize::from(id.0))
            && **known != event_type
        {
            *known = Arc::new(event_type);
        }
    }

    /// Forgets how events came to their names.
    pub fn forget_ways(&self) {
        self.ways
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clear();
    }

    /// The id of the type with exactly that name and version.
    pub fn find(&self, name: &str, version: &str) -> Option<EventTypeId> {
        let inner = self
            .inner
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.0.get(&(Arc::from(name), Arc::from(version))).copied()
    }

    /// Remembers a way that an event came to its name. Takes a lock: once a thread and way.
    pub fn note_way(&self, way: Way) {
        let mut ways = self
            .ways
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if ways.len() < MAX_WAYS {
            ways.insert(way);
        }
    }

    /// The ways so far in one clause, the same whatever the number of threads: `events by preset snowplow, by
    /// parameter e · no schemas`. `None` before the first one, and under event schemas.
    pub fn found_by(&self) -> Option<String> {
        let ways = self
            .ways
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut parts = vec![];
        for name in ["preset", "parameter", ""] {
            let of_kind = ways.iter().filter_map(|way| match (way, name) {
                (Way::Preset(text), "preset")
                | (Way::Parameter(text), "parameter")
                | (Way::Other(text), "") => Some(&**text),
                _ => None,
            });
            let list: Vec<&str> = of_kind.collect();
            let more = match list.len() {
                0 => continue,
                n if n > MAX_TOLD => format!(" and {} more", n - MAX_TOLD),
                _ => String::new(),
            };
            let shown = list[..list.len().min(MAX_TOLD)].join(", ");
            parts.push(format!("by {name} {shown}{more}").replace("  ", " "));
        }
        (!parts.is_empty()).then(|| format!("events {} · no schemas", parts.join(", ")))
    }

    /// All types so far, indexed by id.
    pub fn list(&self) -> Vec<Arc<EventType>> {
        self.inner
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .1
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_told_in_one_order() {
        let types = EventTypes::default();
        assert_eq!(types.found_by(), None);
        types.note_way(Way::Parameter("type".into()));
        types.note_way(Way::Preset("snowplow".into()));
        types.note_way(Way::Parameter("e".into()));
        types.note_way(Way::Parameter("e".into()));
        let told = types.found_by();
        assert_eq!(
            told.as_deref(),
            Some("events by preset snowplow, by parameter e, type · no schemas")
        );
        types.note_way(Way::Other("path segment -1".into()));
        for i in 0..9 {
            types.note_way(Way::Parameter(format!("k{i}").into()));
        }
        let told = types.found_by().unwrap();
        assert!(
            told.ends_with(
                "by parameter e, k0, k1, k2, k3 and 6 more, by path segment -1 · no schemas"
            ),
            "{told}"
        );
    }
}
