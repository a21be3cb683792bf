//! One event against its schema: properties to columns, failures to the emitter.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use xxhash_rust::xxh3::xxh3_64;

use super::catalogue::{Catalogue, Extra, Judge, Known, NO_PROPERTY};
use super::emit::{DynamicCauses, Emitter, Subject, What};
use super::preview::PreviewTally;
use super::{Event, mend, nested, rest};
use crate::contract::repair::Mending;
use crate::contract::rule::{CAUSE_REQUIRED, Value};
use crate::contract::schema::{Nested, PropertySchema};
use crate::event::{Envelope, UNKNOWN_KEY};
use crate::model::batch::MAX_FAILURE_VALUE_BYTES;
use crate::model::column::Lender;
use crate::model::routing::DuplicateKey;
use crate::model::{
    Code, Column, ColumnKind, EventColumns, Payload, Severity, ValueKind, WordCache,
};

/// Buffers of one thread, cleared for each event.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// By property of the schema: position in the query of the value that counts, or [`ABSENT`].
    pub chosen: Vec<u32>,
    /// Properties whose key came more than once.
    repeated: Vec<u16>,
    /// Numbers of the causes that the last value broke.
    pub broken: Vec<u8>,
    pub others: Others,
    json: String,
    pub nested: nested::Scratch,
    mending: Mending,
    /// What each repair would do, where that is counted.
    pub preview: Option<Box<PreviewTally>>,
}

/// What a payload lacks.
const NO_PART: &str = "what [payload] looks for in it";

pub(super) const ABSENT: u32 = u32::MAX;
/// Absent, but given its default.
const DEFAULTED: u32 = u32::MAX - 1;

/// The pairs that are no property of the schema.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Their positions, and whether they count; a repeated key counts once.
    pub pairs: Vec<(u32, bool)>,
    /// Hash of a key → index into `pairs`, where there are too many to compare each with each.
    by_hash: HashMap<u64, usize, FixedState>,
    /// Positions whose key was told of as repeated.
    told: Vec<u32>,
}

/// Judges one event and pushes its properties to `columns`.
pub(super) fn judge(
    catalogue: &mut Catalogue,
    scratch: &mut Scratch,
    envelope: &Envelope,
    event: &Event<'_>,
    known: Known,
    mut columns: Option<&mut EventColumns>,
    emitter: &mut Emitter<'_>,
) {
    let Catalogue {
        judges,
        undeclared,
        causes,
        duplicate_key,
        learns,
        ..
    } = catalogue;
    let mut run = Run {
        event,
        causes,
        emitter,
        policy: *duplicate_key,
    };
    scratch.others.pairs.clear();
    let (subject, extra, patterns) = match known {
        Known::Declared(at) => {
            let judge = &mut judges[at];
            run.choose(judge, scratch, envelope);
            if let Some(preview) = scratch.preview.as_deref_mut() {
                preview.look_at(at);
            }
            run.values(judge, scratch, columns.as_deref_mut());
            if !judge.nested.is_empty() {
                run.nested(judge, scratch, columns.as_deref_mut());
            }
            run.missing(judge, scratch, columns.as_deref_mut());
            run.whole(judge, scratch, envelope);
            (judge.subject(), judge.extra, &judge.schema.patterns[..])
        }
        Known::Undeclared(at) => {
            scratch.others.pairs.extend(
                (event.properties.beside()..event.properties.len()).map(|i| (i as u32, true)),
            );
            (undeclared[at].subject(), Extra::Kept, &[][..])
        }
    };
    // What stands beside a spread payload is judged by no schema, so none is learned of it.
    let beside = if *learns {
        0
    } else {
        event.properties.beside()
    };
    let beside = 0..beside as u32;
    scratch.others.pairs.extend(beside.map(|i| (i, true)));
    run.others(subject, &mut scratch.others, envelope, (extra, patterns));
    if let Some(columns) = columns {
        let keep = extra != Extra::Dropped;
        let kept = scratch
            .others
            .pairs
            .iter()
            .filter(|(_, counts)| keep && *counts)
            .map(|(i, _)| *i as usize);
        rest::write(&event.properties, kept, &mut scratch.json);
        columns
            .rest_json
            .push((!scratch.json.is_empty()).then_some(scratch.json.as_str()));
    }
}

/// What all steps of judging one event share.
pub(super) struct Run<'a, 'e> {
    pub event: &'a Event<'a>,
    pub causes: &'a mut DynamicCauses,
    pub emitter: &'a mut Emitter<'e>,
    pub policy: DuplicateKey,
}

impl Run<'_, '_> {
    /// Finds which pair counts for each property; the pairs of no property go to `others`, but where no payload was
    /// spread, not those of the envelope that came once and have no flaw: there is nothing to say of them.
    fn choose(&mut self, judge: &Judge, scratch: &mut Scratch, envelope: &Envelope) {
        let (mut met, mut all_others) = (0, false);
        scratch.chosen.clear();
        scratch.chosen.resize(judge.schema.properties.len(), ABSENT);
        scratch.repeated.clear();
        scratch.nested.clear(judge);
        let own = self.event.properties.beside();
        for (i, &id) in self.event.ids.iter().enumerate().skip(own) {
            let property = judge.property_of(id);
            if property == NO_PROPERTY {
                let bit = envelope.bit(id, self.event.name_key);
                if bit & !met != 0 && own == 0 && !self.event.properties.get(i).is_flawed() {
                    met |= bit;
                    continue;
                }
                if judge.nested.is_empty() || !scratch.nested.takes(judge, self.event, i) {
                    all_others |= bit != 0;
                    scratch.others.pairs.push((i as u32, true));
                }
                continue;
            }
            let at = usize::from(property);
            if scratch.chosen[at] == ABSENT {
                scratch.chosen[at] = i as u32;
                continue;
            }
            if self.policy == DuplicateKey::Last {
                scratch.chosen[at] = i as u32;
            }
            let is_rival_name = id == self.event.name_key && self.event.name.rival.is_some();
            let lists = |n: &Nested| n.lists;
            let surprising = !judge.schema.properties[at]
                .nested
                .as_ref()
                .is_some_and(lists)
                && !is_rival_name;
            if surprising && !scratch.repeated.contains(&property) {
                scratch.repeated.push(property);
                self.tell(
                    judge.subject(),
                    Code::D305,
                    i,
                    self.event.properties.value(i),
                );
            }
        }
        if all_others {
            let of_none = |(_, id): &(u32, &u16)| judge.property_of(**id) == NO_PROPERTY;
            let pairs = (0..).zip(self.event.ids).skip(own).filter(of_none);
            let pairs = pairs.filter(|(i, _)| !scratch.nested.has(*i));
            scratch.others.pairs.clear();
            scratch.others.pairs.extend(pairs.map(|(i, _)| (i, true)));
        }
    }

    /// Judges the value of every property that is there.
    fn values(
        &mut self,
        judge: &mut Judge,
        scratch: &mut Scratch,
        mut columns: Option<&mut EventColumns>,
    ) {
        for (i, &id) in self.event.ids.iter().enumerate() {
            let property = judge.property_of(id);
            let at = usize::from(property);
            if property == NO_PROPERTY || scratch.chosen[at] != i as u32 {
                continue;
            }
            if judge.schema.properties[at].nested.is_some() {
                continue;
            }
            let mut text = self.event.properties.value(i);
            let kind = self.event.properties.get(i).kind;
            if kind != ValueKind::Text && !judge.schema.properties[at].rule.reads(kind, text) {
                let value = self.native(judge, at, i, scratch);
                if let Some(columns) = columns.as_deref_mut() {
                    let cache = &mut judge.words[at];
                    let schema = &judge.schema.properties[at];
                    push(
                        &mut columns.properties[at],
                        schema,
                        value,
                        (text, self.event.view.kept),
                        cache,
                    );
                }
                continue;
            }
            let indirect = judge.schema.properties[at].indirect;
            let mut value = None;
            if !self.is_undecodable(judge, i) && !self.is_refused(scratch, property) {
                value = judge.schema.properties[at]
                    .rule
                    .judge(text, &mut scratch.broken);
                if indirect {
                    // Only its text was to be read: the event's residual judges it.
                    scratch.broken.clear();
                }
                if !scratch.broken.is_empty() && self.mend(judge, at, text, scratch) {
                    text = &scratch.mending.text;
                    value = judge.schema.properties[at]
                        .rule
                        .judge(text, &mut scratch.broken);
                } else if let Some(preview) = scratch.preview.as_deref_mut() {
                    preview.value(&judge.schema, at, text, &scratch.broken);
                }
            }
            if !scratch.broken.is_empty() {
                for cause in scratch.broken.drain(..) {
                    self.emitter
                        .emit(judge.causes[at][usize::from(cause)], Some(text));
                }
            }
            self.residual(judge, at, (value, text), &mut scratch.nested);
            if let Some(columns) = columns.as_deref_mut() {
                push(
                    &mut columns.properties[at],
                    &judge.schema.properties[at],
                    value,
                    (text, self.event.view.kept),
                    &mut judge.words[at],
                );
            }
        }
    }

    /// True where what is broken was repaired; the text is in `scratch.mending` then, and nothing is broken any more.
    fn mend(&mut self, judge: &mut Judge, at: usize, text: &str, scratch: &mut Scratch) -> bool {
        let Some(ranked) = mend::mend(judge, at, text, &mut scratch.mending, self.causes) else {
            return false;
        };
        scratch.broken.clear();
        self.emitter
            .note_repair(ranked, Some(text), &scratch.mending.text);
        true
    }

    /// D301 to D304 of a declared property; true where one is an error.
    pub(super) fn is_undecodable(&mut self, judge: &Judge, i: usize) -> bool {
        self.event.properties.get(i).is_flawed() && self.flaws(judge.subject(), i)
    }

    pub(super) fn is_refused(&self, scratch: &Scratch, property: u16) -> bool {
        !scratch.repeated.is_empty()
            && scratch.repeated.contains(&property)
            && self.causes.severity(Code::D305) == Severity::Error
    }

    fn missing(
        &mut self,
        judge: &mut Judge,
        scratch: &mut Scratch,
        mut columns: Option<&mut EventColumns>,
    ) {
        for i in 0..judge.required.len() {
            let at = usize::from(judge.required[i]);
            if scratch.chosen[at] != ABSENT {
                continue;
            }
            let Some(ranked) = mend::default(judge, at, &mut scratch.mending, self.causes) else {
                self.emitter
                    .emit(judge.causes[at][usize::from(CAUSE_REQUIRED)], None);
                if let Some(preview) = scratch.preview.as_deref_mut() {
                    preview.missing(&judge.schema, at);
                }
                continue;
            };
            let text = &scratch.mending.text;
            self.emitter.note_repair(ranked, None, text);
            // It has its value now: the loop below leaves it alone.
            scratch.chosen[at] = DEFAULTED;
            if let Some(columns) = columns.as_deref_mut() {
                let schema = &judge.schema.properties[at];
                let value = schema.rule.judge(text, &mut scratch.broken);
                scratch.broken.clear();
                let words = &mut judge.words[at];
                let piece = (text.as_str(), self.event.view.kept);
                push(&mut columns.properties[at], schema, value, piece, words);
            }
        }
        if let Some(columns) = columns {
            let absent = columns
                .properties
                .iter_mut()
                .zip(&scratch.chosen)
                .filter(|(_, at)| **at == ABSENT);
            absent.for_each(|(column, _)| column.push_null());
        }
    }

    /// Judges the pairs of no property; those that do not count (envelope, repeated) are marked.
    fn others(
        &mut self,
        subject: Subject<'_>,
        others: &mut Others,
        envelope: &Envelope,
        (extra, patterns): (Extra, &[regex::Regex]),
    ) {
        if others.pairs.is_empty() {
            return;
        }
        others.by_hash.clear();
        others.told.clear();
        for k in 0..others.pairs.len() {
            let i = others.pairs[k].0 as usize;
            let is_beside = i < self.event.properties.beside();
            let is_envelope = is_beside || envelope.holds(self.event.ids[i], self.event.name_key);
            if self.event.properties.get(i).is_flawed() {
                self.flaws(subject, i);
            }
            if let Some(earlier) = others.earlier(k, self.event) {
                if is_beside && others.pairs[earlier].0 as usize >= self.event.properties.beside() {
                    // The payload's own property counts, and the tracker may have one of that name.
                    others.pairs[k].1 = false;
                } else {
                    self.repeated(subject, others, (earlier, k));
                }
            } else if extra == Extra::Forbidden
                && !is_envelope
                && !patterns
                    .iter()
                    .any(|p| p.is_match(self.event.properties.key(i)))
            {
                self.tell(subject, Code::V410, i, self.event.properties.value(i));
            }
        }
        for pair in &mut others.pairs {
            let i = pair.0 as usize;
            pair.1 &= !envelope.holds(self.event.ids[i], self.event.name_key)
                && self.event.properties.get(i).payload != Payload::Spread;
        }
    }

    fn repeated(
        &mut self,
        subject: Subject<'_>,
        others: &mut Others,
        (earlier, k): (usize, usize),
    ) {
        let (first, i) = (others.pairs[earlier].0, others.pairs[k].0 as usize);
        others.pairs[if self.policy == DuplicateKey::Last {
            earlier
        } else {
            k
        }]
        .1 = false;
        let id = self.event.ids[i];
        let is_rival_name =
            id != UNKNOWN_KEY && id == self.event.name_key && self.event.name.rival.is_some();
        if !is_rival_name && !others.told.contains(&first) {
            self.tell(subject, Code::D305, i, self.event.properties.value(i));
        }
        others.told.extend([first, i as u32]);
    }

    /// D301 to D304 of one pair; true where one is an error.
    fn flaws(&mut self, subject: Subject<'_>, i: usize) -> bool {
        let flags = *self.event.properties.get(i);
        let raw = self.event.properties.raw_value(i);
        let escape = flags.bad_escape && self.tell(subject, Code::D301, i, raw);
        let utf8 = flags.bad_utf8 && self.tell(subject, Code::D302, i, raw);
        let value = self.event.properties.value(i);
        let payload = match flags.payload {
            Payload::BadBase64 => self.tell(subject, Code::D303, i, value),
            Payload::BadJson => self.tell(subject, Code::D304, i, value),
            Payload::NoPart => {
                let key = self.event.properties.key(i);
                let what = What {
                    code: Code::D304,
                    path: key,
                    keyword: "",
                    expected: NO_PART,
                };
                let ranked = self.causes.of(subject, what);
                self.emitter.emit(ranked, Some(value))
            }
            Payload::None | Payload::Spread => false,
        };
        escape || utf8 || payload
    }

    pub(super) fn tell(&mut self, subject: Subject<'_>, code: Code, i: usize, value: &str) -> bool {
        let ranked = self.causes.at(subject, code, self.event.properties.key(i));
        self.emitter.emit(ranked, Some(value))
    }
}

impl Others {
    /// Index of an earlier pair with the same key that still counts.
    fn earlier(&mut self, k: usize, event: &Event<'_>) -> Option<usize> {
        /// Up to here comparing with each is faster than hashing; a hostile query has thousands.
        const FEW: usize = 24;
        let id = |pair: &(u32, bool)| event.ids[pair.0 as usize];
        let key = |pair: &(u32, bool)| event.properties.key(pair.0 as usize);
        // Equal keys have equal numbers; only keys without a number need a look at their text.
        let number = id(&self.pairs[k]);
        if number != UNKNOWN_KEY && self.pairs.len() <= FEW {
            return self.pairs[..k]
                .iter()
                .position(|pair| pair.1 && id(pair) == number);
        }
        let wanted = key(&self.pairs[k]);
        if self.pairs.len() <= FEW {
            return self.pairs[..k]
                .iter()
                .position(|pair| pair.1 && id(pair) == UNKNOWN_KEY && key(pair) == wanted);
        }
        let earlier = self.by_hash.insert(xxh3_64(wanted.as_bytes()), k)?;
        (key(&self.pairs[earlier]) == wanted).then_some(earlier)
    }
}

/// One value into its column; null where there is none, or the column is of another kind.
fn push(
    column: &mut Column,
    schema: &PropertySchema,
    value: Option<Value<'_>>,
    (text, kept): (&str, Lender<'_>),
    cache: &mut WordCache,
) {
    match (value, schema.kind) {
        (None | Some(Value::Null), _) => column.push_null(),
        (Some(_), ColumnKind::Text | ColumnKind::Json) => column.push_piece(text, kept),
        (Some(_), ColumnKind::Word) => {
            // Longer ones are no value of the enum, and would only fill the dictionary.
            let code = match &schema.words {
                Some(words) if text.len() <= MAX_FAILURE_VALUE_BYTES => {
                    cache.code(text.as_bytes(), words, |_| text.to_owned())
                }
                _ => None,
            };
            column.push_code(code);
        }
        (Some(Value::Int(v) | Value::Time(v)), _) => column.push_int(v),
        (Some(Value::Float(v)), _) => column.push_float(v),
        (Some(Value::Bool(v)), _) => column.push_bool(v),
        (Some(Value::Date(v)), _) => column.push_int(i64::from(v)),
        (Some(Value::Text(v)), _) => column.push_text(v),
    }
}
