//! What `frontlog generate` is given.

// These comments are the help that a terminal shows: no Markdown.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

/// `frontlog generate`.
#[derive(Debug, Clone, ClapArgs)]
pub struct GenerateArgs {
    /// Folder to write into; it must be empty or not there yet
    #[arg(value_name = "DIR")]
    pub to: PathBuf,
    /// Lines of traffic in all
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub records: u64,
    /// Gzip objects to spread them over
    #[arg(long, value_name = "K", default_value_t = 12)]
    pub objects: u32,
    /// Same seed, same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Share of the lines that are planted faults, at most a quarter: 0.01, 1%
    #[arg(long, value_name = "RATE", default_value = "1%")]
    pub faults: String,
    /// Hours that the objects are of
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub hours: u32,
    /// First hour
    #[arg(long, value_name = "HOUR", default_value = "2026-11-22T13")]
    pub start: String,
    /// Worker threads; 0 is one a core
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Format of the objects; without faults the records are the same in each
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = WrittenFormat::V1)]
    pub log_format: WrittenFormat,
}

/// Formats that `generate` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WrittenFormat {
    /// Standard logs (v1)
    V1,
    /// Standard logs (v2), w3c
    W3c,
    /// Standard logs (v2), JSON
    Json,
    /// Standard logs (v2), Parquet
    Parquet,
    /// Real-time logs
    Realtime,
    /// Combined logs of a web server
    Combined,
}
