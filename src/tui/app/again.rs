//! Objects that could not be read, asked for again.

use super::{App, Feed};
use crate::frame::Snapshot;
use crate::tui::action::ScreenKind;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;

impl App {
    /// Objects that could not be read, as of now.
    pub fn unreadable(&self) -> u64 {
        let objects = &self.newest().objects;
        objects.iter().filter(|o| o.is_unreadable()).count() as u64
    }

    fn newest(&self) -> &Snapshot {
        match &self.feed {
            Feed::Live(newest) | Feed::Frozen { newest, .. } => newest,
        }
    }

    /// On Sources the selected object, where it could not be read; else all of them.
    pub(super) fn read_again(&mut self) -> Vec<Effect> {
        let selected = self
            .is_on(ScreenKind::Sources)
            .then_some(self.sources.table.selected);
        let asked = crate::tui::screen::sources::to_read_again(self.newest(), selected);
        match asked.len() {
            0 => {
                self.say(
                    Weight::Warning,
                    "no object is unreadable: there is nothing to read again",
                );
                return vec![];
            }
            1 => self.say(Weight::Done, "reading 1 object again"),
            n => self.say(Weight::Done, format!("reading {n} objects again")),
        }
        vec![Effect::ReadAgain(asked)]
    }
}
