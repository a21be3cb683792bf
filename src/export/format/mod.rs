//! The file formats: rows in, bytes out, and the same rows read again from those bytes.

pub mod parquet;
pub mod text;
pub mod text_read;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};
use crate::export::cell::Cell;
use crate::export::options::{Compress, Format, Options};
use crate::export::table::TableSchema;
use crate::model::Column;

/// Rows that wait for their row group, in the form of their format.
#[derive(Debug)]
pub enum RowBuffer {
    /// Parquet: a column builder a column.
    Columns(Vec<Column>),
    /// CSV or JSON Lines: the text itself.
    Text(Vec<u8>),
}

impl RowBuffer {
    /// An empty buffer for rows of a table.
    pub fn new(format: Format, table: &TableSchema) -> Self {
        match format {
            Format::Parquet => Self::Columns(parquet::builders(table)),
            Format::Csv | Format::Jsonl => Self::Text(Vec::new()),
        }
    }

    /// Appends one row.
    pub fn push(&mut self, format: Format, table: &TableSchema, row: &[Cell<'_>]) {
        match (self, format) {
            (Self::Columns(columns), _) => parquet::push(columns, row),
            (Self::Text(out), Format::Jsonl) => text::json_row(out, table, row),
            (Self::Text(out), _) => text::csv_row(out, row),
        }
    }
}

/// A file being written, under its temporary name.
pub struct OpenFile {
    path: PathBuf,
    file: File,
    written: Arc<AtomicU64>,
    body: Body,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

enum Body {
    Parquet(Box<parquet::Writer>),
    Plain(Output),
    Gzip(Box<GzEncoder<Output>>),
}

/// Where the bytes of a file go: counted, then buffered.
#[derive(Debug)]
pub struct Output {
    file: BufWriter<File>,
    written: Arc<AtomicU64>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.written.fetch_add(n as u64, Relaxed);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl OpenFile {
    /// Creates the file (and its folders), and writes what stands before the rows.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn create(path: PathBuf, options: &Options, table: &TableSchema) -> Result<Self> {
        let fail = |e| cannot_write(&path, &e);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let file = File::create(&path).map_err(fail)?;
        let written = Arc::new(AtomicU64::new(0));
        let buffered = BufWriter::with_capacity(256 << 10, file.try_clone().map_err(fail)?);
        let output = Output {
            file: buffered,
            written: written.clone(),
        };
        let body = match (options.format, options.compress) {
            (Format::Parquet, _) => Body::Parquet(Box::new(parquet::Writer::new(output, table)?)),
            (_, Compress::None) => Body::Plain(output),
            (_, Compress::Gzip) => {
                Body::Gzip(Box::new(GzEncoder::new(output, Compression::new(6))))
            }
        };
        let mut open = Self {
            path,
            file,
            written,
            body,
        };
        if options.format == Format::Csv {
            let mut header = Vec::new();
            text::csv_header(&mut header, table);
            open.text(&header)?;
        }
        Ok(open)
    }

    /// Writes the rows of a buffer as one row group.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn write(&mut self, rows: RowBuffer) -> Result<()> {
        match (rows, &mut self.body) {
            (RowBuffer::Columns(columns), Body::Parquet(writer)) => writer
                .write(columns)
                .map_err(|e| cannot_write(&self.path, &e)),
            (RowBuffer::Text(text), _) => self.text(&text),
            (RowBuffer::Columns(_), _) => Err(Error::Frame("columns for a text file".into())),
        }
    }

    fn text(&mut self, text: &[u8]) -> Result<()> {
        let written = match &mut self.body {
            Body::Plain(output) => output.write_all(text),
            Body::Gzip(encoder) => encoder.write_all(text),
            Body::Parquet(_) => Err(std::io::Error::other("text for a Parquet file")),
        };
        written.map_err(|e| cannot_write(&self.path, &e))
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.written.load(Relaxed)
    }

    /// Completes the file and makes it durable. Gives its bytes.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn finish(self) -> Result<u64> {
        let fail = |e| cannot_write(&self.path, &e);
        match self.body {
            Body::Parquet(writer) => writer.finish().map_err(fail)?,
            Body::Plain(mut output) => output.flush().map_err(fail)?,
            Body::Gzip(encoder) => encoder
                .finish()
                .and_then(|mut output| output.flush())
                .map_err(fail)?,
        }
        self.file.sync_all().map_err(fail)?;
        Ok(self.written.load(Relaxed))
    }
}

/// The sentence for a destination that does not take what is written.
pub fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    let way_out = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "check the permissions, or choose another --to"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space, then run the same command again"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is in the way; choose another --to"
        }
        _ => "then run the same command again",
    };
    Error::Export(format!(
        "cannot write {}: {error}. Nothing was published; {way_out}",
        path.display()
    ))
}

/// Where rows that are read again go.
pub type RowSink<'a> = dyn FnMut(&[Cell<'_>]) -> Result<()> + 'a;

/// Reads every row of a finished file again.
///
/// # Errors
/// When the file cannot be read, or is not what was written.
pub fn reread(
    path: &Path,
    options: &Options,
    table: &TableSchema,
    sink: &mut RowSink<'_>,
) -> Result<()> {
    match options.format {
        Format::Parquet => parquet::reread(path, table, sink),
        Format::Csv | Format::Jsonl => text_read::reread(path, options, table, sink),
    }
}
