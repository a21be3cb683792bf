//! The headless commands, one file each: data on stdout, a progress bar on stderr, and an [`Outcome`] for the exit
//! status. Each takes its own options by value and a writer; none reads the command line or asks the clock.

pub mod check;
pub mod completions;
pub mod config_cmd;
pub mod export;
pub mod generate;
pub mod progress_bar;
pub mod query;
pub mod table;
