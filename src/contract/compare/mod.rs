//! Declared beside learned: what a schema should change for what is logged, and what the change means to its version.
//!
//! [`mod@propose`] finds the changes that evidence supports; [`mod@edit`] writes each into the file's own text, so that
//! nothing else moves; [`patch`] makes unified diffs of it; [`advice`] says whether the change is an addition, a
//! revision or a new model, by proof where there is one.

pub mod advice;
pub mod edit;
pub mod json_spans;
mod loosen;
pub mod patch;
pub mod propose;

pub use advice::{Advice, Step, advise};
pub use propose::{Change, Proposal, propose};
