//! What an export of the loaded data would hold, without writing anything.

use crate::error::Result;
use crate::export::table::{ENVELOPE, Tables};
use crate::frame::Snapshot;
use crate::frame::snapshot::column;
use crate::model::{EventTypeId, Verdict};

/// One table that an export would write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePreview {
    /// Identifier.
    pub table: String,
    /// Good events, before the proof of loadability.
    pub rows_good: u64,
    /// Failed events.
    pub rows_failed: u64,
    /// Columns of the good table.
    pub columns: usize,
}

/// The tables that an export of this snapshot would write, declared ones first, even those without a row yet.
///
/// # Errors
/// When identifiers clash (W606); the message names both.
pub fn preview(snapshot: &Snapshot) -> Result<Vec<TablePreview>> {
    let types: Vec<_> = snapshot
        .events
        .iter()
        .map(|table| table.event_type.clone())
        .collect();
    let tables = Tables::new(&types)?;
    let mut out: Vec<_> = tables
        .list
        .iter()
        .map(|t| TablePreview {
            table: t.name.clone(),
            rows_good: 0,
            rows_failed: 0,
            columns: t.columns.len().max(ENVELOPE),
        })
        .collect();
    let event_type = snapshot
        .records
        .column(column::EVENT_TYPE)?
        .as_materialized_series()
        .i16()?;
    let verdict = snapshot
        .records
        .column(column::VERDICT)?
        .as_materialized_series()
        .i16()?;
    for (event_type, verdict) in event_type.iter().zip(verdict.iter()) {
        let id = event_type
            .and_then(|t| u16::try_from(t).ok()?.checked_sub(1))
            .map(EventTypeId);
        let table = id
            .and_then(|id| tables.placement(id))
            .map_or(tables.undeclared(), |p| p.table);
        match Verdict::from_byte(verdict.unwrap_or(0) as u8) {
            Verdict::Good => out[table].rows_good += 1,
            Verdict::Failed => out[table].rows_failed += 1,
            Verdict::NotEvent | Verdict::Duplicate => {}
        }
    }
    let last = out.len() - 1;
    if out[last].rows_good + out[last].rows_failed == 0 {
        out.truncate(last);
    }
    Ok(out)
}
