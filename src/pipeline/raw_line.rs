//! One raw line, read again from its object: good records keep no raw bytes in memory.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use crate::decode::{Encoding, GzipMembers, sniff};
use crate::error::{Error, Result};
use crate::model::LogObject;
use crate::source::{self, Content};

/// Text kept of the object that was read last; a line further down is read past the rest each time.
const KEPT_BYTES: u64 = 64 << 20;
/// Read beyond the wanted line at once, so that the lines after it cost nothing.
const AHEAD_BYTES: u64 = 8 << 20;

/// A line as it is in its object, with what names its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawLine {
    /// The line without its line end.
    pub bytes: Vec<u8>,
    /// The names of its columns by the last `#Fields` line before it; empty without one.
    pub names: Vec<String>,
}

/// Reads raw lines; remembers the text of the last object.
#[derive(Debug, Default)]
pub struct RawLines {
    last: Option<Text>,
}

#[derive(Debug)]
struct Text {
    uri: Arc<str>,
    etag: Arc<str>,
    bytes: Vec<u8>,
}

impl RawLines {
    /// The line at `offset` of `length` bytes in an object's text. Blocks on the disk or the network.
    ///
    /// # Errors
    /// The object is gone, changed or denied, or ends before the line does.
    pub fn read(
        &mut self,
        options: &source::Options,
        object: &LogObject,
        (offset, length): (u64, u64),
    ) -> Result<RawLine> {
        if source::kinesis::is_shard(&object.uri) {
            return Ok(RawLine {
                bytes: source::kinesis::read_again(options, &object.uri, (offset, length))?,
                names: Vec::new(),
            });
        }
        let end = offset + length;
        let known = self.last.as_ref().is_some_and(|t| {
            t.uri == object.uri && t.etag == object.etag && t.bytes.len() as u64 >= end
        });
        if !known {
            if end > KEPT_BYTES {
                return skip_to(&mut open(options, object)?, object, (offset, length));
            }
            self.last = None;
            let mut bytes = Vec::new();
            // What was read before a corrupt tail is good; whether it suffices shows below.
            let read = open(options, object)?
                .take(end + AHEAD_BYTES)
                .read_to_end(&mut bytes);
            if (bytes.len() as u64) < end {
                return Err(too_short(object, read.err()));
            }
            self.last = Some(Text {
                uri: object.uri.clone(),
                etag: object.etag.clone(),
                bytes,
            });
        }
        let text = self
            .last
            .as_ref()
            .map(|t| t.bytes.as_slice())
            .unwrap_or_default();
        let (before, rest) = text.split_at_checked(offset as usize).unwrap_or_default();
        let bytes = rest.get(..length as usize).unwrap_or_default().to_vec();
        Ok(RawLine {
            bytes,
            names: last_directive(before),
        })
    }
}

fn too_short(object: &LogObject, source: Option<std::io::Error>) -> Error {
    let source = source.unwrap_or_else(|| {
        std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "it ends before this line",
        )
    });
    Error::File {
        action: "read",
        path: object.uri.as_ref().into(),
        source,
        hint: " (it has changed since it was loaded: start anew)".into(),
    }
}

/// The object's text: gzip undone, all members.
fn open(options: &source::Options, object: &LogObject) -> Result<Box<dyn BufRead>> {
    let stored: Box<dyn Read> = match source::reopen(options, object)? {
        Content::Bytes(bytes) => Box::new(std::io::Cursor::new(bytes)),
        Content::File(path) => {
            Box::new(std::fs::File::open(&path).map_err(|e| Error::file("read", &path, e))?)
        }
        Content::Stream(stream) => stream,
    };
    let mut stored = BufReader::with_capacity(1 << 18, stored);
    let start = stored
        .fill_buf()
        .map_err(|e| Error::file("read", object.uri.as_ref(), e))?;
    Ok(match sniff(start) {
        Encoding::Plain => Box::new(stored),
        Encoding::Gzip => Box::new(BufReader::with_capacity(1 << 18, GzipMembers::new(stored))),
    })
}

/// Reads a far line without keeping what stands before it.
fn skip_to(
    reader: &mut dyn BufRead,
    object: &LogObject,
    (offset, length): (u64, u64),
) -> Result<RawLine> {
    let (mut at, mut line, mut names) = (0, Vec::new(), Vec::new());
    while at < offset {
        line.clear();
        let read = reader
            .read_until(b'\n', &mut line)
            .map_err(|e| too_short(object, Some(e)))?;
        if read == 0 {
            return Err(too_short(object, None));
        }
        at += read as u64;
        if line.starts_with(DIRECTIVE) {
            names = directive_names(&line);
        }
    }
    let mut bytes = Vec::new();
    reader
        .take(length)
        .read_to_end(&mut bytes)
        .map_err(|e| too_short(object, Some(e)))?;
    if at > offset || (bytes.len() as u64) < length {
        return Err(too_short(object, None));
    }
    Ok(RawLine { bytes, names })
}

const DIRECTIVE: &[u8] = b"#Fields:";

/// The names of the last `#Fields` line in a text.
fn last_directive(text: &[u8]) -> Vec<String> {
    let at =
        memchr::memmem::rfind_iter(text, DIRECTIVE).find(|at| *at == 0 || text[at - 1] == b'\n');
    at.map(|at| directive_names(text[at..].split(|b| *b == b'\n').next().unwrap_or_default()))
        .unwrap_or_default()
}

/// Names apart by spaces, tabs or stray U+200B.
fn directive_names(line: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(&line[DIRECTIVE.len()..]);
    text.split(|c: char| c.is_whitespace() || c == '\u{200B}')
        .filter(|n| !n.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(path: &std::path::Path) -> LogObject {
        LogObject {
            uri: path.to_string_lossy().into(),
            size_bytes: 0,
            etag: "1".into(),
            hour: None,
            last_modified_ms: None,
        }
    }

    const TEXT: &[u8] =
        b"#Version: 1.0\n#Fields: date time\na\tb\n#Fields:\tdate\tx-new\nc\xff\td\r\nlast\n";

    #[test]
    fn a_line_comes_back_byte_for_byte_with_the_names_in_force_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plain.log");
        std::fs::write(&path, TEXT).unwrap();
        let mut lines = RawLines::default();
        let options = source::Options::default();
        let first = lines.read(&options, &object(&path), (33, 3)).unwrap();
        assert_eq!(
            (first.bytes.as_slice(), first.names),
            (b"a\tb".as_slice(), vec!["date".to_owned(), "time".into()])
        );
        let at = TEXT.iter().position(|b| *b == 0xff).unwrap() as u64 - 1;
        let second = lines.read(&options, &object(&path), (at, 4)).unwrap();
        assert_eq!(
            (second.bytes.as_slice(), second.names.len()),
            (b"c\xff\td".as_slice(), 2)
        );
        assert_eq!(second.names[1], "x-new");
        let far = skip_to(
            &mut open(&options, &object(&path)).unwrap(),
            &object(&path),
            (at, 4),
        )
        .unwrap();
        assert_eq!(far, second_again(&mut lines, &path, at));
    }

    fn second_again(lines: &mut RawLines, path: &std::path::Path, at: u64) -> RawLine {
        lines
            .read(&source::Options::default(), &object(path), (at, 4))
            .unwrap()
    }

    #[test]
    fn lines_before_a_damaged_tail_are_there_and_later_ones_say_why_not() {
        use std::io::Write as _;
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gz.write_all(TEXT).unwrap();
        let mut stored = gz.finish().unwrap();
        stored.truncate(stored.len() - 20);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.gz");
        std::fs::write(&path, stored).unwrap();
        let mut lines = RawLines::default();
        let read =
            |lines: &mut RawLines, at| lines.read(&source::Options::default(), &object(&path), at);
        assert_eq!(read(&mut lines, (33, 3)).unwrap().bytes, b"a\tb");
        let error = read(&mut lines, (5_000, 3)).unwrap_err().to_string();
        assert!(
            error.contains("cut.gz") && error.contains("start anew"),
            "{error}"
        );
    }
}
