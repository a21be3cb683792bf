//! The one integration binary: each one more would link Polars again.

mod architecture;
mod arrivals;
mod export;
mod bad_input;
mod cli;
mod program;
mod real_logs;
mod registry;
mod contract;
mod s3;
mod s3_server;
mod sources;
mod generate;
