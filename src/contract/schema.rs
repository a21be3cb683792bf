//! A compiled event schema.

use std::path::PathBuf;
use std::sync::Arc;

use regex::Regex;

use crate::contract::repair::Repairs;
use crate::contract::residual::Residual;
use crate::contract::rule::Rule;
use crate::contract::shape::{ShapeId, Shapes};
use crate::contract::version::SchemaVer;
use crate::model::{Cause, ColumnKind, EventType, PropertyColumn, Words};

/// One event schema, ready to judge by.
#[derive(Debug, Clone)]
pub struct EventSchema {
    /// The event's name: the stem of the file's name.
    pub name: Arc<str>,
    /// `vendor/name` of a schema that stands in an Iglu registry's layout: another name of its events.
    pub iglu: Option<Arc<str>>,
    /// `SchemaVer` as text.
    pub version: Arc<str>,
    /// The same, comparable.
    pub schema_ver: SchemaVer,
    /// The version that judges the events of this one in its stead.
    pub superseded_by: Option<SchemaVer>,
    /// The file it was read from.
    pub file: PathBuf,
    /// Hash of what that file says, and of the files it refers to.
    pub source: u64,
    /// `description`, or `title`, or empty.
    pub description: String,
    /// The properties, in the order of the file; then those that only `required` names; then those that only parts
    /// such as `allOf` name.
    pub properties: Vec<PropertySchema>,
    /// What it says of other properties.
    pub additional: Additional,
    /// Names that `patternProperties` knows.
    pub patterns: Vec<Regex>,
    /// What the fast path does not know of the event as a whole.
    pub whole: Option<Whole>,
}

/// What `additionalProperties` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Additional {
    /// `false`
    Forbidden,
    /// `true`, or a schema
    Allowed,
    /// Nothing: the contract's policy decides.
    Silent,
}

/// The event as one object, and what judges that.
#[derive(Debug, Clone)]
pub struct Whole {
    /// Judges the object.
    pub residual: Residual,
    /// How the texts of properties that have no column are read.
    pub shapes: Arc<Shapes>,
    /// The event's own shape.
    pub shape: ShapeId,
}

/// One property of an event schema.
#[derive(Debug, Clone)]
pub struct PropertySchema {
    /// Its name, which is its query key.
    pub name: Arc<str>,
    /// Listed in `required`. A property that may be null is never missing: being absent is being null.
    pub required: bool,
    /// Listed in `required`, whether or not it may be null.
    pub listed: bool,
    /// The declaration in few words: `number ≥ 0`.
    pub declared: Arc<str>,
    /// The dtype of its column.
    pub kind: ColumnKind,
    /// `maxLength`.
    pub max_length: Option<u64>,
    /// The dictionary of its column, shared by all threads, where `kind` is `Word`.
    pub words: Option<Words>,
    /// What it must be.
    pub rule: Rule,
    /// `default`, as the text that a query would hold.
    pub default: Option<Arc<str>>,
    /// What `[repair]` of `frontlog.toml` accepts for it.
    pub repairs: Option<Box<Repairs>>,
    /// The causes that the rule's numbers stand for.
    pub causes: Vec<Cause>,
    /// Only parts of the schema such as `allOf` name it: its text is read, and the event's residual judges it.
    pub indirect: bool,
    /// How its texts become an array or object, where it may be one.
    pub nested: Option<Nested>,
    /// What the fast path does not know of it; of an array or object, all of it.
    pub residual: Option<Residual>,
    /// All that its schema says, for values of JSON payloads that the fast path cannot read.
    pub native: Option<Residual>,
}

/// How several texts, a JSON text, or keys such as `a.b` become a value.
#[derive(Debug, Clone)]
pub struct Nested {
    /// The shapes of its schema.
    pub shapes: Arc<Shapes>,
    /// Its own.
    pub shape: ShapeId,
    /// A repeated key is no surprise.
    pub lists: bool,
}

impl EventSchema {
    /// The event type with a column for each property.
    pub fn event_type(&self) -> EventType {
        let column = |p: &PropertySchema| PropertyColumn {
            name: p.name.clone(),
            kind: p.kind,
            required: p.required,
            declared: p.declared.clone(),
            max_length: p.max_length,
        };
        EventType {
            name: self.name.clone(),
            version: self.version.clone(),
            declared: true,
            repairable: self.properties.iter().any(|p| p.repairs.is_some()),
            columns: self.properties.iter().map(column).collect(),
        }
    }

    /// Gives the event another name, in its causes too.
    pub fn rename(&mut self, name: &Arc<str>) {
        self.name = name.clone();
        let causes = self.properties.iter_mut().flat_map(|p| &mut p.causes);
        causes.for_each(|cause| cause.event = name.clone());
    }

    /// True where another compilation of the same file accepts the same repairs.
    pub fn repairs_as(&self, other: &Self) -> bool {
        let of = |schema: &Self| -> Vec<_> {
            let properties = schema.properties.iter();
            properties.map(|p| p.repairs.clone()).collect()
        };
        of(self) == of(other)
    }

    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&PropertySchema> {
        self.properties.iter().find(|p| *p.name == *name)
    }
}
