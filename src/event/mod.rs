//! Record columns in, events out: which records are events, their properties, their name, version, id and time.
//!
//! [`Router`] says which records are events. [`split_query`] cuts the query into decoded properties, [`KeyTable`] turns
//! their keys into small numbers (guessing that trackers send keys in the same order each time), [`Payloads`] opens the
//! parameters that hold a text of their own, and [`Envelope`] finds what `[event]` of `frontlog.toml` names. [`Routes`]
//! holds one of each for every way from a record to an event. Nothing here allocates once its buffers have grown.

pub mod base64;
pub mod envelope;
pub mod json;
pub mod keys;
pub mod path;
pub mod payload;
pub mod router;
pub mod routes;
pub mod split;

pub use envelope::{Envelope, Name};
pub use keys::{KeyTable, UNKNOWN_KEY};
pub use payload::Payloads;
pub use router::Router;
pub use routes::{Route, Routes};
pub use split::{decode_into, split_query, undone_len};
