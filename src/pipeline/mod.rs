//! Starts, connects, cancels and joins the steps. The only place that knows their order.
//!
//! ```text
//!  source ──► workers ×cores (decode, parse, route, judge) ──in order──► Sink: frame writer, export, or a count
//! ```

pub mod handle;
pub mod inspect;
pub mod judging;
pub mod raw_line;

pub use inspect::{Inspector, inspect, loaded};
pub use handle::{Handle, Needs, RunOptions, RunSummary};
