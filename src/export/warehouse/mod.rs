//! Warehouses: one file each, with its types, its DDL and its load statement.

pub mod redshift;
