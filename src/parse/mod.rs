//! Blocks of whole lines in, records out: `CloudFront` standard logs (v1) by their own `#Fields` line.
//!
//! One pass over the bytes of a block. Nothing is allocated for a line that is a record; a line that is none is
//! handed on as a reject with its code and its raw bytes, and the pass goes on.

pub mod encoding;
pub mod layout;
pub mod numbers;
pub mod standard;
mod tabs;

pub use layout::Layout;
pub use standard::{LineSink, LineView, ParseScratch, ParseState, parse_block};
