//! Reading chunked columns by row and by range, without copying them.

use std::cell::Cell;
use std::ops::Range;

use polars::prelude::{
    CategoricalMapping, ChunkedArray, DataType, PolarsNumericType, Series, StringChunked,
    UInt32Type,
};
use polars_arrow::array::{Array, PrimitiveArray, Utf8ViewArray, View};
use polars_buffer::Buffer;

/// Where rows are in a column of several chunks. Remembers the last chunk, so that neighbours cost nothing.
struct Starts {
    /// First row of each chunk, and the number of rows at the end.
    starts: Vec<usize>,
    last: Cell<usize>,
}

impl Starts {
    fn new(lengths: impl Iterator<Item = usize>) -> Self {
        let mut starts = vec![0];
        let mut sum = 0;
        for length in lengths {
            sum += length;
            starts.push(sum);
        }
        Self {
            starts,
            last: Cell::new(0),
        }
    }

    fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    fn find(&self, row: usize) -> Option<(usize, usize)> {
        let last = self.last.get();
        if let (Some(start), Some(end)) = (self.starts.get(last), self.starts.get(last + 1))
            && (*start..*end).contains(&row)
        {
            return Some((last, row - start));
        }
        if row >= self.len() {
            return None;
        }
        let chunk = self.starts.partition_point(|start| *start <= row) - 1;
        self.last.set(chunk);
        Some((chunk, row - self.starts[chunk]))
    }
}

/// A numeric column, by row.
pub(crate) struct Numbers<'a, T: PolarsNumericType> {
    starts: Starts,
    arrays: Vec<&'a PrimitiveArray<T::Native>>,
}

impl<'a, T: PolarsNumericType> Numbers<'a, T> {
    pub(crate) fn new(column: &'a ChunkedArray<T>) -> Self {
        let arrays: Vec<_> = column.downcast_iter().collect();
        Self {
            starts: Starts::new(arrays.iter().map(|a| a.len())),
            arrays,
        }
    }

    /// The value of a row; `None` for null and past the end.
    pub(crate) fn get(&self, row: usize) -> Option<T::Native> {
        let (chunk, i) = self.starts.find(row)?;
        let array = self.arrays[chunk];
        array.is_valid(i).then(|| array.value(i))
    }
}

impl Numbers<'_, UInt32Type> {
    /// The first row whose number is not below `wanted`, in a column that ascends and has no nulls.
    pub(crate) fn first_at_or_after(&self, wanted: usize) -> usize {
        let (mut low, mut high) = (0, self.starts.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(|v| (v as usize) < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Reads one row after the other; `None` for null and past the end.
pub(crate) type Read<'a, T> = Box<dyn Fn(usize) -> Option<T> + 'a>;

/// The reader of a column of whole numbers of any width; `None` for every other column.
pub(crate) fn whole_numbers(series: &Series) -> Option<Read<'_, i64>> {
    macro_rules! widen {
        ($($column:expr),*) => {
            $(if let Some(column) = $column {
                let numbers = Numbers::new(column);
                return Some(Box::new(move |row| numbers.get(row).map(i64::from)));
            })*
        };
    }
    widen!(series.try_i16(), series.try_i32(), series.try_u32());
    if let Some(column) = series.try_u64() {
        let numbers = Numbers::new(column);
        return Some(Box::new(move |row| numbers.get(row).map(|v| v as i64)));
    }
    let numbers = Numbers::new(series.try_i64()?);
    Some(Box::new(move |row| numbers.get(row)))
}

/// The reader of a categorical column's codes, whatever their width; `None` for every other column.
pub(crate) fn codes(series: &Series) -> Option<Read<'_, u32>> {
    macro_rules! widen {
        ($($column:expr),*) => {
            $(if let Some(column) = $column {
                let numbers = Numbers::new(column.physical());
                return Some(Box::new(move |row| numbers.get(row).map(u32::from)));
            })*
        };
    }
    widen!(series.try_cat8(), series.try_cat16(), series.try_cat32());
    None
}

/// The words of a categorical column, by code; `None` for every other column.
pub(crate) fn dictionary(series: &Series) -> Option<&CategoricalMapping> {
    match series.dtype() {
        DataType::Categorical(_, mapping) => Some(mapping),
        _ => None,
    }
}

/// The words of a dictionary, by code.
pub(crate) fn words(mapping: &CategoricalMapping) -> impl Iterator<Item = Option<&str>> {
    let codes = u32::try_from(mapping.num_cats_upper_bound()).unwrap_or(u32::MAX);
    (0..codes).map(|code| mapping.cat_to_str(code))
}

/// A text column, by row.
pub(crate) struct Texts<'a> {
    starts: Starts,
    arrays: Vec<&'a Utf8ViewArray>,
}

impl<'a> Texts<'a> {
    pub(crate) fn new(column: &'a StringChunked) -> Self {
        let arrays: Vec<_> = column.downcast_iter().collect();
        Self {
            starts: Starts::new(arrays.iter().map(|a| a.len())),
            arrays,
        }
    }

    /// The value of a row; `None` for null and past the end.
    pub(crate) fn get(&self, row: usize) -> Option<&'a str> {
        let (chunk, i) = self.starts.find(row)?;
        self.arrays[chunk].get(i)
    }

    /// The rows at which chunks end.
    pub(crate) fn chunk_ends(&self) -> Vec<usize> {
        self.starts.starts[1..].to_vec()
    }

    /// The bytes of the chunk that has these rows, where it is one chunk and its bytes are in one buffer.
    pub(crate) fn buffer(&self, rows: Range<usize>) -> Option<&'a Buffer<u8>> {
        let (chunk, _) = self.starts.find(rows.start)?;
        let (last, _) = self.starts.find(rows.end.checked_sub(1)?)?;
        match self.arrays[chunk].data_buffers().as_slice() {
            [one] if chunk == last => Some(one),
            _ => None,
        }
    }

    /// Where in its buffer the text of a row begins; `None` for one that is short enough for none.
    pub(crate) fn start(&self, row: usize) -> Option<usize> {
        let (chunk, i) = self.starts.find(row)?;
        let view = self.arrays[chunk].views().get(i)?;
        (view.length > View::MAX_INLINE_SIZE).then_some(view.offset as usize)
    }
}

/// A piece of a range of rows within one chunk.
pub(crate) struct Piece<'a, A: ?Sized> {
    /// The chunk.
    pub(crate) array: &'a A,
    /// Rows in the chunk.
    pub(crate) rows: Range<usize>,
    /// Where the piece begins, counted from the start of the range asked for.
    pub(crate) at: usize,
}

/// Cuts a range of rows at the chunks' borders.
pub(crate) fn pieces<'a, A: Array + ?Sized + 'a>(
    chunks: impl Iterator<Item = &'a A>,
    range: Range<usize>,
) -> impl Iterator<Item = Piece<'a, A>> {
    let mut start = 0;
    chunks.filter_map(move |array| {
        let chunk = start..start + array.len();
        start = chunk.end;
        let from = range.start.max(chunk.start);
        let to = range.end.min(chunk.end);
        (from < to).then(|| Piece {
            array,
            rows: from - chunk.start..to - chunk.start,
            at: from - range.start,
        })
    })
}
