//! A Parquet file as lines: one row a line, its values parted by tabs, `-` for null.
//!
//! What `CloudFront` writes holds texts only, percent-encoded, so no value has a tab or a line end; in another file these
//! are written as `%09`, `%0A` and `%0D`, as `CloudFront` would.

use std::io::Cursor;
use std::ops::Range;

use polars::prelude::{DataFrame, DataType, SerReader};
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};

use crate::decode::Corrupt;

/// Rows that are written out at a time, at most.
const ROWS: usize = 65_536;

/// The text of a Parquet file, in blocks of whole lines.
#[derive(Debug)]
pub struct ParquetText<'a> {
    bytes: &'a [u8],
    /// Names of the columns.
    names: Vec<String>,
    /// Rows of each row group.
    groups: Vec<Range<usize>>,
    next_group: usize,
    /// What is left of the group that was read last.
    rows: DataFrame,
}

impl<'a> ParquetText<'a> {
    /// Opens a whole file.
    ///
    /// # Errors
    /// [`Corrupt`] when its end is missing or damaged: without it nothing of the file can be read.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let corrupt = |e| Corrupt(format!("no Parquet file, or a damaged one: {e}"));
        let mut reader = ParquetReader::new(Cursor::new(bytes));
        let schema = reader.schema().map_err(corrupt)?;
        let metadata = reader.get_metadata().map_err(corrupt)?;
        let mut from = 0;
        let mut groups = Vec::with_capacity(metadata.row_groups.len());
        for group in &metadata.row_groups {
            groups.push(from..from + group.num_rows());
            from += group.num_rows();
        }
        Ok(Self {
            bytes,
            names: schema.iter_names().map(ToString::to_string).collect(),
            groups,
            next_group: 0,
            rows: DataFrame::default(),
        })
    }

    /// Names of the columns.
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// The next rows as lines; `None` behind the last.
    pub fn next_block(&mut self) -> Option<Result<Vec<u8>, Corrupt>> {
        while self.rows.height() == 0 {
            let group = self.groups.get(self.next_group)?.clone();
            self.next_group += 1;
            match self.read(group) {
                Ok(rows) => self.rows = rows,
                Err(e) => {
                    self.groups.clear();
                    return Some(Err(Corrupt(format!("damaged Parquet data: {e}"))));
                }
            }
        }
        let block = self.rows.head(Some(ROWS));
        self.rows = self.rows.slice(block.height() as i64, usize::MAX);
        Some(lines(&block).map_err(|e| Corrupt(format!("Parquet data that is no text: {e}"))))
    }

    fn read(&self, group: Range<usize>) -> polars::prelude::PolarsResult<DataFrame> {
        ParquetReader::new(Cursor::new(self.bytes))
            // The pipeline's own threads are at work on other objects.
            .read_parallel(ParallelStrategy::None)
            .with_slice(Some((group.start, group.len())))
            .finish()
    }
}

/// Rows as lines.
fn lines(rows: &DataFrame) -> polars::prelude::PolarsResult<Vec<u8>> {
    let texts = rows
        .columns()
        .iter()
        .map(|column| column.as_materialized_series().cast(&DataType::String))
        .collect::<Result<Vec<_>, _>>()?;
    let mut columns = Vec::with_capacity(texts.len());
    for series in &texts {
        columns.push(series.str()?.iter());
    }
    let mut out = Vec::with_capacity(rows.height() * columns.len() * 16);
    for _ in 0..rows.height() {
        for (i, column) in columns.iter_mut().enumerate() {
            if i > 0 {
                out.push(b'\t');
            }
            out.extend_from_slice(column.next().flatten().unwrap_or("-").as_bytes());
        }
        out.push(b'\n');
    }
    // Counted at once for all values: a look into each would cost more than writing it.
    let count = |byte| memchr::memchr_iter(byte, &out).count();
    let is_sound = count(b'\t') == rows.height() * columns.len().saturating_sub(1)
        && count(b'\n') == rows.height()
        && memchr::memchr(b'\r', &out).is_none();
    if !is_sound {
        out.clear();
        for row in 0..rows.height() {
            for (i, series) in texts.iter().enumerate() {
                if i > 0 {
                    out.push(b'\t');
                }
                push_value(series.str()?.get(row).unwrap_or("-"), &mut out);
            }
            out.push(b'\n');
        }
    }
    Ok(out)
}

/// What would part columns or rows, as `CloudFront` would write it.
fn push_value(value: &str, out: &mut Vec<u8>) {
    for byte in value.bytes() {
        match byte {
            b'\t' => out.extend_from_slice(b"%09"),
            b'\n' => out.extend_from_slice(b"%0A"),
            b'\r' => out.extend_from_slice(b"%0D"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::Column;

    #[test]
    fn values_never_part_columns_or_rows() {
        let frame = DataFrame::new_infer_height(vec![
            Column::new("a".into(), [Some("x"), None, Some("tab\there")]),
            Column::new("b".into(), [Some(1i64), Some(2), None]),
        ])
        .unwrap();
        assert_eq!(lines(&frame).unwrap(), b"x\t1\n-\t2\ntab%09here\t-\n");
        assert_eq!(lines(&frame.head(Some(2))).unwrap(), b"x\t1\n-\t2\n");
    }
}
