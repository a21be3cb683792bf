//! The ways from a record to an event: the contract's one, or without a contract one for each pixel that is known.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::event::{Envelope, KeyTable, Payloads, Router, UNKNOWN_KEY};
use crate::model::Properties;
use crate::model::routing::{Has, Routing};

/// What one way needs once a record is known to be an event. One a thread.
#[derive(Debug)]
pub struct Route {
    /// Where name, version, id and time are.
    pub envelope: Envelope,
    /// Which parameters are payloads.
    pub payloads: Payloads,
}

/// All ways of one contract. One a thread.
#[derive(Debug)]
pub struct Routes {
    router: Router,
    /// The contract's own way, then those of `known`.
    list: Vec<Route>,
    known: Vec<Known>,
    /// By path, where there are known pixels: which of them it may be.
    seen: RefCell<HashMap<Box<str>, Candidates, FixedState>>,
}

/// A pixel that shows by itself what it is.
#[derive(Debug)]
struct Known {
    router: Router,
    evidence: Vec<Vec<Evidence>>,
}

/// A parameter that must be there, and its value where one is given.
#[derive(Debug, Clone)]
pub(super) struct Evidence {
    key: u16,
    value: Option<Box<str>>,
}

/// One bit a way that a record may go by its path, the contract's own lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidates(u32);

impl Candidates {
    /// True for a record that is no event.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Past this many distinct paths the memory stops growing.
const MAX_SEEN: usize = 16_384;

impl Routes {
    /// Prepares the ways, and interns the keys that they look for.
    pub fn new(routing: &Routing, keys: &mut KeyTable) -> Self {
        let own = Route {
            envelope: Envelope::new(routing, keys),
            payloads: Payloads::new(&routing.payloads, keys),
        };
        let (mut list, mut known) = (vec![own], vec![]);
        for pixel in routing.known.iter().take(31) {
            list.push(Route {
                envelope: Envelope::of_pixel(pixel, routing, keys),
                payloads: Payloads::new(&pixel.payloads, keys),
            });
            let evidence = pixel.evidence.iter().map(|any| {
                let any = any.iter().map(|has| Evidence::new(has, keys));
                any.collect()
            });
            known.push(Known {
                evidence: evidence.collect(),
                router: Router::of(&pixel.paths, routing),
            });
        }
        Self {
            router: Router::new(routing),
            list,
            known,
            seen: RefCell::default(),
        }
    }

    /// Which ways a record may go; see [`Router::is_event`].
    #[inline]
    pub fn candidates(&self, method: &str, stem: &str, status: Option<i64>) -> Candidates {
        if self.known.is_empty() {
            return Candidates(u32::from(self.router.is_event(method, stem, status)));
        }
        self.among_known(method, stem, status)
    }

    fn among_known(&self, method: &str, stem: &str, status: Option<i64>) -> Candidates {
        if !self.router.takes(method, status) {
            return Candidates(0);
        }
        if let Some(seen) = self.seen.borrow().get(stem) {
            return *seen;
        }
        let routers = std::iter::once(&self.router).chain(self.known.iter().map(|k| &k.router));
        let mask = routers.enumerate().fold(0, |mask, (i, router)| {
            mask | u32::from(router.has_path(stem)) << i
        });
        let mut seen = self.seen.borrow_mut();
        if seen.len() < MAX_SEEN {
            seen.insert(stem.into(), Candidates(mask));
        }
        Candidates(mask)
    }

    /// The way of a record by its parameters: the first known pixel that shows itself, else the contract's own.
    #[inline]
    pub fn choose(
        &self,
        candidates: Candidates,
        properties: &Properties<'_>,
        ids: &[u16],
    ) -> Option<usize> {
        if candidates.0 > 1 {
            let shows = |known: &Known| {
                let mut all = known.evidence.iter();
                all.all(|any| any.iter().any(|e| e.holds(properties, ids)))
            };
            let mut known = self.known.iter().enumerate();
            let found = known.find(|(i, k)| candidates.0 & 2 << i != 0 && shows(k));
            if let Some((i, _)) = found {
                return Some(i + 1);
            }
        }
        (candidates.0 & 1 == 1).then_some(0)
    }

    /// The way of that number, to open payloads by.
    #[inline]
    pub fn payloads(&mut self, route: usize) -> &mut Payloads {
        &mut self.list[route].payloads
    }

    /// The way of that number.
    #[inline]
    pub fn envelope(&self, route: usize) -> &Envelope {
        &self.list[route].envelope
    }
}

impl Evidence {
    pub(super) fn new(has: &Has, keys: &mut KeyTable) -> Self {
        Self {
            key: keys.intern(&has.key),
            value: has.value.as_deref().map(Into::into),
        }
    }

    pub(super) fn holds(&self, properties: &Properties<'_>, ids: &[u16]) -> bool {
        self.key != UNKNOWN_KEY
            && ids.iter().enumerate().any(|(i, id)| {
                *id == self.key
                    && self
                        .value
                        .as_deref()
                        .is_none_or(|value| properties.value(i) == value)
            })
    }
}
