//! Columns of one meaning whose chunks came in different widths.
//!
//! Integers and codes of words are as narrow as the values of their batch allow (`model/column/narrow.rs`). The first
//! batch that needs more widens what stands before it, twice in the life of a column at most.

use polars::prelude::{CategoricalPhysical, Column, DataFrame, DataType, IntoColumn, Series};
use polars_arrow::array::PrimitiveArray;
use polars_arrow::types::NativeType;

use crate::error::Result;

/// Gives each column of both frames the wider of the two dtypes. The columns are the same and in the same order.
///
/// # Errors
/// Never, unless Polars refuses columns of the frame's own height.
pub(super) fn level(frame: &mut DataFrame, chunk: &mut DataFrame) -> Result<()> {
    let pairs = frame.columns().iter().zip(chunk.columns());
    let uneven: Vec<usize> = pairs
        .enumerate()
        .filter(|(_, (a, b))| a.dtype() != b.dtype())
        .map(|(i, _)| i)
        .collect();
    for i in uneven {
        let (a, b) = (&frame.columns()[i], &chunk.columns()[i]);
        if width(a.dtype()) < width(b.dtype()) {
            let wider = widened(a, b.dtype())?;
            replace(frame, i, wider)?;
        } else {
            let wider = widened(b, a.dtype())?;
            replace(chunk, i, wider)?;
        }
    }
    Ok(())
}

/// Bytes a value.
fn width(dtype: &DataType) -> usize {
    match dtype.to_physical() {
        DataType::UInt8 => 1,
        DataType::Int16 | DataType::UInt16 => 2,
        DataType::Int32 | DataType::UInt32 => 4,
        _ => 8,
    }
}

fn replace(frame: &mut DataFrame, i: usize, column: Column) -> Result<()> {
    let mut columns = frame.columns().to_vec();
    columns[i] = column;
    *frame = DataFrame::new(frame.height(), columns)?;
    Ok(())
}

/// The same values in a wider dtype. Codes stay what they are: the dictionary is one for all widths.
fn widened(column: &Column, dtype: &DataType) -> Result<Column> {
    use CategoricalPhysical::{U8, U16, U32};
    if !matches!(dtype, DataType::Categorical(..)) {
        return Ok(column.cast(dtype)?);
    }
    let series = column.as_materialized_series();
    let wider = match (series.dtype().cat_physical()?, dtype.cat_physical()?) {
        (U8, U16) => recoded::<u8, u16>(series, dtype),
        (U8, U32) => recoded::<u8, u32>(series, dtype),
        (U16, U32) => recoded::<u16, u32>(series, dtype),
        _ => series.cast(dtype).map_err(Into::into),
    }?;
    Ok(wider.into_column())
}

/// The same chunks with wider codes.
fn recoded<N: NativeType, W: NativeType + From<N>>(
    series: &Series,
    dtype: &DataType,
) -> Result<Series> {
    let mut wider = Series::new_empty(series.name().clone(), dtype);
    for array in series.chunks() {
        let Some(narrow) = array.as_any().downcast_ref::<PrimitiveArray<N>>() else {
            continue;
        };
        let codes: Vec<W> = narrow.values().iter().map(|v| W::from(*v)).collect();
        let codes = PrimitiveArray::from_vec(codes).with_validity(narrow.validity().cloned());
        let chunk = Series::from_chunk_and_dtype(series.name().clone(), codes.boxed(), dtype)?;
        wider.append(&chunk)?;
    }
    Ok(wider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::build;
    use crate::frame::cell::frame_cell;
    use crate::model::{self, Words};

    fn frame(words: &Words, rows: std::ops::Range<u32>) -> DataFrame {
        let mut codes = model::Column::word(words.clone());
        let mut numbers = model::Column::new(model::ColumnKind::Int);
        for row in rows {
            codes.push_code(words.code(&format!("word {row}")));
            codes.push_null();
            numbers.push_int(i64::from(row).pow(2));
            numbers.push_null();
        }
        let columns = vec![
            build::series("word", codes).unwrap(),
            build::series("number", numbers).unwrap(),
        ];
        DataFrame::new_infer_height(columns).unwrap()
    }

    /// A dictionary that outgrows one byte, then two, in the frame first and in a late, narrow chunk.
    #[test]
    fn no_value_is_lost_when_a_column_becomes_wider() {
        let words = Words::new();
        let mut all = DataFrame::empty();
        let mut wanted: Vec<u32> = vec![];
        for rows in [0..10, 10..20, 0..300, 5..9, 0..70_000, 3..4, 250..260] {
            wanted.extend(rows.clone());
            let mut chunk = frame(&words, rows);
            if all.height() == 0 {
                all = chunk;
                continue;
            }
            level(&mut all, &mut chunk).unwrap();
            all.vstack_mut(&chunk).unwrap();
        }
        assert_eq!(all.height(), 2 * wanted.len());
        for (i, row) in wanted.iter().enumerate() {
            let text = |name| frame_cell(&all, name, 2 * i).to_text().into_owned();
            assert_eq!(text("word"), format!("word {row}"));
            assert_eq!(text("number"), (i64::from(*row)).pow(2).to_string());
            assert!(frame_cell(&all, "word", 2 * i + 1).is_null());
            assert!(frame_cell(&all, "number", 2 * i + 1).is_null());
        }
    }
}
