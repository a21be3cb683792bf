//! Arrays, objects and whole events: what the fast path does not know is built as a JSON value and judged by the
//! schema's residual.

use serde_json::{Map, Value as Json};

use super::Event;
use super::catalogue::Judge;
use super::emit::{Subject, What};
use super::judge::{ABSENT, Run, Scratch as JudgeScratch};
use crate::contract::coerce::{Coerced, Coercer, Leaf, Part};
use crate::contract::finding::Finding;
use crate::contract::instance_path::{self, split_key};
use crate::contract::number::parse_integer;
use crate::contract::rule::{CAUSE_TYPE, Rule, Value};
use crate::contract::schema::{Nested, PropertySchema};
use crate::contract::shape::Shapes;
use crate::contract::written::rfc3339;
use crate::contract::{format::Format, residual::Residual};
use crate::event::Envelope;
use crate::model::routing::TimeFormat;
use crate::model::{Code, EventColumns};

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Keys that go into a property (`a.b`): index of the property, position of the pair.
    parts: Vec<(u16, u32)>,
    /// The value that a residual looks at; a text keeps its memory.
    value: Json,
    /// The event as one object, where its schema wants one.
    event: Map<String, Json>,
    /// The schema wants one.
    wanted: bool,
}

/// More keys than this into one property are refused: putting them together compares each with each.
const MOST_PARTS: usize = 1_024;

impl Scratch {
    pub fn clear(&mut self, judge: &Judge) {
        self.parts.clear();
        self.event.clear();
        self.wanted = judge.schema.whole.is_some();
    }

    /// True for a pair that was taken.
    pub fn has(&self, i: u32) -> bool {
        self.parts.iter().any(|(_, part)| *part == i)
    }

    /// Takes a pair whose key leads into a property.
    pub fn takes(&mut self, judge: &Judge, event: &Event<'_>, i: usize) -> bool {
        let key = event.properties.key(i);
        let head = instance_path::head(key);
        if head.len() == key.len() {
            return false;
        }
        let is_it = |at: &&u16| {
            let property = &judge.schema.properties[usize::from(**at)];
            *property.name == *head && property.nested.is_some()
        };
        let Some(property) = judge.nested.iter().find(is_it) else {
            return false;
        };
        let takes = split_key(key).is_some();
        if takes {
            self.parts.push((*property, i as u32));
        }
        takes
    }
}

impl<'a> Run<'a, '_> {
    /// Judges the properties that may be arrays or objects.
    pub fn nested(
        &mut self,
        judge: &Judge,
        scratch: &mut JudgeScratch,
        mut columns: Option<&mut EventColumns>,
    ) {
        for &property in &judge.nested {
            let at = usize::from(property);
            let schema = &judge.schema.properties[at];
            let Some(nested) = &schema.nested else {
                continue;
            };
            let chosen = scratch.chosen[at];
            let parts = scratch.nested.parts.iter().filter(|(p, _)| *p == property);
            let first = if chosen == ABSENT {
                parts.clone().next().map(|(_, i)| *i)
            } else {
                Some(chosen)
            };
            let Some(first) = first else { continue };
            let first = first as usize;
            let is_whole = chosen != ABSENT;
            scratch.chosen[at] = first as u32;
            let text = self.event.properties.value(first);
            let refused = self.is_undecodable(judge, first) || self.is_refused(scratch, property);
            let coerced = if refused {
                None
            } else if is_whole {
                let own = self.event.properties.beside()..self.event.ids.len();
                let positions = own.filter(|&i| judge.property_of(self.event.ids[i]) == property);
                let leaves: Vec<Leaf<'_>> = positions.map(|i| self.leaf(i)).collect();
                Some(self.coerce(nested, &leaves))
            } else {
                let positions: Vec<usize> = parts.map(|(_, i)| *i as usize).collect();
                Some(self.assemble(nested, &positions))
            };
            let (value, as_is) = self.accept(judge, schema, coerced, (first, at));
            if let (Some(value), Some(residual)) = (&value, &schema.residual) {
                self.findings(judge.subject(), residual, value, &schema.name);
            }
            if let Some(columns) = columns.as_deref_mut() {
                match &value {
                    None | Some(Json::Null) => columns.properties[at].push_null(),
                    Some(_) if as_is => {
                        columns.properties[at].push_piece(text, self.event.view.kept);
                    }
                    Some(value) => columns.properties[at].push_text(&value.to_string()),
                }
            }
            if scratch.nested.wanted {
                let value = value.unwrap_or_else(|| Json::String(text.to_owned()));
                scratch.nested.event.insert(schema.name.to_string(), value);
            }
        }
        for &(property, i) in &scratch.nested.parts {
            if scratch.chosen[usize::from(property)] != i
                && self.event.properties.get(i as usize).bad_utf8
            {
                self.is_undecodable(judge, i as usize);
            }
        }
    }

    fn leaf(&self, i: usize) -> Leaf<'a> {
        Leaf {
            text: self.event.properties.value(i),
            kind: self.event.properties.get(i).kind,
        }
    }

    fn coerce(&self, nested: &Nested, leaves: &[Leaf<'_>]) -> Coerced {
        let coercer = Coercer {
            shapes: &nested.shapes,
            keep: self.policy,
        };
        coercer.texts(leaves, nested.shape)
    }

    fn assemble(&self, nested: &Nested, positions: &[usize]) -> Coerced {
        if positions.len() > MOST_PARTS {
            return Coerced::Refused;
        }
        let split: Vec<(Vec<&str>, Leaf<'_>)> = positions
            .iter()
            .filter_map(|&i| {
                let (_, steps) = split_key(self.event.properties.key(i))?;
                Some((steps, self.leaf(i)))
            })
            .collect();
        let parts: Vec<Part<'_>> = split.iter().map(|(s, t)| (s.as_slice(), *t)).collect();
        let coercer = Coercer {
            shapes: &nested.shapes,
            keep: self.policy,
        };
        coercer.steps(&parts, nested.shape)
    }

    /// Tells what is wrong with the text itself; the value where it can be judged, and whether its text is its JSON.
    fn accept(
        &mut self,
        judge: &Judge,
        schema: &PropertySchema,
        coerced: Option<Coerced>,
        (i, at): (usize, usize),
    ) -> (Option<Json>, bool) {
        let text = self.event.properties.value(i);
        match coerced {
            None => (None, false),
            Some(Coerced::Refused) => {
                if !schema.indirect {
                    let cause = judge.causes[at][usize::from(CAUSE_TYPE)];
                    self.emitter.emit(cause, Some(text));
                }
                (None, false)
            }
            Some(Coerced::BadJson(bad)) => {
                let what = What {
                    code: Code::D304,
                    path: &schema.name,
                    keyword: "",
                    expected: bad.expected(),
                };
                let ranked = self.causes.of(judge.subject(), what);
                self.emitter.emit(ranked, Some(text));
                (None, false)
            }
            Some(Coerced::Value {
                value,
                repeated,
                as_is,
            }) => {
                let Some(key) = repeated else {
                    return (Some(value), as_is);
                };
                let path = if key.starts_with('[') {
                    format!("{}{key}", schema.name)
                } else {
                    format!("{}.{key}", schema.name)
                };
                let what = What {
                    code: Code::D305,
                    path: &path,
                    keyword: "",
                    expected: "",
                };
                let ranked = self.causes.of(judge.subject(), what);
                let is_error = self.emitter.emit(ranked, Some(text));
                // The text has both values, the column the one that counts.
                ((!is_error).then_some(value), false)
            }
        }
    }

    /// Judges a scalar value by what the fast path does not know of its schema, and keeps it for the whole event.
    #[inline]
    pub fn residual(
        &mut self,
        judge: &Judge,
        at: usize,
        (value, text): (Option<Value<'_>>, &str),
        scratch: &mut Scratch,
    ) {
        let schema = &judge.schema.properties[at];
        if schema.residual.is_none() && !scratch.wanted {
            return;
        }
        match value {
            Some(value) => set(&mut scratch.value, &schema.rule, value, text),
            None => set_text(&mut scratch.value, text),
        }
        if let (Some(residual), Some(_)) = (&schema.residual, value) {
            self.findings(judge.subject(), residual, &scratch.value, &schema.name);
        }
        if scratch.wanted {
            let value = std::mem::take(&mut scratch.value);
            scratch.event.insert(schema.name.to_string(), value);
        }
    }

    /// Judges a value of a JSON payload that the fast path cannot read: its type is its own. What the column gets.
    pub fn native(
        &mut self,
        judge: &Judge,
        at: usize,
        i: usize,
        scratch: &mut JudgeScratch,
    ) -> Option<Value<'a>> {
        let schema = &judge.schema.properties[at];
        let text: &'a str = self.event.properties.value(i);
        let refused = self.is_undecodable(judge, i) || self.is_refused(scratch, at as u16);
        let coercer = Coercer {
            shapes: &Shapes::default(),
            keep: self.policy,
        };
        let coerced = (!refused).then(|| coercer.native(self.leaf(i)));
        let (value, _) = self.accept(judge, schema, coerced, (i, at));
        let mut sound = value.is_some();
        if let (Some(value), Some(native)) = (&value, &schema.native) {
            sound = !self.findings(judge.subject(), native, value, &schema.name);
        }
        if scratch.nested.wanted {
            let value = value.unwrap_or_else(|| text.into());
            scratch.nested.event.insert(schema.name.to_string(), value);
        }
        let column = sound.then(|| schema.rule.judge(text, &mut scratch.broken));
        scratch.broken.clear();
        column.flatten()
    }

    /// Judges the event as one object, where its schema says more than the fast path knows.
    pub fn whole(&mut self, judge: &Judge, scratch: &mut JudgeScratch, envelope: &Envelope) {
        let Some(whole) = &judge.schema.whole else {
            return;
        };
        let coercer = Coercer {
            shapes: &whole.shapes,
            keep: self.policy,
        };
        let JudgeScratch {
            nested,
            others,
            chosen,
            ..
        } = scratch;
        for (i, _) in &others.pairs {
            let i = *i as usize;
            let key = self.event.properties.key(i);
            let known = nested.event.contains_key(key);
            if envelope.holds(self.event.ids[i], self.event.name_key)
                || (known && self.policy != crate::model::routing::DuplicateKey::Last)
            {
                continue;
            }
            let value = coercer.leaf(self.leaf(i), whole.shapes.member(whole.shape, key));
            nested.event.insert(key.to_owned(), value);
        }
        let absent = judge
            .schema
            .properties
            .iter()
            .zip(chosen.iter())
            .filter(|(_, at)| **at == ABSENT);
        for (property, _) in absent {
            // A property that may be null is null where it is absent, if it has to be there.
            if property.rule.nullable && !property.required && property.listed {
                nested.event.insert(property.name.to_string(), Json::Null);
            }
        }
        let event = Json::Object(std::mem::take(&mut nested.event));
        self.findings(judge.subject(), &whole.residual, &event, "");
        if let Json::Object(map) = event {
            nested.event = map;
        }
    }

    /// Tells what a residual finds; true where it finds something.
    fn findings(
        &mut self,
        subject: Subject<'_>,
        residual: &Residual,
        value: &Json,
        path: &str,
    ) -> bool {
        let mut any = false;
        residual.judge(value, path, |finding: &Finding| {
            let what = What {
                code: finding.code,
                path: &finding.path,
                keyword: finding.keyword,
                expected: &finding.expected,
            };
            let ranked = self.causes.of(subject, what);
            self.emitter.emit(ranked, finding.value.as_deref());
            any = true;
        });
        any
    }
}

/// A coerced scalar as JSON; the memory of a text is kept.
fn set(json: &mut Json, rule: &Rule, value: Value<'_>, text: &str) {
    *json = match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(truth),
        Value::Int(integer) => integer.into(),
        Value::Float(number) => parse_integer(text).map_or_else(|| number.into(), Json::from),
        Value::Time(us) => {
            let is_plain = matches!(rule.format, Some(Format::DateTime(TimeFormat::Rfc3339)));
            match parse_integer(text).filter(|_| rule.coercion.takes_integers()) {
                Some(integer) => integer.into(),
                None if is_plain => return set_text(json, text),
                // Whatever `x-format` says, the value is a date-time to the schema.
                None => Json::String(rfc3339(us)),
            }
        }
        Value::Date(_) | Value::Text(_) => return set_text(json, text),
    };
}

fn set_text(json: &mut Json, text: &str) {
    if let Json::String(own) = json {
        own.clear();
        own.push_str(text);
    } else {
        *json = Json::String(text.to_owned());
    }
}
