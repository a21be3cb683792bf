//! A check that also watches: counts the windows of the stream and tells when an alert opens or is over.

use std::io::Write;
use std::sync::Arc;

use crate::commands::check::alert::Alert;
use crate::commands::check::alerting::{AlertChange, Alerting, OPEN};
use crate::commands::check::on_alert::OnAlert;
use crate::commands::check::tally::Tally;
use crate::commands::stdout_error;
use crate::commands::table::printable;
use crate::error::{Error, Result};
use crate::frame::windows::{Complete, Keep, WindowSpec, Windows};
use crate::model::{Batch, Causes, EventTypes, LogObject, Sink, Words};

/// What is watched for.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchOptions {
    /// How windows are cut.
    pub spec: WindowSpec,
    /// At least one.
    pub alerts: Vec<Alert>,
    /// A shell command that is given each line on its standard input.
    pub on_alert: Option<String>,
}

/// How lines leave while the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// They wait for the report: the input ends by itself.
    Report,
    /// Sentences, at once.
    Text,
    /// JSON objects, at once.
    Json,
}

/// Windows and alerts of one run.
#[derive(Debug)]
pub struct Watching {
    windows: Windows,
    alerting: Alerting,
    on_alert: Option<OnAlert>,
    /// Not yet printed.
    changes: Vec<AlertChange>,
    /// Alerts that opened, as typed, each once, in the order of their first opening.
    opened: Vec<String>,
}

impl Watching {
    /// Begins.
    ///
    /// # Errors
    /// The duration of an alert is not made of whole windows; no thread could be started.
    pub fn start(options: &WatchOptions, lines: Lines) -> Result<Self> {
        let keep = match lines {
            Lines::Report => Keep::All,
            Lines::Text | Lines::Json => Keep::Recent,
        };
        Ok(Self {
            windows: Windows::new(options.spec, keep),
            alerting: Alerting::new(&options.alerts, options.spec.seconds)
                .map_err(Error::Config)?,
            on_alert: options.on_alert.clone().map(OnAlert::start).transpose()?,
            changes: vec![],
            opened: vec![],
        })
    }

    fn batch(&mut self, batch: &mut Batch, types: &EventTypes) {
        let (alerting, changes) = (&mut self.alerting, &mut self.changes);
        self.windows
            .batch(batch, types, &mut |complete: &Complete<'_>| {
                changes.extend(alerting.look(complete));
            });
        self.tell();
    }

    /// The input has ended by itself: every window is complete.
    pub fn finish(&mut self) {
        let (alerting, changes) = (&mut self.alerting, &mut self.changes);
        self.windows
            .finish(&mut |complete| changes.extend(alerting.look(complete)));
        self.tell();
    }

    fn tell(&mut self) {
        // Those that wait for the report were told of before: only `finish` adds to them.
        for change in &self.changes {
            if change.state == OPEN && !self.opened.contains(&change.alert) {
                self.opened.push(change.alert.clone());
            }
            if let Some(on_alert) = &self.on_alert {
                on_alert.run(&printable(&change.line()));
            }
        }
    }

    /// What changed since the last call.
    pub fn take_changes(&mut self) -> Vec<AlertChange> {
        std::mem::take(&mut self.changes)
    }

    /// Alerts that opened during the run, as typed.
    pub fn opened(&self) -> &[String] {
        &self.opened
    }

    /// Events that came late.
    pub fn late(&self) -> u64 {
        self.windows.total().late
    }
}

/// The sink of a check that watches.
pub struct WatchingSink<'a> {
    /// What a check counts anyway.
    pub tally: &'a mut Tally,
    /// The windows.
    pub watching: &'a mut Watching,
    /// Where lines go at once.
    pub out: &'a mut (dyn Write + Send),
    /// How.
    pub lines: Lines,
    /// Of the run.
    pub types: Arc<EventTypes>,
}

impl Sink for WatchingSink<'_> {
    fn start(&mut self, types: &Arc<EventTypes>, causes: &Arc<Causes>, words: &[Option<Words>]) {
        self.types = types.clone();
        self.tally.start(types, causes, words);
    }

    fn listed(&mut self, objects: &[Arc<LogObject>]) {
        self.tally.listed(objects);
    }

    fn take(&mut self, mut batch: Batch) -> Result<()> {
        self.watching.batch(&mut batch, &self.types);
        if self.lines != Lines::Report {
            for change in self.watching.take_changes() {
                let line = match self.lines {
                    // Plain texts and numbers always serialize.
                    Lines::Json => serde_json::to_string(&change).unwrap_or_default(),
                    _ => printable(&change.line()),
                };
                writeln!(self.out, "{line}")
                    .and_then(|()| self.out.flush())
                    .map_err(stdout_error)?;
            }
        }
        self.tally.take(batch)
    }

    fn idle(&mut self) -> Result<()> {
        self.tally.idle()
    }
}
