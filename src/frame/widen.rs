//! Columns that a log has and the logs before it had not.
//!
//! The fields of standard logs (v1) always have a column. The others have one from the first batch on that holds a
//! value of theirs: absent columns cost nothing, and clutter no list of columns.

use polars::prelude::{Column, DataFrame, Series};

use crate::error::Result;
use crate::model::FIELDS;

/// Gives both frames the columns of each other, as nulls, in the order of the fields.
///
/// # Errors
/// Never, unless Polars refuses columns of the frame's own height.
pub(super) fn align(frame: &mut DataFrame, chunk: &mut DataFrame) -> Result<()> {
    if frame.width() == chunk.width() && frame.get_column_names() == chunk.get_column_names() {
        return Ok(());
    }
    fill(frame, chunk)?;
    fill(chunk, frame)
}

/// Gives `frame` the columns that only `other` has.
fn fill(frame: &mut DataFrame, other: &DataFrame) -> Result<()> {
    let missing: Vec<Column> = other
        .columns()
        .iter()
        .filter(|column| frame.get_column_index(column.name()).is_none())
        .map(|column| {
            let (name, dtype) = (column.name().clone(), column.dtype());
            Column::from(Series::full_null(name, frame.height(), dtype))
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut columns = frame.columns().to_vec();
    columns.extend(missing);
    // Our own columns come first, then the fields in their order.
    let place = |column: &Column| {
        FIELDS
            .iter()
            .position(|field| field.column == column.name().as_str())
            .map_or(0, |i| i + 1)
    };
    columns.sort_by_key(place);
    *frame = DataFrame::new(frame.height(), columns)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(columns: &[(&str, &[i64])]) -> DataFrame {
        let columns = columns
            .iter()
            .map(|(name, values)| Column::new((*name).into(), *values))
            .collect();
        DataFrame::new_infer_height(columns).unwrap()
    }

    #[test]
    fn both_get_all_columns_in_the_order_of_the_fields() {
        let mut frame_ = frame(&[("object", &[0, 0]), ("sc_status", &[200, 204])]);
        let mut chunk = frame(&[("object", &[1]), ("sc_status", &[404]), ("asn", &[16_509])]);
        let mut other = frame(&[("object", &[2]), ("sc_status", &[1]), ("c_port", &[80])]);
        align(&mut frame_, &mut chunk).unwrap();
        frame_.vstack_mut(&chunk).unwrap();
        align(&mut frame_, &mut other).unwrap();
        frame_.vstack_mut(&other).unwrap();
        assert_eq!(
            frame_.get_column_names(),
            ["object", "sc_status", "c_port", "asn"]
        );
        assert_eq!(frame_.column("asn").unwrap().null_count(), 3);
        assert_eq!(frame_.column("c_port").unwrap().null_count(), 3);
    }
}
