//! frontlog: `CloudFront` logs as judged events.
//!
//! The flow, and with it the map of this crate:
//!
//! ```text
//! source ──► decode ──► parse ──► event ──► contract ──► frame ──► tui
//! list,      gzip to    lines to  records   text to      chunks,   screens over
//! fetch,     blocks of  records   to events values, to   snapshots snapshots
//! follow     lines                          verdicts     └───────► export: batches
//! ```
//!
//! Steps never import each other; what they hand on is in [`model`]; [`pipeline`] alone knows their order.
//!
//! Invariants: every line is accounted for ([`model::Counters::identity`]); bad data is data, [`error::Error`] is for
//! the world; the engine never sees the terminal.

pub mod cli;
pub mod commands;
pub mod config;
pub mod contract;
pub mod decode;
pub mod error;
pub mod event;
pub mod export;
pub mod frame;
pub mod model;
pub mod parse;
pub mod pipeline;
pub mod source;
pub mod tui;
