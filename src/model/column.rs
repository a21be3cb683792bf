//! Typed column builders: filled one value at a time in one pass over the bytes, frozen into Polars' arrow arrays.

mod fixed;
mod narrow;
mod text;

use polars_arrow::array::{Array, BooleanArray};
use polars_buffer::Buffer;

use crate::model::Words;

pub use fixed::{Fixed, take_exact};
pub use narrow::{Codes, Fits, Ints, Narrow};
pub use text::{Lender, Text};

/// The dtype of a column; the frame maps it to Polars', the warehouses map it to theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Whole numbers, at most Int64.
    Int,
    /// Float64.
    Float,
    /// Boolean.
    Bool,
    /// String.
    Text,
    /// Categorical: low-cardinality text.
    Word,
    /// Date: days since 1970.
    Date,
    /// Time: nanoseconds since midnight.
    Time,
    /// Datetime in microseconds, UTC.
    Timestamp,
    /// String that holds JSON (arrays and objects).
    Json,
}

impl ColumnKind {
    /// The word shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Int => "integer",
            Self::Float => "number",
            Self::Bool => "boolean",
            Self::Text => "text",
            Self::Word => "word",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
        }
    }
}

/// A column being built. `push_*` of the wrong kind pushes a null, so that columns never get out of step.
#[derive(Debug)]
pub enum Column {
    /// Whole numbers.
    Int(Ints),
    /// Float64.
    Float(Fixed<f64>),
    /// Boolean.
    Bool(Vec<Option<bool>>),
    /// String (also JSON).
    Text(Text),
    /// Codes into a dictionary.
    Word(Codes, Words),
    /// Days since 1970.
    Date(Fixed<i32>),
    /// Nanoseconds since midnight.
    Time(Fixed<i64>),
    /// Microseconds since 1970 UTC.
    Timestamp(Fixed<i64>),
}

impl Column {
    /// An empty column of that kind; `Word` gets a dictionary of its own (use [`Column::Word`] to share one).
    pub fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Int => Self::Int(Ints::default()),
            ColumnKind::Float => Self::Float(Fixed::default()),
            ColumnKind::Bool => Self::Bool(Vec::new()),
            ColumnKind::Text | ColumnKind::Json => Self::Text(Text::default()),
            ColumnKind::Word => Self::Word(Codes::default(), Words::new()),
            ColumnKind::Date => Self::Date(Fixed::default()),
            ColumnKind::Time => Self::Time(Fixed::default()),
            ColumnKind::Timestamp => Self::Timestamp(Fixed::default()),
        }
    }

    /// An empty `Word` column on a shared dictionary.
    pub fn word(words: Words) -> Self {
        Self::Word(Codes::default(), words)
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        match self {
            Self::Int(v) => v.len(),
            Self::Time(v) | Self::Timestamp(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::Word(v, _) => v.len(),
            Self::Date(v) => v.len(),
        }
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True where no row has a value (of booleans: never asked, always false).
    pub fn is_all_null(&self) -> bool {
        match self {
            Self::Int(v) => v.is_all_null(),
            Self::Time(v) | Self::Timestamp(v) => v.is_all_null(),
            Self::Float(v) => v.is_all_null(),
            Self::Bool(_) => false,
            Self::Text(v) => v.is_all_null(),
            Self::Word(v, _) => v.is_all_null(),
            Self::Date(v) => v.is_all_null(),
        }
    }

    /// The text of a row of a `Text` or a `Word`; `None` for null and past the end.
    pub fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(v) => v.get(row),
            Self::Word(codes, words) => words.word(codes.get(row)?),
            _ => None,
        }
    }

    /// The number of a row of an `Int`; `None` for null and past the end.
    pub fn int(&self, row: usize) -> Option<i64> {
        match self {
            Self::Int(v) => v.get(row),
            _ => None,
        }
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        match self {
            Self::Int(v) => v.push_null(),
            Self::Time(v) | Self::Timestamp(v) => v.push_null(),
            Self::Float(v) => v.push(None),
            Self::Bool(v) => v.push(None),
            Self::Text(v) => v.push_null(),
            Self::Word(v, _) => v.push(None),
            Self::Date(v) => v.push(None),
        }
    }

    /// Appends nulls until there are that many rows.
    pub fn pad_to(&mut self, rows: usize) {
        for _ in self.len()..rows {
            self.push_null();
        }
    }

    /// Appends to `Int`, `Time`, `Timestamp` (in the column's own unit) or, exactly, to `Float`.
    pub fn push_int(&mut self, value: i64) {
        match self {
            Self::Int(v) => v.push_value(value),
            Self::Time(v) | Self::Timestamp(v) => v.push_value(value),
            Self::Float(v) => v.push(Some(value as f64)),
            Self::Date(v) => v.push(i32::try_from(value).ok()),
            other => other.push_null(),
        }
    }

    /// Appends to `Float`.
    pub fn push_float(&mut self, value: f64) {
        match self {
            Self::Float(v) => v.push(Some(value)),
            other => other.push_null(),
        }
    }

    /// Appends to `Bool`.
    pub fn push_bool(&mut self, value: bool) {
        match self {
            Self::Bool(v) => v.push(Some(value)),
            other => other.push_null(),
        }
    }

    /// Appends to `Text`.
    pub fn push_text(&mut self, value: &str) {
        match self {
            Self::Text(v) => v.push_value(value),
            other => other.push_null(),
        }
    }

    /// Appends to `Text` what may be a piece of a text that another column keeps.
    pub fn push_piece(&mut self, value: &str, lender: Lender<'_>) {
        match self {
            Self::Text(v) => v.push_piece(value, lender),
            other => other.push_null(),
        }
    }

    /// Appends a code to `Word`.
    pub fn push_code(&mut self, code: Option<u32>) {
        match self {
            Self::Word(v, _) => v.push(code),
            other => other.push_null(),
        }
    }

    /// The rows so far in a column of their own size; this one is empty then, and keeps its memory.
    pub fn take_exact(&mut self) -> Self {
        match self {
            Self::Int(v) => Self::Int(v.take_exact()),
            Self::Float(v) => Self::Float(v.take_exact()),
            Self::Bool(v) => Self::Bool(take_exact(v)),
            Self::Text(v) => Self::Text(v.take_exact()),
            Self::Word(v, words) => Self::Word(v.take_exact(), words.clone()),
            Self::Date(v) => Self::Date(v.take_exact()),
            Self::Time(v) => Self::Time(v.take_exact()),
            Self::Timestamp(v) => Self::Timestamp(v.take_exact()),
        }
    }

    /// The same values as Int64 and `u32` codes, where they are narrower.
    #[must_use]
    pub fn widest(self) -> Self {
        match self {
            Self::Int(v) => Self::Int(Ints::Large(v.widest())),
            Self::Word(v, words) => Self::Word(Codes::Large(v.widest()), words),
            other => other,
        }
    }

    /// The bytes of a `Text`, to be shared; see [`Text::lend`].
    pub fn lend(&mut self) -> Option<Buffer<u8>> {
        match self {
            Self::Text(v) => Some(v.lend()),
            _ => None,
        }
    }

    /// Gives a `Text` the bytes that its pieces are of.
    pub fn borrow_from(&mut self, lender: &Buffer<u8>) {
        if let Self::Text(v) = self {
            v.borrow_from(lender);
        }
    }

    /// The finished arrow array (physical type: `Word` gives its codes, `Int` and `Word` as narrow as they are).
    pub fn freeze(self) -> Box<dyn Array> {
        match self {
            Self::Int(v) => v.freeze(),
            Self::Time(v) | Self::Timestamp(v) => v.freeze().boxed(),
            Self::Float(v) => v.freeze().boxed(),
            Self::Bool(v) => BooleanArray::from_iter(v).boxed(),
            Self::Text(v) => v.freeze().boxed(),
            Self::Word(v, _) => v.freeze(),
            Self::Date(v) => v.freeze().boxed(),
        }
    }
}
