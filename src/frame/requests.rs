//! What judging reads of a record, out of a snapshot: the one place that knows which columns that is.

use std::ops::Range;

use polars::prelude::{CategoricalMapping, DataFrame, Int64Type, Series, UInt32Type};
use polars_buffer::Buffer;

use crate::frame::chunks::{Numbers, Read, Texts, codes, dictionary, whole_numbers};
use crate::frame::snapshot::column;
use crate::model::{FIELDS, FieldId, FieldKind};

/// Reads requests by record. Texts are as the frame keeps them: the log's layer of percent-encoding is off.
pub struct Requests<'a> {
    method: Option<Reader<'a>>,
    stem: Option<Reader<'a>>,
    status: Option<Read<'a, i64>>,
    query: Option<Texts<'a>>,
    request_id: Option<Reader<'a>>,
    time: Option<Numbers<'a, Int64Type>>,
    object: Option<Numbers<'a, UInt32Type>>,
    /// The columns whose texts hold U+FFFD where the line was not UTF-8.
    as_logged: Vec<Reader<'a>>,
}

/// One record. Texts that are not logged are empty, a query that is not is `None`.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `cs-method`.
    pub method: &'a str,
    /// `cs-uri-stem`.
    pub stem: &'a str,
    /// `sc-status`.
    pub status: Option<i64>,
    /// `cs-uri-query`.
    pub query: Option<&'a str>,
    /// `x-edge-request-id`.
    pub request_id: &'a str,
    /// Log time in microseconds since 1970 UTC.
    pub time_us: i64,
    /// Index of the object.
    pub object: u32,
}

enum Reader<'a> {
    Texts(Texts<'a>),
    Words(Read<'a, u32>, &'a CategoricalMapping),
}

impl<'a> Reader<'a> {
    fn of(series: &'a Series) -> Option<Self> {
        if let Some(texts) = series.try_str() {
            return Some(Self::Texts(Texts::new(texts)));
        }
        Some(Self::Words(codes(series)?, dictionary(series)?))
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Texts(texts) => texts.get(row),
            Self::Words(codes, words) => words.cat_to_str(codes(row)?),
        }
    }
}

impl<'a> Requests<'a> {
    /// Of the records of a snapshot.
    pub fn of(records: &'a DataFrame) -> Self {
        let series = |name: &str| {
            let column = records.column(name).ok()?;
            Some(column.as_materialized_series())
        };
        let field = |id: FieldId| series(id.field().column);
        let is_as_logged = |kind| matches!(kind, FieldKind::Text | FieldKind::Word);
        Self {
            method: field(FieldId::CS_METHOD).and_then(Reader::of),
            stem: field(FieldId::CS_URI_STEM).and_then(Reader::of),
            status: field(FieldId::SC_STATUS).and_then(whole_numbers),
            query: field(FieldId::CS_URI_QUERY)
                .and_then(|s| s.try_str())
                .map(Texts::new),
            request_id: field(FieldId::X_EDGE_REQUEST_ID).and_then(Reader::of),
            time: series(column::TIME_UTC)
                .and_then(|s| s.try_datetime())
                .map(|c| Numbers::new(c.physical())),
            object: series(column::OBJECT)
                .and_then(|s| s.try_u32())
                .map(Numbers::new),
            as_logged: FIELDS
                .iter()
                .filter(|f| is_as_logged(f.kind))
                .filter_map(|f| Reader::of(series(f.column)?))
                .collect(),
        }
    }

    /// One record.
    pub fn get(&self, row: usize) -> Request<'a> {
        let text = |reader: &Option<Reader<'a>>| {
            let reader = reader.as_ref();
            reader.and_then(|r| r.get(row)).unwrap_or_default()
        };
        Request {
            method: text(&self.method),
            stem: text(&self.stem),
            status: self.status.as_ref().and_then(|read| read(row)),
            query: self.query.as_ref().and_then(|texts| texts.get(row)),
            request_id: text(&self.request_id),
            time_us: self
                .time
                .as_ref()
                .and_then(|times| times.get(row))
                .unwrap_or_default(),
            object: self
                .object
                .as_ref()
                .and_then(|objects| objects.get(row))
                .unwrap_or_default(),
        }
    }

    /// Some text of the record holds U+FFFD, which stands for bytes that are not UTF-8.
    pub fn is_mended(&self, row: usize) -> bool {
        let mut texts = self.as_logged.iter().filter_map(|r| r.get(row));
        texts.any(|text| text.contains('\u{FFFD}'))
    }

    /// The bytes that the queries of these rows are kept in, where those are in one buffer.
    pub fn query_bytes(&self, rows: Range<usize>) -> Option<&'a Buffer<u8>> {
        self.query.as_ref()?.buffer(rows)
    }

    /// Where in [`Requests::query_bytes`] the query of a row begins; `None` for a short one, which is in no buffer.
    pub fn query_start(&self, row: usize) -> Option<usize> {
        self.query.as_ref()?.start(row)
    }

    /// Ranges of at most `most` rows that no chunk of queries ends within.
    pub fn ranges(&self, rows: usize, most: usize) -> Vec<Range<usize>> {
        let ends = match &self.query {
            Some(texts) => texts.chunk_ends(),
            None => vec![rows],
        };
        let mut ranges = vec![];
        let mut start = 0;
        for end in ends {
            while start < end {
                let next = end.min(start + most);
                ranges.push(start..next);
                start = next;
            }
        }
        ranges
    }
}

/// A text of the frame with the log's layer of percent-encoding put on again: what takes that off gives `text`.
pub fn as_logged<'a>(text: &'a str, scratch: &'a mut String) -> &'a str {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut done = 0;
    scratch.clear();
    for at in memchr::memchr_iter(b'%', bytes) {
        if is_hex(at + 1) && is_hex(at + 2) {
            scratch.push_str(&text[done..=at]);
            scratch.push_str("25");
            done = at + 1;
        }
    }
    if done == 0 {
        return text;
    }
    scratch.push_str(&text[done..]);
    scratch
}
