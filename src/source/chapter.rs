//! What of a growing text has been read, kept so that the text is known again: after a restart, under another name,
//! copied beside itself, or compressed.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use xxhash_rust::xxh3::xxh3_64;

use crate::model::Chapter;

/// Bytes from the start of a text that it is known by: a `#Fields` line and some rows.
const HEAD_BYTES: usize = 1024;
/// Bytes before the place that was read to.
const EDGE_BYTES: usize = 256;
/// Shorter texts are known by their file only: two of them may be equal by chance.
const TELLING_BYTES: u64 = 64;
/// Longest first line that is kept to know a format from.
const HEADER_BYTES: usize = 64 << 10;
const FIELDS: &[u8] = b"#Fields:";

/// The start and the end of what was read of a text.
#[derive(Debug, Clone, Default)]
pub struct Margins {
    /// Bytes read.
    pub offset: u64,
    /// Lines read.
    pub lines: u64,
    head: Vec<u8>,
    edge: Vec<u8>,
    /// The last `#Fields` line, else the first line.
    header: Vec<u8>,
    has_fields: bool,
}

impl Margins {
    /// Some more whole lines were read.
    pub fn take(&mut self, bytes: &[u8]) {
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        if let Some(at) = last_fields(bytes) {
            self.header = line_at(bytes, at).to_vec();
            self.has_fields = true;
        } else if self.header.is_empty() && !self.has_fields {
            self.header = line_at(bytes, 0).to_vec();
            self.header.truncate(HEADER_BYTES);
        }
        self.edge
            .extend_from_slice(&bytes[bytes.len().saturating_sub(EDGE_BYTES)..]);
        let spare = self.edge.len().saturating_sub(EDGE_BYTES);
        self.edge.drain(..spare);
        self.offset += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    /// For the state.
    pub fn chapter(&self) -> Chapter {
        Chapter {
            offset: self.offset,
            lines: self.lines,
            head_bytes: self.head.len() as u32,
            head: xxh3_64(&self.head),
            edge_bytes: self.edge.len() as u32,
            edge: xxh3_64(&self.edge),
        }
    }

    /// The line that the format is known from.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Whether the text still holds, before the place read to, what was read.
    pub fn is_still_in(&self, file: &mut File) -> io::Result<bool> {
        let Some(start) = self.offset.checked_sub(self.edge.len() as u64) else {
            return Ok(true);
        };
        Ok(bytes_at(file, start, self.edge.len())? == self.edge)
    }

    /// Goes on from a chapter of a plain file.
    pub fn of_file(chapter: &Chapter, header: &str, file: &mut File) -> io::Result<Self> {
        let head = bytes_at(file, 0, chapter.head_bytes as usize)?;
        let start = chapter.offset.saturating_sub(chapter.edge_bytes.into());
        let edge = bytes_at(file, start, chapter.edge_bytes as usize)?;
        Ok(Self::restored(chapter, header, head, edge))
    }

    /// Goes on from a chapter of a text that is read from its start.
    pub fn of_text(chapter: &Chapter, header: &str, text: &mut dyn Read) -> io::Result<Self> {
        let mut seen = Self::default();
        let mut left = text.take(chapter.offset);
        let mut step = vec![0; 256 << 10];
        loop {
            let n = left.read(&mut step)?;
            if n == 0 {
                break;
            }
            seen.take(&step[..n]);
        }
        Ok(Self::restored(chapter, header, seen.head, seen.edge))
    }

    fn restored(chapter: &Chapter, header: &str, head: Vec<u8>, edge: Vec<u8>) -> Self {
        Self {
            offset: chapter.offset,
            lines: chapter.lines,
            head,
            edge,
            header: header.as_bytes().to_vec(),
            has_fields: header.as_bytes().starts_with(FIELDS),
        }
    }
}

/// Where the last `#Fields` line starts.
fn last_fields(bytes: &[u8]) -> Option<usize> {
    // Rows are many and directives few: an object without a `#` at a line's start is the rule after its first lines.
    memchr::memmem::rfind(bytes, b"\n#Fields:")
        .map(|at| at + 1)
        .or_else(|| bytes.starts_with(FIELDS).then_some(0))
}

fn line_at(bytes: &[u8], at: usize) -> &[u8] {
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1);
    &bytes[at..end]
}

fn bytes_at(file: &mut File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How a text compares with a chapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Another text.
    Other,
    /// Too little of it is there to tell.
    Short,
    /// It starts as the chapter does, and ends before the chapter's end.
    Part,
    /// All of the chapter, and perhaps more.
    Whole,
}

/// Compares a plain file with a chapter.
pub fn compare_file(chapter: &Chapter, file: &mut File) -> io::Result<Likeness> {
    let size = file.metadata()?.len();
    let head = bytes_at(file, 0, chapter.head_bytes as usize)?;
    if chapter.offset == 0 || xxh3_64(&head) != chapter.head {
        return Ok(Likeness::Other);
    }
    if size < chapter.offset {
        return Ok(Likeness::Part);
    }
    let start = chapter.offset - u64::from(chapter.edge_bytes);
    let edge = bytes_at(file, start, chapter.edge_bytes as usize)?;
    Ok(if xxh3_64(&edge) == chapter.edge {
        Likeness::Whole
    } else {
        Likeness::Other
    })
}

/// Compares a text, read from its start, with a chapter.
pub fn compare_text(chapter: &Chapter, text: &mut dyn Read) -> io::Result<Likeness> {
    let mut head = Vec::new();
    (&mut *text)
        .take(u64::from(chapter.head_bytes))
        .read_to_end(&mut head)?;
    if chapter.offset == 0 || xxh3_64(&head) != chapter.head {
        return Ok(Likeness::Other);
    }
    let mut margins = Margins::default();
    margins.take(&head);
    let mut step = vec![0; 64 << 10];
    while margins.offset < chapter.offset {
        let most = (chapter.offset - margins.offset).min(step.len() as u64) as usize;
        let n = text.read(&mut step[..most])?;
        if n == 0 {
            return Ok(Likeness::Part);
        }
        margins.take(&step[..n]);
    }
    Ok(if margins.chapter().edge == chapter.edge {
        Likeness::Whole
    } else {
        Likeness::Other
    })
}

/// Whether a text can be known by its bytes alone: they are enough, and not all of them directives.
pub fn is_telling(chapter: &Chapter, file_start: &[u8]) -> bool {
    let head = &file_start[..file_start.len().min(chapter.head_bytes as usize)];
    chapter.offset >= TELLING_BYTES
        && head
            .split(|b| *b == b'\n')
            .any(|line| !line.is_empty() && !line.starts_with(b"#"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_by_its_start_and_its_end() {
        let text: Vec<u8> = (0..500)
            .flat_map(|n| format!("2026-11-22\tline {n}\n").into_bytes())
            .collect();
        let read = text.len() / 2;
        let read = memchr::memrchr(b'\n', &text[..read]).unwrap() + 1;
        let mut margins = Margins::default();
        for piece in text[..read].split_inclusive(|b| *b == b'\n') {
            margins.take(piece);
        }
        let chapter = margins.chapter();
        let compared = |text: &[u8]| compare_text(&chapter, &mut &text[..]).unwrap();
        assert_eq!(compared(&text), Likeness::Whole);
        assert_eq!(compared(&text[..read]), Likeness::Whole);
        assert_eq!(compared(&text[..read - 9]), Likeness::Part);
        let mut other = text.clone();
        other[read - 3] ^= 1;
        assert_eq!(compared(&other), Likeness::Other);
        other[3] ^= 1;
        assert_eq!(compared(&other), Likeness::Other);
        let again = Margins::of_text(&chapter, "", &mut &text[..]).unwrap();
        assert_eq!(again.chapter(), chapter);
    }

    #[test]
    fn the_header_is_the_last_fields_line_or_the_first_line() {
        let mut margins = Margins::default();
        margins.take(b"{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(margins.header(), b"{\"a\":1}\n");
        margins.take(b"#Fields: date\nx\n#Fields: time\ny\n");
        assert_eq!(margins.header(), b"#Fields: time\n");
        margins.take(b"z\n");
        assert_eq!(margins.header(), b"#Fields: time\n");
    }
}
