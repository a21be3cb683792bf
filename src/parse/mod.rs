//! Blocks of whole lines in, records out, for every format that a pixel's requests are logged in.
//!
//! One pass over the bytes of a block. Nothing is allocated for a line that is a record; a line that is none is
//! handed on as a reject with its code and its raw bytes, and the pass goes on. Which format a line has shows on the
//! line itself or on the `#Fields` line above it, so blocks of one object can be parsed apart:
//!
//! | line | read by |
//! |---|---|
//! | starts with `#` | [`block`]: directives |
//! | under `#Fields` or `--fields`, or of a known width | `block`, and `loose` for all but plain tabs |
//! | starts with `{` | `json` |
//! | `host - user [time] "request" …` | `access_log` |
//! | anything else | refused (L102), by its name where `neighbour` knows it |

mod access_log;
pub mod block;
mod cut;
pub mod encoding;
mod json;
mod known;
pub mod layout;
mod line;
mod loose;
mod neighbour;
pub mod numbers;
mod state;
mod tabs;

pub use block::{MAX_LINE_BYTES, parse_block};
pub use layout::Layout;
pub use line::{LineSink, LineView};
pub use state::{Formats, ParseScratch, ParseState};
