//! A stream cut into blocks of whole lines.

use std::io::{self, Read};

/// What comes next in a stream.
#[derive(Debug)]
pub enum Piece {
    /// Whole lines; only the last block of a stream may lack its final newline.
    Lines {
        /// Where the block starts in the decoded text, in bytes.
        offset: u64,
        /// The lines.
        text: Vec<u8>,
    },
    /// A line so long that it was not kept.
    LongLine {
        /// Where it starts in the decoded text, in bytes.
        offset: u64,
        /// Its true length without the newline, in bytes.
        length: u64,
        /// Its first [`KEPT_OF_LONG_LINE`] bytes.
        head: Vec<u8>,
    },
    /// The stream breaks here.
    Broken {
        /// Where the cut line starts in the decoded text, in bytes.
        offset: u64,
        /// What there is of the cut line.
        tail: Vec<u8>,
        /// Why: `UnexpectedEof` and `InvalidData` mean damaged data, other kinds mean the world failed.
        error: io::Error,
    },
}

/// Bytes kept of a line that is too long to keep.
pub const KEPT_OF_LONG_LINE: usize = 65_536;
/// A line may grow to this many bytes before it is skipped: four times the limit that makes it a reject (1 MiB).
const MAX_LINE: usize = 4 << 20;

/// Cuts a reader into [`Piece`]s: an iterator that ends after the last byte, or after [`Piece::Broken`].
#[derive(Debug)]
pub struct BlockReader<R> {
    reader: R,
    block_bytes: usize,
    /// Lines are handed on as they come, though a block is not full.
    is_live: bool,
    /// What was read and not yet handed on: the start of a line.
    carry: Vec<u8>,
    /// Where `carry` starts in the decoded text.
    offset: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Reading,
    /// The stream broke; its whole lines have been handed on.
    Broke(io::Error),
    Done,
}

impl<R: Read> BlockReader<R> {
    /// Blocks of about `block_bytes`.
    pub fn new(reader: R, block_bytes: usize) -> Self {
        Self {
            reader,
            block_bytes,
            is_live: false,
            carry: Vec::new(),
            offset: 0,
            state: State::Reading,
        }
    }

    /// Hands on whole lines as soon as they are there: for whoever watches a pipe.
    #[must_use]
    pub fn live(mut self, is_live: bool) -> Self {
        self.is_live = is_live;
        self
    }

    /// Reads on until `carry` holds `target` bytes. `Ok(false)` at the end of the stream.
    fn fill(&mut self, target: usize) -> io::Result<bool> {
        while self.carry.len() < target {
            let have = self.carry.len();
            self.carry.resize(target, 0);
            let read = self.reader.read(&mut self.carry[have..]);
            self.carry.truncate(have + read.as_ref().map_or(0, |n| *n));
            match read {
                Ok(0) => return Ok(false),
                Ok(_) if self.is_live => return Ok(true),
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// Hands on the first `end` bytes of `carry`.
    fn lines(&mut self, end: usize) -> Piece {
        let rest = self.carry[end..].to_vec();
        let mut text = std::mem::replace(&mut self.carry, rest);
        text.truncate(end);
        let offset = self.offset;
        self.offset += end as u64;
        Piece::Lines { offset, text }
    }

    /// Skips the rest of a line that has outgrown [`MAX_LINE`].
    fn long_line(&mut self) -> Piece {
        let offset = self.offset;
        let mut head = self.carry.clone();
        head.truncate(KEPT_OF_LONG_LINE);
        let mut length = 0u64;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.carry) {
                length += end as u64;
                self.carry.drain(..=end);
                self.offset = offset + length + 1;
                break;
            }
            length += self.carry.len() as u64;
            self.offset = offset + length;
            self.carry.clear();
            match self.fill(self.block_bytes) {
                Ok(_) if !self.carry.is_empty() => {}
                Ok(_) => {
                    self.state = State::Done;
                    break;
                }
                Err(e) => {
                    self.state = State::Broke(e);
                    if self.carry.is_empty() {
                        break;
                    }
                }
            }
        }
        Piece::LongLine {
            offset,
            length,
            head,
        }
    }
}

/// Where the last whole line ends. Of JSON where the last whole object does: one may be wrapped over several lines, or
/// follow another with nothing between them, as Firehose joins records. Of joined real-time records, where the last begins.
fn end_of_whole(text: &[u8]) -> usize {
    if text.get(STAMP_BYTES) == Some(&b'\t')
        && is_stamp(&text[..STAMP_BYTES])
        && memchr::memchr(b'\n', text).is_none()
    {
        return end_of_records(text).unwrap_or(0);
    }
    if text.first() == Some(&b'{') && text.len() < MAX_LINE * 4 {
        if let Some(at) = memchr::memmem::rfind(text, b"\n{") {
            return at + 1;
        }
        if let Some(end) = end_of_objects(text) {
            return end;
        }
        // A wrapped object that has not ended yet, or other lines behind an object.
        if text.len() < MAX_LINE {
            return 0;
        }
    }
    memchr::memrchr(b'\n', text).map_or(0, |i| i + 1)
}

/// `1607374321.541`
const STAMP_BYTES: usize = 14;
/// Tabs in a real-time record of the 40 fields at launch, and of the 69 of today.
const REALTIME_TABS: [usize; 2] = [39, 68];

fn is_stamp(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(i, byte)| {
        if i == 10 {
            *byte == b'.'
        } else {
            byte.is_ascii_digit()
        }
    })
}

/// Where the last real-time record begins that follows another one directly: the last value of one and the timestamp of
/// the next share a column.
fn end_of_records(text: &[u8]) -> Option<usize> {
    let tabs: Vec<usize> = memchr::memchr_iter(b'\t', text).collect();
    let start_of = |tab: usize| {
        let start = tabs[tab].checked_sub(STAMP_BYTES)?;
        let shares = start > tabs[tab - 1] + 1 && is_stamp(&text[start..tabs[tab]]);
        shares.then_some(start)
    };
    REALTIME_TABS.into_iter().find_map(|step| {
        // Each of them, so that a value that looks like a timestamp never passes for the start of a record.
        let mut starts = (step..tabs.len()).step_by(step).map(start_of);
        starts.try_fold(None, |_, start| start.map(Some))?
    })
}

/// Where the last object ends that another one follows directly.
fn end_of_objects(text: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, b"}{")?;
    let (mut depth, mut in_text, mut end) = (0usize, false, None);
    let mut at = 0;
    while at < text.len() {
        match (text[at], in_text) {
            (b'\\', true) => at += 1,
            (b'"', _) => in_text = !in_text,
            (b'{' | b'[', false) => depth += 1,
            (b'}' | b']', false) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && text.get(at + 1) == Some(&b'{') {
                    end = Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    end
}

impl<R: Read> Iterator for BlockReader<R> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let mut target = self.block_bytes;
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return None,
                State::Broke(error) => {
                    let tail = std::mem::take(&mut self.carry);
                    return Some(Piece::Broken {
                        offset: self.offset,
                        tail,
                        error,
                    });
                }
                State::Reading => {}
            }
            let filled = self.fill(target);
            let end = end_of_whole(&self.carry);
            match filled {
                Ok(false) => {
                    let all = self.carry.len();
                    return (all > 0).then(|| self.lines(all));
                }
                Err(error) => self.state = State::Broke(error),
                Ok(true) => self.state = State::Reading,
            }
            if end > 0 {
                return Some(self.lines(end));
            }
            if self.carry.len() >= MAX_LINE && matches!(self.state, State::Reading) {
                return Some(self.long_line());
            }
            target = self.carry.len() + self.block_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejoin(text: &[u8], block: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in BlockReader::new(text, block) {
            match piece {
                Piece::Lines { offset, text } => {
                    assert_eq!(offset, out.len() as u64);
                    out.extend(text);
                }
                Piece::LongLine {
                    offset,
                    length,
                    head,
                } => {
                    assert_eq!(offset, out.len() as u64);
                    assert_eq!(head.len(), KEPT_OF_LONG_LINE);
                    out.resize(out.len() + length as usize, head[0]);
                    out.push(b'\n');
                }
                Piece::Broken { error, .. } => panic!("{error}"),
            }
        }
        out
    }

    #[test]
    fn blocks_joined_are_the_text() {
        let text = b"one\ntwo\n\nthree and more\r\nno newline at the end";
        for block in 1..60 {
            assert_eq!(rejoin(text, block), text, "blocks of {block}");
        }
    }

    /// A live stream is cut where a read ends, so each read with a line end gives a block; and nothing is lost by it.
    #[test]
    fn a_live_stream_hands_on_lines_as_they_come() {
        let pieces: Vec<_> = BlockReader::new(Breaks(3), 1 << 10).live(true).collect();
        let texts: Vec<&[u8]> = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Lines { text, .. } => text.as_slice(),
                Piece::Broken { tail, .. } => tail.as_slice(),
                Piece::LongLine { .. } => panic!("{piece:?}"),
            })
            .collect();
        assert_eq!(texts, [&b"a\n"[..], b"bca\n", b"bca\n", b"bc"]);
    }

    #[test]
    fn json_is_cut_between_objects_only() {
        for text in [
            "{\n \"a\": \"}{\\\"}{\"\n}\n{\n \"b\": \"2\"\n}\n",
            "{\"a\":\"1\"}{\"b\":\"}{\"}{\"c\":\"3\"}",
            "{\"a\":\"1\"}\n{\"b\":\"2\"}\n",
        ] {
            for block in 1..text.len() + 9 {
                let mut joined = Vec::new();
                for piece in BlockReader::new(text.as_bytes(), block) {
                    let Piece::Lines { text, .. } = piece else {
                        panic!("{piece:?}")
                    };
                    assert!(
                        text.starts_with(b"{") && text.trim_ascii_end().ends_with(b"}"),
                        "{block}"
                    );
                    joined.extend(text);
                }
                assert_eq!(joined, text.as_bytes());
            }
        }
    }

    #[test]
    fn joined_real_time_records_are_cut_between_records_only() {
        for width in REALTIME_TABS.map(|tabs| tabs + 1) {
            let record = |n: usize| {
                let mut fields = vec!["v".to_owned(); width];
                fields[0] = format!("16073743{n:02}.541");
                // Looks like the start of a record, and is none.
                fields[9] = "/i?t=1607374321.541".into();
                fields.join("\t")
            };
            let text: String = (10..40).map(record).collect();
            for block in (1..text.len() + 9).step_by(97) {
                let mut joined = Vec::new();
                for piece in BlockReader::new(text.as_bytes(), block) {
                    let Piece::Lines { offset, text } = piece else {
                        panic!("{piece:?}")
                    };
                    assert_eq!(offset, joined.len() as u64);
                    let tabs = memchr::memchr_iter(b'\t', &text).count();
                    assert!(text.starts_with(b"16073743") && tabs.is_multiple_of(width - 1));
                    joined.extend(text);
                }
                assert_eq!(joined, text.as_bytes(), "blocks of {block}");
            }
        }
    }

    #[test]
    fn a_line_too_long_is_skipped_but_measured() {
        let mut text = vec![b'x'; MAX_LINE + 5];
        text.extend(b"\nafter\n");
        assert_eq!(rejoin(&text, 1 << 20), text);
    }

    struct Breaks(usize);
    impl Read for Breaks {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "cut"));
            }
            self.0 -= 1;
            buf[..4].copy_from_slice(b"a\nbc");
            Ok(4)
        }
    }

    #[test]
    fn whole_lines_before_a_break_are_handed_on_first() {
        let pieces: Vec<_> = BlockReader::new(Breaks(2), 1 << 10).collect();
        assert_eq!(pieces.len(), 2);
        assert!(matches!(&pieces[0], Piece::Lines { offset: 0, text } if text == b"a\nbca\n"));
        assert!(matches!(&pieces[1], Piece::Broken { offset: 6, tail, .. } if tail == b"bc"));
    }
}
