//! What `[event]` of `frontlog.toml` names: where an event's name, version, id and time are.

use std::borrow::Cow;

use crate::event::json::{self, Value};
use crate::event::routes::Evidence;
use crate::event::{KeyTable, UNKNOWN_KEY, path};
use crate::model::Properties;
use crate::model::property::ValueKind;
use crate::model::routing::{NameFrom, NameRule, Pixel, Routing, TimeRule};
use crate::model::time::parse_time_text;

/// The keys of `[event]` as numbers of a [`KeyTable`].
#[derive(Debug, Clone)]
pub struct Envelope {
    name: Vec<NameSource>,
    version: u16,
    id: u16,
    time: u16,
    time_rule: Option<TimeRule>,
}

#[derive(Debug, Clone)]
struct NameSource {
    place: Place,
    map: Box<[(Box<str>, Box<str>)]>,
    has: Option<Evidence>,
}

#[derive(Debug, Clone)]
enum Place {
    Keys(Vec<u16>),
    Segment(i32),
    Const(Box<str>),
    Payload(Box<str>),
    Like(Vec<Box<[u8]>>),
}

/// The name of one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name<'a> {
    /// As sent, decoded, or what that stands for; `None` where there is none, or it is empty (R201).
    pub text: Option<Cow<'a, str>>,
    /// The version that came with it, in an Iglu URI.
    pub version: Option<Cow<'a, str>>,
    /// Position of the property it was taken from.
    pub at: Option<usize>,
    /// Position of a second property with the same key and another value (R204).
    pub rival: Option<usize>,
    /// `text` is not the value of that property.
    pub rewritten: bool,
    /// Index of the rule that found it.
    pub rule: usize,
}

impl NameSource {
    fn new(rule: &NameRule, keys: &mut KeyTable) -> Self {
        let place = match &rule.from {
            NameFrom::Query(names) => Place::Keys(names.iter().map(|k| keys.intern(k)).collect()),
            NameFrom::PathSegment(index) => Place::Segment(*index),
            NameFrom::Const(name) => Place::Const(name.as_str().into()),
            NameFrom::Payload(pointer) => Place::Payload(pointer.as_str().into()),
            NameFrom::Like(words) => {
                Place::Like(words.iter().map(|w| w.as_bytes().into()).collect())
            }
        };
        let map = rule.map.iter();
        Self {
            place,
            map: map
                .map(|(sent, name)| (sent.as_str().into(), name.as_str().into()))
                .collect(),
            has: rule.has.as_ref().map(|has| Evidence::new(has, keys)),
        }
    }
}

impl Envelope {
    /// Interns the keys of `[event]`.
    pub fn new(routing: &Routing, keys: &mut KeyTable) -> Self {
        let version = routing.version.key.as_deref();
        let (id, time) = (routing.id_key.as_deref(), routing.time.as_ref());
        Self::of(&routing.name, version, (id, time), keys)
    }

    /// The same for a pixel that is known.
    pub fn of_pixel(pixel: &Pixel, routing: &Routing, keys: &mut KeyTable) -> Self {
        let version = routing.version.key.as_deref();
        let (id, time) = (pixel.id_key.as_deref(), pixel.time.as_ref());
        Self::of(&pixel.name, version, (id, time), keys)
    }

    fn of(
        name: &[NameRule],
        version: Option<&str>,
        (id, time): (Option<&str>, Option<&TimeRule>),
        keys: &mut KeyTable,
    ) -> Self {
        let name = name.iter().map(|rule| NameSource::new(rule, keys));
        let name = name.collect();
        let mut intern = |key: Option<&str>| key.map_or(UNKNOWN_KEY, |k| keys.intern(k));
        Self {
            name,
            version: intern(version),
            id: intern(id),
            time: intern(time.map(|t| t.key.as_str())),
            time_rule: time.cloned(),
        }
    }

    /// The event's name. `ids` are the properties' keys as [`KeyTable::resolve`] gave them.
    pub fn name<'a>(&'a self, properties: &Properties<'a>, ids: &[u16], stem: &'a str) -> Name<'a> {
        let mut empty = Name::default();
        for (rule, source) in self.name.iter().enumerate() {
            if source
                .has
                .as_ref()
                .is_some_and(|has| !has.holds(properties, ids))
            {
                continue;
            }
            let name = match &source.place {
                Place::Keys(keys) => name_by_key(keys, properties, ids),
                Place::Const(name) => Name::of(Some(Cow::Borrowed(name))),
                Place::Segment(index) => Name::of(path::segment(stem, *index)),
                Place::Payload(pointer) => Name::of(in_payload(properties, pointer)),
                Place::Like(words) => name_like(words, properties),
            };
            if name.text.is_some() {
                return source.finish(Name { rule, ..name });
            }
            if empty.at.is_none() {
                empty = name;
            }
        }
        empty
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

    /// What a key is used for, for a person: `event id`. Empty for properties. `name_key` is the key of the name.
    pub fn role(&self, key: u16, name_key: u16) -> &'static str {
        match key {
            UNKNOWN_KEY => "",
            _ if key == name_key => "event name",
            _ if key == self.version => "schema version",
            _ if key == self.id => "event id",
            _ if key == self.time => "event time",
            _ => "",
        }
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

impl<'a> Name<'a> {
    fn of(text: Option<Cow<'a, str>>) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

impl NameSource {
    /// What the name as sent stands for.
    #[inline]
    fn finish<'a>(&'a self, mut name: Name<'a>) -> Name<'a> {
        let Some(sent) = name.text.as_deref() else {
            return name;
        };
        if let Some((_, said)) = self.map.iter().find(|(from, _)| **from == *sent) {
            name.text = Some(Cow::Borrowed(said));
            name.rewritten = true;
        } else if sent.starts_with(IGLU) && iglu_parts(sent).is_some() {
            let (version, text) = match name.text.take() {
                Some(Cow::Borrowed(uri)) => {
                    let parts = iglu_parts(uri);
                    let borrow = |part: fn((&'a str, &'a str)) -> &'a str| {
                        parts.map(|both| Cow::Borrowed(part(both)))
                    };
                    (borrow(|p| p.1), borrow(|p| p.0))
                }
                owned => {
                    let parts = owned.as_deref().and_then(iglu_parts);
                    let own = |part: &str| Cow::Owned(part.to_owned());
                    (parts.map(|p| own(p.1)), parts.map(|p| own(p.0)))
                }
            };
            (name.text, name.version) = (text, version);
            name.rewritten = true;
        }
        name
    }
}

const IGLU: &str = "iglu:";

/// Name and version of `iglu:vendor/name/format/version`.
pub fn iglu_parts(uri: &str) -> Option<(&str, &str)> {
    let mut parts = uri.strip_prefix(IGLU)?.split('/');
    let (_, name, _, version) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (parts.next().is_none() && !name.is_empty()).then_some((name, version))
}

fn name_by_key<'a>(keys: &[u16], properties: &Properties<'a>, ids: &[u16]) -> Name<'a> {
    let Some(at) = keys.iter().find_map(|key| position(ids, *key)) else {
        return Name::default();
    };
    let value = properties.value(at);
    let rival = (at + 1..ids.len()).find(|&i| ids[i] == ids[at] && properties.value(i) != value);
    Name {
        text: (!value.is_empty()).then_some(Cow::Borrowed(value)),
        at: Some(at),
        rival,
        ..Name::default()
    }
}

/// The first parameter with one of the words in its key, whatever its case, and a word as its value.
fn name_like<'a>(words: &[Box<[u8]>], properties: &Properties<'a>) -> Name<'a> {
    let has_word = |key: &str| {
        words.iter().any(|word| {
            let mut places = key.as_bytes().windows(word.len());
            places.any(|place| place.eq_ignore_ascii_case(word))
        })
    };
    let at = (0..properties.len())
        .find(|&i| has_word(properties.key(i)) && is_word(properties.value(i)));
    at.map_or_else(Name::default, |at| Name {
        text: Some(Cow::Borrowed(properties.value(at))),
        at: Some(at),
        ..Name::default()
    })
}

/// What an event may be called: not a number, an id, an address or a sentence.
fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    (2..=40).contains(&bytes.len())
        && bytes[0].is_ascii_alphabetic()
        && bytes.iter().filter(|b| b.is_ascii_digit()).count() <= 2
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.: ".contains(b))
}

/// The text at a pointer of the first payload that has one there.
fn in_payload<'a>(properties: &Properties<'a>, pointer: &str) -> Option<Cow<'a, str>> {
    properties.documents().find_map(|text| {
        let found = json::find(text, json::read(text)?, pointer)?;
        said(text, found).filter(|said| !said.is_empty())
    })
}

fn said(text: &str, value: Value) -> Option<Cow<'_, str>> {
    let inner = text.get(value.text())?;
    match value.kind {
        ValueKind::String if inner.contains('\\') => {
            let mut said = String::new();
            json::unescape(inner, &mut said);
            Some(Cow::Owned(said))
        }
        ValueKind::String | ValueKind::Number | ValueKind::Boolean => Some(Cow::Borrowed(inner)),
        _ => None,
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
