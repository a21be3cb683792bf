//! The footer: where you are, what goes on, which keys matter here; or what just happened.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::theme::Styles;
use crate::tui::widget::text::{self, Cut};

/// How much a message weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is done.
    Done,
    /// It did not go.
    Warning,
    /// It broke.
    Failure,
}

/// A sentence in place of the hints, until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The sentence.
    pub text: String,
    /// Its weight.
    pub weight: Weight,
}

/// What stands in the footer.
#[derive(Debug, Clone, Default)]
pub struct Footer {
    /// `row 1,204/12,408`.
    pub place: String,
    /// What goes on: `paused, 318 new`, `reading 41%`.
    pub states: Vec<String>,
    /// Keys and what they do, most useful first.
    pub hints: Vec<(String, &'static str)>,
    /// In place of the hints.
    pub message: Option<Message>,
}

impl Footer {
    /// Draws it in one row; hints that do not fit are left out.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let mut x = area.x + 1;
        let room = |x: u16| area.right().saturating_sub(x);
        if let Some(message) = &self.message {
            let (sign, style): (&str, Style) = match message.weight {
                Weight::Done => ("", styles.good),
                Weight::Warning => ("! ", styles.warn),
                Weight::Failure => ("✗ ", styles.bad),
            };
            x = text::put(buf, (x, area.y), room(x), sign, style);
            text::put_fit(buf, (x, area.y), room(x), &message.text, Cut::End, style);
            return;
        }
        x = text::put(buf, (x, area.y), room(x), &self.place, styles.text);
        for state in &self.states {
            x = text::put(buf, (x, area.y), room(x), " · ", styles.rule);
            x = text::put(buf, (x, area.y), room(x), state, styles.accent);
        }
        let width =
            |(key, what): &(String, &str)| (text::width(key) + 1 + text::width(what) + 2) as u16;
        let free = room(x).saturating_sub(2);
        let mut total = 0;
        let fitting = self.hints.iter().take_while(|hint| {
            total += width(hint);
            total <= free
        });
        let fitting: Vec<_> = fitting.collect();
        let mut x = area
            .right()
            .saturating_sub(fitting.iter().map(|hint| width(hint)).sum::<u16>());
        for (key, what) in fitting {
            x = text::put(buf, (x, area.y), room(x), key, styles.key) + 1;
            x = text::put(buf, (x, area.y), room(x), what, styles.hint) + 2;
        }
    }
}
