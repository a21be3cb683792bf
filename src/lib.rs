//! frontlog.
pub mod contract;
pub mod error;
pub mod event;
pub mod frame;
pub mod model;
pub mod pipeline;
pub mod source;
