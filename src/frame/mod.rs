//! The only home of the `DataFrame`: batches become chunks, chunks become immutable snapshots, and every question
//! that a screen or a command asks of loaded data (filter, sort, causes, statistics, SQL) is answered here.

pub mod build;
pub mod causes;
pub mod cell;
mod chunks;
pub mod columns;
mod companions;
pub mod facets;
mod failures;
pub mod filter;
pub mod observed;
pub mod rejudged;
pub mod requests;
pub mod snapshot;
pub mod sql;
mod tally;
mod text_reader;
pub mod timeline;
pub mod view;
mod widen;
mod width;
pub mod windows;
pub mod writer;

pub use cell::{Cell, cell};
pub use columns::{ColumnRef, Columns, Virtual};
pub use filter::Filter;
pub use snapshot::{EventTable, Snapshot};
pub use timeline::Timeline;
pub use view::{View, ViewSpec};
pub use windows::{WindowSpec, Windows};
