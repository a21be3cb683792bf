//! The one integration binary: each one more would link Polars again.

mod architecture;
mod arrivals;
mod bad_input;
mod cli;
mod contract;
mod export;
mod generate;
mod inspect;
mod program;
mod query;
mod real_logs;
mod registry;
mod s3;
mod s3_odd_servers;
mod s3_server;
mod screens;
mod sources;
mod terminal;
mod views;
