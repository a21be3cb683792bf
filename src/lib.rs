//! frontlog.
pub mod error;
pub mod model;
