//! A Parquet file as lines: one row a line, its values parted by tabs, `-` for null.
//!
//! What `CloudFront` writes holds texts only, percent-encoded, so no value has a tab or a line end; in another file these
//! are written as `%09`, `%0A` and `%0D`, as `CloudFront` would.
//!
//! One row group is in memory at a time, as it is stored, and of that a slice of rows decoded.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, PolarsError, PolarsResult, SerReader};
use polars_io::parquet::metadata::FileMetadataRef;
use polars_io::parquet::read::{FileMetadata, ParallelStrategy, ParquetReader};

/// Rows that are decoded at a time, at most.
const ROWS: usize = 65_536;
/// And at least: each slice decodes the dictionaries of its row group again.
const FEWEST_ROWS: usize = 2_048;
/// Bytes that a decoded slice should take.
const SLICE_BYTES: usize = 16 << 20;
/// What a slice takes while it is decoded, in bytes: itself, its pages as they are unpacked, its text.
pub const DECODED_BYTES: u64 = 4 * SLICE_BYTES as u64;
/// What a value takes beside its text while it is decoded.
const VALUE_BYTES: usize = 16;
/// Text that is written out at a time.
const BLOCK_BYTES: usize = 2 << 20;
/// Rows of the first block, before it is known how long lines are.
const FIRST_ROWS: usize = 4_096;

/// Where a Parquet file is.
#[derive(Debug)]
pub enum Stored<'a> {
    /// All of it in memory.
    Memory(Cow<'a, [u8]>),
    /// In a file, of which the row group is read that comes next.
    File(File),
}

impl Stored<'_> {
    fn metadata(&mut self) -> PolarsResult<FileMetadataRef> {
        match self {
            Self::Memory(bytes) => ParquetReader::new(Cursor::new(&**bytes))
                .get_metadata()
                .cloned(),
            Self::File(file) => ParquetReader::new(file.try_clone()?)
                .get_metadata()
                .cloned(),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::File(file) => Ok(file.metadata()?.len()),
        }
    }
}

/// The text of a Parquet file, in blocks of whole lines.
#[derive(Debug)]
pub struct ParquetText<'a> {
    stored: Stored<'a>,
    /// Names of the columns.
    names: Vec<String>,
    /// What the end of the file says, with all row groups, and without any.
    all: FileMetadataRef,
    bare: FileMetadata,
    next_group: usize,
    group: Option<Group>,
    /// What is left of the slice that was decoded last.
    rows: DataFrame,
    /// Rows of the next block.
    block_rows: usize,
}

/// The row group that is read.
#[derive(Debug)]
struct Group {
    /// What the end of the file says, with this group alone.
    metadata: FileMetadataRef,
    /// Of a file: zeros, which take no memory before they are written to, and the bytes of this group in their place.
    image: Vec<u8>,
    /// Rows that were not decoded yet.
    rows: Range<usize>,
    /// Rows to decode at a time.
    step: usize,
}

impl<'a> ParquetText<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// As [`ParquetText::next_block`]; where its end is missing or damaged nothing of the file can be read.
    pub fn new(mut stored: Stored<'a>) -> io::Result<Self> {
        let damaged = |e: PolarsError| broken("no Parquet file, or a damaged one", &e);
        let all = stored.metadata().map_err(damaged)?;
        let schema = polars_io::parquet::read::infer_schema(&all).map_err(damaged)?;
        let mut bare = FileMetadata::clone(&all);
        bare.row_groups.clear();
        Ok(Self {
            stored,
            names: schema.iter_names().map(ToString::to_string).collect(),
            all,
            bare,
            next_group: 0,
            group: None,
            rows: DataFrame::default(),
            block_rows: FIRST_ROWS,
        })
    }

    /// Names of the columns.
    pub fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// Memory that reading takes beside the blocks, in bytes: the file where it is in memory, else its largest row group,
    /// and a decoded slice.
    pub fn memory_bytes(&self) -> u64 {
        let stored = match &self.stored {
            Stored::Memory(bytes) => bytes.len() as u64,
            Stored::File(_) => self.all.row_groups.iter().fold(0, |most, group| {
                let range = group.full_byte_range();
                range.end.saturating_sub(range.start).max(most)
            }),
        };
        stored + DECODED_BYTES
    }

    /// The next rows as lines; `None` behind the last, and behind an error.
    ///
    /// # Errors
    /// Of kind `InvalidData` or `UnexpectedEof`: damaged data; of another: the file could not be read.
    pub fn next_block(&mut self) -> Option<io::Result<Vec<u8>>> {
        let block = self.block().transpose();
        if matches!(block, Some(Err(_))) {
            (self.group, self.next_group) = (None, usize::MAX);
            self.rows = DataFrame::default();
        }
        block
    }

    fn block(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.rows.height() == 0 {
            match self.decode()? {
                Some(rows) => self.rows = rows,
                None => return Ok(None),
            }
        }
        let block = self.rows.head(Some(self.block_rows));
        self.rows = self.rows.slice(block.height() as i64, usize::MAX);
        let text = lines(&block).map_err(|e| broken("Parquet data that is no text", &e))?;
        let rows = BLOCK_BYTES.saturating_mul(block.height()) / text.len().max(1);
        self.block_rows = rows.clamp(1, ROWS);
        Ok(Some(text))
    }

    /// The next slice of rows.
    fn decode(&mut self) -> io::Result<Option<DataFrame>> {
        while self
            .group
            .as_ref()
            .is_none_or(|group| group.rows.is_empty())
        {
            // Before the next one is read.
            self.group = None;
            if self.next_group >= self.all.row_groups.len() {
                return Ok(None);
            }
            self.group = Some(self.open_group(self.next_group)?);
            self.next_group += 1;
        }
        let Some(group) = &mut self.group else {
            return Ok(None);
        };
        let count = group.step.min(group.rows.len());
        let bytes = match &self.stored {
            Stored::Memory(bytes) => &**bytes,
            Stored::File(_) => &group.image,
        };
        let mut reader = ParquetReader::new(Cursor::new(bytes))
            // The pipeline's own threads are at work on other objects.
            .read_parallel(ParallelStrategy::None)
            .with_slice(Some((group.rows.start, count)));
        reader.set_metadata(group.metadata.clone());
        let rows = reader
            .finish()
            .map_err(|e| broken("damaged Parquet data", &e))?;
        group.rows.start += count;
        if rows.columns().iter().any(|column| column.len() != count) {
            return Err(damage(
                "damaged Parquet data: a column has not as many values as its row group has rows",
            ));
        }
        Ok(Some(rows))
    }

    fn open_group(&mut self, number: usize) -> io::Result<Group> {
        let group = &self.all.row_groups[number];
        let size = self.stored.size()?;
        if group
            .byte_ranges_iter()
            .any(|range| range.start > range.end || range.end > size)
        {
            return Err(damage(
                "damaged Parquet data: a row group is said to lie beyond the end of the file",
            ));
        }
        let mut image = Vec::new();
        if let Stored::File(file) = &mut self.stored {
            let range = group.full_byte_range();
            image = vec![0; range.end as usize];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut image[range.start as usize..])?;
        }
        let rows = group.num_rows();
        let row_bytes = group.n_columns() * VALUE_BYTES + group.total_byte_size() / rows.max(1);
        let mut metadata = self.bare.clone();
        metadata.num_rows = rows;
        metadata.row_groups = vec![group.clone()];
        Ok(Group {
            metadata: Arc::new(metadata),
            image,
            rows: 0..rows,
            step: (SLICE_BYTES / row_bytes.max(1)).clamp(FEWEST_ROWS, ROWS),
        })
    }
}

/// Whether an error of [`ParquetText`] is of the data, not of the world.
pub fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

fn damage(sentence: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, sentence)
}

/// What Polars says, which is of the data unless the file itself could not be read.
fn broken(what: &str, error: &PolarsError) -> io::Error {
    let kind = match error {
        PolarsError::IO { error, .. } => error.kind(),
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, format!("{what}: {error}"))
}

/// Rows as lines.
fn lines(rows: &DataFrame) -> PolarsResult<Vec<u8>> {
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

    /// A file of several row groups, its rows numbered.
    fn file(groups: usize, rows: usize) -> Vec<u8> {
        use polars_io::parquet::write::ParquetWriter;
        let texts: Vec<String> = (0..groups * rows).map(|n| format!("row {n}")).collect();
        let mut frame = DataFrame::new_infer_height(vec![
            Column::new("a".into(), &texts),
            Column::new("b".into(), vec!["same"; texts.len()]),
        ])
        .unwrap();
        let mut out = Vec::new();
        ParquetWriter::new(&mut out)
            .with_row_group_size(Some(rows))
            .set_parallel(false)
            .finish(&mut frame)
            .unwrap();
        out
    }

    fn text(stored: Stored<'_>) -> (Vec<u8>, Option<io::Error>, u64) {
        let mut parquet = ParquetText::new(stored).unwrap();
        let (mut text, mut error) = (Vec::new(), None);
        while let Some(block) = parquet.next_block() {
            match block {
                Ok(block) => text.extend(block),
                Err(e) => error = Some(e),
            }
        }
        (text, error, parquet.memory_bytes())
    }

    #[test]
    fn row_groups_are_read_one_after_the_other_from_memory_and_from_a_file() {
        let bytes = file(5, 3_000);
        let expected: Vec<u8> = (0..15_000)
            .flat_map(|n| format!("row {n}\tsame\n").into_bytes())
            .collect();
        let (from_memory, error, held) = text(Stored::Memory(Cow::Borrowed(&bytes)));
        assert!(error.is_none() && from_memory == expected, "{error:?}");
        assert_eq!(held, bytes.len() as u64 + DECODED_BYTES);
        let mut temporary = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut temporary, &bytes).unwrap();
        let (from_file, error, held) = text(Stored::File(temporary));
        assert!(error.is_none() && from_file == expected, "{error:?}");
        assert!(
            held - DECODED_BYTES < bytes.len() as u64 / 4,
            "{held}: one group, not the file"
        );
    }

    /// Its end, which says where everything is, may be whole while what it points to is not.
    #[test]
    fn a_file_that_shrinks_while_it_is_read_is_damaged_not_complete() {
        let bytes = file(5, 3_000);
        let mut temporary = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut temporary, &bytes).unwrap();
        let mut parquet = ParquetText::new(Stored::File(temporary.try_clone().unwrap())).unwrap();
        assert!(parquet.next_block().is_some_and(|block| block.is_ok()));
        temporary.set_len(bytes.len() as u64 / 2).unwrap();
        let mut errors = Vec::new();
        while let Some(block) = parquet.next_block() {
            errors.extend(block.err());
        }
        assert_eq!(errors.len(), 1);
        assert!(is_damage(&errors[0]), "{errors:?}");
    }
}
