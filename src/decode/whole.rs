//! A whole object in memory, inflated in one call where that is safe.

use std::io::Read;

use crate::decode::{Corrupt, GzipMembers};

/// Inflates whole objects; one a thread, because libdeflate's tables are worth keeping.
pub struct Inflater {
    libdeflate: libdeflater::Decompressor,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            libdeflate: libdeflater::Decompressor::new(),
        }
    }
}

/// gzip's header (10) and trailer (8), the least a member can have.
const MIN_MEMBER: usize = 18;
/// Deflate cannot expand further than this; a trailer that claims more is not believed.
const MAX_RATIO: usize = 1032;

impl Inflater {
    /// Inflates `gzip` (all members) into `out`, which is cleared first.
    ///
    /// # Errors
    /// [`Corrupt`] when the data is truncated, damaged, or followed by junk; `out` then holds what came before.
    pub fn inflate(&mut self, gzip: &[u8], out: &mut Vec<u8>) -> Result<(), Corrupt> {
        if self.inflate_single_member(gzip, out) {
            return Ok(());
        }
        out.clear();
        let mut members = GzipMembers::new(gzip);
        members
            .read_to_end(out)
            .map(|_| ())
            .map_err(|e| Corrupt(e.to_string()))
    }

    /// True when `gzip` was one sound member and nothing else.
    ///
    /// libdeflate does not say how much input it used, so a second member could hide behind the first. It cannot when
    /// the inner bytes hold no member header and the last four bytes are the size of what came out (libdeflate has
    /// checked the sum): anything else after the member goes the slow way, which looks at every byte.
    fn inflate_single_member(&mut self, gzip: &[u8], out: &mut Vec<u8>) -> bool {
        if gzip.len() < MIN_MEMBER
            || memchr::memmem::find(&gzip[10..], &[0x1f, 0x8b, 0x08]).is_some()
        {
            return false;
        }
        let trailer = &gzip[gzip.len() - 4..];
        let size = u32::from_le_bytes([trailer[0], trailer[1], trailer[2], trailer[3]]) as usize;
        if size > gzip.len().saturating_mul(MAX_RATIO) {
            return false;
        }
        out.resize(size, 0);
        let inflated = self.libdeflate.gzip_decompress(gzip, out);
        inflated == Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        e.write_all(text).unwrap();
        e.finish().unwrap()
    }

    fn inflate(data: &[u8]) -> (Vec<u8>, Result<(), Corrupt>) {
        let mut out = Vec::new();
        let result = Inflater::default().inflate(data, &mut out);
        (out, result)
    }

    #[test]
    fn one_member_and_the_same_member_twice() {
        let one = gzip(b"a\nb\n");
        assert_eq!(inflate(&one), (b"a\nb\n".to_vec(), Ok(())));
        // Equal members have equal trailers: the sum and the size alone would hide the second one.
        let two = [one.clone(), one].concat();
        assert_eq!(inflate(&two), (b"a\nb\na\nb\n".to_vec(), Ok(())));
    }

    #[test]
    fn what_came_before_the_damage_is_kept() {
        let text: Vec<u8> = (0..20_000u32)
            .flat_map(|i| format!("line {i}\n").into_bytes())
            .collect();
        let whole = gzip(&text);
        let (out, result) = inflate(&whole[..whole.len() / 2]);
        assert!(result.is_err());
        assert!(!out.is_empty() && text.starts_with(&out));
        let (out, result) = inflate(&[whole.clone(), b"junk".to_vec()].concat());
        assert!(result.is_err());
        assert_eq!(out, text);
        let (out, result) = inflate(&[whole, vec![0; 512]].concat());
        assert_eq!((out, result), (text, Ok(())), "zero padding is no junk");
    }
}
