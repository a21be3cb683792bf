//! The themes to choose from; the whole screen wears the one under the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::{Styles, Theme};
use crate::tui::widget::list::{self, Item, ListState};
use crate::tui::widget::overlay::{Overlay, Place};

/// The themes to choose from.
#[derive(Debug, Clone)]
pub struct ThemePicker {
    /// Name and the ground it is made for.
    entries: Vec<(String, &'static str)>,
    list: ListState,
    /// What was worn before, for Esc.
    before: usize,
}

impl ThemePicker {
    /// These themes, the cursor on the one that is worn.
    pub fn new(themes: &[Theme], worn: usize) -> Self {
        let entries: Vec<_> = themes
            .iter()
            .map(|theme| (theme.name.clone(), theme.appearance.what()))
            .collect();
        let list = ListState {
            selected: worn,
            top: 0,
        };
        Self {
            entries,
            list,
            before: worn,
        }
    }

    /// Moves the choice.
    pub fn move_by(&mut self, delta: isize) {
        self.list.move_by(delta, self.entries.len());
    }

    /// Index of the theme under the cursor.
    pub fn chosen(&self) -> usize {
        self.list.selected
    }

    /// Index of the theme that was worn when this was opened.
    pub fn before(&self) -> usize {
        self.before
    }

    /// Draws it.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let count = format!("{} of {}", self.list.selected + 1, self.entries.len());
        let overlay = Overlay {
            title: "themes",
            count: &count,
            hints: &[("Enter", "wear it"), ("Esc", "as before")],
        };
        let height = (self.entries.len() as u16 + 2).clamp(3, area.height.saturating_sub(4).max(3));
        let inner = overlay.render(Place::Centre { width: 46, height }, area, buf, styles);
        let item = |i: usize| {
            let (name, ground) = &self.entries[i];
            Item {
                lead: if i == self.before { "•" } else { "" },
                label: name,
                note: ground,
                ..Item::default()
            }
        };
        list::render(inner, buf, (self.entries.len(), &item), &self.list, styles);
    }
}
