//! gzip that grows by whole members, as log writers append it. A member that is cut is held back until it is whole, or
//! until nothing more has come for a while.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;

/// Text that is read at once, at least; a member's text is not cut before this.
const STEP_BYTES: usize = 8 << 20;
/// Of a longer member what is there is passed on, though its checksum has not been seen.
const MEMBER_BYTES: usize = 64 << 20;

/// Where to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Start of a member.
    pub member: u64,
    /// Bytes of text to leave out from there.
    pub skip: u64,
}

/// What was found at a place.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whole lines.
    pub lines: Vec<u8>,
    /// Where to read on.
    pub next: Place,
    /// The file ends inside of a member, or inside of a line.
    pub is_cut: bool,
    /// Why what comes next can never be read.
    pub damage: Option<String>,
    /// More lines may be there.
    pub is_full: bool,
}

/// Reads on in a gzip file. With `all`, also what can be had of a cut member.
pub fn read(file: &mut File, from: Place, all: bool) -> io::Result<Found> {
    file.seek(SeekFrom::Start(from.member))?;
    let mut input = Counted {
        inner: BufReader::with_capacity(256 << 10, file),
        count: 0,
    };
    let mut text = Text {
        bytes: Vec::new(),
        skip: from.skip,
        seen: 0,
    };
    // Start of each member in the file, and in the text seen since `from`.
    let mut starts: Vec<(u64, u64)> = Vec::new();
    let mut found = Found::default();
    let (mut usable, mut ended) = (0, true);
    loop {
        match has_member(&mut input) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => {
                found.damage = Some(e.to_string());
                break;
            }
        }
        starts.push((from.member + input.count, text.seen));
        ended = false;
        match text.member(&mut input) {
            Ok(true) => (usable, ended) = (text.bytes.len(), true),
            Ok(false) => {
                // A huge member: what is there, its checksum unseen.
                usable = text.bytes.len();
                found.is_full = true;
                break;
            }
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                found.is_cut = true;
                if all {
                    usable = text.bytes.len();
                }
                break;
            }
            Err(e) => {
                found.damage = Some(e.to_string());
                usable = text.bytes.len();
                break;
            }
        }
        if text.bytes.len() >= STEP_BYTES {
            found.is_full = true;
            break;
        }
    }
    let whole = memchr::memrchr(b'\n', &text.bytes[..usable]).map_or(0, |at| at + 1);
    found.is_cut |= whole < usable;
    let is_clean = ended && found.damage.is_none() && whole == text.bytes.len();
    found.next = if is_clean && text.skip == 0 {
        Place {
            member: from.member + input.count,
            skip: 0,
        }
    } else {
        // The member in which the first byte lies that was not passed on.
        let passed = (from.skip - text.skip) + whole as u64;
        let (member, start) = starts
            .iter()
            .rev()
            .find(|(_, start)| *start <= passed)
            .copied()
            .unwrap_or((from.member, 0));
        Place {
            member,
            skip: passed - start + text.skip,
        }
    };
    text.bytes.truncate(whole);
    found.lines = text.bytes;
    Ok(found)
}

/// Whether a file is gzip that ends where a member ends, after a whole line.
pub fn is_complete(file: &mut File) -> io::Result<bool> {
    file.rewind()?;
    let mut input = Counted {
        inner: BufReader::with_capacity(256 << 10, file),
        count: 0,
    };
    let mut last = b'\n';
    let mut step = vec![0; 64 << 10];
    loop {
        match has_member(&mut input) {
            Ok(true) => {}
            Ok(false) => return Ok(last == b'\n'),
            Err(_) => return Ok(false),
        }
        let mut member = GzDecoder::new(&mut input);
        loop {
            match member.read(&mut step) {
                Ok(0) => break,
                Ok(n) => last = step[n - 1],
                Err(_) => return Ok(false),
            }
        }
    }
}

/// The text of a gzip file, from its start.
pub fn text(file: File) -> impl Read {
    flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(256 << 10, file))
}

struct Text {
    bytes: Vec<u8>,
    /// Bytes still to leave out.
    skip: u64,
    /// Bytes seen, those left out among them.
    seen: u64,
}

impl Text {
    /// Adds a member's text; false if that is more than is held at a time.
    fn member(&mut self, input: &mut impl BufRead) -> io::Result<bool> {
        let mut member = GzDecoder::new(input);
        let mut step = vec![0; 64 << 10];
        loop {
            let n = member.read(&mut step)?;
            if n == 0 {
                return Ok(true);
            }
            self.seen += n as u64;
            let left_out = self.skip.min(n as u64);
            self.skip -= left_out;
            self.bytes.extend_from_slice(&step[left_out as usize..n]);
            if self.bytes.len() >= MEMBER_BYTES {
                return Ok(false);
            }
        }
    }
}

/// Skips zero padding; true where a member starts.
fn has_member(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let rest = input.fill_buf()?;
        let Some(first) = rest.first() else {
            return Ok(false);
        };
        if *first == 0x1f {
            return Ok(true);
        }
        let zeros = rest.iter().take_while(|b| **b == 0).count();
        if zeros == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "bytes after the end of the gzip data",
            ));
        }
        input.consume(zeros);
    }
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count += n as u64;
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.count += n as u64;
        self.inner.consume(n);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn member(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// However the bytes come, every whole line is passed on once, and nothing of a member before it is whole.
    #[test]
    fn members_are_read_once_wherever_the_file_is_cut() {
        let texts = ["one\ntwo\n", "thr", "ee\n", "", "four\nfi", "ve\n"];
        let mut whole: Vec<u8> = texts.iter().flat_map(|t| member(t)).collect();
        whole.extend([0; 40]);
        whole.extend(member("six\n"));
        let dir = tempfile::tempdir().unwrap();
        for step in [1, 7, 23, 1000] {
            let path = dir.path().join(format!("{step}.gz"));
            let mut writer = File::create(&path).unwrap();
            let mut file = File::open(&path).unwrap();
            let (mut place, mut lines) = (Place::default(), Vec::new());
            for piece in whole.chunks(step) {
                writer.write_all(piece).unwrap();
                let found = read(&mut file, place, false).unwrap();
                assert_eq!(found.damage, None);
                lines.extend(found.lines);
                place = found.next;
            }
            assert_eq!(lines, b"one\ntwo\nthree\nfour\nfive\nsix\n", "{step}");
            assert_eq!((place.member, place.skip), (whole.len() as u64, 0));
            assert!(is_complete(&mut file).unwrap());
        }
    }

    #[test]
    fn a_cut_member_gives_its_lines_when_asked_and_the_rest_once() {
        let text: String = (0..3000)
            .map(|n| format!("line {n} {}\n", n * 7919))
            .collect();
        let whole = member(&text);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gz");
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let mut file = File::open(&path).unwrap();
        let held = read(&mut file, Place::default(), false).unwrap();
        assert!(held.lines.is_empty() && held.is_cut);
        let some = read(&mut file, held.next, true).unwrap();
        assert!(some.lines.len() > 100 && text.as_bytes().starts_with(&some.lines));
        assert!(!is_complete(&mut file).unwrap());
        std::fs::write(&path, &whole).unwrap();
        let rest = read(&mut file, some.next, false).unwrap();
        assert_eq!([some.lines, rest.lines].concat(), text.as_bytes());
        std::fs::write(&path, [whole, b"junk".to_vec()].concat()).unwrap();
        assert!(read(&mut file, rest.next, false).unwrap().damage.is_some());
    }
}
