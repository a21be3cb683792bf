//! One value of a row, whatever column it came from, and the hash of a row that no file format can change.

use polars::prelude::{DataFrame, DataType, PolarsResult};
use polars_arrow::array::{
    Array, BooleanArray, Int32Array, Int64Array, MutableBinaryViewArray, PrimitiveArray,
    Utf8ViewArray,
};
use xxhash_rust::xxh3::xxh3_128;

use crate::export::format::text;
use crate::model::{Column, Words};

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(&'a str),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970 UTC.
    Timestamp(i64),
}

impl Cell<'_> {
    /// Bytes this value takes in a row, for the bounds on buffers and on a warehouse's row. Never fails.
    pub const fn byte_len(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Date(_) => 4,
            Self::Int(_) | Self::Float(_) | Self::Timestamp(_) => 8,
            Self::Text(text) => text.len(),
        }
    }
}

/// A frozen column of a batch, or of a file that is read again, read cell by cell.
#[derive(Debug)]
pub enum CellColumn {
    /// `Int64`.
    Int(Int64Array),
    /// `Float64`.
    Float(PrimitiveArray<f64>),
    /// `Boolean`.
    Bool(BooleanArray),
    /// `String`.
    Text(Utf8ViewArray),
    /// Codes into a dictionary; read as text.
    Word(PrimitiveArray<u32>, Words),
    /// `Date`.
    Date(Int32Array),
    /// Times of day, as text.
    Time(Vec<Option<Box<str>>>),
    /// `Datetime(us, UTC)`.
    Timestamp(Int64Array),
    /// A column that is not there: every cell is null.
    Missing,
}

impl CellColumn {
    /// Freezes a column of a batch. No copy of texts and floats; whole numbers and codes become wide, times of day text.
    pub fn freeze(column: Column) -> Self {
        match column {
            Column::Int(v) => Self::Int(v.widest().freeze()),
            Column::Float(v) => Self::Float(v.freeze()),
            Column::Bool(v) => Self::Bool(BooleanArray::from_iter(v)),
            Column::Text(v) => Self::Text(v.freeze()),
            Column::Word(v, words) => Self::Word(v.widest().freeze(), words),
            Column::Date(v) => Self::Date(v.freeze()),
            Column::Time(v) => Self::Time(
                v.freeze()
                    .iter()
                    .map(|ns| ns.map(|ns| time_text(*ns).into()))
                    .collect(),
            ),
            Column::Timestamp(v) => Self::Timestamp(v.freeze()),
        }
    }

    /// The value in a row; null past the end of the column.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Int(v) => present(v, row).map_or(Cell::Null, |()| Cell::Int(v.value(row))),
            Self::Float(v) => present(v, row).map_or(Cell::Null, |()| Cell::Float(v.value(row))),
            Self::Bool(v) => present(v, row).map_or(Cell::Null, |()| Cell::Bool(v.value(row))),
            Self::Text(v) => present(v, row).map_or(Cell::Null, |()| Cell::Text(v.value(row))),
            Self::Word(v, words) => present(v, row)
                .and_then(|()| words.word(v.value(row)))
                .map_or(Cell::Null, Cell::Text),
            Self::Date(v) => present(v, row).map_or(Cell::Null, |()| Cell::Date(v.value(row))),
            Self::Time(v) => v
                .get(row)
                .and_then(|text| text.as_deref())
                .map_or(Cell::Null, Cell::Text),
            Self::Timestamp(v) => {
                present(v, row).map_or(Cell::Null, |()| Cell::Timestamp(v.value(row)))
            }
            Self::Missing => Cell::Null,
        }
    }
}

impl CellColumn {
    /// The same values as text, for a column in which versions of an event schema disagree on the type.
    #[must_use]
    pub fn into_text(self, rows: usize) -> Self {
        if matches!(
            self,
            Self::Text(_) | Self::Word(..) | Self::Time(_) | Self::Missing
        ) {
            return self;
        }
        let mut out = MutableBinaryViewArray::<str>::with_capacity(rows);
        let mut scratch = Vec::new();
        for row in 0..rows {
            scratch.clear();
            match self.cell(row) {
                Cell::Null => out.push_null(),
                cell => {
                    text::bare(&mut scratch, &cell);
                    out.push_value(String::from_utf8_lossy(&scratch));
                }
            }
        }
        Self::Text(out.freeze())
    }
}

fn present(array: &dyn Array, row: usize) -> Option<()> {
    (row < array.len() && array.is_valid(row)).then_some(())
}

/// `14:02:11`, with as many decimals as are not zero (three or nine).
fn time_text(ns: i64) -> String {
    let (s, rest) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
    let clock = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    match rest {
        0 => clock,
        _ if rest % 1_000_000 == 0 => format!("{clock}.{:03}", rest / 1_000_000),
        _ => format!("{clock}.{rest:09}"),
    }
}

/// The columns of a frame as cells, in the frame's order: what a Parquet file holds when it is read again.
///
/// # Errors
/// When Polars cannot merge chunks.
pub fn frame_cells(mut frame: DataFrame) -> PolarsResult<Vec<CellColumn>> {
    frame.rechunk_mut();
    let mut columns = Vec::with_capacity(frame.width());
    for column in frame.columns() {
        let series = column.as_materialized_series();
        columns.push(match series.dtype() {
            DataType::Int64 => {
                first(series.i64()?.downcast_iter()).map_or(CellColumn::Missing, CellColumn::Int)
            }
            DataType::Float64 => {
                first(series.f64()?.downcast_iter()).map_or(CellColumn::Missing, CellColumn::Float)
            }
            DataType::Boolean => {
                first(series.bool()?.downcast_iter()).map_or(CellColumn::Missing, CellColumn::Bool)
            }
            DataType::String => {
                first(series.str()?.downcast_iter()).map_or(CellColumn::Missing, CellColumn::Text)
            }
            DataType::Date => first(series.date()?.physical().downcast_iter())
                .map_or(CellColumn::Missing, CellColumn::Date),
            DataType::Datetime(..) => first(series.datetime()?.physical().downcast_iter())
                .map_or(CellColumn::Missing, CellColumn::Timestamp),
            _ => CellColumn::Missing,
        });
    }
    Ok(columns)
}

fn first<'a, A: Clone + 'a>(mut chunks: impl Iterator<Item = &'a A>) -> Option<A> {
    chunks.next().cloned()
}

/// Hashes rows one by one and adds the hashes up, so that neither order nor cutting into files changes the sum.
///
/// A row's bytes are, for each column, its name and its typed value; the table's name stands before them.
#[derive(Debug, Clone)]
pub struct RowHasher {
    names: Vec<Box<[u8]>>,
    start: Box<[u8]>,
    scratch: Vec<u8>,
    sum: u128,
}

impl RowHasher {
    /// For rows of a table with these columns, in this order.
    pub fn new<'a>(table: &str, columns: impl Iterator<Item = &'a str>) -> Self {
        let terminated = |text: &str| [text.as_bytes(), &[0xff]].concat().into_boxed_slice();
        Self {
            names: columns.map(terminated).collect(),
            start: terminated(table),
            scratch: vec![],
            sum: 0,
        }
    }

    /// Adds one row. Nulls add nothing, so that a new column of nulls keeps the hash.
    pub fn add(&mut self, row: &[Cell<'_>]) {
        let out = &mut self.scratch;
        out.clear();
        out.extend_from_slice(&self.start);
        for (name, cell) in self.names.iter().zip(row) {
            if *cell == Cell::Null {
                continue;
            }
            out.extend_from_slice(name);
            match cell {
                Cell::Null => {}
                Cell::Int(v) => tagged(out, 1, &v.to_le_bytes()),
                Cell::Float(v) => tagged(out, 2, &v.to_bits().to_le_bytes()),
                Cell::Bool(v) => tagged(out, 3, &[u8::from(*v)]),
                Cell::Text(v) => {
                    tagged(out, 4, &(v.len() as u64).to_le_bytes());
                    out.extend_from_slice(v.as_bytes());
                }
                Cell::Date(v) => tagged(out, 5, &v.to_le_bytes()),
                Cell::Timestamp(v) => tagged(out, 6, &v.to_le_bytes()),
            }
        }
        self.sum = self.sum.wrapping_add(xxh3_128(out));
    }

    /// The sum so far.
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// Starts again from nothing, keeping the columns.
    pub const fn reset(&mut self) {
        self.sum = 0;
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_rows_does_not_change_the_hash_but_any_cell_does() {
        let hash = |rows: &[[Cell<'_>; 2]]| {
            let mut hasher = RowHasher::new("t", ["a", "b"].into_iter());
            for row in rows {
                hasher.add(row);
            }
            hasher.sum()
        };
        let (one, two) = (
            [Cell::Int(1), Cell::Text("x")],
            [Cell::Null, Cell::Text("1")],
        );
        assert_eq!(hash(&[one, two]), hash(&[two, one]));
        assert_ne!(hash(&[one, two]), hash(&[one, one]));
        assert_ne!(
            hash(&[[Cell::Text("1"), Cell::Null]]),
            hash(&[[Cell::Null, Cell::Text("1")]])
        );
        assert_ne!(
            hash(&[[Cell::Int(1), Cell::Null]]),
            hash(&[[Cell::Text("1"), Cell::Null]])
        );
    }

    #[test]
    fn a_time_of_day_is_text() {
        assert_eq!(time_text(50_531_000_000_000), "14:02:11");
        assert_eq!(time_text(50_531_204_000_000), "14:02:11.204");
        assert_eq!(time_text(1), "00:00:00.000000001");
    }
}
