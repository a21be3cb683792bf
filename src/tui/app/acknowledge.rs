//! Acknowledging the selected cause.

use super::App;
use crate::contract::acknowledged::{Acknowledged, FILE_NAME, Written};
use crate::error::Result;
use crate::tui::effect::Effect;
use crate::tui::footer::Weight;
use crate::tui::modal::Modal;
use crate::tui::modal::acknowledge::{Accepted, Acknowledge};

/// Days that are proposed, from the newest record on.
const PROPOSED_DAYS: u64 = 30;

impl App {
    /// Asks for a note and a day; with what stands in the file, or was typed and put aside.
    pub(super) fn open_acknowledge(&mut self) {
        let Some(file) = self.failures.known.acknowledged.file.clone() else {
            let why = format!(
                "there is no contract whose folder could hold {FILE_NAME}; start with --contract DIR"
            );
            return self.say(Weight::Warning, why);
        };
        let Some((key, told)) = self.failures.selected() else {
            return self.say(Weight::Warning, "there is no failure to acknowledge");
        };
        let key = key.to_owned();
        let aside = self.aside.take().filter(|aside| aside.key == key);
        let window = aside.unwrap_or_else(|| {
            let written = self.proposed();
            Acknowledge::new(key, told, file.display().to_string(), &written)
        });
        self.modal = Some(Modal::Acknowledge(Box::new(window)));
    }

    fn proposed(&self) -> Written {
        let by = self.setting.user.clone();
        if let Some(entry) = self.failures.acknowledgement() {
            return Written {
                note: entry.note.clone(),
                by,
                until: entry.until,
            };
        }
        let newest = self.feed.shown().timeline.span().map(|(_, last)| last);
        let newest = newest.and_then(|s| chrono::DateTime::from_timestamp(s, 0));
        let days = chrono::Days::new(PROPOSED_DAYS);
        Written {
            note: String::new(),
            by,
            until: newest.and_then(|t| t.date_naive().checked_add_days(days)),
        }
    }

    /// Enter in the window.
    pub(super) fn accept_acknowledge(&mut self, mut window: Box<Acknowledge>) -> Vec<Effect> {
        match window.accept() {
            Accepted::Stays => {
                self.modal = Some(Modal::Acknowledge(window));
                vec![]
            }
            Accepted::Write(written) => {
                let key = window.key.clone();
                // Should the file not take it, what was typed is still there.
                self.aside = Some(*window);
                vec![Effect::Acknowledge(key, written)]
            }
        }
    }

    /// What is acknowledged now.
    pub fn acknowledged(&self) -> &Acknowledged {
        &self.failures.known.acknowledged
    }

    /// The file was written, or was not.
    pub fn take_acknowledged(&mut self, written: Result<Acknowledged>) {
        match written {
            Ok(now) => {
                let file = now.file.as_ref().map(|f| f.display().to_string());
                self.failures.known.acknowledged = now;
                let snapshot = self.feed.shown().clone();
                self.failures.stand(&snapshot);
                self.aside = None;
                let file = file.unwrap_or_default();
                self.say(Weight::Done, format!("acknowledged in {file}"));
            }
            Err(why) => self.say(Weight::Failure, why.to_string()),
        }
    }
}
