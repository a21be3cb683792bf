//! How events came to their names, for a run without event schemas: it says so.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::FixedState;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Event;
use crate::contract::Contract;
use crate::model::routing::{NameFrom, NameRule};
use crate::model::{EventTypes, Way};

/// The ways that one thread has met.
#[derive(Debug)]
pub(super) struct Ways {
    types: Arc<EventTypes>,
    /// By route; empty under event schemas.
    routes: Vec<OfRoute>,
    seen: HashSet<u64, FixedState>,
}

#[derive(Debug)]
struct OfRoute {
    preset: Option<&'static str>,
    /// By rule, for a name that is in no parameter.
    rules: Vec<Way>,
}

impl Ways {
    /// Notes nothing.
    pub fn none(types: Arc<EventTypes>) -> Self {
        Self {
            types,
            routes: vec![],
            seen: HashSet::default(),
        }
    }

    pub fn new(contract: &Contract, types: Arc<EventTypes>) -> Self {
        let mut ways = Self::none(types);
        if !contract.schemas.is_empty() {
            return ways;
        }
        let routing = &contract.routing;
        ways.routes.push(OfRoute {
            preset: None,
            rules: routing.name.iter().map(of_rule).collect(),
        });
        let known = routing.known.iter().map(|pixel| OfRoute {
            preset: Some(pixel.preset),
            rules: vec![],
        });
        ways.routes.extend(known);
        ways
    }

    /// Remembers how an event with a name came to it.
    #[inline]
    pub fn note(&mut self, route: usize, event: &Event<'_>) {
        if !self.routes.is_empty() {
            self.note_one(route, event);
        }
    }

    fn note_one(&mut self, route: usize, event: &Event<'_>) {
        let key = match event.name.at {
            Some(at) if route == 0 => event.properties.key(at),
            _ => "",
        };
        let seed = (event.name.rule << 8 | route) as u64;
        if !self.seen.insert(xxh3_64_with_seed(key.as_bytes(), seed)) {
            return;
        }
        let of_route = &self.routes[route];
        let way = match (of_route.preset, of_route.rules.get(event.name.rule)) {
            (Some(preset), _) => Way::Preset(preset.into()),
            (None, Some(rule)) if key.is_empty() => rule.clone(),
            (None, _) => Way::Parameter(key[..key.floor_char_boundary(64)].into()),
        };
        self.types.note_way(way);
    }
}

/// The way of a rule whose names are in no parameter.
fn of_rule(rule: &NameRule) -> Way {
    match (&rule.from, &rule.has) {
        (NameFrom::Const(_), Some(has)) => Way::Parameter(has.key.as_str().into()),
        _ => Way::Other(rule.described().into()),
    }
}
