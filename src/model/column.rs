//! Typed column builders: filled one value at a time in one pass over the bytes, frozen into Polars' arrow arrays.

use polars_arrow::array::{Array, BooleanArray, MutableBinaryViewArray, PrimitiveArray};
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::types::NativeType;

use crate::model::Words;

/// The dtype of a column; the frame maps it to Polars', the warehouses map it to theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// Int64.
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

/// Values of a fixed width with nulls; the bitmap exists only once a null came.
#[derive(Debug, Default)]
pub struct Fixed<T> {
    values: Vec<T>,
    validity: Option<MutableBitmap>,
}

impl<T: NativeType> Fixed<T> {
    /// Appends a value or a null.
    pub fn push(&mut self, value: Option<T>) {
        match (value, &mut self.validity) {
            (Some(v), None) => self.values.push(v),
            (Some(v), Some(bits)) => {
                self.values.push(v);
                bits.push(true);
            }
            (None, Some(bits)) => {
                self.values.push(T::default());
                bits.push(false);
            }
            (None, none) => {
                let mut bits = MutableBitmap::with_capacity(self.values.capacity());
                bits.extend_constant(self.values.len(), true);
                bits.push(false);
                self.values.push(T::default());
                *none = Some(bits);
            }
        }
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The finished array.
    pub fn freeze(mut self) -> PrimitiveArray<T> {
        self.values.shrink_to_fit();
        PrimitiveArray::from_vec(self.values).with_validity(self.validity.map(Into::into))
    }
}

/// A column being built. `push_*` of the wrong kind pushes a null, so that columns never get out of step.
#[derive(Debug)]
pub enum Column {
    /// Int64.
    Int(Fixed<i64>),
    /// Float64.
    Float(Fixed<f64>),
    /// Boolean.
    Bool(Vec<Option<bool>>),
    /// String (also JSON).
    Text(MutableBinaryViewArray<str>),
    /// Codes into a dictionary.
    Word(Fixed<u32>, Words),
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
            ColumnKind::Int => Self::Int(Fixed::default()),
            ColumnKind::Float => Self::Float(Fixed::default()),
            ColumnKind::Bool => Self::Bool(Vec::new()),
            ColumnKind::Text | ColumnKind::Json => Self::Text(MutableBinaryViewArray::new()),
            ColumnKind::Word => Self::Word(Fixed::default(), Words::new()),
            ColumnKind::Date => Self::Date(Fixed::default()),
            ColumnKind::Time => Self::Time(Fixed::default()),
            ColumnKind::Timestamp => Self::Timestamp(Fixed::default()),
        }
    }

    /// An empty `Word` column on a shared dictionary.
    pub fn word(words: Words) -> Self {
        Self::Word(Fixed::default(), words)
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        match self {
            Self::Int(v) | Self::Time(v) | Self::Timestamp(v) => v.len(),
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

    /// Appends a null.
    pub fn push_null(&mut self) {
        match self {
            Self::Int(v) | Self::Time(v) | Self::Timestamp(v) => v.push(None),
            Self::Float(v) => v.push(None),
            Self::Bool(v) => v.push(None),
            Self::Text(v) => v.push_null(),
            Self::Word(v, _) => v.push(None),
            Self::Date(v) => v.push(None),
        }
    }

    /// Appends to `Int`, `Time`, `Timestamp` (in the column's own unit) or, exactly, to `Float`.
    pub fn push_int(&mut self, value: i64) {
        match self {
            Self::Int(v) | Self::Time(v) | Self::Timestamp(v) => v.push(Some(value)),
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

    /// Appends a code to `Word`.
    pub fn push_code(&mut self, code: Option<u32>) {
        match self {
            Self::Word(v, _) => v.push(code),
            other => other.push_null(),
        }
    }

    /// The finished arrow array (physical type: `Word` gives its `u32` codes).
    pub fn freeze(self) -> Box<dyn Array> {
        match self {
            Self::Int(v) | Self::Time(v) | Self::Timestamp(v) => v.freeze().boxed(),
            Self::Float(v) => v.freeze().boxed(),
            Self::Bool(v) => BooleanArray::from_iter(v).boxed(),
            Self::Text(v) => v.freeze().boxed(),
            Self::Word(v, _) => v.freeze().boxed(),
            Self::Date(v) => v.freeze().boxed(),
        }
    }
}
