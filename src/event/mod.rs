//! Record columns in, events out: which records are events, their properties, their name, version, id and time.
//!
//! [`Router`] says which records are events. [`split_query`] cuts the query into decoded properties, [`KeyTable`] turns
//! their keys into small numbers (guessing that trackers send keys in the same order each time), and [`Envelope`]
//! finds what `[event]` of `frontlog.toml` names. Nothing here allocates once its buffers have grown.

pub mod envelope;
pub mod keys;
pub mod path;
pub mod router;
pub mod split;

pub use envelope::{Envelope, Name};
pub use keys::{KeyTable, UNKNOWN_KEY};
pub use router::Router;
pub use split::{decode_into, split_query, undone_len};
