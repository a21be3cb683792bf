//! The decoded properties of one event: ranges over the query and one scratch buffer, reused from row to row.

use crate::model::lanes::{Mark, beginning};

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
        });
    }

    /// The properties of the query they were split from.
    #[inline]
    pub fn view<'a>(&'a self, query: &'a str) -> Properties<'a> {
        Properties {
            query,
            decoded: &self.decoded,
            items: &self.items,
        }
    }
}

/// The properties of one event, in the order of the query; a key may occur more than once.
#[derive(Debug, Clone, Copy)]
pub struct Properties<'a> {
    query: &'a str,
    decoded: &'a str,
    items: &'a [Property],
}

impl<'a> Properties<'a> {
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

    /// Length of the decoded key, and its first eight bytes.
    #[inline]
    pub fn key_beginning(&self, i: usize) -> (usize, u64) {
        let span = self.items[i].key;
        let (start, end) = (span.start as usize, span.end as usize);
        let text = self.source(span).as_bytes();
        (end - start, beginning(text, start, end))
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
