//! Values of a fixed width.

use polars_arrow::array::PrimitiveArray;
use polars_arrow::bitmap::MutableBitmap;
use polars_arrow::types::NativeType;

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
    /// The value of a row; `None` for null and past the end.
    pub fn get(&self, row: usize) -> Option<T> {
        let valid = self.validity.as_ref().is_none_or(|bits| bits.get(row));
        self.values.get(row).copied().filter(|_| valid)
    }

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

    /// The same values in a wider type.
    pub fn widen<U: NativeType + From<T>>(self) -> Fixed<U> {
        Fixed {
            values: self.values.into_iter().map(U::from).collect(),
            leading_nulls: self.leading_nulls,
            validity: self.validity,
        }
    }

    /// True where no row has a value.
    pub fn is_all_null(&self) -> bool {
        self.values.is_empty()
    }

    /// The finished array.
    pub fn freeze(self) -> PrimitiveArray<T> {
        if self.values.is_empty() {
            return PrimitiveArray::new_null(T::PRIMITIVE.into(), self.leading_nulls);
        }
        PrimitiveArray::from_vec(self.values).with_validity(self.validity.map(Into::into))
    }
}

pub(super) fn all_valid(rows: usize) -> MutableBitmap {
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
