//! A check that goes on: the tally, and now and then a line with the counts.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::commands::check::tally::Tally;
use crate::commands::check::watching::Watching;
use crate::commands::check::{CheckOptions, Printed};
use crate::commands::stdout_error;
use crate::commands::table::{printable, thousands};
use crate::error::Result;
use crate::model::{Batch, Causes, Counters, EventTypes, LogObject, ObjectId, Sink, SoFar, Words};

/// The sink of a check.
pub(super) struct Live<'a> {
    tally: &'a mut Tally,
    out: &'a mut (dyn Write + Send),
    json: bool,
    watching: Option<&'a mut Watching>,
    types: Arc<EventTypes>,
    every: Option<Duration>,
    due: Instant,
    counters: Counters,
    newest_us: Option<i64>,
    is_changed: bool,
}

/// What a resumed run goes on from.
#[derive(Serialize, Deserialize)]
struct Memo {
    tally: serde_json::Value,
    watching: Option<serde_json::Value>,
}

/// The counts at a moment, for programs.
#[derive(Serialize)]
struct Line {
    at_utc: String,
    newest_utc: Option<String>,
    lag_s: Option<i64>,
    counters: Counters,
}

impl<'a> Live<'a> {
    pub fn new(
        tally: &'a mut Tally,
        out: &'a mut (dyn Write + Send),
        options: &CheckOptions,
        watching: Option<&'a mut Watching>,
    ) -> Self {
        Self {
            tally,
            out,
            json: options.format == Printed::Json,
            watching,
            types: Arc::default(),
            every: options.every.filter(|_| options.run.source.follow),
            due: Instant::now(),
            counters: Counters::default(),
            newest_us: None,
            is_changed: false,
        }
    }

    /// Counts the windows, and prints what alerts became of it. (A run that ends by itself has none before its end.)
    fn watch(&mut self, batch: &mut Batch) -> Result<()> {
        let Some(watching) = &mut self.watching else {
            return Ok(());
        };
        watching.batch(batch, &self.types);
        for change in watching.take_changes() {
            let line = if self.json {
                // Plain texts and numbers always serialize.
                serde_json::to_string(&change).unwrap_or_default()
            } else {
                printable(&change.line())
            };
            writeln!(self.out, "{line}")
                .and_then(|()| self.out.flush())
                .map_err(stdout_error)?;
        }
        Ok(())
    }

    fn print(&mut self) -> Result<()> {
        let Some(every) = self.every else {
            return Ok(());
        };
        if !self.is_changed || Instant::now() < self.due {
            return Ok(());
        }
        (self.is_changed, self.due) = (false, Instant::now() + every);
        let text = self.line(Utc::now());
        writeln!(self.out, "{text}")
            .and_then(|()| self.out.flush())
            .map_err(stdout_error)
    }

    fn line(&self, now: DateTime<Utc>) -> String {
        let written = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let newest = self.newest_us.and_then(DateTime::from_timestamp_micros);
        let lag_s = newest.map(|newest| (now - newest).num_seconds());
        let c = &self.counters;
        if self.json {
            let line = Line {
                at_utc: written(now),
                newest_utc: newest.map(written),
                lag_s,
                counters: *c,
            };
            return serde_json::to_string(&line).unwrap_or_default();
        }
        let lag = lag_s.map_or_else(String::new, |s| format!("  lag {s} s"));
        format!(
            "{}  {} lines  {} events = {} good + {} failed + {} left out{lag}",
            written(now),
            thousands(c.lines),
            thousands(c.events),
            thousands(c.good),
            thousands(c.failed),
            thousands(c.duplicates + c.filtered),
        )
    }
}

impl Sink for Live<'_> {
    fn start(&mut self, types: &Arc<EventTypes>, causes: &Arc<Causes>, words: &[Option<Words>]) {
        self.types = types.clone();
        self.tally.start(types, causes, words);
    }

    fn listed(&mut self, objects: &[Arc<LogObject>]) {
        self.tally.listed(objects);
    }

    fn again(&mut self, object: ObjectId, gone: &Counters) {
        if self.every.is_some() {
            self.counters.take_away(gone);
            self.is_changed = true;
        }
        self.tally.again(object, gone);
    }

    fn take(&mut self, mut batch: Batch) -> Result<()> {
        self.watch(&mut batch)?;
        if self.every.is_some() {
            self.counters.add(&batch.counters());
            self.newest_us = self
                .newest_us
                .max(batch.records.time_us.iter().copied().max());
            self.is_changed = true;
        }
        self.tally.take(batch)?;
        self.print()
    }

    fn idle(&mut self) -> Result<()> {
        self.print()
    }

    fn memo(&mut self, so_far: &SoFar<'_>) -> Option<serde_json::Value> {
        let memo = Memo {
            tally: self.tally.memo(so_far)?,
            watching: self.watching.as_ref().and_then(|w| w.memo()),
        };
        serde_json::to_value(memo).ok()
    }

    fn recall(&mut self, memo: serde_json::Value) {
        let Ok(memo) = serde_json::from_value::<Memo>(memo) else {
            return;
        };
        self.tally.recall(memo.tally);
        if let Some(earlier) = &self.tally.earlier {
            self.counters = earlier.counters;
        }
        if let (Some(watching), Some(memo)) = (&mut self.watching, memo.watching) {
            watching.recall(memo);
        }
    }
}
