//! The columns of one raw line, whatever its format: parsed again as it was at first.

use std::ops::Range;

use crate::model::{Code, FieldId};
use crate::parse::{LineSink, LineView, ParseScratch, parse_block};
use crate::pipeline::raw_line::RawLine;

/// One column of a raw line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RawField {
    /// As the log calls it.
    pub name: String,
    /// The field that it is.
    pub id: Option<FieldId>,
    /// As logged.
    pub text: String,
    /// Where it stands in the line; `None` where that holds another spelling of it (escapes, no UTF-8).
    pub place: Option<Range<usize>>,
}

#[derive(Default)]
struct Columns(Vec<RawField>);

impl LineSink for Columns {
    fn header(&mut self) {}

    fn blank(&mut self) {}

    fn reject(&mut self, _: Code, _: u64, _: u64, _: &[u8], _: &dyn std::fmt::Display) {}

    fn record(&mut self, view: &LineView<'_>) {
        let layout = view.layout;
        for (i, id) in layout.columns.iter().enumerate() {
            let is_made = i >= layout.width();
            let name = match (layout.names.get(i), id) {
                (Some(name), _) => name.to_string(),
                // Date and time stand in the line as a timestamp.
                (None, Some(FieldId::DATE | FieldId::TIME) | None) => continue,
                (None, Some(id)) => id.field().name.to_owned(),
            };
            let text = view.column(i);
            if is_made && text.is_empty() {
                continue;
            }
            self.0.push(RawField {
                name,
                id: *id,
                text: text.to_owned(),
                place: view.place(i).filter(|_| !view.bad_utf8),
            });
        }
    }
}

/// The columns of a line; none where it is no record.
pub(super) fn columns(raw: &RawLine) -> Vec<RawField> {
    let mut columns = Columns::default();
    let mut state = raw.state.clone();
    // Past the start of the object, so that a byte order mark is nothing but text.
    parse_block(
        &raw.bytes,
        1,
        &mut state,
        &mut ParseScratch::default(),
        &mut columns,
    );
    columns.0
}
