//! Texts to a nested value, by the shape that the schema gives it.
//!
//! Only properties that may be arrays or objects come here; the scalar ones are read by [`crate::contract::rule`].
//! A text inside an array or object that cannot be read as its type stays a text, and its type is told of by the
//! residual at its own path.

use serde_json::{Map, Value as Json};

use crate::contract::json_text::{self, BadJson};
use crate::contract::kinds::Kinds;
use crate::contract::number::{parse_integer, parse_number};
use crate::contract::rule::parse_boolean;
use crate::contract::shape::{ShapeId, Shapes};
use crate::contract::written::rfc3339;
use crate::model::ValueKind;
use crate::model::routing::DuplicateKey;

/// What came for one property.
#[derive(Debug, Clone, PartialEq)]
pub enum Coerced {
    /// A value. The text is its JSON already where `as_is`.
    Value {
        /// The value.
        value: Json,
        /// Path of the first key that came twice inside a JSON text.
        repeated: Option<String>,
        /// The one text that came is the value's JSON.
        as_is: bool,
    },
    /// A JSON text that cannot be read (D304).
    BadJson(BadJson),
    /// No text of the type (V402).
    Refused,
}

impl From<Json> for Coerced {
    fn from(value: Json) -> Self {
        Self::Value {
            value,
            repeated: None,
            as_is: false,
        }
    }
}

/// A text, and what it was before it was one.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// The text.
    pub text: &'a str,
    /// `Text` for one of the query, which is coerced.
    pub kind: ValueKind,
}

/// The steps into a property, and what is there.
pub type Part<'a> = (&'a [&'a str], Leaf<'a>);

/// Reads shapes.
#[derive(Debug, Clone, Copy)]
pub struct Coercer<'s> {
    /// The shapes.
    pub shapes: &'s Shapes,
    /// What holds where a key comes twice.
    pub keep: DuplicateKey,
}

impl Coercer<'_> {
    /// A value out of a JSON payload: nothing is coerced.
    pub fn native(self, leaf: Leaf<'_>) -> Coerced {
        match leaf.kind {
            ValueKind::Null => Json::Null.into(),
            ValueKind::String | ValueKind::Text => Json::from(leaf.text).into(),
            _ => self.json(leaf.text),
        }
    }

    /// A JSON text.
    fn json(self, text: &str) -> Coerced {
        match json_text::read(text, self.keep) {
            Ok(read) => Coerced::Value {
                value: read.value,
                repeated: read.repeated,
                as_is: true,
            },
            Err(bad) => Coerced::BadJson(bad),
        }
    }

    /// The texts of one key, in order; there is at least one.
    pub fn texts(self, texts: &[Leaf<'_>], shape: ShapeId) -> Coerced {
        let kinds = self.shapes.get(shape).kinds;
        match texts {
            [one] if one.kind != ValueKind::Text => self.native(*one),
            [one] => self.text(one.text, shape),
            several if kinds.has(Kinds::ARRAY) => {
                let mut items = Vec::with_capacity(several.len());
                for leaf in several {
                    if leaf.kind == ValueKind::Text {
                        self.push_items(leaf.text, shape, &mut items);
                    } else {
                        items.push(self.leaf(*leaf, shape));
                    }
                }
                Json::Array(items).into()
            }
            several => {
                let counts = if self.keep == DuplicateKey::Last {
                    several.last()
                } else {
                    several.first()
                };
                counts.map_or(Coerced::Refused, |leaf| self.texts(&[*leaf], shape))
            }
        }
    }

    fn push_items(self, text: &str, shape: ShapeId, items: &mut Vec<Json>) {
        let split = self.shapes.get(shape).split.as_deref();
        match split {
            Some(_) if text.is_empty() => {}
            Some(split) => {
                for part in text.split(split) {
                    let item = self.inner(part, self.shapes.item(shape, items.len()));
                    items.push(item);
                }
            }
            None => {
                let item = self.inner(text, self.shapes.item(shape, items.len()));
                items.push(item);
            }
        }
    }

    /// One text of a shape that may be an array or an object.
    fn text(self, text: &str, id: ShapeId) -> Coerced {
        let shape = self.shapes.get(id);
        let kinds = shape.kinds;
        if text.is_empty() && kinds.has(Kinds::NULL) {
            return Json::Null.into();
        }
        let start = text.trim_start().as_bytes().first();
        let is_json = match start {
            Some(b'{') => kinds.has(Kinds::OBJECT),
            Some(b'[') => kinds.has(Kinds::ARRAY) && shape.split.is_none(),
            _ => false,
        };
        if is_json {
            match self.json(text) {
                Coerced::BadJson(_) if kinds.has(Kinds::STRING) => {}
                read => return read,
            }
        }
        if kinds.has(Kinds::ARRAY) && shape.split.is_some() {
            let mut items = vec![];
            self.push_items(text, id, &mut items);
            return Json::Array(items).into();
        }
        if let Some(value) = self.scalar(text, id) {
            return value.into();
        }
        if kinds.has(Kinds::ARRAY) {
            return Json::Array(vec![self.inner(text, self.shapes.item(id, 0))]).into();
        }
        Coerced::Refused
    }

    /// A text inside an array or object: what cannot be read stays a text.
    pub fn inner(self, text: &str, shape: ShapeId) -> Json {
        let read = if self.shapes.get(shape).kinds.structured() {
            self.text(text, shape)
        } else {
            self.scalar(text, shape)
                .map_or(Coerced::Refused, Coerced::from)
        };
        match read {
            Coerced::Value { value, .. } => value,
            Coerced::BadJson(_) | Coerced::Refused => Json::String(text.to_owned()),
        }
    }

    /// A text of the query, or a value that was JSON.
    pub fn leaf(self, leaf: Leaf<'_>, shape: ShapeId) -> Json {
        if leaf.kind == ValueKind::Text {
            return self.inner(leaf.text, shape);
        }
        match self.native(leaf) {
            Coerced::Value { value, .. } => value,
            Coerced::BadJson(_) | Coerced::Refused => leaf.text.into(),
        }
    }

    fn scalar(self, text: &str, id: ShapeId) -> Option<Json> {
        let shape = self.shapes.get(id);
        let kinds = shape.kinds;
        if text.is_empty() && kinds.has(Kinds::NULL) {
            return Some(Json::Null);
        }
        if let Some(truth) = parse_boolean(text).filter(|_| kinds.has(Kinds::BOOLEAN)) {
            return Some(Json::Bool(truth));
        }
        if kinds.has(Kinds::INTEGER)
            && let Some(integer) = parse_integer(text)
        {
            return Some(integer.into());
        }
        if kinds.has(Kinds::NUMBER)
            && let Some(number) = parse_number(text)
        {
            return Some(number.into());
        }
        if !kinds.has(Kinds::STRING) {
            return None;
        }
        let time = shape.written.as_ref().and_then(|w| w.read(text));
        Some(Json::String(time.map_or_else(|| text.to_owned(), rfc3339)))
    }

    /// The keys that go into one property (`a.b`, `a[0][c]`), in order, as steps and text.
    pub fn steps(self, parts: &[Part<'_>], shape: ShapeId) -> Coerced {
        let ends = parts.iter().filter(|(steps, _)| steps.is_empty()).count();
        if ends == parts.len() {
            let texts: Vec<Leaf<'_>> = parts.iter().map(|(_, leaf)| *leaf).collect();
            return self.texts(&texts, shape);
        }
        if ends > 0 {
            // Both a value and something inside it.
            return Coerced::Refused;
        }
        let kinds = self.shapes.get(shape).kinds;
        let is_index = |step: &str| step.bytes().all(|b| b.is_ascii_digit());
        let indexed = parts.iter().all(|(steps, _)| is_index(steps[0]));
        if indexed && (kinds.has(Kinds::ARRAY) || !kinds.has(Kinds::OBJECT)) {
            return self.array(parts, shape);
        }
        let mut groups: Vec<(&str, Vec<Part<'_>>)> = vec![];
        for (steps, text) in parts {
            let rest = (&steps[1..], *text);
            match groups.iter_mut().find(|(key, _)| *key == steps[0]) {
                Some((_, group)) => group.push(rest),
                None => groups.push((steps[0], vec![rest])),
            }
        }
        let mut object = Map::new();
        for (key, group) in groups {
            let Some(value) = self.part(&group, self.shapes.member(shape, key)) else {
                return Coerced::Refused;
            };
            object.insert(key.to_owned(), value);
        }
        Json::Object(object).into()
    }

    /// `a[]=1&a[]=2`, `a[0]=1&a[2]=2`: by index, and without holes.
    fn array(self, parts: &[Part<'_>], shape: ShapeId) -> Coerced {
        let mut groups: Vec<(Option<u64>, Vec<Part<'_>>)> = vec![];
        for (steps, text) in parts {
            let rest = (&steps[1..], *text);
            // `[]` is the next one; a number too long for an index stands last.
            let index = (!steps[0].is_empty()).then(|| steps[0].parse().unwrap_or(u64::MAX));
            match groups
                .iter_mut()
                .find(|(i, _)| index.is_some() && *i == index)
            {
                Some((_, group)) => group.push(rest),
                None => groups.push((index, vec![rest])),
            }
        }
        groups.sort_by_key(|(index, _)| index.unwrap_or(u64::MAX));
        let mut items = vec![];
        for (_, group) in groups {
            let Some(value) = self.part(&group, self.shapes.item(shape, items.len())) else {
                return Coerced::Refused;
            };
            items.push(value);
        }
        Json::Array(items).into()
    }

    fn part(self, group: &[Part<'_>], shape: ShapeId) -> Option<Json> {
        if let [(steps, text)] = group
            && steps.is_empty()
        {
            return Some(self.leaf(*text, shape));
        }
        match self.steps(group, shape) {
            Coerced::Value { value, .. } => Some(value),
            Coerced::BadJson(_) | Coerced::Refused => None,
        }
    }
}
