//! `frontlog query 'SELECT …' SOURCE…`: SQL over what was loaded, as a table or as data.

mod data;
mod listing;

use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use polars::prelude::DataFrame;
use polars_io::prelude::{ParquetCompression, ParquetWriter};

use crate::contract::privacy::Keyed;
use crate::error::{Error, Result};
use crate::frame::{Snapshot, WindowSpec, sql};

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people: aligned, cut to the width of the terminal.
    #[default]
    Table,
    /// The CSV that every warehouse reads: strings quoted, null as `\N`, a header.
    Csv,
    /// One JSON array of objects.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Parquet.
    Parquet,
}

/// What `query` was asked.
#[derive(Debug, Clone, Default)]
pub struct QueryOptions {
    /// The query.
    pub sql: String,
    /// How the result is written.
    pub format: Format,
    /// How the table `windows` is cut.
    pub windows: WindowSpec,
    /// Width of the terminal in cells, for `Table`; `None` when the output is no terminal: nothing is cut then.
    pub width: Option<usize>,
    /// What is done to private values; without a rule they are shown as logged.
    pub private: Arc<Keyed>,
}

/// Runs a query and writes its result. A reader that goes away early (a broken pipe) is no error.
///
/// # Errors
/// [`Error::Query`] for a wrong query; [`Error::File`] when `out` cannot be written.
pub fn run(options: &QueryOptions, snapshot: &Snapshot, out: &mut dyn Write) -> Result<()> {
    let snapshot = &Snapshot {
        windows: options.windows,
        ..snapshot.clone()
    };
    let result = sql::query(snapshot, &options.sql, &AtomicBool::new(false))?;
    match write(options, result, out).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::file("write", "the result", e)),
        _ => Ok(()),
    }
}

fn write(
    options: &QueryOptions,
    mut result: DataFrame,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    match options.format {
        Format::Table => listing::write(&result, options.width, out),
        Format::Csv => data::csv(&result, out),
        Format::Json => data::json(&result, out),
        Format::Jsonl => data::json_lines(&result, out),
        Format::Parquet => {
            let mut out = Remembering { out, error: None };
            let writer = ParquetWriter::new(&mut out).with_compression(ParquetCompression::Snappy);
            let outcome = writer.finish(&mut result);
            match (outcome, out.error) {
                (Ok(_), _) => Ok(()),
                (Err(e), Some(kind)) => Err(std::io::Error::new(kind, e)),
                (Err(e), None) => Err(std::io::Error::other(e)),
            }
        }
    }
}

/// Remembers the kind of the error that Polars makes a text of.
struct Remembering<'a> {
    out: &'a mut dyn Write,
    error: Option<ErrorKind>,
}

impl Write for Remembering<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out
            .write(bytes)
            .inspect_err(|e| self.error = Some(e.kind()))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out
            .flush()
            .inspect_err(|e| self.error = Some(e.kind()))
    }
}
