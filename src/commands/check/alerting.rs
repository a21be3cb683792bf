//! Alerts under way: which are open, and the lines that say so.

use serde::Serialize;

use crate::commands::check::alert::Alert;
use crate::frame::windows::Complete;
use crate::model::time::format_us;

/// An alert opened, or is over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertChange {
    /// The alert as typed.
    pub alert: String,
    /// `open` or `resolved`.
    pub state: &'static str,
    /// End of the window that decided it, UTC.
    pub at_utc: String,
    /// The metric in that window; `None` where it has none.
    pub value: Option<f64>,
    /// Events in that window (of the alert's event, where it names one).
    pub events: u64,
    /// Failed events among them.
    pub failed: u64,
    /// How long it was open, in seconds; 0 when it opens.
    pub open_s: u64,
}

/// `open` in [`AlertChange::state`].
pub const OPEN: &str = "open";
/// `resolved` in [`AlertChange::state`].
pub const RESOLVED: &str = "resolved";

impl AlertChange {
    /// One line for people and for the standard input of `--on-alert`.
    pub fn line(&self) -> String {
        let value = self.value.map_or_else(|| "no value".to_owned(), short);
        let found = format!("{value} in {} events, {} failed", self.events, self.failed);
        let after = if self.state == RESOLVED {
            format!(", after {}", span(self.open_s))
        } else {
            String::new()
        };
        format!(
            "{} alert {}{after}: {}: {found}",
            self.at_utc, self.state, self.alert
        )
    }
}

/// At most three digits behind the point, and none that say nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `45s`, `5m`, `1h30m`.
fn span(seconds: u64) -> String {
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let text: String = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n}{unit}"))
        .collect();
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// One alert and how it stands.
#[derive(Debug)]
struct Watched {
    alert: Alert,
    /// Windows it must hold in.
    needed: u64,
    /// Windows in a row that it has held in.
    held: u64,
    /// When it opened, in seconds since 1970 UTC.
    open_since: Option<i64>,
}

/// All alerts of a run.
#[derive(Debug)]
pub struct Alerting {
    window_s: i64,
    watched: Vec<Watched>,
}

impl Alerting {
    /// Watches for alerts over windows of that length.
    ///
    /// # Errors
    /// A sentence when the duration of one is not made of whole windows.
    pub fn new(alerts: &[Alert], window_s: u32) -> Result<Self, String> {
        let watched = alerts.iter().map(|alert| {
            Ok(Watched {
                needed: alert.windows(window_s)?,
                alert: alert.clone(),
                held: 0,
                open_since: None,
            })
        });
        Ok(Self {
            window_s: i64::from(window_s),
            watched: watched.collect::<Result<_, String>>()?,
        })
    }

    /// How each alert stands: as typed, windows held, open since.
    pub fn memo(&self) -> Vec<(String, u64, Option<i64>)> {
        self.watched
            .iter()
            .map(|w| (w.alert.text.clone(), w.held, w.open_since))
            .collect()
    }

    /// Goes on from such a memo; alerts that were not watched then start anew.
    pub fn recall(&mut self, memo: &[(String, u64, Option<i64>)]) {
        for watched in &mut self.watched {
            let of_it = memo.iter().find(|(text, ..)| *text == watched.alert.text);
            if let Some((_, held, open_since)) = of_it {
                (watched.held, watched.open_since) = (*held, *open_since);
            }
        }
    }

    /// Looks at one complete window, or at several without an event; gives what changed, in the order of the alerts.
    pub fn look(&mut self, complete: &Complete<'_>) -> Vec<AlertChange> {
        let window_s = self.window_s;
        self.watched
            .iter_mut()
            .filter_map(|watched| watched.look(complete, window_s))
            .collect()
    }
}

impl Watched {
    fn look(&mut self, complete: &Complete<'_>, window_s: i64) -> Option<AlertChange> {
        let counts = complete.counts(self.alert.event.as_deref());
        let value = self.alert.metric.of(&counts);
        let change = |state, at_s: i64, open_s: i64| AlertChange {
            alert: self.alert.text.clone(),
            state,
            at_utc: format_us(at_s * 1_000_000),
            value,
            events: counts.events,
            failed: counts.failed,
            open_s: open_s.max(0) as u64,
        };
        if !self.alert.holds(value) {
            self.held = 0;
            let end = complete.start_s + window_s;
            return self
                .open_since
                .take()
                .map(|since| change(RESOLVED, end, end - since));
        }
        let before = self.held;
        self.held += complete.windows;
        if before < self.needed && self.held >= self.needed {
            let at = complete.start_s + (self.needed - before) as i64 * window_s;
            self.open_since = Some(at);
            return Some(change(OPEN, at, 0));
        }
        None
    }
}
