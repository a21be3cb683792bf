//! What an update asks the loop to do: values, carried out after the update, so that updates stay synchronous.

use crate::contract::acknowledged::Written;
use crate::model::OwnedCauseKey;
use crate::tui::export_job::Order;

/// Something to be done outside of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put a text on the clipboard.
    Copy {
        /// The text.
        text: String,
        /// What it is, for the message: `value`, `row as JSON`.
        what: &'static str,
    },
    /// Start an export.
    StartExport(Order),
    /// Stop the export; nothing is published.
    StopExport,
    /// Read objects again that could not be read.
    ReadAgain(Vec<crate::model::ObjectId>),
    /// Write an accepted repair into the contract's `frontlog.toml`.
    AcceptRepair {
        /// The contract's folder.
        dir: std::path::PathBuf,
        /// `event.property`.
        key: String,
        /// Which.
        repair: crate::contract::Repair,
    },
    /// Write an acknowledgement into the contract's file.
    Acknowledge(OwnedCauseKey, Written),
    /// Draw every cell again.
    Redraw,
    /// Give the terminal back and stop until continued.
    Suspend,
    /// End.
    Quit,
}
