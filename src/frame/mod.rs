//! The only home of the `DataFrame`: batches become chunks, chunks become immutable snapshots, and every question
//! that a screen or a command asks of loaded data (filter, sort, causes, statistics, SQL) is answered here.

pub mod build;
pub mod snapshot;
pub mod timeline;
pub mod writer;

pub use snapshot::{EventTable, Snapshot};
pub use timeline::Timeline;
