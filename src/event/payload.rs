//! Parameters that hold a text of their own: decoded, and where it is JSON its members become properties.

use std::ops::Range;

use crate::event::json::{self, Value};
use crate::event::{KeyTable, base64};
use crate::model::PropertyScratch;
use crate::model::property::{Payload, Piece, ValueKind};
use crate::model::routing::{Encoding, PayloadRule, Spread};

/// `[payload]` of one way to an event, with the buffers of one thread.
#[derive(Debug, Default)]
pub struct Payloads {
    rules: Vec<Rule>,
    /// By key number: index into `rules`, or [`NO_RULE`].
    by_key: Vec<u8>,
    bytes: Vec<u8>,
    members: Members,
}

#[derive(Debug)]
struct Rule {
    encoding: Encoding,
    json: bool,
    /// The property it becomes, and its key number.
    into: Option<(Box<str>, u16)>,
    at: Box<str>,
    spread: Spread,
}

const NO_RULE: u8 = u8::MAX;

/// The members of one payload, before they are properties.
#[derive(Debug, Default)]
struct Members {
    /// Keys, and texts that had to be written anew.
    text: String,
    list: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    /// In [`Members::text`].
    key: Range<usize>,
    value: MemberText,
    kind: ValueKind,
}

#[derive(Debug)]
enum MemberText {
    /// A range of the payload's text.
    AsWritten(Range<usize>),
    /// A range of [`Members::text`].
    Anew(Range<usize>),
}

impl Payloads {
    /// Interns the keys of the rules. The first 255 rules count.
    pub fn new(rules: &[PayloadRule], keys: &mut KeyTable) -> Self {
        let mut payloads = Self::default();
        for (i, rule) in rules.iter().take(usize::from(NO_RULE)).enumerate() {
            let key = usize::from(keys.intern(&rule.key));
            if payloads.by_key.len() <= key {
                payloads.by_key.resize(key + 1, NO_RULE);
            }
            payloads.by_key[key] = i as u8;
            payloads.rules.push(Rule {
                encoding: rule.encoding,
                json: rule.json,
                into: rule
                    .into
                    .as_deref()
                    .map(|into| (into.into(), keys.intern(into))),
                at: rule.at.as_str().into(),
                spread: rule.spread,
            });
        }
        payloads
    }

    /// True where no parameter is a payload.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Decodes the payloads among the properties of `query`, in place. Members of spread ones come at the end; `ids`
    /// gets the numbers of their keys.
    pub fn open(
        &mut self,
        query: &str,
        scratch: &mut PropertyScratch,
        ids: &mut Vec<u16>,
        keys: &KeyTable,
    ) {
        let pairs = ids.len();
        let mut spread = false;
        for i in 0..pairs {
            let rule = self.by_key.get(usize::from(ids[i])).copied();
            if let Some(at) = rule.filter(|at| *at != NO_RULE) {
                spread |= self.open_one(usize::from(at), (i, query), scratch, ids);
            }
        }
        if spread {
            keys.resolve_more(&scratch.view(query), ids);
            scratch.set_beside(pairs);
        }
    }

    /// True where its members became properties.
    fn open_one(
        &mut self,
        rule: usize,
        (i, query): (usize, &str),
        scratch: &mut PropertyScratch,
        ids: &mut [u16],
    ) -> bool {
        let rule = &self.rules[rule];
        let sent = scratch.view(query).value(i);
        if rule.encoding == Encoding::LikelyBase64 && !looks_like_json(sent) {
            return false;
        }
        if let Some((into, id)) = &rule.into {
            scratch.set_key(i, into);
            ids[i] = *id;
        }
        let Some(piece) = decoded(rule.encoding, (i, query), &mut self.bytes, scratch) else {
            scratch.set_payload(i, Payload::BadBase64);
            return false;
        };
        if !rule.json {
            scratch.set_value(i, piece, ValueKind::Text);
            return false;
        }
        let text = text_of(piece, query, scratch);
        let Some(whole) = json::read(text) else {
            scratch.set_value(i, piece, ValueKind::Text);
            scratch.set_payload(i, Payload::BadJson);
            return false;
        };
        let part = json::find(text, whole, &rule.at);
        let spreads = rule.spread != Spread::No;
        match part {
            Some(part) if spreads && part.kind == ValueKind::Object => {
                self.members.text.clear();
                self.members.list.clear();
                self.members
                    .collect(text, part, 0..0, rule.spread == Spread::Deep);
                self.members.push(piece, i, scratch);
                scratch.add_document(piece);
                scratch.set_payload(i, Payload::Spread);
                return true;
            }
            Some(part) if !spreads => {
                let value = self.members.value(text, part);
                let base = scratch.decoded().len();
                scratch.decoded().push_str(&self.members.text);
                scratch.set_value(i, value.piece(piece, base), part.kind);
            }
            _ => scratch.set_payload(i, Payload::NoPart),
        }
        scratch.add_document(piece);
        false
    }
}

/// The texts that JSON in base64 begins with: `{"`, `{` and a blank, `[{`, `["`, `[]`.
fn looks_like_json(text: &str) -> bool {
    [
        "eyJ", "eyA", "ewo", "ewk", "ew0", "e30", "W3s", "WyJ", "W10",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

fn text_of<'a>(piece: Piece, query: &'a str, scratch: &'a mut PropertyScratch) -> &'a str {
    match piece {
        Piece::Raw(start, end) => &query[start..end],
        Piece::Appended(start, end) => &scratch.decoded()[start..end],
    }
}

/// Where the decoded text of a pair stands; `None` where it is no base64.
fn decoded(
    encoding: Encoding,
    (i, query): (usize, &str),
    bytes: &mut Vec<u8>,
    scratch: &mut PropertyScratch,
) -> Option<Piece> {
    if encoding == Encoding::Plain {
        return Some(scratch.value_piece(i));
    }
    bytes.clear();
    if !base64::decode(scratch.view(query).value(i), bytes) {
        return None;
    }
    let start = scratch.decoded().len();
    match std::str::from_utf8(bytes) {
        Ok(text) => scratch.decoded().push_str(text),
        Err(_) => {
            scratch.set_bad_utf8(i);
            scratch.decoded().push_str(&String::from_utf8_lossy(bytes));
        }
    }
    Some(Piece::Appended(start, scratch.decoded().len()))
}

impl Members {
    /// Writes down the members of an object, of objects inside it too where `deep`; `prefix` is a range of the text.
    fn collect(&mut self, text: &str, object: Value, prefix: Range<usize>, deep: bool) {
        json::members(text, object, |key, value| {
            let start = self.text.len();
            self.text.extend_from_within(prefix.clone());
            if !prefix.is_empty() {
                self.text.push('.');
            }
            json::unescape(&text[key], &mut self.text);
            let key = start..self.text.len();
            let is_empty = text[value.start + 1..value.end]
                .trim_start()
                .starts_with('}');
            if deep && value.kind == ValueKind::Object && !is_empty {
                self.collect(text, value, key, deep);
                return;
            }
            let kind = value.kind;
            let value = self.write(text, value);
            self.list.push(Member { key, value, kind });
        });
    }

    /// The one value, with an empty text before it.
    fn value(&mut self, text: &str, value: Value) -> MemberText {
        self.text.clear();
        self.write(text, value)
    }

    fn write(&mut self, text: &str, value: Value) -> MemberText {
        let range = value.text();
        if value.kind != ValueKind::String || !text[range.clone()].contains('\\') {
            return MemberText::AsWritten(range);
        }
        let start = self.text.len();
        json::unescape(&text[range], &mut self.text);
        MemberText::Anew(start..self.text.len())
    }

    /// Makes properties of what was collected from the payload of pair `i`, whose text stands at `piece`.
    fn push(&mut self, piece: Piece, i: usize, scratch: &mut PropertyScratch) {
        let base = scratch.decoded().len();
        scratch.decoded().push_str(&self.text);
        for member in &self.list {
            let key = Piece::Appended(base + member.key.start, base + member.key.end);
            scratch.push_member(i, key, member.value.piece(piece, base), member.kind);
        }
    }
}

impl MemberText {
    /// Where it stands once the payload's text is at `piece`, and [`Members::text`] at `base` of the decoded texts.
    fn piece(&self, piece: Piece, base: usize) -> Piece {
        match self {
            Self::AsWritten(range) => piece.part(range.start, range.end),
            Self::Anew(range) => Piece::Appended(base + range.start, base + range.end),
        }
    }
}

#[cfg(test)]
mod tests;
