//! Event types: a name and a schema version, with the columns its events have.

use std::collections::HashMap;
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
}

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

    /// The id of the type with exactly that name and version.
    pub fn find(&self, name: &str, version: &str) -> Option<EventTypeId> {
        let inner = self
            .inner
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        inner.0.get(&(Arc::from(name), Arc::from(version))).copied()
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
