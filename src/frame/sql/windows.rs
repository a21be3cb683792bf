//! The table of windows: computed from what is loaded when a query names it.

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, NamedFrom, Series, TimeUnit, TimeZone,
};

use super::events::{dictionary, frame};
use crate::error::Result;
use crate::frame::Snapshot;
use crate::frame::windows::{WindowCounts, WindowRow, Windows};

/// Number of rows of the table.
pub(super) fn height(snapshot: &Snapshot) -> usize {
    Windows::of(snapshot, snapshot.windows).rows().len()
}

/// One row a window for all its events (`event` is null), then one a name that occurs in it.
///
/// `window_start` timestamp UTC, `window_ms` integer, `event` text, `events` `good` `failed` integers, `failed_pct`
/// number, `time_taken_p50` `_p90` `_p95` `_p99` numbers in seconds, `sc_bytes` integer, `late` integer. Ordered by
/// start, then name. `failed_pct` is never null, since a window without an event has no row; a percentile is null
/// where no event has a `time-taken`.
pub(super) fn windows(snapshot: &Snapshot) -> Result<DataFrame> {
    let spec = snapshot.windows;
    let rows = Windows::of(snapshot, spec).rows();
    let starts: Vec<i64> = rows.iter().map(|r| r.start_s * 1_000_000).collect();
    let start = Series::new("window_start".into(), starts).cast(&DataType::Datetime(
        TimeUnit::Microseconds,
        Some(TimeZone::UTC),
    ))?;
    let length = vec![i64::from(spec.seconds) * 1000; rows.len()];
    let whole = |name: &str, value: fn(&WindowCounts) -> u64| -> Column {
        let values: Vec<i64> = rows
            .iter()
            .map(|r| i64::try_from(value(&r.counts)).unwrap_or(i64::MAX))
            .collect();
        Series::new(name.into(), values).into_column()
    };
    let number = |name: &str, value: &dyn Fn(&WindowRow) -> Option<f64>| -> Column {
        let values: Vec<Option<f64>> = rows.iter().map(value).collect();
        Series::new(name.into(), values).into_column()
    };
    let taken = |name: &str, part: f64| number(name, &|r| r.counts.taken.quantile(part));
    frame(vec![
        start.into_column(),
        Series::new("window_ms".into(), length).into_column(),
        dictionary(
            "event",
            rows.iter().map(|r| r.event.as_deref().unwrap_or_default()),
            rows.iter()
                .enumerate()
                .map(|(i, r)| r.event.as_ref().map(|_| i)),
        ),
        whole("events", |c| c.events),
        whole("good", |c| c.good),
        whole("failed", |c| c.failed),
        number("failed_pct", &|r| r.counts.failed_pct()),
        taken("time_taken_p50", 0.5),
        taken("time_taken_p90", 0.9),
        taken("time_taken_p95", 0.95),
        taken("time_taken_p99", 0.99),
        whole("sc_bytes", |c| c.sc_bytes),
        whole("late", |c| c.late),
    ])
}
