//! The decoded properties of one event: ranges over the query and one scratch buffer, reused from row to row.

use crate::model::lanes::Mark;

/// One `key=value` pair after decoding. Ranges point into [`PropertyScratch::decoded`] or into the raw query.
#[derive(Debug, Clone, Copy, Default)]
pub struct Property {
    key: Span,
    value: Span,
    raw_value: (u32, u32),
    /// The key or the value had a `%` that is no escape (D301); it was kept as it is.
    pub bad_escape: bool,
    /// The decoded bytes were not UTF-8 (D302); U+FFFD stands for what was not.
    pub bad_utf8: bool,
    /// What came of a payload in the value.
    pub payload: Payload,
    /// What the value was before it was a text.
    pub kind: ValueKind,
}

impl Property {
    /// True where a `D3xx` is to be told.
    #[inline]
    pub const fn is_flawed(&self) -> bool {
        self.bad_escape
            | self.bad_utf8
            | matches!(
                self.payload,
                Payload::BadBase64 | Payload::BadJson | Payload::NoPart
            )
    }
}

/// What came of the payload in a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Payload {
    /// None was looked for, or the value is the decoded text.
    #[default]
    None,
    /// The members of its object stand behind the pairs of the query, and the pair itself counts no more.
    Spread,
    /// It is no base64 (D303); the value is as sent.
    BadBase64,
    /// It is no JSON (D304); the value is the decoded text.
    BadJson,
    /// It is JSON, but not with what the contract looks for in it (D304); the value is as sent.
    NoPart,
}

/// What a value was before it was a text: a member of a JSON payload has a type of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ValueKind {
    /// A text of the query.
    #[default]
    Text,
    /// A JSON string; the value is what it says.
    String,
    /// A JSON number, as it is written.
    Number,
    /// `true` or `false`
    Boolean,
    /// `null`; the value is empty.
    Null,
    /// A JSON array, as it is written.
    Array,
    /// A JSON object, as it is written.
    Object,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
    decoded: bool,
}

/// The buffers behind [`Properties`]; one a thread, cleared for each event, never shrunk.
#[derive(Debug, Default)]
pub struct PropertyScratch {
    decoded: String,
    items: Vec<Property>,
    spare: Spare,
    /// JSON texts that payloads held.
    documents: Vec<Span>,
    /// How many pairs at the start stand beside a payload that was spread.
    beside: u32,
    /// The query has escapes without the log's layer.
    unlayered: bool,
}

/// Two buffers for whoever decodes; lent out so that decoding can write while the scratch takes pairs.
#[derive(Debug, Default)]
pub struct Spare {
    /// Positions of `%` and `+` in the part of the query that is being read.
    pub encoded: Vec<u32>,
    /// Decoded bytes that are not UTF-8.
    pub bytes: Vec<u8>,
}

/// A piece of text to be added: as it stands in the raw query, or newly decoded.
#[derive(Debug, Clone, Copy)]
pub enum Piece {
    /// Nothing to decode: the range `start..end` of the raw query is the text.
    Raw(usize, usize),
    /// The text was appended to [`PropertyScratch::decoded`]: its range there.
    Appended(usize, usize),
}

impl Piece {
    /// A part of it, as a range within it.
    #[must_use]
    pub fn part(self, from: usize, to: usize) -> Self {
        match self {
            Self::Raw(start, _) => Self::Raw(start + from, start + to),
            Self::Appended(start, _) => Self::Appended(start + from, start + to),
        }
    }

    #[inline]
    fn span(self) -> Span {
        let (start, end, decoded) = match self {
            Self::Raw(start, end) => (start, end, false),
            Self::Appended(start, end) => (start, end, true),
        };
        Span {
            start: start as u32,
            end: end as u32,
            decoded,
        }
    }
}

impl PropertyScratch {
    /// Forgets the last event, keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.decoded.clear();
        self.items.clear();
        self.documents.clear();
        self.beside = 0;
        self.unlayered = false;
    }

    /// The query has an escape without the log's layer: `%20`, not `%2520`.
    #[inline]
    pub fn set_unlayered(&mut self) {
        self.unlayered = true;
    }

    /// Lends the two buffers out; give them back with [`PropertyScratch::give_spare`] to keep their memory.
    #[inline]
    pub fn take_spare(&mut self) -> Spare {
        std::mem::take(&mut self.spare)
    }

    /// Takes the two buffers back.
    #[inline]
    pub fn give_spare(&mut self, spare: Spare) {
        self.spare = spare;
    }

    /// The buffer of decoded texts, to append to; see [`Piece::Appended`].
    #[inline]
    pub fn decoded(&mut self) -> &mut String {
        &mut self.decoded
    }

    /// Adds one pair in the order of the query. `raw_value` is the value's range in the raw query.
    #[inline]
    pub fn push(
        &mut self,
        key: Piece,
        value: Piece,
        raw_value: (usize, usize),
        bad_escape: bool,
        bad_utf8: bool,
    ) {
        self.items.push(Property {
            key: key.span(),
            value: value.span(),
            raw_value: (raw_value.0 as u32, raw_value.1 as u32),
            bad_escape,
            bad_utf8,
            payload: Payload::None,
            kind: ValueKind::Text,
        });
    }

    /// Puts a decoded text in the place of a value.
    pub fn set_value(&mut self, i: usize, value: Piece, kind: ValueKind) {
        self.items[i].value = value.span();
        self.items[i].kind = kind;
    }

    /// Gives a pair another key.
    pub fn set_key(&mut self, i: usize, key: &str) {
        let start = self.decoded.len();
        self.decoded.push_str(key);
        self.items[i].key = Piece::Appended(start, self.decoded.len()).span();
    }

    /// Says what came of a payload.
    pub fn set_payload(&mut self, i: usize, payload: Payload) {
        self.items[i].payload = payload;
    }

    /// The decoded bytes of a payload were not UTF-8.
    pub fn set_bad_utf8(&mut self, i: usize) {
        self.items[i].bad_utf8 = true;
    }

    /// Adds a member of the payload in pair `of`. Its value came from where that pair's did.
    pub fn push_member(&mut self, of: usize, key: Piece, value: Piece, kind: ValueKind) {
        self.items.push(Property {
            key: key.span(),
            value: value.span(),
            raw_value: self.items[of].raw_value,
            kind,
            ..Property::default()
        });
    }

    /// Remembers a JSON text, for whoever looks for a name in it.
    pub fn add_document(&mut self, text: Piece) {
        self.documents.push(text.span());
    }

    /// The first `pairs` stand beside a payload that was spread.
    pub fn set_beside(&mut self, pairs: usize) {
        self.beside = pairs as u32;
    }

    /// Where the value of a pair stands.
    pub fn value_piece(&self, i: usize) -> Piece {
        let Span {
            start,
            end,
            decoded,
        } = self.items[i].value;
        let (start, end) = (start as usize, end as usize);
        if decoded {
            Piece::Appended(start, end)
        } else {
            Piece::Raw(start, end)
        }
    }

    /// The properties of the query they were split from.
    #[inline]
    pub fn view<'a>(&'a self, query: &'a str) -> Properties<'a> {
        Properties {
            query,
            decoded: &self.decoded,
            items: &self.items,
            documents: &self.documents,
            beside: self.beside,
            unlayered: self.unlayered,
        }
    }
}

/// The properties of one event, in the order of the query; a key may occur more than once.
#[derive(Debug, Clone, Copy)]
pub struct Properties<'a> {
    query: &'a str,
    decoded: &'a str,
    items: &'a [Property],
    documents: &'a [Span],
    beside: u32,
    unlayered: bool,
}

impl<'a> Properties<'a> {
    /// True where the query has an escape without the log's layer: `%20`, not `%2520`.
    #[inline]
    pub fn is_unlayered(&self) -> bool {
        self.unlayered
    }

    /// Number of pairs.
    #[inline]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True when the query held no pair.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many pairs at the start stand beside a payload that was spread: its members are the event's properties.
    #[inline]
    pub fn beside(&self) -> usize {
        self.beside as usize
    }

    /// The JSON texts that payloads held.
    pub fn documents(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let this = *self;
        this.documents.iter().map(move |span| this.text(*span))
    }

    /// The pair's flags.
    #[inline]
    pub fn get(&self, i: usize) -> &'a Property {
        &self.items[i]
    }

    /// The decoded key.
    #[inline]
    pub fn key(&self, i: usize) -> &'a str {
        self.text(self.items[i].key)
    }

    /// What tells the decoded key apart.
    #[inline]
    pub fn key_mark(&self, i: usize) -> Mark {
        self.mark(self.items[i].key)
    }

    /// What tells the decoded value apart.
    #[inline]
    pub fn value_mark(&self, i: usize) -> Mark {
        self.mark(self.items[i].value)
    }

    #[inline]
    fn mark(&self, span: Span) -> Mark {
        Mark::of(
            self.source(span).as_bytes(),
            span.start as usize,
            span.end as usize,
        )
    }

    /// The decoded value; empty when there was no `=`.
    #[inline]
    pub fn value(&self, i: usize) -> &'a str {
        self.text(self.items[i].value)
    }

    /// The value as it stands in the log.
    #[inline]
    pub fn raw_value(&self, i: usize) -> &'a str {
        let (start, end) = self.items[i].raw_value;
        self.query
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// The query as it stands in the log.
    #[inline]
    pub fn query(&self) -> &'a str {
        self.query
    }

    /// The first pair with that key.
    pub fn find(&self, key: &str) -> Option<usize> {
        (0..self.items.len()).find(|&i| self.key(i) == key)
    }

    #[inline]
    fn source(&self, span: Span) -> &'a str {
        if span.decoded {
            self.decoded
        } else {
            self.query
        }
    }

    #[inline]
    fn text(&self, span: Span) -> &'a str {
        self.source(span)
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }
}
