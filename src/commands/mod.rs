//! The headless commands, one file each: data on stdout, a progress bar on stderr, and an [`Outcome`] for the exit
//! status. Each takes its own options by value and a writer; none reads the command line or asks the clock.

pub mod check;
pub mod completions;
pub mod config_cmd;
pub mod dry_run;
pub mod export;
pub mod generate;
pub mod infer;
pub mod progress_bar;
pub mod query;
pub mod table;

use crate::error::{Error, Result};
use crate::model::{ObjectState, ObjectStatus};

/// How a command ended, where the world did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report.
    Clean,
    /// Findings over the threshold.
    Findings,
    /// Some object could not be read.
    Incomplete,
}

impl Outcome {
    /// The exit status, a promise to scripts.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 3,
            Self::Incomplete => 4,
        }
    }
}

/// The error for a stdout that cannot be written to. (A broken pipe keeps its kind: `main` calls it success.)
pub fn stdout_error(e: std::io::Error) -> Error {
    Error::file("write", "standard output", e)
}

/// A sentence for each object that could not be read at all: the input is incomplete then.
pub fn unreadable(objects: &[ObjectState]) -> Vec<String> {
    let sentence = |state: &ObjectState| match &state.status {
        ObjectStatus::Unreadable(reason) => {
            Some(format!("{} was left out: {reason}", state.object.uri))
        }
        _ => None,
    };
    objects.iter().filter_map(sentence).collect()
}

/// Prints one line: what a command that writes elsewhere has to say.
///
/// # Errors
/// When `out` cannot be written to.
pub fn print_line(line: &dyn std::fmt::Display, out: &mut dyn std::io::Write) -> Result<Outcome> {
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(stdout_error)?;
    Ok(Outcome::Clean)
}
