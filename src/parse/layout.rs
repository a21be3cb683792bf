//! The columns of a log, as its `#Fields` line names them.

use crate::model::{FIELDS, FieldId, FieldKind};

/// Where each field stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// By column; `None` for a name we do not know.
    pub columns: Vec<Option<FieldId>>,
    /// The columns of known fields, each field once (its last column, should a header name it twice).
    pub values: Vec<(usize, FieldId)>,
    /// The columns that hold numbers, with their field: checked on every row.
    pub numbers: Vec<(usize, FieldId)>,
    /// By field; `u16::MAX` where the log has no such column.
    positions: Vec<u16>,
}

const ABSENT: u16 = u16::MAX;

impl Layout {
    /// Reads the text after `#Fields:`, split on any run of spaces, tabs or U+200B (AWS' own samples hold some).
    ///
    /// `None` when no known field is among the names: this is another kind of log.
    pub fn from_directive(names: &str) -> Option<Self> {
        let separator = |c: char| c.is_whitespace() || c == '\u{200B}';
        let columns: Vec<_> = names
            .split(separator)
            .filter(|n| !n.is_empty())
            .map(FieldId::by_name)
            .collect();
        let mut positions = vec![ABSENT; FIELDS.len()];
        for (i, field) in columns.iter().enumerate() {
            if let Some(field) = field {
                positions[field.0 as usize] = i as u16;
            }
        }
        let is_last = |(i, f): &(usize, FieldId)| positions[f.0 as usize] == *i as u16;
        let values = columns
            .iter()
            .enumerate()
            .filter_map(|(i, f)| f.map(|f| (i, f)))
            .filter(is_last)
            .collect();
        let is_number = |f: &FieldId| matches!(f.field().kind, FieldKind::Int | FieldKind::Seconds);
        let numbers = columns
            .iter()
            .enumerate()
            .filter_map(|(i, f)| f.filter(is_number).map(|f| (i, f)))
            .collect();
        columns.iter().any(Option::is_some).then_some(Self {
            columns,
            values,
            numbers,
            positions,
        })
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The column of a field.
    #[inline]
    pub fn position(&self, field: FieldId) -> Option<usize> {
        match self.positions[field.0 as usize] {
            ABSENT => None,
            i => Some(i as usize),
        }
    }

    /// True when a row can be a record: it says when it happened and what was asked for.
    pub fn is_usable(&self) -> bool {
        [FieldId::DATE, FieldId::TIME, FieldId::CS_URI_STEM]
            .iter()
            .all(|f| self.position(*f).is_some())
    }
}
