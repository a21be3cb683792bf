//! Edits of the contract: what they changed flashes in the header, and stays to be looked at.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{App, Feed};
use crate::frame::Snapshot;
use crate::tui::action::Action;
use crate::tui::footer::Weight;
use crate::tui::keymap::Mode;
use crate::tui::modal::{LastEdit, Modal};
use crate::tui::widget::number::grouped;

/// How long the header shows what an edit changed.
const FLASH: Duration = Duration::from_secs(6);

impl App {
    /// Takes notice of new verdicts. They are shown also while new rows wait.
    pub(super) fn take_verdicts(&mut self, snapshot: &Arc<Snapshot>) {
        let shown = self.feed.shown();
        if snapshot.verdicts == shown.verdicts {
            return;
        }
        if let Feed::Frozen { shown, .. } = &mut self.feed {
            *shown = snapshot.clone();
        }
        self.stream.forget_verdicts();
        self.status.figures.judging = (0, 0);
        let Some(delta) = &snapshot.delta else { return };
        self.flash = Some(Instant::now() + FLASH);
        let key = self.setting.keymap.hint(Mode::Normal, Action::LastEdit);
        let sentence = delta.sentence(grouped);
        self.say(Weight::Done, format!("{sentence} · {key} shows it"));
    }

    /// `1,204 → 12 failed`, for some seconds.
    pub(super) fn flashed(&self) -> Option<String> {
        self.flash?;
        let (before, after) = self.feed.shown().delta.as_ref()?.failed;
        Some(format!("{} → {} failed", grouped(before), grouped(after)))
    }

    /// When the header has to be drawn without what flashes.
    pub fn flash_end(&self) -> Option<Instant> {
        self.flash
    }

    /// Ends what flashed long enough; true when that is news.
    pub fn end_flash(&mut self, now: Instant) -> bool {
        let ends = self.flash.is_some_and(|end| end <= now);
        if ends {
            self.flash = None;
        }
        ends
    }

    pub(super) fn open_last_edit(&mut self) {
        let broken = self.status.broken_edit.as_deref();
        match LastEdit::of(self.feed.shown().delta.as_deref(), broken) {
            Some(window) => self.modal = Some(Modal::LastEdit(window)),
            None => self.say(
                Weight::Warning,
                "the contract was not edited since the start; edits of its files are judged at once",
            ),
        }
    }
}
