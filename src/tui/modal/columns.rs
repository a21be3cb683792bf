//! The column chooser: ticked columns first, in their order; space ticks, `J`/`K` move.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frame::{ColumnRef, Columns};
use crate::tui::theme::Styles;
use crate::tui::widget::list::{self, Item, ListState};
use crate::tui::widget::overlay::{Overlay, Place};

/// The column chooser.
#[derive(Debug, Clone)]
pub struct ColumnChooser {
    entries: Vec<Entry>,
    list: ListState,
}

#[derive(Debug, Clone)]
struct Entry {
    column: ColumnRef,
    on: bool,
    name: String,
    note: String,
}

impl ColumnChooser {
    /// All columns; those shown are ticked.
    pub fn new(all: &Columns, shown: &[ColumnRef]) -> Self {
        let entry = |column: &ColumnRef, on: bool| {
            let info = all.list().iter().find(|info| info.column == *column);
            let note = info.map_or(String::new(), |info| {
                match (&*info.meaning, info.events.as_slice()) {
                    ("", []) => info.kind.as_str().to_owned(),
                    (meaning, []) => meaning.to_owned(),
                    ("", events) => format!("of {}", events.join(", ")),
                    (meaning, events) => format!("{meaning} · of {}", events.join(", ")),
                }
            });
            Entry {
                column: column.clone(),
                on,
                name: column.name().into_owned(),
                note,
            }
        };
        let mut entries: Vec<Entry> = shown.iter().map(|c| entry(c, true)).collect();
        let others = all
            .list()
            .iter()
            .filter(|info| !shown.contains(&info.column));
        entries.extend(others.map(|info| entry(&info.column, false)));
        Self {
            entries,
            list: ListState::default(),
        }
    }

    /// Moves the choice.
    pub fn move_by(&mut self, delta: isize) {
        self.list.move_by(delta, self.entries.len());
    }

    /// Ticks or unticks, and goes on to the next.
    pub fn toggle(&mut self) {
        if let Some(entry) = self.entries.get_mut(self.list.selected) {
            entry.on = !entry.on;
        }
        self.move_by(1);
    }

    /// Moves the column itself.
    pub fn shift(&mut self, delta: isize) {
        let from = self.list.selected;
        let to = from
            .saturating_add_signed(delta)
            .min(self.entries.len().saturating_sub(1));
        if from < self.entries.len() {
            self.entries.swap(from, to);
            self.list.selected = to;
        }
    }

    /// The ticked columns in their order.
    pub fn chosen(&self) -> Vec<ColumnRef> {
        self.entries
            .iter()
            .filter(|e| e.on)
            .map(|e| e.column.clone())
            .collect()
    }

    /// Draws it.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let count = format!(
            "{} of {}",
            self.entries.iter().filter(|e| e.on).count(),
            self.entries.len()
        );
        let hints = [
            ("Space", "tick"),
            ("J K", "move"),
            ("Enter", "take"),
            ("Esc", "leave as it was"),
        ];
        let overlay = Overlay {
            title: "columns",
            count: &count,
            hints: &hints,
        };
        let height = area
            .height
            .saturating_sub(4)
            .min(self.entries.len() as u16 + 2);
        let inner = overlay.render(Place::Centre { width: 80, height }, area, buf, styles);
        let item = |i: usize| {
            let entry = &self.entries[i];
            Item {
                lead: if entry.on { "✓" } else { "·" },
                label: &entry.name,
                note: &entry.note,
                ..Item::default()
            }
        };
        list::render(inner, buf, (self.entries.len(), &item), &self.list, styles);
    }
}
