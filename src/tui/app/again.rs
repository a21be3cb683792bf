//! Objects that could not be read, asked for again.

use super::{App, Feed};
use crate::frame::Snapshot;
use crate::tui::action::ScreenKind;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::screen::sources::{is_stopped_shard, to_read_again};

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
        let asked = to_read_again(self.newest(), selected);
        match asked.len() {
            0 => {
                let what = if self.newest().objects.iter().any(is_stopped_shard) {
                    "a shard is not read again: start anew, with --resume to go on where it stopped"
                } else {
                    "no object is unreadable: there is nothing to read again"
                };
                self.say(Weight::Warning, what);
                return vec![];
            }
            1 => self.say(Weight::Done, "reading 1 object again"),
            n => self.say(Weight::Done, format!("reading {n} objects again")),
        }
        vec![Effect::ReadAgain(asked)]
    }
}
