//! How the rest of the program holds a run.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::contract::Contract;
use crate::frame::Snapshot;
use crate::model::{Cause, Counters, EventType, Notice, ObjectId, ObjectState, Progress};
use crate::pipeline::in_force::{ContractInForce, Edition};
use crate::pipeline::judging::preview::PreviewRow;
use crate::source;

/// What the sink wants to be given; the less, the faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
// Five independent wishes; no combination is illegal.
#[allow(clippy::struct_excessive_bools)]
pub struct Needs {
    /// All log fields as columns (explorer, query, `export --records`); else only what the identity needs.
    pub record_fields: bool,
    /// Event property columns (explorer, query, export).
    pub event_columns: bool,
    /// The raw line of failed events (export).
    pub failed_raw: bool,
    /// What windows count: `time-taken`, `sc-bytes` and the time of each event, where the columns are not there anyway.
    pub windows: bool,
    /// Judge events at all; without it a run only reads and counts records.
    pub judge: bool,
    /// What each repair would do (`check --preview-repairs`).
    pub repairs: bool,
}

impl Needs {
    /// Any log field as a column.
    pub fn any_field(self) -> bool {
        self.record_fields || self.windows
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// What to read.
    pub source: source::Options,
    /// How to judge.
    pub contract: Arc<Contract>,
    /// Worker threads; 0 means one a core.
    pub threads: usize,
    /// What the sink wants.
    pub needs: Needs,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunSummary {
    /// The final counts; the identity has been checked.
    pub counters: Counters,
    /// Every object with its state and counts, by id.
    pub objects: Vec<ObjectState>,
    /// Every cause, by id.
    pub causes: Vec<Arc<Cause>>,
    /// Every event type, by id.
    pub event_types: Vec<Arc<EventType>>,
    /// How events came to their names, where no event schema says what there is: see [`crate::model::EventTypes::found_by`].
    pub found_by: Option<String>,
    /// Sentences worth showing.
    pub warnings: Vec<String>,
    /// What each repair would do, by cause; empty unless asked for.
    pub repairs: Vec<PreviewRow>,
}

/// A run that fills a frame in the background, for the explorer.
#[derive(Debug)]
pub struct Handle {
    /// The newest state; nothing queues.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Small news.
    pub notices: crossbeam_channel::Receiver<Notice>,
    /// How far it is.
    pub progress: Arc<Progress>,
    /// Objects to be read again; of these, those that could not be read are.
    pub again: crossbeam_channel::Sender<Vec<ObjectId>>,
    /// A contract to be judged by from now on, as an edit on disk would give it.
    pub edit: crossbeam_channel::Sender<Edition>,
    /// The contract in force; it follows edits.
    pub in_force: Arc<ContractInForce>,
    /// Stops everything.
    pub cancel: CancellationToken,
}

impl Handle {
    /// Records are being judged again.
    pub fn is_judging(&self) -> bool {
        let left = &self.progress.to_judge_again;
        left.load(std::sync::atomic::Ordering::Relaxed) > 0
    }
}
