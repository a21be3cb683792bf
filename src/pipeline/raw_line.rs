//! One raw line, read again from its object: good records keep no raw bytes in memory.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use crate::decode::{Encoding, ParquetText, Stored, sniff, unpacked};
use crate::error::{Error, Result};
use crate::model::LogObject;
use crate::parse::{Formats, ParseState};
use crate::source::{self, Content};

/// Text kept of the object that was read last; a line further down is read past the rest each time.
const KEPT_BYTES: u64 = 64 << 20;
/// Read beyond the wanted line at once, so that the lines after it cost nothing.
const AHEAD_BYTES: u64 = 8 << 20;

/// A line as it is in its object, with what names its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawLine {
    /// The line without its line end; of Parquet the row with tabs between its values.
    pub bytes: Vec<u8>,
    /// What is known of its columns: by the last `#Fields` line before it, the file, or what the user said.
    pub state: ParseState,
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
    /// Before the first line.
    start: ParseState,
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
            let formats = Arc::new(Formats::new(&options.formats)?);
            return Ok(RawLine {
                bytes: source::kinesis::read_again(options, &object.uri, (offset, length))?,
                state: ParseState::new(&formats, object.hour),
            });
        }
        let end = offset + length;
        let known = self.last.as_ref().is_some_and(|t| {
            t.uri == object.uri && t.etag == object.etag && t.bytes.len() as u64 >= end
        });
        if !known {
            let (mut text, start) = open(options, object)?;
            if end > KEPT_BYTES {
                return skip_to(&mut text, object, (offset, length), start);
            }
            self.last = None;
            let mut bytes = Vec::new();
            // What was read before a corrupt tail is good; whether it suffices shows below.
            let read = text.take(end + AHEAD_BYTES).read_to_end(&mut bytes);
            if (bytes.len() as u64) < end {
                return Err(too_short(object, read.err()));
            }
            self.last = Some(Text {
                uri: object.uri.clone(),
                etag: object.etag.clone(),
                bytes,
                start,
            });
        }
        let Some(text) = &self.last else {
            return Err(too_short(object, None));
        };
        let (before, rest) = text
            .bytes
            .split_at_checked(offset as usize)
            .unwrap_or_default();
        let bytes = rest.get(..length as usize).unwrap_or_default().to_vec();
        let mut state = text.start.clone();
        if let Some(names) = last_directive(before) {
            state.directive(&names);
        }
        Ok(RawLine { bytes, state })
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

/// The object's text, and what is known of its columns before its first line.
fn open(options: &source::Options, object: &LogObject) -> Result<(Box<dyn BufRead>, ParseState)> {
    let formats = Arc::new(Formats::new(&options.formats)?);
    let state = ParseState::new(&formats, object.hour);
    let stored: Box<dyn Read + Send> = match source::reopen(options, object)? {
        Content::Bytes(bytes) => Box::new(std::io::Cursor::new(bytes)),
        Content::File(path) => {
            Box::new(std::fs::File::open(&path).map_err(|e| Error::file("read", &path, e))?)
        }
        Content::Stream(stream) => stream,
    };
    let failed = |e| Error::file("read", object.uri.as_ref(), e);
    let mut stored = BufReader::with_capacity(1 << 18, stored);
    if sniff(stored.fill_buf().map_err(failed)?) == Encoding::Parquet {
        let stored = if std::path::Path::new(&*object.uri).is_file() {
            Stored::File(std::fs::File::open(&*object.uri).map_err(failed)?)
        } else {
            let mut bytes = Vec::new();
            stored.read_to_end(&mut bytes).map_err(failed)?;
            Stored::Memory(bytes.into())
        };
        let text = ParquetText::new(stored).map_err(failed)?;
        let state = state.of_columns(&text.names());
        let rows = Rows {
            text,
            block: std::io::Cursor::default(),
        };
        return Ok((Box::new(BufReader::with_capacity(1 << 18, rows)), state));
    }
    let text = unpacked(stored).map_err(failed)?;
    Ok((Box::new(BufReader::with_capacity(1 << 18, text)), state))
}

/// The rows of a Parquet file as lines: the same text that was parsed.
struct Rows {
    text: ParquetText<'static>,
    block: std::io::Cursor<Vec<u8>>,
}

impl Read for Rows {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = self.block.read(buf)?;
            if read > 0 || buf.is_empty() {
                return Ok(read);
            }
            match self.text.next_block() {
                Some(block) => self.block = std::io::Cursor::new(block?),
                None => return Ok(0),
            }
        }
    }
}

/// Reads a far line without keeping what stands before it.
fn skip_to(
    reader: &mut dyn BufRead,
    object: &LogObject,
    (offset, length): (u64, u64),
    mut state: ParseState,
) -> Result<RawLine> {
    let (mut at, mut line) = (0, Vec::new());
    while at < offset {
        line.clear();
        // Not past the wanted place: objects and records may stand in one line.
        let read = reader
            .take(offset - at)
            .read_until(b'\n', &mut line)
            .map_err(|e| too_short(object, Some(e)))?;
        if read == 0 {
            return Err(too_short(object, None));
        }
        at += read as u64;
        if line.starts_with(DIRECTIVE) {
            state.directive(&directive_names(&line));
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
    Ok(RawLine { bytes, state })
}

const DIRECTIVE: &[u8] = b"#Fields:";

/// The names of the last `#Fields` line in a text.
fn last_directive(text: &[u8]) -> Option<String> {
    let at =
        memchr::memmem::rfind_iter(text, DIRECTIVE).find(|at| *at == 0 || text[at - 1] == b'\n');
    at.map(|at| directive_names(text[at..].split(|b| *b == b'\n').next().unwrap_or_default()))
}

/// What follows the colon.
fn directive_names(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[DIRECTIVE.len()..]).into_owned()
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

    fn names(raw: &RawLine) -> Vec<&str> {
        let layout = raw.state.layout.as_ref().unwrap();
        layout.names.iter().map(|name| &**name).collect()
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
            (first.bytes.as_slice(), names(&first)),
            (b"a\tb".as_slice(), vec!["date", "time"])
        );
        let at = TEXT.iter().position(|b| *b == 0xff).unwrap() as u64 - 1;
        let second = lines.read(&options, &object(&path), (at, 4)).unwrap();
        assert_eq!(
            (second.bytes.as_slice(), names(&second)),
            (b"c\xff\td".as_slice(), vec!["date", "x-new"])
        );
        let (mut text, start) = open(&options, &object(&path)).unwrap();
        let far = skip_to(&mut text, &object(&path), (at, 4), start).unwrap();
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
