//! The screens, one file each: what they keep, and how they draw it.

pub mod failures;
pub mod sources;
pub mod stream;
