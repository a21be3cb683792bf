//! Bytes in, blocks of whole lines out: gzip, zstd, bzip2, Parquet or plain, told apart by the magic bytes, never by the
//! name.
//!
//! Many small objects are the normal case, so a whole small gzip object is inflated by libdeflate in one call; large
//! ones, several members, and anything libdeflate will not take go through the stream in [`members`]. The rows of a
//! Parquet file are written out as lines with tabs ([`parquet`]), so that all steps behind know lines only.

pub mod blocks;
pub mod members;
pub mod parquet;
mod stream;
pub mod whole;

pub use blocks::{BlockReader, Piece};
pub use members::GzipMembers;
pub use parquet::{DECODED_BYTES, ParquetText, Stored, is_damage};
pub use stream::{unpacked, whole_text};
pub use whole::Inflater;

/// How an object is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// RFC 1952, one member or many.
    Gzip,
    /// RFC 8878, one frame or many.
    Zstd,
    /// bzip2, one stream or many.
    Bzip2,
    /// Apache Parquet: columns, not lines.
    Parquet,
}

/// The first two bytes of every gzip member.
pub const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Tells how an object is stored from its first bytes. Never fails: what has no magic bytes is plain.
pub fn sniff(first_bytes: &[u8]) -> Encoding {
    match first_bytes {
        [0x1f, 0x8b, ..] => Encoding::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Encoding::Zstd,
        // The block's own magic too: text may well start with `BZh1`.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Encoding::Bzip2,
        [b'P', b'A', b'R', b'1', ..] => Encoding::Parquet,
        _ => Encoding::Plain,
    }
}

/// Where the bytes stop making sense; everything before it has been decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrupt(pub String);
