//! What the last edit of the contract changed, and what is wrong with the one on disk.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::VerdictDelta;
use crate::tui::theme::Styles;
use crate::tui::widget::number::grouped;
use crate::tui::widget::overlay::{Overlay, Place};
use crate::tui::widget::text::{self, Cut};

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Dim,
    Good,
    Bad,
}

/// The window.
#[derive(Debug, Clone, Default)]
pub struct LastEdit {
    lines: Vec<(String, Tone)>,
    top: usize,
}

/// Cells wide.
const WIDTH: u16 = 96;

impl LastEdit {
    /// Of what is known; `None` where nothing was edited.
    pub fn of(delta: Option<&VerdictDelta>, broken: Option<&str>) -> Option<Self> {
        let mut it = Self::default();
        if let Some(why) = broken {
            it.say(
                "The contract on disk cannot be read; the last good one is in force.",
                Tone::Bad,
            );
            it.say(why, Tone::Plain);
            it.say("", Tone::Plain);
        }
        if let Some(delta) = delta {
            it.tell(delta);
        }
        (!it.lines.is_empty()).then_some(it)
    }

    fn say(&mut self, line: &str, tone: Tone) {
        let room = usize::from(WIDTH) - 4;
        for line in text::wrap(line, room) {
            self.lines.push((line, tone));
        }
    }

    fn tell(&mut self, delta: &VerdictDelta) {
        let number = |n: u64| grouped(n);
        let sentence = delta.sentence(number);
        let mut letters = sentence.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string());
        self.say(
            &(first.unwrap_or_default() + letters.as_str() + "."),
            Tone::Plain,
        );
        let (before, after) = delta.failed;
        let judged = format!(
            "{} → {} failed; {} records judged again",
            grouped(before),
            grouped(after),
            grouped(delta.judged)
        );
        self.say(&judged, Tone::Dim);
        if !delta.types.is_empty() {
            self.lines.push((String::new(), Tone::Plain));
            self.lines.push((
                format!("{:>12} {:>12}  event", "good now", "failed now"),
                Tone::Dim,
            ));
        }
        for change in &delta.types {
            let name = if change.name.is_empty() {
                "(no name)"
            } else {
                &change.name
            };
            let line = format!(
                "{:>12} {:>12}  {name}",
                grouped(change.became_good),
                grouped(change.became_failed)
            );
            let tone = if change.became_failed > 0 {
                Tone::Bad
            } else {
                Tone::Good
            };
            self.lines.push((line, tone));
        }
        if !delta.causes.is_empty() {
            self.lines.push((String::new(), Tone::Plain));
            self.lines.push((
                format!("{:>12} {:>12}  failures by cause", "before", "after"),
                Tone::Dim,
            ));
        }
        for change in &delta.causes {
            let cause = &change.cause;
            let line = format!(
                "{:>12} {:>12}  {} {} {} {}",
                grouped(change.before),
                grouped(change.after),
                cause.code.as_str(),
                cause.event,
                cause.path,
                cause.expected
            );
            let tone = if change.after > change.before {
                Tone::Bad
            } else {
                Tone::Good
            };
            self.lines.push((line, tone));
        }
    }

    /// Scrolls.
    pub fn move_by(&mut self, delta: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.top = self.top.saturating_add_signed(delta).min(last);
    }

    /// Draws it.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let height = (self.lines.len() as u16 + 2).clamp(3, area.height.saturating_sub(2).max(3));
        let overlay = Overlay {
            title: "last edit of the contract",
            count: "",
            hints: &[("↑↓", "scroll"), ("Esc", "close")],
        };
        let place = Place::Centre {
            width: WIDTH,
            height,
        };
        let inner = overlay.render(place, area, buf, styles);
        let top = self
            .top
            .min(self.lines.len().saturating_sub(usize::from(inner.height)));
        for (y, (line, tone)) in (inner.y..inner.bottom()).zip(&self.lines[top..]) {
            let style = match tone {
                Tone::Plain => styles.text,
                Tone::Dim => styles.dim,
                Tone::Good => styles.good,
                Tone::Bad => styles.bad,
            };
            text::put_fit(buf, (inner.x, y), inner.width, line, Cut::End, style);
        }
    }
}
