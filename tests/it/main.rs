//! The one integration binary.

mod arrivals;
mod contract;
mod s3;
mod s3_server;
mod sources;
mod generate;
