//! Text to stored bytes: gzip as `CloudFront` writes it, and the ways in which objects differ from that.

use std::io::Read;

use flate2::read::GzDecoder;
use libdeflater::{CompressionLvl, Compressor};

use crate::error::{Error, Result};

use super::object::Text;
use super::plan::Quirk;

/// Compresses.
pub struct Store {
    compressor: Compressor,
}

/// What is stored.
pub struct Stored {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many bytes of the text can be read from them.
    pub readable: usize,
}

impl Store {
    /// A compressor of gzip's usual level.
    pub fn new() -> Self {
        Self {
            compressor: Compressor::new(CompressionLvl::default()),
        }
    }

    /// The stored form of a text.
    ///
    /// # Errors
    /// When the compressor refuses, which it never does with the room it asks for.
    pub fn store(&mut self, text: &Text, quirk: Quirk) -> Result<Stored> {
        let readable = text.bytes.len();
        let bytes = match (quirk, text.second_member) {
            (Quirk::Plain, _) => text.bytes.clone(),
            (Quirk::Truncated, _) => {
                let whole = self.gzip(&text.bytes)?;
                return Ok(truncate(whole, &text.bytes));
            }
            (_, Some(at)) => {
                let mut bytes = self.gzip(&text.bytes[..at])?;
                bytes.extend(self.gzip(&text.bytes[at..])?);
                bytes
            }
            _ => self.gzip(&text.bytes)?,
        };
        Ok(Stored { bytes, readable })
    }

    fn gzip(&mut self, text: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.compressor.gzip_compress_bound(text.len())];
        let length = self
            .compressor
            .gzip_compress(text, &mut bytes)
            .map_err(|e| Error::Export(format!("cannot compress {} bytes: {e}", text.len())))?;
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// Cuts a gzip at about seven tenths, and so that what can be read ends well within a line: decoders may differ by some
/// bytes in how far they get, and the lines before the cut must be the same for all of them.
fn truncate(mut gzip: Vec<u8>, text: &[u8]) -> Stored {
    const MARGIN: usize = 60;
    let first = gzip.len() * 7 / 10;
    for cut in (first..gzip.len()).step_by(11).take(200) {
        let readable = readable_bytes(&gzip[..cut]);
        let around = &text[readable.saturating_sub(MARGIN)..(readable + MARGIN).min(text.len())];
        if readable > 0 && !around.contains(&b'\n') {
            gzip.truncate(cut);
            return Stored {
                bytes: gzip,
                readable,
            };
        }
    }
    let readable = readable_bytes(&gzip[..first]);
    gzip.truncate(first);
    Stored {
        bytes: gzip,
        readable,
    }
}

/// How much of a broken gzip can be read.
fn readable_bytes(gzip: &[u8]) -> usize {
    let mut decoder = GzDecoder::new(gzip);
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    while let Ok(count @ 1..) = decoder.read(&mut buffer) {
        total += count;
    }
    total
}
