//! Acknowledging a cause: a note, a last day, and a look at what will be written before it is.
//!
//! ```text
//! ╭ Acknowledge ─────────────────────────────────────────────────────╮
//! │ V402 checkout value                                              │
//! │ 181 rows, 31.1% of the event                                     │
//! │                                                                  │
//! │ note   decimal comma of app 3.2▏                                 │
//! │ until  2026-12-22    its last day in log time, UTC; empty: open  │
//! ╰────────────────────────────────── Enter go on · Esc put aside ───╯
//! ```

use chrono::NaiveDate;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::contract::acknowledged::Written;
use crate::model::OwnedCauseKey;
use crate::tui::modal::prompt::edit_request;
use crate::tui::theme::Styles;
use crate::tui::widget::overlay::{Overlay, Place};
use crate::tui::widget::prompt::{Prompt as Line, PromptError, PromptState};
use crate::tui::widget::text::{self, Cut};

/// What is asked for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Note,
    Until,
    /// Both are there: yes or no.
    Confirm,
}

/// The window, and what is typed in it.
#[derive(Debug, Clone)]
pub struct Acknowledge {
    /// The cause.
    pub key: OwnedCauseKey,
    told: String,
    by: String,
    file: String,
    note: PromptState,
    until: PromptState,
    step: Step,
}

/// What accepting a step leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// The window stays.
    Stays,
    /// Write this.
    Write(Written),
}

impl Acknowledge {
    /// Of a cause; `told` says how it came, `written` is what stands there already or is proposed.
    pub fn new(key: OwnedCauseKey, told: String, file: String, written: &Written) -> Self {
        let until = written
            .until
            .map_or_else(String::new, |day| day.to_string());
        Self {
            key,
            told,
            file,
            by: written.by.clone(),
            note: PromptState::new(&written.note),
            until: PromptState::new(&until),
            step: Step::Note,
        }
    }

    /// Enter.
    pub fn accept(&mut self) -> Accepted {
        match self.step {
            Step::Note if self.note.value().trim().is_empty() => {
                complain(&mut self.note, "say why it may be so");
            }
            Step::Note => self.step = Step::Until,
            Step::Until => match self.day() {
                Ok(_) => self.step = Step::Confirm,
                Err(why) => complain(&mut self.until, &why),
            },
            Step::Confirm => {
                return Accepted::Write(Written {
                    note: self.note.value().trim().to_owned(),
                    by: self.by.clone(),
                    until: self.day().unwrap_or_default(),
                });
            }
        }
        Accepted::Stays
    }

    /// The other field; from the question back to the fields.
    pub fn other(&mut self) {
        self.step = match self.step {
            Step::Until | Step::Confirm => Step::Note,
            Step::Note => Step::Until,
        };
    }

    /// Edits by a key; false when it is no editing key.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let Some(request) = edit_request(key) else {
            return false;
        };
        match self.step {
            Step::Note => self.note.edit(request),
            Step::Until => self.until.edit(request),
            Step::Confirm => false,
        };
        true
    }

    /// Inserts a pasted text.
    pub fn paste(&mut self, text: &str) {
        match self.step {
            Step::Note => self.note.insert(text),
            Step::Until => self.until.insert(text),
            Step::Confirm => {}
        }
    }

    fn day(&self) -> Result<Option<NaiveDate>, String> {
        let text = self.until.value().trim();
        if text.is_empty() {
            return Ok(None);
        }
        let day = text.parse().map(Some);
        day.map_err(|_| "a day such as 2026-12-31, or nothing".to_owned())
    }

    /// Draws the window. Gives where the cursor belongs.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) -> Option<Position> {
        let confirms = self.step == Step::Confirm;
        let hints: &[(&str, &str)] = if confirms {
            &[
                ("Enter", "write it"),
                ("Tab", "change"),
                ("Esc", "put aside"),
            ]
        } else {
            &[
                ("Enter", "go on"),
                ("Tab", "other field"),
                ("Esc", "put aside"),
            ]
        };
        let overlay = Overlay {
            title: "Acknowledge",
            count: if confirms { "write it?" } else { "" },
            hints,
        };
        let place = Place::Centre {
            width: 76,
            height: 10,
        };
        let inner = overlay.render(place, area, buf, styles);
        if inner.is_empty() {
            return None;
        }
        let row = |n: u16| Rect {
            y: (inner.y + n).min(inner.bottom().saturating_sub(1)),
            height: 1,
            ..inner
        };
        let say = |buf: &mut Buffer, n: u16, what: &str, style| {
            let at = (inner.x + 1, row(n).y);
            text::put_fit(
                buf,
                at,
                inner.width.saturating_sub(2),
                what,
                Cut::End,
                style,
            );
        };
        say(buf, 0, &self.key.as_key().title(), styles.strong);
        say(buf, 1, &self.told, styles.dim);
        let note = Line {
            label: "note ",
            placeholder: "why it may be so, and who mends it when",
        };
        let until = Line {
            label: "until",
            placeholder: "its last day, such as 2026-12-31; empty: until taken out",
        };
        let note_at = note.render(
            Rect {
                height: 2,
                ..row(3)
            },
            buf,
            &self.note,
            styles,
        );
        let until_at = until.render(
            Rect {
                height: 2,
                ..row(5)
            },
            buf,
            &self.until,
            styles,
        );
        let signed = if self.by.is_empty() {
            String::new()
        } else {
            format!(", signed by {}", self.by)
        };
        let (lead, style) = if confirms {
            ("writes to", styles.accent)
        } else {
            ("will be written to", styles.faint)
        };
        say(buf, 7, &format!("{lead} {}{signed}", self.file), style);
        match self.step {
            Step::Note => note_at,
            Step::Until => until_at,
            Step::Confirm => None,
        }
    }
}

fn complain(state: &mut PromptState, message: &str) {
    state.set_error(Some(PromptError {
        at: 0,
        message: message.to_owned(),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CauseKey;

    fn typed(note: &str, until: &str) -> Acknowledge {
        let mut window = Acknowledge::new(
            CauseKey::of_code("L101").to_owned(),
            String::new(),
            "acknowledged.toml".to_owned(),
            &Written {
                by: "ann".to_owned(),
                ..Written::default()
            },
        );
        window.paste(note);
        window.other();
        window.paste(until);
        window
    }

    #[test]
    fn nothing_is_written_before_it_was_seen_whole() {
        let mut window = typed(" why ", "2026-12-31");
        assert_eq!(window.accept(), Accepted::Stays);
        let written = Written {
            note: "why".to_owned(),
            by: "ann".to_owned(),
            until: NaiveDate::from_ymd_opt(2026, 12, 31),
        };
        assert_eq!(window.accept(), Accepted::Write(written));
    }

    #[test]
    fn a_note_is_needed_and_a_day_is_one() {
        let mut window = typed("why", "someday");
        assert_eq!(
            (window.accept(), window.step),
            (Accepted::Stays, Step::Until)
        );
        let mut window = typed("", "");
        window.other();
        assert_eq!(
            (window.accept(), window.step),
            (Accepted::Stays, Step::Note)
        );
        let mut open = typed("why", "");
        open.accept();
        assert!(matches!(
            open.accept(),
            Accepted::Write(Written { until: None, .. })
        ));
    }
}
