//! The one integration binary.

mod arrivals;
mod s3;
mod s3_server;
mod sources;
