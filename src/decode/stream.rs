//! Any compressed stream as one of text, with damage told apart from a world that failed.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::decode::{Corrupt, Encoding, GzipMembers, sniff};

/// The text of a stream of any encoding but Parquet.
///
/// Its errors of kind `InvalidData` and `UnexpectedEof` mean damaged data; other kinds come from `reader`.
///
/// # Errors
/// What `reader` says.
pub fn unpacked<R: BufRead + Send + 'static>(mut reader: R) -> io::Result<Box<dyn Read + Send>> {
    let encoding = sniff(reader.fill_buf()?);
    if matches!(encoding, Encoding::Plain | Encoding::Parquet) {
        return Ok(Box::new(reader));
    }
    if encoding == Encoding::Gzip {
        return Ok(Box::new(GzipMembers::new(reader)));
    }
    let failed = Arc::new(AtomicBool::new(false));
    let watched = Watched {
        reader,
        failed: failed.clone(),
    };
    let (name, decoder): (_, Box<dyn Read + Send>) = if encoding == Encoding::Zstd {
        (
            "zstd",
            Box::new(zstd::stream::read::Decoder::with_buffer(watched)?),
        )
    } else {
        (
            "bzip2",
            Box::new(bzip2::bufread::MultiBzDecoder::new(watched)),
        )
    };
    Ok(Box::new(Named {
        decoder,
        name,
        failed,
    }))
}

/// The text of a whole object of any encoding but Parquet, into `out`, which is cleared first.
///
/// # Errors
/// [`Corrupt`] when the data is truncated or damaged; `out` then holds what came before.
pub fn whole_text(stored: &[u8], out: &mut Vec<u8>) -> Result<(), Corrupt> {
    out.clear();
    let read = match sniff(stored) {
        Encoding::Zstd => zstd::stream::read::Decoder::with_buffer(stored)
            .and_then(|mut decoder| decoder.read_to_end(out))
            .map_err(|e| named(e, "zstd")),
        Encoding::Bzip2 => bzip2::bufread::MultiBzDecoder::new(stored)
            .read_to_end(out)
            .map_err(|e| named(e, "bzip2")),
        Encoding::Gzip => GzipMembers::new(stored).read_to_end(out),
        Encoding::Plain | Encoding::Parquet => {
            out.extend_from_slice(stored);
            Ok(stored.len())
        }
    };
    read.map(|_| ()).map_err(|e| Corrupt(e.to_string()))
}

/// Remembers whether the reader below failed: the decoders give their own errors any kind.
struct Watched<R> {
    reader: R,
    failed: Arc<AtomicBool>,
}

impl<R> Watched<R> {
    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(e) = &result
            && e.kind() != io::ErrorKind::Interrupted
        {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let result = self.reader.read(buf);
        self.note(result)
    }
}

impl<R: BufRead> BufRead for Watched<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // Asked twice, because what is borrowed from the reader cannot be looked at on its way out.
        let result = self.reader.fill_buf().map(|_| ());
        self.note(result)?;
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

/// Gives the decoder's own errors their kind and a sentence.
struct Named {
    decoder: Box<dyn Read + Send>,
    name: &'static str,
    failed: Arc<AtomicBool>,
}

impl Read for Named {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buf).map_err(|e| {
            if self.failed.load(Ordering::Relaxed) {
                e
            } else {
                named(e, self.name)
            }
        })
    }
}

/// A decoder's own error as damaged data.
fn named(e: io::Error, name: &str) -> io::Error {
    match e.kind() {
        io::ErrorKind::Interrupted => e,
        io::ErrorKind::UnexpectedEof => {
            io::Error::new(e.kind(), format!("{name} data ends too early"))
        }
        _ => io::Error::new(
            io::ErrorKind::InvalidData,
            format!("damaged {name} data: {e}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn bzip2(text: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// With a checksum, as the command-line tool writes it: without one damage may look like text.
    fn zstd(text: &[u8]) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(stored: Vec<u8>) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut text = Vec::new();
        let mut reader = unpacked(io::Cursor::new(stored)).unwrap();
        let error = reader.read_to_end(&mut text).err().map(|e| e.kind());
        (text, error)
    }

    #[test]
    fn each_encoding_gives_its_text_and_tells_damage_by_its_kind() {
        type Pack = fn(&[u8]) -> Vec<u8>;
        let text: Vec<u8> = (0..200_000u32)
            .flat_map(|i| format!("{:x} line\n", i.wrapping_mul(2_654_435_761)).into_bytes())
            .collect();
        for pack in [zstd as Pack, bzip2] {
            let whole = pack(&text);
            assert_eq!(read(whole.clone()), (text.clone(), None));
            let twice = [whole.clone(), whole.clone()].concat();
            assert_eq!(read(twice), (text.repeat(2), None));
            let (start, error) = read(whole[..whole.len() / 2].to_vec());
            assert!(
                !start.is_empty() && text.starts_with(&start),
                "{}",
                start.len()
            );
            assert_eq!(error, Some(io::ErrorKind::UnexpectedEof));
            let mut damaged = whole;
            let middle = damaged.len() / 2;
            for byte in &mut damaged[middle..middle + 64] {
                *byte ^= 0x5a;
            }
            let (start, error) = read(damaged);
            assert!(error.is_some() && start.len() <= text.len(), "{error:?}");
        }
    }

    struct Reset(io::Cursor<Vec<u8>>);
    impl Read for Reset {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 => Err(io::ErrorKind::ConnectionReset.into()),
                n => Ok(n),
            }
        }
    }

    #[test]
    fn a_world_that_fails_keeps_its_kind() {
        let stored = zstd::encode_all(&b"some text that is there\n"[..], 1).unwrap();
        let cut = Reset(io::Cursor::new(stored[..stored.len() - 4].to_vec()));
        let mut reader = unpacked(io::BufReader::new(cut)).unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
