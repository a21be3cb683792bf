//! `Error`: the world failed, and where.
//!
//! The policy: bad *data* is never an `Error`; it becomes rejects and failures with codes, and the run goes on. An
//! `Error` is for the world: a path, a bucket, a disk, a permission, a broken configuration. Every message is a
//! sentence that names the thing and the way out.

use std::path::PathBuf;

/// Shorthand used all over the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The world failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {source}{hint}", path = path.display())]
    File {
        /// `read`, `write`, `list`, `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
        /// What to do, starting with a space or a bracket; may be empty.
        hint: String,
    },
    /// S3 refused, or could not be reached. The message names bucket, key and the missing permission.
    #[error("{0}")]
    S3(String),
    /// The command line, a configuration file or a contract is wrong. The message names file, line and column.
    #[error("{0}")]
    Config(String),
    /// There is nothing to read. The message says where was looked.
    #[error("{0}")]
    NoInput(String),
    /// A destination is not usable, or its content would be overwritten.
    #[error("{0}")]
    Export(String),
    /// A query is wrong.
    #[error("{0}")]
    Query(String),
    /// The identity does not hold: a bug, and nothing was published.
    #[error("the identity does not hold: {0}. Nothing was published; please report this")]
    Identity(String),
    /// Polars reported an error where it should not: a bug.
    #[error("frame error: {0}")]
    Frame(String),
    /// The run was cancelled by the user or a signal.
    #[error("interrupted")]
    Cancelled,
}

impl Error {
    /// A file error without a hint.
    pub fn file(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let hint = match source.kind() {
            std::io::ErrorKind::NotFound => " (check the spelling of the path)".to_owned(),
            std::io::ErrorKind::PermissionDenied => " (check the permissions)".to_owned(),
            std::io::ErrorKind::StorageFull => " (free some space)".to_owned(),
            _ => String::new(),
        };
        Self::File {
            action,
            path: path.into(),
            source,
            hint,
        }
    }

    /// The exit status that product.md promises for this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Query(_) => 2,
            Self::Cancelled => 130,
            _ => 1,
        }
    }
}

impl From<polars::error::PolarsError> for Error {
    fn from(e: polars::error::PolarsError) -> Self {
        Self::Frame(e.to_string())
    }
}
