//! A check that also watches: counts the windows of the stream and tells when an alert opens or is over.

use serde::{Deserialize, Serialize};

use crate::commands::check::alert::Alert;
use crate::commands::check::alerting::{AlertChange, Alerting, OPEN};
use crate::commands::check::on_alert::OnAlert;
use crate::commands::table::printable;
use crate::error::{Error, Result};
use crate::frame::windows::{Complete, Keep, WindowSpec, Windows};
use crate::model::{Batch, EventTypes};

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

/// Windows and alerts over the end of a process.
#[derive(Serialize, Deserialize)]
struct Memo {
    windows: serde_json::Value,
    alerts: Vec<(String, u64, Option<i64>)>,
    opened: Vec<String>,
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
    /// Begins. A run that `follows` tells of a change at once; another one when its input has ended.
    ///
    /// # Errors
    /// The duration of an alert is not made of whole windows; no thread could be started.
    pub fn start(options: &WatchOptions, follows: bool) -> Result<Self> {
        let keep = if follows { Keep::Recent } else { Keep::All };
        Ok(Self {
            windows: Windows::new(options.spec, keep),
            alerting: Alerting::new(&options.alerts, options.spec.seconds)
                .map_err(Error::Config)?,
            on_alert: options.on_alert.clone().map(OnAlert::start).transpose()?,
            changes: vec![],
            opened: vec![],
        })
    }

    /// Counts a batch.
    pub fn batch(&mut self, batch: &mut Batch, types: &EventTypes) {
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

    /// What a resumed run goes on from.
    pub fn memo(&self) -> Option<serde_json::Value> {
        let memo = Memo {
            windows: self.windows.memo()?,
            alerts: self.alerting.memo(),
            opened: self.opened.clone(),
        };
        serde_json::to_value(memo).ok()
    }

    /// Goes on where an earlier run ended.
    pub fn recall(&mut self, memo: serde_json::Value) {
        if let Ok(memo) = serde_json::from_value::<Memo>(memo) {
            self.windows.recall(memo.windows);
            self.alerting.recall(&memo.alerts);
            self.opened = memo.opened;
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
