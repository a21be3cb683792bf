//! The one integration binary: each one more would link Polars again.

mod architecture;
mod bad_input;
mod cli;
mod program;
mod real_logs;
mod registry;
