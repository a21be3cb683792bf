//! Failures grouped by cause, and unreadable lines grouped by code.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::frame::chunks::{Numbers, Texts};
use crate::frame::companions::Together;
use crate::frame::failures::Failures;
use crate::frame::observed::share;
use crate::frame::snapshot::column;
use crate::frame::view::{membership, times};
use crate::frame::{Snapshot, View};
use crate::model::{Cause, CauseId};

/// All failures with one cause.
#[derive(Debug, Clone)]
pub struct CauseGroup {
    /// Index of the cause.
    pub id: CauseId,
    /// The cause.
    pub cause: Arc<Cause>,
    /// Records with such a failure.
    pub rows: u64,
    /// Failures; more than `rows` where one record breaks the same rule twice.
    pub failures: u64,
    /// What `rows` is a part of: events of that name and version; of that name where there is no such version; events
    /// without a name where the cause names none.
    pub of_events: u64,
    /// `rows` of `of_events`, 0 to 1.
    pub share_of_event: f64,
    /// Causes in the same records and in how many of them, the most first, up to [`MOST_COMPANIONS`].
    pub with: Vec<(CauseId, u64)>,
    /// Log time of the first and last one, in microseconds since 1970 UTC.
    pub first_us: i64,
    /// See `first_us`.
    pub last_us: i64,
    /// Failures over the time of all records, in [`CauseOptions::buckets`] equal parts.
    pub spark: Vec<u32>,
    /// A value that failed: the first one that is not null.
    pub sample: Option<String>,
    /// Further values, each once, up to [`MOST_SAMPLES`] with the first.
    pub samples: Vec<String>,
    /// Row in `Snapshot::records` of the first one.
    pub sample_row: u32,
}

/// Unreadable lines of one code.
#[derive(Debug, Clone)]
pub struct RejectGroup {
    /// `L101` …
    pub code: String,
    /// Lines.
    pub lines: u64,
    /// The object of the first one (index into `Snapshot::objects`).
    pub object: u32,
    /// The line number of the first one.
    pub line: u32,
    /// What is wrong with the first one.
    pub message: String,
    /// Row in `Snapshot::rejects` of the first one.
    pub sample_row: u32,
}

/// How to group.
#[derive(Debug, Clone, Copy)]
pub struct CauseOptions {
    /// Parts of the sparkline; 0 for none.
    pub buckets: usize,
}

impl Default for CauseOptions {
    fn default() -> Self {
        Self { buckets: 24 }
    }
}

/// Causes told beside one that come with it.
pub const MOST_COMPANIONS: usize = 8;
/// Values told of one cause.
pub const MOST_SAMPLES: usize = 6;

/// Groups the failures of a snapshot by cause, most rows first (ties by cause id). With a view: only the failures of
/// its rows. `None` when cancelled. One pass over the failures.
pub fn group_causes(
    snapshot: &Snapshot,
    view: Option<&View>,
    options: CauseOptions,
    cancel: &AtomicBool,
) -> Option<Vec<CauseGroup>> {
    let member = view
        .filter(|v| !v.spec.shows_everything())
        .map(|v| membership(v, snapshot.len()));
    let Some(time) = times(snapshot).map(Numbers::new) else {
        return Some(vec![]);
    };
    let (start, end) = snapshot.timeline.span().unwrap_or((0, 0));
    let span_us = (end - start + 1).saturating_mul(1_000_000).max(1);
    let mut tallies: Vec<Option<Tally>> = vec![None; snapshot.causes.len()];
    let mut together = Together::default();
    let mut seen = 0_usize;
    Failures::of(snapshot, 0..snapshot.len()).each(|record, cause, value| {
        seen += 1;
        let skip = member
            .as_ref()
            .is_some_and(|m| !m.get(record as usize).copied().unwrap_or(false));
        if skip || (seen.is_multiple_of(65_536) && cancel.load(Relaxed)) {
            return;
        }
        let Some(tally) = tallies.get_mut(cause as usize) else {
            return;
        };
        let us = time.get(record as usize).unwrap_or(0);
        let tally = tally.get_or_insert_with(|| Tally::new(record, us, options.buckets));
        tally.add(record, us, value);
        together.add(record, cause);
        if options.buckets > 0 {
            let at =
                i128::from(us - start * 1_000_000) * options.buckets as i128 / i128::from(span_us);
            let at = usize::try_from(at).unwrap_or(0).min(options.buckets - 1);
            tally.spark[at] += 1;
        }
    });
    if cancel.load(Relaxed) {
        return None;
    }
    let totals = Totals::of(snapshot);
    // Ids depend on which thread met a cause first; the cause itself does not.
    let cause = |id: CauseId| snapshot.causes.get(id.0 as usize);
    let with = together.finish(snapshot.causes.len(), |a, b| cause(a).cmp(&cause(b)));
    let mut groups: Vec<CauseGroup> = tallies
        .into_iter()
        .enumerate()
        .zip(with)
        .filter_map(|((id, tally), with)| {
            let group = tally?.group(id, snapshot.causes.get(id)?.clone(), &totals);
            Some(CauseGroup { with, ..group })
        })
        .collect();
    groups.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.cause.cmp(&b.cause)));
    Some(groups)
}

/// What has been counted of one cause.
#[derive(Debug, Clone)]
struct Tally<'a> {
    rows: u64,
    failures: u64,
    first_us: i64,
    last_us: i64,
    last_record: Option<u32>,
    samples: Vec<&'a str>,
    sample_row: u32,
    spark: Vec<u32>,
}

impl<'a> Tally<'a> {
    fn new(record: u32, us: i64, buckets: usize) -> Self {
        Self {
            rows: 0,
            failures: 0,
            first_us: us,
            last_us: us,
            last_record: None,
            samples: vec![],
            sample_row: record,
            spark: vec![0; buckets],
        }
    }

    fn add(&mut self, record: u32, us: i64, value: Option<&'a str>) {
        self.failures += 1;
        self.rows += u64::from(self.last_record != Some(record));
        self.last_record = Some(record);
        self.first_us = self.first_us.min(us);
        self.last_us = self.last_us.max(us);
        let Some(value) = value.filter(|_| self.samples.len() < MOST_SAMPLES) else {
            return;
        };
        if self.samples.is_empty() {
            self.sample_row = record;
        }
        if !self.samples.contains(&value) {
            self.samples.push(value);
        }
    }

    fn group(self, id: usize, cause: Arc<Cause>, totals: &Totals) -> CauseGroup {
        let of_events = totals.of_cause(&cause).max(self.rows);
        let samples: Vec<String> = self.samples.iter().map(|s| (*s).to_owned()).collect();
        CauseGroup {
            id: CauseId(id as u32),
            rows: self.rows,
            failures: self.failures,
            of_events,
            share_of_event: share(self.rows, of_events),
            with: vec![],
            first_us: self.first_us,
            last_us: self.last_us,
            spark: self.spark,
            sample: samples.first().cloned(),
            samples,
            sample_row: self.sample_row,
            cause,
        }
    }
}

/// Events by name and version, and by name.
struct Totals {
    by_version: HashMap<(Arc<str>, Arc<str>), u64>,
    by_name: HashMap<Arc<str>, u64>,
    unnamed: u64,
}

impl Totals {
    fn of(snapshot: &Snapshot) -> Self {
        let (mut by_version, mut by_name) = (HashMap::new(), HashMap::new());
        let mut named = 0;
        for table in &snapshot.events {
            let (event_type, rows) = (&table.event_type, table.frame.height() as u64);
            let key = (event_type.name.clone(), event_type.version.clone());
            *by_version.entry(key).or_default() += rows;
            *by_name.entry(event_type.name.clone()).or_default() += rows;
            named += rows;
        }
        Self {
            by_version,
            by_name,
            unnamed: snapshot.counters.events.saturating_sub(named),
        }
    }

    fn of_cause(&self, cause: &Cause) -> u64 {
        if cause.event.is_empty() {
            return self.unnamed;
        }
        let key = (cause.event.clone(), cause.version.clone());
        let same_version = self
            .by_version
            .get(&key)
            .or_else(|| self.by_name.get(&cause.event));
        same_version.copied().unwrap_or(0)
    }
}

/// Groups the unreadable lines of a snapshot by code, most lines first.
pub fn group_rejects(snapshot: &Snapshot) -> Vec<RejectGroup> {
    let rejects = &snapshot.rejects;
    let number = |name| {
        rejects
            .column(name)
            .ok()
            .and_then(|c| c.try_u32())
            .map(Numbers::new)
    };
    let text = |name| {
        rejects
            .column(name)
            .ok()
            .and_then(|c| c.try_str())
            .map(Texts::new)
    };
    let (Some(object), Some(line)) = (number(column::OBJECT), number(column::LINE)) else {
        return vec![];
    };
    let (Some(code), Some(message)) = (text("code"), text("message")) else {
        return vec![];
    };
    let mut groups: Vec<RejectGroup> = vec![];
    for row in 0..rejects.height() {
        let name = code.get(row).unwrap_or_default();
        match groups.iter_mut().find(|g| g.code == name) {
            Some(group) => group.lines += 1,
            None => groups.push(RejectGroup {
                code: name.to_owned(),
                lines: 1,
                object: object.get(row).unwrap_or(0),
                line: line.get(row).unwrap_or(0),
                message: message.get(row).unwrap_or_default().to_owned(),
                sample_row: row as u32,
            }),
        }
    }
    groups.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.code.cmp(&b.code)));
    groups
}
