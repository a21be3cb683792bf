//! Whole numbers in as few bytes as they need.

use polars_arrow::array::Array;
use polars_arrow::types::NativeType;

use super::Fixed;

/// Whole numbers in the narrowest of three types that holds all of them so far.
///
/// A status needs two bytes, a port four: most columns of a log are a quarter of what `i64` would take. A column only
/// ever becomes wider, also across batches, so that the chunks of a frame soon agree.
#[derive(Debug)]
pub enum Narrow<S, M, L> {
    /// All fit the smallest type.
    Small(Fixed<S>),
    /// All fit the middle one.
    Medium(Fixed<M>),
    /// Any.
    Large(Fixed<L>),
}

/// Integers as `i16`, `i32` or `i64`.
pub type Ints = Narrow<i16, i32, i64>;
/// Codes of words as `u8`, `u16` or `u32`.
pub type Codes = Narrow<u8, u16, u32>;

/// A type that holds some values of a wider one.
pub trait Fits<L>: Sized {
    /// The value in this type; `None` where it is too large. The largest value of the type counts as too large: Polars
    /// keeps it out of the codes of a dictionary.
    fn fit(value: L) -> Option<Self>;
}

macro_rules! fits {
    ($($narrow:ty => $wide:ty),*) => {
        $(impl Fits<$wide> for $narrow {
            #[inline]
            fn fit(value: $wide) -> Option<Self> {
                Self::try_from(value).ok().filter(|v| *v != Self::MAX)
            }
        })*
    };
}
fits!(i16 => i64, i32 => i64, u8 => u32, u16 => u32);

impl<S: NativeType, M, L> Default for Narrow<S, M, L> {
    fn default() -> Self {
        Self::Small(Fixed::default())
    }
}

impl<S, M, L> Narrow<S, M, L>
where
    S: NativeType + Fits<L>,
    M: NativeType + Fits<L> + From<S>,
    L: NativeType + From<S> + From<M>,
{
    /// The value of a row; `None` for null and past the end.
    pub fn get(&self, row: usize) -> Option<L> {
        match self {
            Self::Small(v) => v.get(row).map(L::from),
            Self::Medium(v) => v.get(row).map(L::from),
            Self::Large(v) => v.get(row),
        }
    }

    /// Appends a value or a null.
    #[inline]
    pub fn push(&mut self, value: Option<L>) {
        match value {
            Some(value) => self.push_value(value),
            None => self.push_null(),
        }
    }

    /// Appends a value.
    #[inline]
    pub fn push_value(&mut self, value: L) {
        match self {
            Self::Small(v) => match S::fit(value) {
                Some(value) => v.push_value(value),
                None => self.push_wider(value),
            },
            Self::Medium(v) => match M::fit(value) {
                Some(value) => v.push_value(value),
                None => self.push_wider(value),
            },
            Self::Large(v) => v.push_value(value),
        }
    }

    #[cold]
    fn push_wider(&mut self, value: L) {
        *self = match std::mem::take(self) {
            Self::Small(v) if M::fit(value).is_some() => Self::Medium(v.widen()),
            other => Self::Large(other.widest()),
        };
        self.push_value(value);
    }

    /// Appends a null.
    #[inline]
    pub fn push_null(&mut self) {
        match self {
            Self::Small(v) => v.push_null(),
            Self::Medium(v) => v.push_null(),
            Self::Large(v) => v.push_null(),
        }
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        match self {
            Self::Small(v) => v.len(),
            Self::Medium(v) => v.len(),
            Self::Large(v) => v.len(),
        }
    }

    /// True before the first row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True where no row has a value.
    pub fn is_all_null(&self) -> bool {
        match self {
            Self::Small(v) => v.is_all_null(),
            Self::Medium(v) => v.is_all_null(),
            Self::Large(v) => v.is_all_null(),
        }
    }

    /// The rows so far in a column of their own size; this one is empty then, and keeps its memory and its type.
    pub fn take_exact(&mut self) -> Self {
        match self {
            Self::Small(v) => Self::Small(v.take_exact()),
            Self::Medium(v) => Self::Medium(v.take_exact()),
            Self::Large(v) => Self::Large(v.take_exact()),
        }
    }

    /// The values in the widest type.
    pub fn widest(self) -> Fixed<L> {
        match self {
            Self::Small(v) => v.widen(),
            Self::Medium(v) => v.widen(),
            Self::Large(v) => v,
        }
    }

    /// The finished array, of whichever type holds the values.
    pub fn freeze(self) -> Box<dyn Array> {
        match self {
            Self::Small(v) => v.freeze().boxed(),
            Self::Medium(v) => v.freeze().boxed(),
            Self::Large(v) => v.freeze().boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever comes when, nulls included, every value is there in the end.
    #[test]
    fn a_column_becomes_as_wide_as_its_values() {
        let cases: [&[Option<i64>]; 5] = [
            &[Some(1), None, Some(-2)],
            &[None, None, Some(32_766), Some(32_767), None],
            &[Some(5), None, Some(i64::from(i32::MAX)), Some(-1)],
            &[Some(-40_000), Some(i64::MIN), Some(i64::MAX)],
            &[None, None],
        ];
        let widths = [2, 4, 8, 8, 2];
        for (case, width) in cases.iter().zip(widths) {
            let mut column = Ints::default();
            case.iter().for_each(|v| column.push(*v));
            let is = match &column {
                Narrow::Small(_) => 2,
                Narrow::Medium(_) => 4,
                Narrow::Large(_) => 8,
            };
            assert_eq!(is, width, "{case:?}");
            assert_eq!(column.is_all_null(), case.iter().all(Option::is_none));
            let taken = column.take_exact();
            assert!(column.is_empty());
            let values: Vec<_> = taken
                .widest()
                .freeze()
                .iter()
                .map(Option::<&i64>::copied)
                .collect();
            assert_eq!(values, *case);
        }
    }

    #[test]
    fn the_largest_code_of_a_type_is_left_free() {
        let mut codes = Codes::default();
        codes.push_value(254);
        assert!(matches!(codes, Narrow::Small(_)));
        codes.push_value(255);
        assert!(matches!(codes, Narrow::Medium(_)));
        codes.push_value(65_535);
        assert!(matches!(codes, Narrow::Large(_)));
        let values = codes.widest().freeze();
        assert_eq!(values.values().as_slice(), [254, 255, 65_535]);
    }
}
