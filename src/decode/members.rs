//! gzip as a stream, all members, with a plain answer to what stands after the last one.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

use crate::decode::GZIP_MAGIC;

/// Reads all members of a gzip stream. Zero bytes after the last member are padding, anything else is an error of
/// kind `InvalidData`; truncation is `UnexpectedEof`. Other kinds come from the reader below.
#[derive(Debug)]
pub struct GzipMembers<R: BufRead> {
    state: State<R>,
}

#[derive(Debug)]
enum State<R: BufRead> {
    Member(Box<GzDecoder<R>>),
    Done,
}

impl<R: BufRead> GzipMembers<R> {
    /// Starts at the first member's header.
    pub fn new(reader: R) -> Self {
        Self {
            state: State::Member(Box::new(GzDecoder::new(reader))),
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let State::Member(decoder) = &mut self.state else {
                return Ok(0);
            };
            match decoder.read(buf) {
                Ok(0) if !buf.is_empty() => {}
                Ok(n) => return Ok(n),
                Err(e) => return Err(named(e)),
            }
            let State::Member(decoder) = std::mem::replace(&mut self.state, State::Done) else {
                return Ok(0);
            };
            let mut reader = decoder.into_inner();
            if more_members(&mut reader)? {
                self.state = State::Member(Box::new(GzDecoder::new(reader)));
            }
        }
    }
}

fn named(e: io::Error) -> io::Error {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(e.kind(), "gzip data ends too early"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => io::Error::new(
            io::ErrorKind::InvalidData,
            format!("damaged gzip data: {e}"),
        ),
        _ => e,
    }
}

/// Skips zero padding; true at the header of one more member.
fn more_members(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let rest = reader.fill_buf()?;
        if rest.is_empty() {
            return Ok(false);
        }
        if rest[0] == GZIP_MAGIC[0] && rest.get(1).is_none_or(|b| *b == GZIP_MAGIC[1]) {
            return Ok(true);
        }
        let zeros = rest.iter().take_while(|b| **b == 0).count();
        if zeros < rest.len() && rest[zeros] != GZIP_MAGIC[0] {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "bytes after the end of the gzip data",
            ));
        }
        reader.consume(zeros);
    }
}
