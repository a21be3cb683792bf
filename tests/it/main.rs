//! The one integration binary: each one more would link Polars again.

mod architecture;
mod arrivals;
mod bad_input;
mod cli;
mod export;
mod generate;
mod inspect;
mod program;
mod real_logs;
mod registry;
mod contract;
mod s3;
mod s3_odd_servers;
mod screens;
mod terminal;
mod s3_server;
mod sources;
mod query;
mod views;
