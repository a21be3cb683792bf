//! Typed column builders: filled one value at a time in one pass over the bytes, frozen into Polars' arrow arrays.

use polars_arrow::array::{Array, BooleanArray, PrimitiveArray, Utf8ViewArray, View};
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::datatypes::ArrowDataType;
use polars_arrow::types::NativeType;
use polars_buffer::Buffer;

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

/// Values of a fixed width with nulls. Nothing is stored for nulls before the first value: a column without values,
/// and real logs have several, costs nothing.
#[derive(Debug, Default)]
pub struct Fixed<T> {
    values: Vec<T>,
    /// Nulls before `values` begins.
    leading_nulls: usize,
    /// Of all rows; absent while every row has a value.
    validity: Option<MutableBitmap>,
}

impl<T: NativeType> Fixed<T> {
    /// Appends a value or a null.
    #[inline]
    pub fn push(&mut self, value: Option<T>) {
        match value {
            Some(value) => self.push_value(value),
            None => self.push_null(),
        }
    }

    /// Appends a value.
    #[inline]
    pub fn push_value(&mut self, value: T) {
        if self.values.is_empty() && self.leading_nulls > 0 {
            self.begin();
        }
        self.values.push(value);
        if let Some(bits) = &mut self.validity {
            bits.push(true);
        }
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        if self.values.is_empty() {
            self.leading_nulls += 1;
            return;
        }
        self.values.push(T::default());
        self.validity
            .get_or_insert_with(|| all_valid(self.values.len() - 1))
            .push(false);
    }

    /// The first value after nulls: now they take their place.
    fn begin(&mut self) {
        self.values.resize(self.leading_nulls, T::default());
        let mut bits = MutableBitmap::with_capacity(self.leading_nulls * 2);
        bits.extend_constant(self.leading_nulls, false);
        self.validity = Some(bits);
        self.leading_nulls = 0;
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.values.len() + self.leading_nulls
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows so far in a column of their own size; this one is empty then, and keeps its memory.
    pub fn take_exact(&mut self) -> Self {
        Self {
            values: take_exact(&mut self.values),
            leading_nulls: std::mem::take(&mut self.leading_nulls),
            validity: self.validity.take(),
        }
    }

    /// The finished array.
    pub fn freeze(self) -> PrimitiveArray<T> {
        if self.values.is_empty() {
            return PrimitiveArray::new_null(T::PRIMITIVE.into(), self.leading_nulls);
        }
        PrimitiveArray::from_vec(self.values).with_validity(self.validity.map(Into::into))
    }
}

fn all_valid(rows: usize) -> MutableBitmap {
    let mut bits = MutableBitmap::with_capacity(rows + 64);
    bits.extend_constant(rows, true);
    bits
}

/// The values in a vector of their own size; the old one keeps its room for the next batch.
///
/// What a frame holds is allocated once, at its size, and never freed: growing or shrinking it in place would leave
/// holes between the chunks, a tenth of the frame's memory (measured).
pub fn take_exact<T: Copy>(values: &mut Vec<T>) -> Vec<T> {
    let exact = values.as_slice().to_vec();
    values.clear();
    exact
}

/// Texts with nulls: one buffer of bytes and a view a row, no more memory than they need.
#[derive(Debug, Default)]
pub struct Text {
    views: Vec<View>,
    bytes: Vec<u8>,
    /// Nulls before `views` begins.
    leading_nulls: usize,
    validity: Option<MutableBitmap>,
}

impl Text {
    /// Appends a value.
    #[inline]
    pub fn push_value(&mut self, value: &str) {
        if self.views.is_empty() && self.leading_nulls > 0 {
            self.views.resize(self.leading_nulls, View::default());
            let mut bits = MutableBitmap::with_capacity(self.leading_nulls * 2);
            bits.extend_constant(self.leading_nulls, false);
            self.validity = Some(bits);
            self.leading_nulls = 0;
        }
        self.views.push(View::new_from_bytes(
            value.as_bytes(),
            0,
            self.bytes.len() as u32,
        ));
        if value.len() > View::MAX_INLINE_SIZE as usize {
            self.bytes.extend_from_slice(value.as_bytes());
        }
        if let Some(bits) = &mut self.validity {
            bits.push(true);
        }
    }

    /// Appends a value or a null.
    #[inline]
    pub fn push(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.push_value(value),
            None => self.push_null(),
        }
    }

    /// True where no row has a value.
    pub fn is_all_null(&self) -> bool {
        self.views.is_empty()
    }

    /// The value of a row; `None` for null and past the end.
    pub fn get(&self, row: usize) -> Option<&str> {
        let valid = self.validity.as_ref().is_none_or(|bits| bits.get(row));
        let view = self.views.get(row).filter(|_| valid)?;
        let start = view.offset as usize;
        let bytes = match view.get_inlined_slice() {
            Some(inlined) => inlined,
            None => self.bytes.get(start..start + view.length as usize)?,
        };
        std::str::from_utf8(bytes).ok()
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        if self.views.is_empty() {
            self.leading_nulls += 1;
            return;
        }
        self.views.push(View::default());
        self.validity
            .get_or_insert_with(|| all_valid(self.views.len() - 1))
            .push(false);
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.views.len() + self.leading_nulls
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes so far of texts that do not fit their view.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// The rows so far in a column of their own size; this one is empty then, and keeps its memory.
    pub fn take_exact(&mut self) -> Self {
        Self {
            views: take_exact(&mut self.views),
            bytes: take_exact(&mut self.bytes),
            leading_nulls: std::mem::take(&mut self.leading_nulls),
            validity: self.validity.take(),
        }
    }

    /// The finished array; all null should the views ever not fit the bytes, which they do by construction.
    pub fn freeze(self) -> Utf8ViewArray {
        let rows = self.len();
        if self.views.is_empty() {
            return Utf8ViewArray::new_null(ArrowDataType::Utf8View, rows);
        }
        let buffers = if self.bytes.is_empty() {
            vec![]
        } else {
            vec![Buffer::from(self.bytes)]
        };
        let validity = self.validity.map(Into::into);
        let views = Buffer::from(self.views);
        Utf8ViewArray::try_new(
            ArrowDataType::Utf8View,
            views,
            Buffer::from(buffers),
            validity,
        )
        .unwrap_or_else(|_| Utf8ViewArray::new_null(ArrowDataType::Utf8View, rows))
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
    Text(Text),
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
            ColumnKind::Text | ColumnKind::Json => Self::Text(Text::default()),
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

    /// True where no row has a value (of booleans: never asked, always false).
    pub fn is_all_null(&self) -> bool {
        match self {
            Self::Int(v) | Self::Time(v) | Self::Timestamp(v) => v.values.is_empty(),
            Self::Float(v) => v.values.is_empty(),
            Self::Bool(_) => false,
            Self::Text(v) => v.views.is_empty(),
            Self::Word(v, _) => v.values.is_empty(),
            Self::Date(v) => v.values.is_empty(),
        }
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

    /// Appends nulls until there are that many rows.
    pub fn pad_to(&mut self, rows: usize) {
        for _ in self.len()..rows {
            self.push_null();
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
