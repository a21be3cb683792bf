//! Where a cause stands: acknowledged by somebody, known from the baseline, or news.

use crate::contract::acknowledged::{Acknowledged, Acknowledgement};
use crate::contract::baseline::{Baseline, Rows, Since};
use crate::model::CauseKey;

/// What is known of causes before anything is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownCauses {
    /// `acknowledged.toml`.
    pub acknowledged: Acknowledged,
    /// `--baseline`.
    pub baseline: Option<Baseline>,
}

/// Where one cause stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Beside the baseline; `None` without one.
    pub since: Option<Since>,
    /// What it was in the baseline.
    pub before: Option<Rows>,
    /// Who acknowledged it, and until when.
    pub acknowledged: Option<Acknowledgement>,
    /// The acknowledgement's last day is over: the cause counts again.
    pub expired: bool,
}

impl Standing {
    /// True where the cause is no finding: acknowledged, or as it was in the baseline.
    pub fn is_excused(&self) -> bool {
        (self.acknowledged.is_some() && !self.expired) || self.since == Some(Since::Known)
    }
}

impl KnownCauses {
    /// True where nothing is known, and every cause counts.
    pub fn is_empty(&self) -> bool {
        self.acknowledged.entries.is_empty() && self.baseline.is_none()
    }

    /// Where a cause stands that came `now`; `newest_us` as for [`Acknowledgement::holds`].
    pub fn standing(&self, key: CauseKey<'_>, now: Rows, newest_us: Option<i64>) -> Standing {
        let acknowledged = self.acknowledged.of(key).cloned();
        let baseline = self.baseline.as_ref();
        Standing {
            since: baseline.map(|baseline| baseline.since(key, now)),
            before: baseline.and_then(|baseline| baseline.rows(key)),
            expired: acknowledged
                .as_ref()
                .is_some_and(|entry| !entry.holds(newest_us)),
            acknowledged,
        }
    }
}
