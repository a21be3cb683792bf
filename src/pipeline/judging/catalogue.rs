//! What a thread knows of the contract: the schemas by name, their keys and causes as numbers, and the event types
//! that the logs brought.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::emit::{DynamicCauses, Ranked, Subject};
use crate::contract::repair::Done;
use crate::contract::{Additional, Contract, EventSchema, WantedVersion};
use crate::event::KeyTable;
use crate::model::lanes::Mark;
use crate::model::routing::{DuplicateKey, NameFrom, NameRule, Routing, Surprise, UnknownProperty};
use crate::model::{
    Cause, Causes, Code, Column, EventColumns, EventType, EventTypeId, EventTypes, WordCache,
};

/// No property of the schema has that key.
pub(super) const NO_PROPERTY: u16 = u16::MAX;

/// An event schema with everything that is particular to a run and a thread.
#[derive(Debug)]
pub(super) struct Judge {
    pub schema: EventSchema,
    pub event_type: EventTypeId,
    /// Key number → index of the property, or [`NO_PROPERTY`].
    by_key: Vec<u16>,
    /// By property, then as `rule` numbers them.
    pub causes: Vec<Vec<Ranked>>,
    /// Indices of the required properties.
    pub required: Vec<u16>,
    /// Indices of the properties that may be arrays or objects.
    pub nested: Vec<u16>,
    /// By property.
    pub words: Vec<WordCache>,
    pub extra: Extra,
    /// Causes of what was repaired, by property and repairs, as they were met.
    pub mended: Vec<(usize, Done, Ranked)>,
}

/// What happens to properties without a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    /// V410, and kept; save what `patternProperties` knows.
    Forbidden,
    Kept,
    Dropped,
}

/// An event's type: one of the contract's, or one that the logs brought.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    /// Index into [`Catalogue::judges`].
    Declared(usize),
    /// Index into [`Catalogue::undeclared`].
    Undeclared(usize),
}

/// What is wrong with an event's name or version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surprised {
    pub ranked: Ranked,
    /// R203: the version is told, not the name.
    pub of_version: bool,
}

#[derive(Debug, Clone)]
struct NameEntry {
    judges: Vec<usize>,
    /// Which of them an event without a version is judged by.
    default: Option<usize>,
    unknown_version: Ranked,
}

/// An event type that the logs brought.
#[derive(Debug)]
pub(super) struct Undeclared {
    name: Arc<str>,
    version: Arc<str>,
    event_type: EventTypeId,
    surprise: Option<Ranked>,
}

#[derive(Debug)]
pub(super) struct Catalogue {
    pub judges: Vec<Judge>,
    pub causes: DynamicCauses,
    /// By route.
    pub no_name: Vec<Ranked>,
    pub duplicate_key: DuplicateKey,
    names: HashMap<Box<str>, NameEntry, FixedState>,
    /// By judge: the one that judges its events; another one where a version was superseded.
    in_force: Vec<usize>,
    pub undeclared: Vec<Undeclared>,
    undeclared_by_name: HashMap<Box<str>, usize, FixedState>,
    /// [`Contract::learns`]
    pub learns: bool,
    /// Name and version of the undeclared type that is looked for, where it is told apart by version.
    wanted: String,
    /// By name and version: which of the judges is theirs. One place a pair, the last one to come has it.
    recent: [Option<(Mark, Mark, usize)>; 64],
    types: Arc<EventTypes>,
    unknown_event: Surprise,
}

/// Past this many undeclared names a thread sends further ones to one type named `(other)`.
const MAX_UNDECLARED: usize = 4_096;

impl Catalogue {
    pub fn new(
        contract: &Contract,
        types: Arc<EventTypes>,
        causes: Arc<Causes>,
        keys: &mut KeyTable,
    ) -> Self {
        let causes = DynamicCauses::new(causes, &contract.routing);
        let ids = contract.declare(&types);
        for property in contract.schemas.iter().flat_map(|s| &s.properties) {
            keys.intern(&property.name);
        }
        let judges: Vec<Judge> = contract
            .schemas
            .iter()
            .zip(ids)
            .map(|(schema, id)| Judge::new(schema, id, &contract.routing, &causes, keys))
            .collect();
        let routing = &contract.routing;
        let rules = std::iter::once(&routing.name).chain(routing.known.iter().map(|p| &p.name));
        let no_name = rules.map(|rules| {
            causes.intern(&Cause {
                code: Code::R201,
                severity: causes.severity(Code::R201),
                event: "".into(),
                version: "".into(),
                path: "".into(),
                keyword: "",
                expected: expected_name(rules).into(),
            })
        });
        let no_name = no_name.collect();
        Self {
            names: names(contract, &causes),
            in_force: (0..judges.len()).map(|at| contract.in_force(at)).collect(),
            judges,
            no_name,
            causes,
            duplicate_key: contract.routing.policy.duplicate_key,
            undeclared: vec![],
            undeclared_by_name: HashMap::default(),
            learns: contract.learns,
            wanted: String::new(),
            recent: [None; 64],
            types,
            unknown_event: contract.routing.policy.unknown_event,
        }
    }

    /// The event types of the run.
    pub fn types(&self) -> Arc<EventTypes> {
        self.types.clone()
    }

    /// The declared type of an event with a name and version of these marks, where one was found not long ago.
    #[inline]
    pub fn recent(&self, (name, version): (Mark, Mark)) -> Option<Known> {
        let (n, v, judge) = self.recent[name.place(&version)]?;
        (n == name && v == version).then_some(Known::Declared(judge))
    }

    /// The type of an event with that name and version as sent, and what is wrong with them.
    pub fn find(
        &mut self,
        name: &str,
        version: Option<&str>,
        marks: Option<(Mark, Mark)>,
    ) -> (Known, Option<Surprised>) {
        let Some(entry) = self.names.get(name) else {
            let at = match version.filter(|_| self.learns) {
                Some(version) => self.undeclared_version(name, version),
                None => self.undeclared(name),
            };
            let surprise = self.undeclared[at].surprise.map(|ranked| Surprised {
                ranked,
                of_version: false,
            });
            return (Known::Undeclared(at), surprise);
        };
        let found = match version {
            None | Some("") => entry.default,
            Some(text) => entry.version(text, &self.judges, &self.in_force),
        };
        if let Some(at) = found {
            if let Some((n, v)) = marks.filter(|(n, v)| n.is_all() && v.is_all()) {
                self.recent[n.place(&v)] = Some((n, v, at));
            }
            return (Known::Declared(at), None);
        }
        let surprise = Surprised {
            ranked: entry.unknown_version,
            of_version: true,
        };
        (Known::Undeclared(self.undeclared(name)), Some(surprise))
    }

    fn undeclared(&mut self, name: &str) -> usize {
        if let Some(at) = self.undeclared_by_name.get(name) {
            return *at;
        }
        let name = if self.undeclared.len() < MAX_UNDECLARED {
            name
        } else {
            "(other)"
        };
        if let Some(at) = self.undeclared_by_name.get(name) {
            return *at;
        }
        let entry = self.new_undeclared(name, "");
        self.undeclared.push(entry);
        self.undeclared_by_name
            .insert(name.into(), self.undeclared.len() - 1);
        self.undeclared.len() - 1
    }

    /// As [`Self::undeclared`], each version a type of its own.
    fn undeclared_version(&mut self, name: &str, version: &str) -> usize {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        wanted.extend([name, "\0", version]);
        let at = match self.undeclared_by_name.get(&*wanted) {
            Some(at) => *at,
            None if version.is_empty() || self.undeclared.len() >= MAX_UNDECLARED => {
                self.undeclared(name)
            }
            None => {
                let entry = self.new_undeclared(name, version);
                self.undeclared.push(entry);
                let at = self.undeclared.len() - 1;
                self.undeclared_by_name.insert(wanted.as_str().into(), at);
                at
            }
        };
        self.wanted = wanted;
        at
    }

    fn new_undeclared(&self, name: &str, version: &str) -> Undeclared {
        let shared: Arc<str> = name[..name.floor_char_boundary(MAX_NAME_BYTES)].into();
        let version: Arc<str> = version[..version.floor_char_boundary(MAX_NAME_BYTES)].into();
        let event_type = self.types.intern(EventType {
            name: shared.clone(),
            version: version.clone(),
            declared: false,
            repairable: false,
            columns: vec![],
        });
        let cause = Cause {
            code: Code::R202,
            severity: self.causes.severity(Code::R202),
            event: shared.clone(),
            version: "".into(),
            path: "".into(),
            keyword: "",
            expected: "".into(),
        };
        Undeclared {
            name: shared,
            version,
            event_type,
            surprise: (self.unknown_event != Surprise::Allow).then(|| self.causes.intern(&cause)),
        }
    }

    /// The cause of a code at a path that the logs brought.
    pub fn cause_at(&mut self, known: Known, code: Code, path: &str) -> Ranked {
        let subject = match known {
            Known::Declared(at) => self.judges[at].subject(),
            Known::Undeclared(at) => self.undeclared[at].subject(),
        };
        self.causes.at(subject, code, path)
    }
}

/// Longest event name kept, in bytes.
const MAX_NAME_BYTES: usize = 256;

impl Known {
    pub fn event_type(self, catalogue: &Catalogue) -> EventTypeId {
        match self {
            Self::Declared(at) => catalogue.judges[at].event_type,
            Self::Undeclared(at) => catalogue.undeclared[at].event_type,
        }
    }

    /// Empty columns for its events.
    pub fn columns(
        self,
        catalogue: &Catalogue,
        event_type: EventTypeId,
        wanted: bool,
    ) -> EventColumns {
        let mut columns = EventColumns::empty(event_type);
        if let (Self::Declared(at), true) = (self, wanted) {
            columns.properties = catalogue.judges[at]
                .schema
                .properties
                .iter()
                .map(|p| match &p.words {
                    Some(words) => Column::word(words.clone()),
                    None => Column::new(p.kind),
                })
                .collect();
        }
        columns
    }
}

impl NameEntry {
    fn version(&self, text: &str, judges: &[Judge], in_force: &[usize]) -> Option<usize> {
        self.sent(text, judges).map(|at| in_force[at])
    }

    /// The judge of the version as sent.
    fn sent(&self, text: &str, judges: &[Judge]) -> Option<usize> {
        let exact = self
            .judges
            .iter()
            .copied()
            .find(|&at| *judges[at].schema.version == *text);
        exact.or_else(|| {
            let wanted = WantedVersion::parse(text)?;
            let fits = |at: &usize| wanted.matches(judges[*at].schema.schema_ver);
            self.judges
                .iter()
                .copied()
                .filter(fits)
                .max_by_key(|at| judges[*at].schema.schema_ver)
        })
    }
}

impl Judge {
    fn new(
        schema: &EventSchema,
        event_type: EventTypeId,
        routing: &Routing,
        causes: &DynamicCauses,
        keys: &mut KeyTable,
    ) -> Self {
        let mut by_key = vec![NO_PROPERTY; keys.len()];
        for (i, property) in schema.properties.iter().enumerate() {
            if let Some(slot) = by_key.get_mut(usize::from(keys.intern(&property.name))) {
                *slot = i as u16;
            }
        }
        let required = schema
            .properties
            .iter()
            .enumerate()
            .filter(|(_, p)| p.required)
            .map(|(i, _)| i as u16);
        Self {
            event_type,
            by_key,
            causes: schema
                .properties
                .iter()
                .map(|p| p.causes.iter().map(|c| causes.intern(c)).collect())
                .collect(),
            required: required.collect(),
            nested: (0..schema.properties.len() as u16)
                .filter(|&i| schema.properties[usize::from(i)].nested.is_some())
                .collect(),
            words: schema
                .properties
                .iter()
                .map(|_| WordCache::default())
                .collect(),
            extra: extra(schema.additional, routing.policy.unknown_property),
            mended: vec![],
            schema: schema.clone(),
        }
    }

    #[inline]
    /// The property with that key number, or [`NO_PROPERTY`].
    pub fn property_of(&self, key: u16) -> u16 {
        self.by_key
            .get(usize::from(key))
            .copied()
            .unwrap_or(NO_PROPERTY)
    }

    pub fn subject(&self) -> Subject<'_> {
        Subject {
            name: &self.schema.name,
            version: &self.schema.version,
            event_type: self.event_type.0,
        }
    }
}

impl Undeclared {
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            name: &self.name,
            version: &self.version,
            event_type: self.event_type.0,
        }
    }
}

fn extra(additional: Additional, policy: UnknownProperty) -> Extra {
    match (additional, policy) {
        (Additional::Forbidden, _) | (Additional::Silent, UnknownProperty::Forbid) => {
            Extra::Forbidden
        }
        (Additional::Silent, UnknownProperty::Drop) => Extra::Dropped,
        (Additional::Allowed, _) | (Additional::Silent, UnknownProperty::Rescue) => Extra::Kept,
    }
}

fn names(contract: &Contract, causes: &DynamicCauses) -> HashMap<Box<str>, NameEntry, FixedState> {
    let mut names: HashMap<Box<str>, NameEntry, FixedState> = HashMap::default();
    let default = WantedVersion::parse(&contract.routing.version.default);
    for (i, schema) in contract.schemas.iter().enumerate() {
        if let Some(entry) = names.get_mut(&*schema.name) {
            entry.judges.push(i);
            continue;
        }
        let versions: Vec<&str> = contract
            .schemas
            .iter()
            .filter(|s| s.name == schema.name)
            .map(|s| &*s.version)
            .collect();
        let cause = Cause {
            code: Code::R203,
            severity: causes.severity(Code::R203),
            event: schema.name.clone(),
            version: "".into(),
            path: contract
                .routing
                .version
                .key
                .as_deref()
                .unwrap_or_default()
                .into(),
            keyword: "",
            expected: versions.join(" or ").into(),
        };
        let entry = NameEntry {
            judges: vec![i],
            default: default.and_then(|wanted| contract.find(&schema.name, wanted)),
            unknown_version: causes.intern(&cause),
        };
        names.insert((&*schema.name).into(), entry);
    }
    for schema in &contract.schemas {
        if let Some(iglu) = &schema.iglu
            && !names.contains_key(&**iglu)
            && let Some(entry) = names.get(&*schema.name).cloned()
        {
            names.insert((&**iglu).into(), entry);
        }
    }
    names
}

fn expected_name(rules: &[NameRule]) -> String {
    let places = rules.iter().map(|rule| match &rule.from {
        NameFrom::Query(keys) if keys.len() == 1 => format!("in parameter {}", keys[0]),
        NameFrom::Query(keys) => format!("in one of the parameters {}", keys.join(", ")),
        _ => format!("by {}", rule.described()),
    });
    let mut places: Vec<String> = places.collect();
    places.dedup();
    format!("a name {}", places.join(" or "))
}
