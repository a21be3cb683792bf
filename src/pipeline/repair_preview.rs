//! What each repair would do to what is loaded: the queries of a snapshot judged once more, by the code that judged them
//! first, and only counted.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};

use crate::contract::Contract;
use crate::frame::cell::event_of;
use crate::frame::{Cell, ColumnRef, Snapshot, cell};
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
    let columns = ["cs_uri_query", "cs_uri_stem", "cs_method", "sc_status"].map(ColumnRef::record);
    let (mut counters, mut logged) = (Counters::default(), String::new());
    for row in 0..snapshot.len() {
        if row.is_multiple_of(4_096) {
            if cancel.load(Relaxed) {
                return None;
            }
            // Its rows are of no use here.
            drop(judging.take());
        }
        if event_of(snapshot, row).is_none_or(|(table, _)| !table.event_type.declared) {
            continue;
        }
        let [query, stem, method, status] = columns.each_ref().map(|c| cell(snapshot, row, c));
        // The frame keeps queries without the log's own layer of encoding; judging takes one off.
        logged.clear();
        if let Cell::Text(query) = &query {
            relayer(query, &mut logged);
        }
        let (stem, method) = (stem.to_text(), method.to_text());
        let view = RecordView {
            method: &method,
            stem: &stem,
            status: match status {
                Cell::Int(status) => Some(status),
                _ => None,
            },
            query: &logged,
            request_id: "",
            time_us: 0,
            line: "",
        };
        let mut failures = FailureColumns::default();
        judging.record(0, &view, &mut failures, &mut counters);
    }
    Some(judging.take_preview()?.rows(contract))
}

/// Puts the log's layer back on: only `%` is ever taken off by it in a way that matters to a query.
fn relayer(query: &str, out: &mut String) {
    let mut parts = query.split('%');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str("%25");
        out.push_str(part);
    }
}
