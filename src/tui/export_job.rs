//! Exporting from the explorer: a run of its own on its own thread, beside the one that fills the screen.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::export::Format;
use crate::frame::Snapshot;
use crate::model::Progress;
use crate::tui::screen::export::{ExportTable, Published};

/// What to export to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The folder.
    pub to: PathBuf,
    /// Format of the files.
    pub format: Format,
}

/// Exports a batch and says what was published. Whoever starts the explorer gives it, since the screen does not know
/// the steps of an export. Blocks; `Progress` tells how far it is.
#[derive(Clone)]
pub struct Exporting(pub Arc<Export>);

/// See [`Exporting`].
pub type Export =
    dyn Fn(&Order, &Arc<Progress>, &CancellationToken) -> Result<Published> + Send + Sync;

impl fmt::Debug for Exporting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exporting")
    }
}

/// What a batch of a snapshot would hold.
///
/// # Errors
/// A sentence when two tables would have one name.
pub fn preview(snapshot: &Snapshot) -> std::result::Result<Vec<ExportTable>, String> {
    let tables = crate::export::preview(snapshot).map_err(|e| e.to_string())?;
    let failed: u64 = tables.iter().map(|t| t.rows_failed).sum();
    let good = |t: crate::export::TablePreview| ExportTable {
        name: t.table,
        rows: Some(t.rows_good),
        columns: Some(t.columns as u64),
        bytes: None,
        what: "good events".to_owned(),
    };
    let mut list: Vec<ExportTable> = tables
        .into_iter()
        .filter(|t| t.rows_good > 0)
        .map(good)
        .collect();
    let other = |name: &str, rows: u64, what: &str| ExportTable {
        name: name.to_owned(),
        rows: Some(rows),
        columns: None,
        bytes: None,
        what: what.to_owned(),
    };
    list.push(other(
        "rejected",
        failed,
        "failed events, with their failures and raw lines",
    ));
    list.push(other(
        "failures",
        snapshot.failures.height() as u64,
        "one row a failure",
    ));
    list.push(other(
        "unreadable",
        snapshot.rejects.height() as u64,
        "lines that are no record",
    ));
    Ok(list)
}
