//! What each repair would do to what is loaded: the queries of a snapshot judged once more, by the code that judged them
//! first, and only counted.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};

use crate::contract::Contract;
use crate::frame::Snapshot;
use crate::frame::cell::event_of;
use crate::frame::requests::{Requests, as_logged};
use crate::model::{Causes, Counters, EventTypes, FailureColumns};
use crate::pipeline::judging::preview::PreviewRow;
use crate::pipeline::judging::{Judging, RecordView};
use crate::pipeline::worker::Shared;

impl Shared {
    /// Adds what a thread has counted since the last call, if that was asked for.
    pub(super) fn add_repairs(&self, judging: &mut Judging) {
        if let Some(counted) = judging.take_preview() {
            let all = self.repairs.lock();
            all.unwrap_or_else(PoisonError::into_inner).add(counted);
        }
    }
}

/// Counts over every event of a snapshot. Takes about as long as judging them did: run it as a job. `None` when
/// cancelled. Memory does not grow with the rows.
pub fn preview(
    snapshot: &Snapshot,
    contract: &Arc<Contract>,
    cancel: &AtomicBool,
) -> Option<Vec<PreviewRow>> {
    let mut judging = Judging::new(
        contract.clone(),
        Arc::new(EventTypes::default()),
        Arc::new(Causes::default()),
        false,
        false,
    )
    .with_preview(true);
    let requests = Requests::of(&snapshot.records);
    let (mut stem, mut query) = (String::new(), String::new());
    let (mut failures, mut counters) = (FailureColumns::default(), Counters::default());
    for row in 0..snapshot.len() {
        if row.is_multiple_of(4_096) {
            if cancel.load(Relaxed) {
                return None;
            }
            // Only what was counted is of use here.
            drop(judging.take());
            failures = FailureColumns::default();
        }
        if event_of(snapshot, row).is_none_or(|(table, _)| !table.event_type.declared) {
            continue;
        }
        let request = requests.get(row);
        let view = RecordView {
            method: request.method,
            stem: as_logged(request.stem, &mut stem),
            status: request.status,
            query: as_logged(request.query.unwrap_or("-"), &mut query),
            request_id: request.request_id,
            time_us: request.time_us,
            ..RecordView::default()
        };
        judging.record(0, &view, &mut failures, &mut counters);
    }
    Some(judging.take_preview()?.rows(contract))
}
