//! The one integration binary: each one more would link Polars again.

// A test reads best where it is plain: shared constants, exact numbers, texts built on the spot.
#![allow(
    clippy::declare_interior_mutable_const,
    clippy::borrow_interior_mutable_const,
    clippy::float_cmp,
    clippy::unused_self,
    clippy::naive_bytecount,
    clippy::format_collect,
    clippy::large_stack_arrays
)]

mod against;
mod architecture;
mod arrivals;
mod bad_input;
mod cli;
mod contract;
mod dry_run;
mod export;
mod following;
mod formats;
mod formats_cli;
mod generate;
mod infer;
mod infer_diff;
mod inspect;
mod json_schema_suite;
mod kinesis;
mod kinesis_server;
mod known_causes;
mod live_check;
mod pipeline;
mod presets;
mod privacy;
mod program;
mod query;
mod real_logs;
mod registry;
mod rejudge;
mod repairs;
mod s3;
mod s3_listing;
mod s3_odd_servers;
mod s3_refusals;
mod s3_server;
mod screens;
mod sources;
mod terminal;
mod views;
mod windows;
