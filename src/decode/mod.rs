//! Bytes in, blocks of whole lines out: gzip or plain, told apart by the magic bytes, never by the name.
//!
//! Many small objects are the normal case, so a whole small gzip object is inflated by libdeflate in one call; large
//! ones, several members, and anything libdeflate will not take go through the stream in [`members`].

pub mod blocks;
pub mod members;
pub mod whole;

pub use blocks::{BlockReader, Piece};
pub use members::GzipMembers;
pub use whole::Inflater;

/// How an object is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// RFC 1952, one member or many.
    Gzip,
}

/// The first two bytes of every gzip member.
pub const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Tells how an object is stored from its first bytes. Never fails: what is not gzip is plain.
pub fn sniff(first_bytes: &[u8]) -> Encoding {
    if first_bytes.starts_with(&GZIP_MAGIC) {
        Encoding::Gzip
    } else {
        Encoding::Plain
    }
}

/// Where the bytes stop making sense; everything before it has been decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrupt(pub String);
