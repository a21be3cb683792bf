//! Polars SQL over everything loaded. Tables are built when a query names them.
//!
//! On the way in (only in columns that a query uses) words become text, so that `LIKE` and every text function work, and
//! integers become Int64, so that no sum overflows.

mod events;
mod explain;
mod lists;
mod tables;
mod windows;

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use polars::prelude::{DataFrame, DataType, IntoLazy, LazyFrame, col};
use polars::sql::{SQLContext, extract_table_identifiers};

use crate::error::{Error, Result};
use crate::frame::Snapshot;
use tables::Table;

/// One table that a query can name.
#[derive(Debug, Clone)]
pub struct TableInfo {
    /// The name in SQL.
    pub name: String,
    /// What it holds, in one clause.
    pub meaning: String,
    /// Its columns, with a word for their dtype.
    pub columns: Vec<(String, String)>,
    /// Rows.
    pub rows: usize,
}

/// The tables of a snapshot: `records`, `events`, `failures`, `rejects`, `objects`, `causes`, `windows`, then one an event name
/// (all versions together), its name made an identifier: `checkout`, `add_to_cart`, `event_records`.
pub fn tables(snapshot: &Snapshot) -> Vec<TableInfo> {
    Table::all(snapshot)
        .iter()
        .map(|table| table.info(snapshot))
        .collect()
}

/// The stack of the thread a query runs on: planning recurses, and its crates are built for size of build time.
const STACK_BYTES: usize = 64 << 20;

/// Runs a query. Only the tables it names are built.
///
/// # Errors
/// [`Error::Query`] with a sentence that names the nearest known table or column; [`Error::Cancelled`] when `cancel` was
/// set by the time it finished (Polars does not stop in the middle).
pub fn query(snapshot: &Snapshot, sql: &str, cancel: &AtomicBool) -> Result<DataFrame> {
    let sql = sql.trim().trim_end_matches(';');
    if sql.is_empty() {
        return Err(Error::Query("the query is empty: write one such as `SELECT event, count(*) FROM events GROUP BY event`".into()));
    }
    let frame = std::thread::scope(|scope| {
        let job = std::thread::Builder::new()
            .name("query".into())
            .stack_size(STACK_BYTES);
        let thread = job
            .spawn_scoped(scope, || run(snapshot, sql, cancel))
            .map_err(|e| Error::Query(format!("no thread could be started for the query: {e}")))?;
        thread.join().unwrap_or_else(|_| {
            Err(Error::Query(
                "Polars gave up on this query (the log says why)".into(),
            ))
        })
    })?;
    if cancel.load(Relaxed) {
        Err(Error::Cancelled)
    } else {
        Ok(frame)
    }
}

fn run(snapshot: &Snapshot, sql: &str, cancel: &AtomicBool) -> Result<DataFrame> {
    let all = Table::all(snapshot);
    let named = extract_table_identifiers(sql, false, true).map_err(|e| explain::syntax(&e))?;
    let mut context = SQLContext::new();
    for table in all
        .iter()
        .filter(|t| named.iter().any(|n| n.eq_ignore_ascii_case(&t.name)))
    {
        if cancel.load(Relaxed) {
            return Err(Error::Cancelled);
        }
        let frame = as_asked(table.build(snapshot, sql)?);
        for name in named.iter().filter(|n| n.eq_ignore_ascii_case(&table.name)) {
            context.register(name, frame.clone());
        }
    }
    let outcome = context.execute(sql).and_then(LazyFrame::collect);
    outcome.map_err(|e| explain::failure(&e, &named, &all, snapshot))
}

/// The frame with words as text and integers as Int64, however narrow they are kept.
fn as_asked(frame: DataFrame) -> LazyFrame {
    let columns: Vec<_> = frame
        .columns()
        .iter()
        .map(|c| match c.dtype() {
            DataType::Categorical(..) => col(c.name().clone()).cast(DataType::String),
            DataType::Int16 | DataType::Int32 => col(c.name().clone()).cast(DataType::Int64),
            _ => col(c.name().clone()),
        })
        .collect();
    frame.lazy().select(columns)
}
