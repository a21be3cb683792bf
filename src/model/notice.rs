//! Small news from the pipeline to whoever watches: never rows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::model::Counters;

/// One piece of news.
#[derive(Debug, Clone)]
pub enum Notice {
    /// The listing is complete.
    Listed {
        /// Number of objects.
        objects: u64,
        /// Their bytes as stored.
        bytes: u64,
    },
    /// So many objects that could not be read are read again.
    Again(u64),
    /// Something a person should know that stops nothing: an unreadable object, an ignored keyword.
    Warning(String),
    /// How far the slowest shard of the streams is behind their newest record, in milliseconds.
    Behind(u64),
    /// The contract was edited: what is loaded is being judged again, or is judged again.
    Judging(bool),
    /// The contract on disk cannot be read any more, and why; or it can again (`None`). The last good one stays in force.
    BrokenEdit(Option<String>),
    /// The run is over (a followed run ends only when cancelled).
    Finished {
        /// The final counts.
        counters: Counters,
        /// Why the identity does not hold, if it does not: a bug to report.
        broken_identity: Option<String>,
    },
    /// The run failed as a whole; a sentence.
    Failed(String),
}

/// How far a run is; read by progress bars. All relaxed: a display value, not a result.
#[derive(Debug, Default)]
pub struct Progress {
    /// Objects listed so far.
    pub objects_listed: AtomicU64,
    /// Bytes (as stored) listed so far.
    pub bytes_listed: AtomicU64,
    /// The listing is complete.
    pub listing_done: AtomicBool,
    /// Objects finished.
    pub objects_done: AtomicU64,
    /// Bytes (as stored) finished.
    pub bytes_done: AtomicU64,
    /// Lines read.
    pub lines: AtomicU64,
    /// Records to be judged again; 0 while none is.
    pub to_judge_again: AtomicU64,
    /// Of these, those that are done.
    pub judged_again: AtomicU64,
}

impl Progress {
    /// Adds to one of the counters.
    pub fn bump(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Relaxed);
    }
}
