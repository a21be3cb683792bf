//! Batches that load, prove themselves, and survive a crash.
//!
//! ```text
//! DEST/data/<table>/dt=2026-03-04/<plan>-<n>.parquet      good events, a table an event type and MODEL
//! DEST/rejected/<table>/dt=…/<plan>-<n>.parquet           failed events: the same columns, _failures, _raw
//! DEST/rejected/_unreadable/<plan>-<n>.parquet            lines that are no record
//! DEST/failures/dt=…/<plan>-<n>.parquet                   one row a failure
//! DEST/batches/<plan>/manifest.json                       the batch; beside it ddl/, load/ and COPY manifests
//! ```
//! `dt` is the day of the log time in UTC. Three steps, apart so that they can run apart: [`Plan::make`] says which
//! inputs are new (published manifests are the ledger), [`Exporter`] takes batches and writes files under a temporary
//! name, [`commit()`] reads every file again, checks the identity, and publishes by putting the manifest last.

pub mod cell;
pub mod commit;
pub mod destination;
pub mod exporter;
pub mod failed;
pub mod format;
mod frozen;
pub mod identifier;
pub mod ledger;
pub mod manifest;
mod names;
pub mod options;
pub mod parts;
pub mod plan;
pub mod preview;
pub mod proof;
pub mod table;
pub mod verify;
pub mod warehouse;

pub use commit::{Published, RunFacts, TableCount, commit};
pub use destination::Destination;
pub use exporter::{Exporter, Receipt};
pub use ledger::Ledger;
pub use options::{Compress, Format, Options, Target};
pub use plan::{Input, Plan, Planned};
pub use preview::{TablePreview, preview};
pub use table::Tables;
