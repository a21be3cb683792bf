//! What is known of the run beside its rows: how far it is, how fast, what it said.

use std::sync::atomic::Ordering::Relaxed;

use crate::model::{Notice, Progress};

/// How the run stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// How far it is.
    pub figures: Figures,
    /// Lines a second over the last second or so; `None` when nothing is being read.
    pub lines_per_second: Option<f64>,
    /// Resident memory of the process in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
    /// How far streams are behind, in milliseconds; `None` where there is no stream.
    pub behind_ms: Option<u64>,
    /// The run is over.
    pub finished: bool,
    /// The run failed as a whole; a sentence.
    pub failed: Option<String>,
    /// The contract was edited, and what is loaded is being judged again.
    pub judging: bool,
    /// The contract on disk cannot be read, and why; the last good one is in force.
    pub broken_edit: Option<String>,
    /// Warnings, oldest first.
    pub warnings: Vec<String>,
}

/// Figures of [`Progress`] at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Objects listed so far.
    pub objects_listed: u64,
    /// The listing is complete.
    pub listing_done: bool,
    /// Objects finished.
    pub objects_done: u64,
    /// Bytes listed.
    pub bytes_listed: u64,
    /// Bytes finished.
    pub bytes_done: u64,
    /// Lines read.
    pub lines: u64,
    /// Records to be judged again, 0 while none is; and those of them that are done.
    pub judging: (u64, u64),
}

/// Warnings kept.
const MAX_WARNINGS: usize = 200;

impl Figures {
    /// What `progress` says now.
    pub fn of(progress: &Progress) -> Self {
        Self {
            objects_listed: progress.objects_listed.load(Relaxed),
            listing_done: progress.listing_done.load(Relaxed),
            objects_done: progress.objects_done.load(Relaxed),
            bytes_listed: progress.bytes_listed.load(Relaxed),
            bytes_done: progress.bytes_done.load(Relaxed),
            lines: progress.lines.load(Relaxed),
            judging: (
                progress.to_judge_again.load(Relaxed),
                progress.judged_again.load(Relaxed),
            ),
        }
    }

    /// Share of the bytes that is read, 0 to 1; `None` before the listing is complete.
    pub fn share(&self) -> Option<f64> {
        (self.listing_done && self.bytes_listed > 0)
            .then(|| (self.bytes_done as f64 / self.bytes_listed as f64).min(1.0))
    }
}

impl Status {
    /// Takes a piece of news. Gives a sentence that is worth showing at once.
    pub fn take(&mut self, notice: Notice) -> Option<String> {
        match notice {
            Notice::Listed { .. } => None,
            Notice::Again(_) => {
                self.finished = false;
                None
            }
            Notice::Behind(ms) => {
                self.behind_ms = Some(ms);
                None
            }
            Notice::Judging(on) => {
                self.judging = on;
                None
            }
            Notice::BrokenEdit(why) => {
                let said = match (&self.broken_edit, &why) {
                    (_, Some(why)) => Some(format!("broken edit: {why}")),
                    (Some(_), None) => Some("the contract on disk can be read again".to_owned()),
                    (None, None) => None,
                };
                self.broken_edit = why;
                said
            }
            Notice::Warning(text) => {
                if self.warnings.len() == MAX_WARNINGS {
                    self.warnings.remove(0);
                }
                self.warnings.push(text.clone());
                Some(text)
            }
            Notice::Finished {
                broken_identity, ..
            } => {
                self.finished = true;
                self.lines_per_second = None;
                broken_identity
                    .map(|what| format!("the identity does not hold: {what}; please report this"))
            }
            Notice::Failed(text) => {
                self.finished = true;
                self.lines_per_second = None;
                self.failed = Some(text.clone());
                Some(text)
            }
        }
    }
}

/// Resident memory of this process in bytes; `None` where there is no `/proc`.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    // Linux on x86-64 and, by default, on arm64 has pages of 4 KiB; where it has not, the figure is only shown too low.
    Some(pages * 4096)
}
