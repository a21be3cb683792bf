//! Reads our own CSV and JSON Lines again, to the exact cell.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::export::cell::Cell;
use crate::export::format::{RowSink, text};
use crate::export::options::{Compress, Format, Options};
use crate::export::table::{Storage, TableSchema};
use crate::model::time::{days_from_civil, days_in_month, parse_time};

/// Reads a file again.
///
/// # Errors
/// When it cannot be read, or is not what we write.
pub fn reread(
    path: &Path,
    options: &Options,
    table: &TableSchema,
    sink: &mut RowSink<'_>,
) -> Result<()> {
    let fail = |what: &dyn std::fmt::Display| {
        Error::Export(format!(
            "cannot read {} again: {what}. Nothing was published",
            path.display()
        ))
    };
    let file = File::open(path).map_err(|e| fail(&e))?;
    let file: Box<dyn Read> = match options.compress {
        Compress::None => Box::new(file),
        Compress::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            256 << 10,
            file,
        ))),
    };
    let mut lines = Lines {
        reader: BufReader::with_capacity(256 << 10, file),
        line: vec![],
    };
    let mut row = TextRow::default();
    if options.format == Format::Csv {
        let mut header = Vec::new();
        text::csv_header(&mut header, table);
        if !lines.next(true).map_err(|e| fail(&e))? || lines.line != header {
            return Err(fail(&"the header is not the table's"));
        }
    }
    let mut number = 0u64;
    while lines
        .next(options.format == Format::Csv)
        .map_err(|e| fail(&e))?
    {
        number += 1;
        let read = match options.format {
            Format::Jsonl => row.read_json(&lines.line, table),
            _ => row.read_csv(&lines.line),
        };
        let cells = read
            .and_then(|()| row.cells(table))
            .ok_or_else(|| fail(&format!("row {number} is not the table's")))?;
        sink(&cells)?;
    }
    Ok(())
}

struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line with its line end; with `quotes`, line ends inside quotes do not end it.
    fn next(&mut self, quotes: bool) -> std::io::Result<bool> {
        self.line.clear();
        let mut odd = false;
        loop {
            let before = self.line.len();
            if self.reader.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(before > 0);
            }
            odd ^= memchr::memchr_iter(b'"', &self.line[before..]).count() % 2 == 1;
            if !quotes || !odd {
                return Ok(true);
            }
        }
    }
}

/// A field as it stood in the line.
#[derive(Debug, Clone)]
enum Field {
    Null,
    Bare(Range<usize>),
    Text(Range<usize>),
}

/// One row: its texts in one buffer.
#[derive(Debug, Default)]
struct TextRow {
    arena: Vec<u8>,
    fields: Vec<Field>,
}

impl TextRow {
    fn read_csv(&mut self, line: &[u8]) -> Option<()> {
        self.arena.clear();
        self.fields.clear();
        let mut rest = line.strip_suffix(b"\n")?;
        loop {
            let start = self.arena.len();
            if let Some(mut quoted) = rest.strip_prefix(b"\"") {
                loop {
                    let end = memchr::memchr(b'"', quoted)?;
                    self.arena.extend_from_slice(&quoted[..end]);
                    quoted = &quoted[end + 1..];
                    let Some(more) = quoted.strip_prefix(b"\"") else {
                        break;
                    };
                    self.arena.push(b'"');
                    quoted = more;
                }
                self.fields.push(Field::Text(start..self.arena.len()));
                rest = quoted;
            } else {
                let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
                self.arena.extend_from_slice(&rest[..end]);
                let null = &rest[..end] == b"\\N";
                self.fields.push(if null {
                    Field::Null
                } else {
                    Field::Bare(start..self.arena.len())
                });
                rest = &rest[end..];
            }
            match rest.split_first() {
                None => return Some(()),
                Some((b',', more)) => rest = more,
                Some(_) => return None,
            }
        }
    }

    fn read_json(&mut self, line: &[u8], table: &TableSchema) -> Option<()> {
        self.arena.clear();
        self.fields.clear();
        let mut rest = line.strip_suffix(b"}\n")?.strip_prefix(b"{")?;
        for (i, column) in table.columns.iter().enumerate() {
            if i > 0 {
                rest = rest.strip_prefix(b",")?;
            }
            let (name, after) = json_string(rest)?;
            if name != column.name {
                return None;
            }
            rest = after.strip_prefix(b":")?;
            let start = self.arena.len();
            if rest.starts_with(b"\"") {
                let (text, after) = json_string(rest)?;
                self.arena.extend_from_slice(text.as_bytes());
                let span = start..self.arena.len();
                let is_text = matches!(column.storage, Storage::Text(_));
                self.fields.push(if is_text {
                    Field::Text(span)
                } else {
                    Field::Bare(span)
                });
                rest = after;
            } else {
                let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
                self.arena.extend_from_slice(&rest[..end]);
                let null = &rest[..end] == b"null";
                self.fields.push(if null {
                    Field::Null
                } else {
                    Field::Bare(start..self.arena.len())
                });
                rest = &rest[end..];
            }
        }
        rest.is_empty().then_some(())
    }

    fn cells(&self, table: &TableSchema) -> Option<Vec<Cell<'_>>> {
        if self.fields.len() != table.columns.len() {
            return None;
        }
        self.fields
            .iter()
            .zip(&table.columns)
            .map(|(field, column)| self.cell(field, column.storage))
            .collect()
    }

    fn cell(&self, field: &Field, storage: Storage) -> Option<Cell<'_>> {
        let (span, quoted) = match field {
            Field::Null => return Some(Cell::Null),
            Field::Bare(span) => (span, false),
            Field::Text(span) => (span, true),
        };
        let text = std::str::from_utf8(&self.arena[span.clone()]).ok()?;
        Some(match (storage, quoted) {
            (Storage::Text(_), true) => Cell::Text(text),
            (Storage::Int, false) => Cell::Int(text.parse().ok()?),
            (Storage::Float, false) => Cell::Float(text.parse().ok()?),
            (Storage::Bool, false) => Cell::Bool(text.parse().ok()?),
            (Storage::Date, false) => Cell::Date(i32::try_from(days(text)?).ok()?),
            (Storage::Timestamp, false) => Cell::Timestamp(timestamp(text)?),
            _ => return None,
        })
    }
}

/// A JSON string at the start of `text`, and what comes after it.
fn json_string(text: &[u8]) -> Option<(String, &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', inside.get(at..)?)?;
        if inside[at] == b'"' {
            break;
        }
        at += 2;
    }
    let token = &text[..at + 2];
    Some((serde_json::from_slice(token).ok()?, &text[at + 2..]))
}

fn days(text: &str) -> Option<i64> {
    let (front, day) = text.rsplit_once('-')?;
    let (year, month) = front.rsplit_once('-')?;
    let (year, month, day): (i64, u32, u32) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    ((1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month))
        .then(|| days_from_civil(year, month, day))
}

fn timestamp(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(' ')?;
    let (clock, us) = clock.split_once('.')?;
    let seconds = i64::from(parse_time(clock.as_bytes())?);
    days(date)?
        .checked_mul(86_400_000_000)?
        .checked_add(seconds * 1_000_000 + us.parse::<i64>().ok()?)
}
