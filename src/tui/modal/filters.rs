//! The filter stack: each filter switched, deleted or edited apart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::Styles;
use crate::tui::widget::list::{self, Item, ListState};
use crate::tui::widget::overlay::{Overlay, Place};

/// The filter stack: texts as they are shown, and which are on.
#[derive(Debug, Clone, Default)]
pub struct FilterStack {
    entries: Vec<(String, bool)>,
    list: ListState,
}

impl FilterStack {
    /// These filters, the cursor where it was.
    #[must_use]
    pub fn with(mut self, entries: Vec<(String, bool)>) -> Self {
        self.entries = entries;
        self.list.move_by(0, self.entries.len());
        self
    }

    /// Moves the choice.
    pub fn move_by(&mut self, delta: isize) {
        self.list.move_by(delta, self.entries.len());
    }

    /// The chosen filter; `None` without any.
    pub fn chosen(&self) -> Option<usize> {
        (self.list.selected < self.entries.len()).then_some(self.list.selected)
    }

    /// Draws it.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let count = format!(
            "{} on of {}",
            self.entries.iter().filter(|e| e.1).count(),
            self.entries.len()
        );
        let hints = [
            ("Space", "on/off"),
            ("d", "delete"),
            ("Enter", "edit"),
            ("Esc", "close"),
        ];
        let overlay = Overlay {
            title: "filters",
            count: &count,
            hints: &hints,
        };
        let height = (self.entries.len() as u16 + 2).clamp(3, area.height.saturating_sub(4).max(3));
        let inner = overlay.render(Place::Centre { width: 72, height }, area, buf, styles);
        let item = |i: usize| {
            let (text, on) = &self.entries[i];
            Item {
                lead: if *on { "✓" } else { "·" },
                label: text,
                note: if *on { "" } else { "off" },
                ..Item::default()
            }
        };
        list::render(inner, buf, (self.entries.len(), &item), &self.list, styles);
    }
}
