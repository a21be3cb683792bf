//! Rows of many tables on their way into files: a bounded buffer a file, flushed as row groups.
//!
//! What goes where depends only on the rows and their order, so the files are the same for any number of threads.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::export::cell::{Cell, RowHasher};
use crate::export::format::{OpenFile, RowBuffer, text};
use crate::export::options::Options;
use crate::export::table::TableSchema;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Good events.
    Good,
    /// Failed events.
    Rejected,
    /// One row a failure.
    Failures,
    /// One row an unreadable line.
    Unreadable,
}

impl Class {
    /// The word in manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Rejected => "rejected",
            Self::Failures => "failures",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Which file a row goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartKey {
    /// What the rows are.
    pub class: Class,
    /// Index into the tables of the export; 0 for failures and unreadable lines.
    pub table: usize,
    /// Day of the log time, since 1970; `None` where lines have no time.
    pub day: Option<i32>,
}

/// A finished file.
#[derive(Debug, Clone)]
pub struct WrittenFile {
    /// Relative to the destination.
    pub path: String,
    /// What it holds.
    pub key: PartKey,
    /// Its columns.
    pub schema: Arc<TableSchema>,
    /// Rows as written.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Sum of the hashes of its rows, as written.
    pub content_hash: u128,
}

#[derive(Debug)]
struct Part {
    schema: Arc<TableSchema>,
    buffer: RowBuffer,
    rows: usize,
    bytes: usize,
    open: Option<Opened>,
    hasher: RowHasher,
    sequence: u32,
}

#[derive(Debug)]
struct Opened {
    file: OpenFile,
    path: String,
    rows: u64,
    hash: u128,
    last_write: u64,
}

/// Files open at a time; past it the one that waited longest is finished.
const MAX_OPEN: usize = 64;

/// All files of one export.
#[derive(Debug)]
pub struct Parts {
    options: Options,
    folder: PathBuf,
    prefix: String,
    by_key: BTreeMap<PartKey, Part>,
    buffered: usize,
    open: usize,
    writes: u64,
    files: Vec<WrittenFile>,
}

impl Parts {
    /// Writes under `folder` (the plan's temporary one), into files named after the plan.
    pub fn new(options: Options, folder: PathBuf, plan: &str) -> Self {
        Self {
            options,
            folder,
            prefix: plan.to_owned(),
            by_key: BTreeMap::new(),
            buffered: 0,
            open: 0,
            writes: 0,
            files: vec![],
        }
    }

    /// Appends one row.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn push(
        &mut self,
        key: PartKey,
        schema: &Arc<TableSchema>,
        row: &[Cell<'_>],
    ) -> Result<()> {
        let format = self.options.format;
        let part = self.by_key.entry(key).or_insert_with(|| Part {
            schema: schema.clone(),
            buffer: RowBuffer::new(format, schema),
            rows: 0,
            bytes: 0,
            open: None,
            hasher: RowHasher::new(&schema.name, schema.columns.iter().map(|c| c.name.as_str())),
            sequence: 0,
        });
        let bytes = row.iter().map(Cell::byte_len).sum::<usize>() + row.len();
        part.hasher.add(row);
        part.buffer.push(format, &part.schema, row);
        part.rows += 1;
        part.bytes += bytes;
        self.buffered += bytes;
        if part.rows >= self.options.group_rows || part.bytes >= self.options.group_bytes {
            return self.flush(key);
        }
        if self.buffered >= self.options.buffer_bytes {
            let largest = self
                .by_key
                .iter()
                .max_by_key(|(_, p)| p.bytes)
                .map(|(key, _)| *key);
            return largest.map_or(Ok(()), |key| self.flush(key));
        }
        Ok(())
    }

    /// Writes what is buffered of one part as a row group.
    fn flush(&mut self, key: PartKey) -> Result<()> {
        if self
            .by_key
            .get(&key)
            .is_some_and(|p| p.open.is_none() && p.rows > 0)
            && self.open >= MAX_OPEN
        {
            let oldest = self
                .by_key
                .iter()
                .filter_map(|(k, p)| p.open.as_ref().map(|o| (o.last_write, *k)))
                .min();
            if let Some((_, oldest)) = oldest {
                self.close(oldest)?;
            }
        }
        let Some(part) = self.by_key.get_mut(&key).filter(|p| p.rows > 0) else {
            return Ok(());
        };
        let buffer = std::mem::replace(
            &mut part.buffer,
            RowBuffer::new(self.options.format, &part.schema),
        );
        let (rows, bytes) = (
            std::mem::take(&mut part.rows),
            std::mem::take(&mut part.bytes),
        );
        self.buffered -= bytes;
        if part.open.is_none() {
            let path = relative_path(
                key,
                &part.schema,
                &self.prefix,
                part.sequence,
                &self.options,
            );
            let file = OpenFile::create(self.folder.join(&path), &self.options, &part.schema)?;
            part.sequence += 1;
            part.open = Some(Opened {
                file,
                path,
                rows: 0,
                hash: 0,
                last_write: 0,
            });
            self.open += 1;
        }
        let Some(open) = &mut part.open else {
            return Ok(());
        };
        self.writes += 1;
        open.last_write = self.writes;
        open.file.write(buffer)?;
        open.rows += rows as u64;
        open.hash = open.hash.wrapping_add(part.hasher.sum());
        part.hasher.reset();
        if open.file.bytes() >= self.options.file_bytes {
            self.close(key)
        } else {
            Ok(())
        }
    }

    /// Finishes the open file of one part.
    fn close(&mut self, key: PartKey) -> Result<()> {
        let Some(part) = self.by_key.get_mut(&key) else {
            return Ok(());
        };
        let Some(open) = part.open.take() else {
            return Ok(());
        };
        self.open -= 1;
        let bytes = open.file.finish()?;
        let schema = part.schema.clone();
        self.files.push(WrittenFile {
            path: open.path,
            key,
            schema,
            rows: open.rows,
            bytes,
            content_hash: open.hash,
        });
        Ok(())
    }

    /// Writes and finishes everything; the files sorted by path.
    ///
    /// # Errors
    /// When the destination does not take it.
    pub fn finish(mut self) -> Result<Vec<WrittenFile>> {
        let keys: Vec<PartKey> = self.by_key.keys().copied().collect();
        for key in keys {
            self.flush(key)?;
            self.close(key)?;
        }
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(self.files)
    }
}

/// `data/checkout_1/dt=2026-03-04/<plan>-0.parquet`.
fn relative_path(
    key: PartKey,
    schema: &TableSchema,
    plan: &str,
    sequence: u32,
    options: &Options,
) -> String {
    let folder = match key.class {
        Class::Good => format!("data/{}", schema.name),
        Class::Rejected | Class::Unreadable => format!("rejected/{}", schema.name),
        Class::Failures => "failures".to_owned(),
    };
    let day = key
        .day
        .map(|day| format!("/dt={}", text::date_text(i64::from(day))))
        .unwrap_or_default();
    format!("{folder}{day}/{plan}-{sequence}.{}", options.extension())
}
