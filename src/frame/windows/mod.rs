//! Tumbling windows over the events, by event time: counts, failure rate, percentiles of `time-taken`, bytes.
//!
//! An event counts in the window of its own time (`[event.time]`, else the log's). *Late* is one that comes when its
//! window should have been complete: the newest log time seen is past the window's end by more than the allowed
//! lateness. A late event still counts in its window, and is counted as late: nothing is dropped. Since the counts of
//! a window are sums, they are the same for any order in which events come; only `late` tells of the order.
//!
//! An event whose own time is over an hour after its log line was written has a wrong clock, because no event happens
//! after it was logged: it counts at its log time.

mod feed;
mod memo;
mod sketch;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use sketch::Sketch;

use crate::model::Verdict;

/// How windows are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpec {
    /// Length of a window in seconds, 1 to 3,600; windows start at multiples of it since 1970 UTC.
    pub seconds: u32,
    /// How long after its end a window still waits for its events, in seconds of log time.
    pub lateness_s: u32,
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self {
            seconds: 60,
            lateness_s: 300,
        }
    }
}

/// What a window knows of its events, or of those with one name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowCounts {
    /// Events, duplicates left out included.
    pub events: u64,
    /// Events without an error.
    pub good: u64,
    /// Events with an error.
    pub failed: u64,
    /// Events that came when the window should have been complete.
    pub late: u64,
    /// Sum of `sc-bytes`.
    pub sc_bytes: u64,
    /// Distribution of `time-taken`, in seconds.
    pub taken: Sketch,
}

impl WindowCounts {
    /// Adds another count to this one.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.good += other.good;
        self.failed += other.failed;
        self.late += other.late;
        self.sc_bytes = self.sc_bytes.saturating_add(other.sc_bytes);
        self.taken.merge(&other.taken);
    }

    /// Failed events of all, in percent; `None` without an event.
    pub fn failed_pct(&self) -> Option<f64> {
        (self.events > 0).then(|| self.failed as f64 * 100.0 / self.events as f64)
    }

    fn count(&mut self, seen: &Seen, late: bool) {
        self.events += 1;
        match seen.verdict {
            Verdict::Good => self.good += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Duplicate | Verdict::NotEvent => {}
        }
        self.late += u64::from(late);
        self.sc_bytes = self
            .sc_bytes
            .saturating_add(seen.bytes.map_or(0, |n| u64::try_from(n).unwrap_or(0)));
        if let Some(seconds) = seen.taken_s {
            self.taken.add(seconds);
        }
    }
}

/// One event on its way into its window.
#[derive(Debug, Clone, Copy)]
struct Seen {
    log_us: i64,
    event_us: i64,
    /// Index into `Windows::names`.
    group: u16,
    verdict: Verdict,
    taken_s: Option<f64>,
    bytes: Option<i64>,
}

/// What happens to windows that are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All stay, and are complete at the end of the input (`query`, `check` of what is there).
    All,
    /// A window is complete once the newest log time has passed its end by the allowed lateness; the oldest complete
    /// ones are then given up, so that memory is bounded however long the stream is (`check -f`).
    Recent,
}

/// Counts of one name in one window that are kept while following; of more, the oldest complete ones are given up.
const MAX_KEPT: usize = 20_000;
/// How far an event's own time may lie after its log time.
const AHEAD_US: i64 = 3_600_000_000;
/// The name of events that have none.
pub const NO_NAME: &str = "(no name)";

/// Windows in the making. One pass over batches or over a snapshot fills them; nothing is allocated for a row.
#[derive(Debug)]
pub struct Windows {
    spec: WindowSpec,
    keep: Keep,
    /// Names of events; 0 is the one of events without a name.
    names: Vec<Arc<str>>,
    /// By event type plus one.
    of_type: Vec<u16>,
    /// Number of a window (its start divided by its length) and name, to a place in `counts`.
    places: BTreeMap<(i64, u16), u32>,
    counts: Vec<WindowCounts>,
    free: Vec<u32>,
    /// By name: the window it was last seen in. Events of a name come in runs.
    last: Vec<Option<(i64, u32)>>,
    /// Oldest and newest log time, in microseconds since 1970.
    span_us: Option<(i64, i64)>,
    /// The first window that is not complete.
    open: Option<i64>,
    /// Windows before this one were given up.
    given_up_before: i64,
    given_up: WindowCounts,
}

/// One or more windows in a row that are complete: one with its counts, or several without any event.
#[derive(Debug)]
pub struct Complete<'a> {
    /// Start of the first one, in seconds since 1970 UTC.
    pub start_s: i64,
    /// How many.
    pub windows: u64,
    counts: Vec<(&'a Arc<str>, &'a WindowCounts)>,
}

impl Complete<'_> {
    /// The counts of all events, or of those with that name.
    pub fn counts(&self, event: Option<&str>) -> WindowCounts {
        let mut sum = WindowCounts::default();
        for (name, counts) in &self.counts {
            if event.is_none_or(|event| *event == ***name) {
                sum.add(counts);
            }
        }
        sum
    }
}

/// One line of the table of windows.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowRow {
    /// Start of the window in seconds since 1970 UTC.
    pub start_s: i64,
    /// The event's name; `None` for all events together.
    pub event: Option<Arc<str>>,
    /// Its counts.
    pub counts: WindowCounts,
}

impl Windows {
    /// No window yet.
    pub fn new(spec: WindowSpec, keep: Keep) -> Self {
        Self {
            spec: WindowSpec {
                seconds: spec.seconds.clamp(1, 3600),
                ..spec
            },
            keep,
            names: vec![NO_NAME.into()],
            of_type: vec![0],
            places: BTreeMap::new(),
            counts: vec![],
            free: vec![],
            last: vec![None],
            span_us: None,
            open: None,
            given_up_before: i64::MIN,
            given_up: WindowCounts::default(),
        }
    }

    /// How windows are cut.
    pub fn spec(&self) -> WindowSpec {
        self.spec
    }

    /// All events so far, those of windows that were given up included.
    pub fn total(&self) -> WindowCounts {
        let mut sum = self.given_up.clone();
        for place in self.places.values() {
            sum.add(&self.counts[*place as usize]);
        }
        sum
    }

    /// Every window that is kept, by time: first all its events together, then each name, by name.
    pub fn rows(&self) -> Vec<WindowRow> {
        let mut rows: Vec<WindowRow> = Vec::with_capacity(self.places.len() * 2);
        let mut total = 0;
        for ((number, group), place) in &self.places {
            let start_s = number * i64::from(self.spec.seconds);
            let counts = &self.counts[*place as usize];
            if rows.get(total).is_none_or(|row| row.start_s != start_s) {
                total = rows.len();
                rows.push(WindowRow {
                    start_s,
                    event: None,
                    counts: WindowCounts::default(),
                });
            }
            rows[total].counts.add(counts);
            rows.push(WindowRow {
                start_s,
                event: Some(self.names[usize::from(*group)].clone()),
                counts: counts.clone(),
            });
        }
        rows.sort_by(|a, b| (a.start_s, &a.event).cmp(&(b.start_s, &b.event)));
        rows
    }

    fn width_us(&self) -> i64 {
        i64::from(self.spec.seconds) * 1_000_000
    }

    fn add(&mut self, seen: &Seen) {
        let own_us = if seen.event_us > seen.log_us + AHEAD_US {
            seen.log_us
        } else {
            seen.event_us
        };
        let number = own_us.div_euclid(self.width_us());
        let late = number < self.complete_before();
        if number < self.given_up_before {
            return self.given_up.count(seen, late);
        }
        let place = match self.last[usize::from(seen.group)] {
            Some((last, place)) if last == number => place,
            _ => self.place(number, seen.group),
        };
        self.counts[place as usize].count(seen, late);
    }

    #[cold]
    fn place(&mut self, number: i64, group: u16) -> u32 {
        let place = *self.places.entry((number, group)).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.counts.push(WindowCounts::default());
                self.counts.len() as u32 - 1
            })
        });
        self.last[usize::from(group)] = Some((number, place));
        place
    }

    /// Windows before this number should be complete by now.
    fn complete_before(&self) -> i64 {
        self.span_us.map_or(i64::MIN, |(_, newest)| {
            (newest - i64::from(self.spec.lateness_s) * 1_000_000).div_euclid(self.width_us())
        })
    }

    /// A line was logged at that time. True when a window became complete by it.
    fn logged(&mut self, log_us: i64) -> bool {
        let (oldest, newest) = self.span_us.unwrap_or((log_us, i64::MIN));
        self.span_us = Some((oldest.min(log_us), newest.max(log_us)));
        log_us > newest
            && self.keep == Keep::Recent
            && match self.open {
                Some(open) => open < self.complete_before(),
                None => true,
            }
    }

    /// Hands on what is complete by now.
    fn close(&mut self, on: &mut dyn FnMut(&Complete<'_>)) {
        self.close_before(self.complete_before(), on);
        self.give_up();
    }

    /// The input has ended: hands on every window up to the newest log time.
    pub fn finish(&mut self, on: &mut dyn FnMut(&Complete<'_>)) {
        if let Some((_, newest)) = self.span_us {
            self.close_before(newest.div_euclid(self.width_us()) + 1, on);
        }
    }

    fn close_before(&mut self, end: i64, on: &mut dyn FnMut(&Complete<'_>)) {
        let Some((oldest, _)) = self.span_us else {
            return;
        };
        // What devices date before the first line of the log has no log beside it to compare with.
        let first = oldest.div_euclid(self.width_us());
        let mut next = self.open.unwrap_or(first);
        // Until then an older line may still come.
        if self.open.is_none() && end <= first {
            return;
        }
        let seconds = i64::from(self.spec.seconds);
        while next < end {
            let in_next: Vec<_> = self
                .places
                .range((next, 0)..=(next, u16::MAX))
                .map(|((_, group), place)| {
                    (
                        &self.names[usize::from(*group)],
                        &self.counts[*place as usize],
                    )
                })
                .collect();
            let until = if in_next.is_empty() {
                let occupied = self.places.range((next, 0)..).next();
                occupied.map_or(end, |((number, _), _)| (*number).min(end))
            } else {
                next + 1
            };
            on(&Complete {
                start_s: next * seconds,
                windows: (until - next) as u64,
                counts: in_next,
            });
            next = until;
        }
        self.open = Some(next);
    }

    fn give_up(&mut self) {
        while self.places.len() > MAX_KEPT {
            let Some(entry) = self.places.first_entry() else {
                return;
            };
            let (number, group) = *entry.key();
            if self.open.is_none_or(|open| number >= open) {
                return;
            }
            let place = entry.remove();
            let counts = std::mem::take(&mut self.counts[place as usize]);
            self.given_up.add(&counts);
            self.free.push(place);
            self.given_up_before = self.given_up_before.max(number + 1);
            self.last[usize::from(group)] = None;
        }
    }
}
