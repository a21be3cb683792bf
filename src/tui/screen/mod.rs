//! The screens, one file each: what they keep, and how they draw it.

pub mod export;
pub mod failures;
pub mod schemas;
pub mod sources;
pub mod stream;
