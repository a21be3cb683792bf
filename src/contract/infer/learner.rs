//! Event types and their properties as they come, bounded in both.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::contract::infer::distinct::{Estimate, hash_of};
use crate::contract::infer::sketch::Sketch;
use crate::contract::schema::EventSchema;

/// Properties that are followed, of all types together.
const MAX_PROPERTIES: usize = 16_384;
/// Properties that are followed of one type.
const MAX_OF_A_TYPE: usize = 1_024;
/// Event types (name and version) that are followed.
const MAX_TYPES: usize = 8_192;
/// Longest name of a property that is followed, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// What was seen of every event type.
#[derive(Debug, Default)]
pub struct Learner {
    types: Vec<TypeSketch>,
    by_key: HashMap<(Box<str>, Box<str>), usize, FixedState>,
    properties: usize,
    /// Events of types past the bound.
    passed_over: u64,
}

/// What was seen of one event type.
#[derive(Debug, Clone, Default)]
pub struct TypeSketch {
    /// The event's name.
    pub name: String,
    /// The version as sent; empty where there is none.
    pub version: String,
    /// Events.
    pub events: u64,
    /// First and last log time, in microseconds since 1970 UTC.
    pub span_us: Option<(i64, i64)>,
    /// The properties in the order in which they came first.
    pub properties: Vec<PropertySketch>,
    by_name: HashMap<Box<str>, usize, FixedState>,
    /// Where the next property is likely to be: events of one type are alike.
    likely: usize,
    /// A property that comes anew may have come before up to this often.
    forgotten: u64,
    /// The schema that judges it.
    declared: Option<Arc<EventSchema>>,
    /// Names that were not kept.
    dropped: Option<Estimate>,
}

/// What was seen of one property.
#[derive(Debug, Clone, Default)]
pub struct PropertySketch {
    /// Its name.
    pub name: Box<str>,
    /// Its values.
    pub sketch: Sketch,
    /// Up to so many earlier values may have been forgotten. Nothing is said of such a property.
    pub forgotten: u64,
}

impl Learner {
    /// The number of an event type, to be used with [`Learner::event`]; `None` past the bound.
    pub fn event_type(&mut self, name: &str, version: &str) -> Option<usize> {
        let key = (Box::from(name), Box::from(version));
        if let Some(at) = self.by_key.get(&key) {
            return Some(*at);
        }
        if self.types.len() >= MAX_TYPES {
            return None;
        }
        self.types.push(TypeSketch {
            name: name.to_owned(),
            version: version.to_owned(),
            ..TypeSketch::default()
        });
        self.by_key.insert(key, self.types.len() - 1);
        Some(self.types.len() - 1)
    }

    /// Judges the values of a type by a schema too.
    pub fn declare(&mut self, event_type: usize, schema: Arc<EventSchema>) {
        if let Some(it) = self.types.get_mut(event_type) {
            it.declared = Some(schema);
        }
    }

    /// Takes an event of a type: `event_type` as given above, or `None` for one past the bound.
    pub fn event(&mut self, event_type: Option<usize>, time_us: i64) {
        let Some(it) = event_type.and_then(|at| self.types.get_mut(at)) else {
            self.passed_over += 1;
            return;
        };
        it.events += 1;
        it.likely = 0;
        let (first, last) = it.span_us.unwrap_or((time_us, time_us));
        it.span_us = Some((first.min(time_us), last.max(time_us)));
    }

    /// Takes a property of the event that came last for this type.
    pub fn value(&mut self, event_type: usize, name: &str, text: &str, time_us: i64) {
        let Some(it) = self.types.get_mut(event_type) else {
            return;
        };
        let before = it.properties.len();
        it.value(name, text, 1, time_us);
        self.properties = self.properties + it.properties.len() - before;
        if self.properties > MAX_PROPERTIES {
            self.forget();
        }
    }

    /// Forgets the rarest properties of all types until half of the room is free.
    fn forget(&mut self) {
        let mut most = 1;
        while self.properties > MAX_PROPERTIES / 2 {
            for it in &mut self.types {
                it.forget(most);
            }
            self.properties = self.types.iter().map(|t| t.properties.len()).sum();
            most *= 2;
        }
    }

    /// The types with events, by name and version, and the number of events whose type is none of them.
    pub fn finish(self) -> (Vec<TypeSketch>, u64) {
        let mut types = self.types;
        types.retain(|t| t.events > 0);
        types.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        (types, self.passed_over)
    }
}

impl TypeSketch {
    /// Takes a value that came `times` times, last with an event of `time_us`.
    pub fn value(&mut self, name: &str, text: &str, times: u64, time_us: i64) {
        let at = match self.properties.get(self.likely) {
            Some(likely) if *likely.name == *name => Some(self.likely),
            _ => self
                .by_name
                .get(name)
                .copied()
                .or_else(|| self.new_property(name)),
        };
        let Some(at) = at else {
            return;
        };
        self.likely = at + 1;
        let event = self.events.saturating_sub(1);
        self.properties[at].sketch.add(text, times, event, time_us);
    }

    fn new_property(&mut self, name: &str) -> Option<usize> {
        if name.len() > MAX_NAME_BYTES {
            self.dropped.get_or_insert_default().add(hash_of(name));
            return None;
        }
        let mut most = 1;
        while self.properties.len() >= MAX_OF_A_TYPE {
            self.forget(most);
            most *= 2;
        }
        let declared = self.declared.as_ref().and_then(|s| s.property(name));
        self.properties.push(PropertySketch {
            name: name.into(),
            forgotten: self.forgotten,
            sketch: Sketch::under(declared.map(|d| Arc::new(d.clone()))),
        });
        self.by_name.insert(name.into(), self.properties.len() - 1);
        Some(self.properties.len() - 1)
    }

    /// Forgets the properties that came up to `most` times.
    fn forget(&mut self, most: u64) {
        let dropped = self.dropped.get_or_insert_default();
        let before = self.properties.len();
        self.properties.retain(|p| {
            let keep = p.sketch.present() > most;
            if !keep {
                dropped.add(hash_of(&p.name));
                self.forgotten = self.forgotten.max(p.sketch.present() + p.forgotten);
            }
            keep
        });
        if self.properties.len() < before {
            self.likely = usize::MAX;
            let names = self.properties.iter().enumerate();
            self.by_name = names.map(|(i, p)| (p.name.clone(), i)).collect();
        }
    }

    /// How many distinct names were not kept (an estimate).
    pub fn dropped_names(&self) -> u64 {
        self.dropped.as_ref().map_or(0, Estimate::count)
    }

    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&PropertySketch> {
        self.by_name.get(name).map(|at| &self.properties[*at])
    }

    /// Takes what another type took, as events that came after its own.
    pub fn absorb(&mut self, other: &Self) {
        for theirs in &other.properties {
            let at = self.by_name.get(&theirs.name).copied();
            if let Some(at) = at.or_else(|| self.new_property(&theirs.name)) {
                self.properties[at]
                    .sketch
                    .absorb(&theirs.sketch, self.events);
                let forgotten = &mut self.properties[at].forgotten;
                *forgotten = theirs.forgotten.max(*forgotten);
            }
        }
        self.events += other.events;
        if let Some((first, last)) = other.span_us {
            let (f, l) = self.span_us.unwrap_or((first, last));
            self.span_us = Some((f.min(first), l.max(last)));
        }
        if let Some(dropped) = &other.dropped {
            self.dropped.get_or_insert_default().absorb(dropped);
        }
        self.forgotten = self.forgotten.max(other.forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_names_leaves_the_frequent_ones() {
        let mut learner = Learner::default();
        let at = learner.event_type("e", "");
        for i in 0..50_000 {
            learner.event(at, i);
            learner.value(0, "often", "1", i);
            learner.value(0, &format!("junk{i}"), "x", i);
        }
        let (types, passed_over) = learner.finish();
        let it = &types[0];
        assert_eq!((it.events, passed_over), (50_000, 0));
        let often = it.property("often").unwrap();
        assert_eq!((often.sketch.present(), often.forgotten), (50_000, 0));
        assert!(it.properties.len() <= MAX_OF_A_TYPE);
        assert!(
            it.properties
                .iter()
                .skip(1)
                .all(|p| p.forgotten > 0 || p.sketch.present() == 1)
        );
        assert!(
            (45_000..60_000).contains(&it.dropped_names()),
            "{}",
            it.dropped_names()
        );
    }

    #[test]
    fn a_flood_of_types_is_bounded_in_types_and_properties() {
        let mut learner = Learner::default();
        for i in 0..100_000 {
            let at = learner.event_type(&format!("e{i}"), "");
            learner.event(at, 0);
            if let Some(at) = at {
                (0..5).for_each(|p| learner.value(at, &format!("p{p}"), "1", 0));
            }
        }
        assert!(learner.properties <= MAX_PROPERTIES);
        let (types, passed_over) = learner.finish();
        assert_eq!(
            (types.len(), passed_over),
            (MAX_TYPES, 100_000 - MAX_TYPES as u64)
        );
    }
}
