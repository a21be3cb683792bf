//! Starts, connects, cancels and joins the steps. The only place that knows their order.
//!
//! ```text
//!  source ──► feeder ──units──► workers ×cores ──batches──► in order, duplicates ──► Sink
//!  (async)    (thread)  2×n     (decode, parse,    2×n      (the caller's thread)    frame writer, export, count
//!                                route, judge)
//! ```
//! A unit is some 8 MiB of text: many small objects, one object, or a block of a large one. At most four units a worker
//! are under way, so a slow sink holds back the fetch. Batches leave in the order of their units, so that the result
//! is the same for any number of threads.

mod again;
mod contract_watch;
mod duplicates;
mod edit;
mod feeder;
pub mod handle;
pub mod in_force;
pub mod inspect;
pub mod judging;
mod keeping;
mod large;
mod ordered;
mod parquet;
pub mod private;
mod raw_fields;
pub mod raw_line;
mod records;
mod rejudge;
mod repair_preview;
mod run;
mod start;
mod versions;
mod worker;

pub use handle::{Handle, Needs, RunOptions, RunSummary};
pub use in_force::{ContractInForce, Edition};
pub use inspect::{Inspector, inspect, loaded};
pub use private::Private;
pub use repair_preview::preview as preview_repairs;
pub use run::{run, run_against};
pub use start::{explore, explore_under, load, load_private};
