//! The explorer with the export command behind its Export screen. The screen does not know the steps of an export, and
//! the command does not know the screen; here they meet.

use std::sync::Arc;

use frontlog::commands::export::{ExportOptions, ExportSummary};
use frontlog::error::Result;
use frontlog::export;
use frontlog::pipeline::{ContractInForce, RunOptions};
use frontlog::tui::export_job::{Exporting, Order};
use frontlog::tui::screen::export::{ExportTable, Published};
use frontlog::tui::{ExploreOptions, explore};

/// Runs the explorer until the user quits.
///
/// Gives the number of objects that could not be read.
pub fn run(mut options: ExploreOptions) -> Result<u64> {
    options.export = Some(exporting(options.run.clone(), options.in_force.clone()));
    options.command = std::env::args().skip(1).collect();
    explore(options)
}

/// Exports what the explorer reads; the run is a new one, so that a batch holds whole objects and nothing else.
fn exporting(run: RunOptions, in_force: Arc<ContractInForce>) -> Exporting {
    Exporting(Arc::new(move |order: &Order, progress, cancel| {
        let files = export::Options {
            format: order.format,
            ..export::Options::default()
        };
        let now_us = chrono::Utc::now().timestamp_micros();
        let options = ExportOptions {
            to: order.to.clone(),
            files,
            now_us,
        };
        let run = RunOptions {
            contract: in_force.contract(),
            ..run.clone()
        };
        frontlog::commands::export::run(run, &options, progress, cancel).map(shown)
    }))
}

/// The summary as the screen shows it.
fn shown(summary: ExportSummary) -> Published {
    let Some(done) = summary.published else {
        return Published {
            nothing_new: true,
            ..Published::default()
        };
    };
    let table = |t: export::TableCount| ExportTable {
        name: t.table,
        rows: Some(t.rows),
        columns: None,
        bytes: Some(t.bytes),
        what: t.class.to_owned(),
    };
    Published {
        batch: done.batch,
        manifest: done.manifest.display().to_string(),
        tables: done.tables.into_iter().map(table).collect(),
        counters: done.counts,
        nothing_new: false,
    }
}
