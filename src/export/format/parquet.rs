//! Parquet as every warehouse takes it: SNAPPY, version 1 pages, no delta encodings, timestamps in µs UTC.
//!
//! # Source
//! Amazon Redshift Database Developer Guide, "COPY from columnar data formats" and "UNLOAD" (its own files are
//! Parquet 1.0 with SNAPPY).

use std::fs::File;
use std::io;
use std::path::Path;

use polars::prelude::{DataFrame, DataType, Schema, Series, TimeUnit, TimeZone};
use polars_io::SerReader as _;
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};
use polars_io::parquet::write::{BatchedWriter, ParquetCompression, ParquetWriter};

use crate::error::{Error, Result};
use crate::export::cell::{Cell, frame_cells};
use crate::export::format::{Output, RowSink};
use crate::export::table::{Storage, TableSchema};
use crate::model::{Column, ColumnKind};

/// The dtype of a stored column.
fn dtype(storage: Storage) -> DataType {
    match storage {
        Storage::Int => DataType::Int64,
        Storage::Float => DataType::Float64,
        Storage::Bool => DataType::Boolean,
        Storage::Text(_) => DataType::String,
        Storage::Date => DataType::Date,
        Storage::Timestamp => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
    }
}

/// The frame schema of a table's files.
fn frame_schema(table: &TableSchema) -> Schema {
    table
        .columns
        .iter()
        .map(|c| (c.name.as_str().into(), dtype(c.storage)))
        .collect()
}

/// One empty builder a column.
pub fn builders(table: &TableSchema) -> Vec<Column> {
    let kind = |storage| match storage {
        Storage::Int => ColumnKind::Int,
        Storage::Float => ColumnKind::Float,
        Storage::Bool => ColumnKind::Bool,
        Storage::Text(_) => ColumnKind::Text,
        Storage::Date => ColumnKind::Date,
        Storage::Timestamp => ColumnKind::Timestamp,
    };
    table
        .columns
        .iter()
        .map(|c| Column::new(kind(c.storage)))
        .collect()
}

/// Appends one row to the builders.
pub fn push(columns: &mut [Column], row: &[Cell<'_>]) {
    for (column, cell) in columns.iter_mut().zip(row) {
        match cell {
            Cell::Null => column.push_null(),
            Cell::Int(v) | Cell::Timestamp(v) => column.push_int(*v),
            Cell::Float(v) => column.push_float(*v),
            Cell::Bool(v) => column.push_bool(*v),
            Cell::Text(v) => column.push_text(v),
            Cell::Date(v) => column.push_int(i64::from(*v)),
        }
    }
}

/// Writes row groups to one file.
pub struct Writer {
    writer: BatchedWriter<Output>,
    schema: Schema,
}

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// When Polars does not take the schema: a bug.
    pub fn new(output: Output, table: &TableSchema) -> Result<Self> {
        let schema = frame_schema(table);
        let writer = ParquetWriter::new(output)
            .with_compression(ParquetCompression::Snappy)
            .batched(&schema)?;
        Ok(Self { writer, schema })
    }

    /// Writes one row group.
    pub fn write(&mut self, columns: Vec<Column>) -> io::Result<()> {
        let height = columns.first().map_or(0, Column::len);
        let series: Result<Vec<_>, _> = self
            .schema
            .iter()
            .zip(columns)
            .map(|((name, dtype), column)| {
                let chunk = column.widest().freeze();
                Series::from_chunk_and_dtype(name.clone(), chunk, dtype).map(Into::into)
            })
            .collect();
        let frame = series
            .and_then(|columns| DataFrame::new(height, columns))
            .map_err(as_io)?;
        self.writer.write_batch(&frame).map_err(as_io)
    }

    /// Writes the footer.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finish().map(|_| ()).map_err(as_io)
    }
}

/// Polars wraps what the disk said; a full disk should still be called so.
fn as_io(error: polars::error::PolarsError) -> io::Error {
    match error {
        polars::error::PolarsError::IO { error, .. } => {
            io::Error::new(error.kind(), error.to_string())
        }
        other => {
            let text = other.to_string();
            let full = text.contains("No space left") || text.contains("os error 28");
            io::Error::new(
                if full {
                    io::ErrorKind::StorageFull
                } else {
                    io::ErrorKind::Other
                },
                text,
            )
        }
    }
}

/// Reads a file again, one row group at a time.
///
/// # Errors
/// When it cannot be read, or its columns are not the table's.
pub fn reread(path: &Path, table: &TableSchema, sink: &mut RowSink<'_>) -> Result<()> {
    let fail = |e: &dyn std::fmt::Display| {
        Error::Export(format!(
            "cannot read {} again: {e}. Nothing was published",
            path.display()
        ))
    };
    let mut file = ParquetReader::new(File::open(path).map_err(|e| fail(&e))?);
    let metadata = file.get_metadata()?.clone();
    let expected = frame_schema(table);
    let mut offset = 0;
    let mut row = Vec::with_capacity(table.columns.len());
    for group in &metadata.row_groups {
        let rows = group.num_rows();
        let mut reader = ParquetReader::new(File::open(path).map_err(|e| fail(&e))?)
            .read_parallel(ParallelStrategy::None)
            .with_slice(Some((offset, rows)));
        reader.set_metadata(metadata.clone());
        let frame = reader.finish()?;
        if **frame.schema() != expected {
            return Err(fail(&"its columns are not the table's"));
        }
        let height = frame.height();
        let columns = frame_cells(frame)?;
        for i in 0..height {
            row.clear();
            row.extend(columns.iter().map(|c| c.cell(i)));
            sink(&row)?;
        }
        row = Vec::with_capacity(table.columns.len());
        offset += rows;
    }
    Ok(())
}
