//! The palette: every action by name, found by a few letters, with its key beside it.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::action::Action;
use crate::tui::keymap::{Keymap, Mode};
use crate::tui::modal::prompt::edit_request;
use crate::tui::theme::Styles;
use crate::tui::widget::list::{self, Hit, Item, ListState};
use crate::tui::widget::overlay::{Overlay, Place};
use crate::tui::widget::prompt::{Prompt as PromptLine, PromptState};

/// The palette.
#[derive(Debug, Clone)]
pub struct Palette {
    entries: Vec<Entry>,
    typed: PromptState,
    hits: Vec<Hit>,
    list: ListState,
}

#[derive(Debug, Clone)]
struct Entry {
    action: Action,
    label: String,
    key: String,
}

impl Palette {
    /// Every action that makes sense on a screen.
    pub fn new(keymap: &Keymap) -> Self {
        let useful = |a: &&Action| {
            !keymap.keys(Mode::Normal, **a).is_empty()
                && !matches!(a, Action::Palette | Action::Close)
        };
        let entry = |a: &Action| Entry {
            action: *a,
            label: format!("{}: {}", a.name().replace('-', " "), a.what()),
            key: keymap.hint(Mode::Normal, *a),
        };
        let entries = Action::ALL.iter().filter(useful).map(entry).collect();
        let mut palette = Self {
            entries,
            typed: PromptState::default(),
            hits: vec![],
            list: ListState::default(),
        };
        palette.search();
        palette
    }

    fn search(&mut self) {
        self.hits = list::fuzzy(
            self.typed.value(),
            self.entries.iter().map(|e| e.label.as_str()),
        );
        self.list = ListState::default();
    }

    /// Edits by a key; false when it is no editing key.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let Some(request) = edit_request(key) else {
            return false;
        };
        if self.typed.edit(request) {
            self.search();
        }
        true
    }

    /// Inserts a pasted text.
    pub fn paste(&mut self, text: &str) {
        self.typed.insert(text);
        self.search();
    }

    /// Moves the choice.
    pub fn move_by(&mut self, delta: isize) {
        self.list.move_by(delta, self.hits.len());
    }

    /// The chosen action.
    pub fn chosen(&self) -> Option<Action> {
        Some(self.entries[self.hits.get(self.list.selected)?.index].action)
    }

    /// Draws it. Gives where the cursor belongs.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) -> Option<Position> {
        let count = format!("{} of {}", self.hits.len(), self.entries.len());
        let overlay = Overlay {
            title: "actions",
            count: &count,
            hints: &[("Enter", "do it"), ("Esc", "close")],
        };
        let inner = overlay.render(
            Place::Centre {
                width: 84,
                height: area.height.saturating_sub(4).min(24),
            },
            area,
            buf,
            styles,
        );
        if inner.is_empty() {
            return None;
        }
        let line = PromptLine {
            label: "›",
            placeholder: "a few letters of what you want",
        };
        let cursor = line.render(Rect { height: 1, ..inner }, buf, &self.typed, styles);
        let body = Rect {
            y: inner.y + 1,
            height: inner.height - 1,
            ..inner
        };
        let item = |i: usize| {
            let hit = &self.hits[i];
            let entry = &self.entries[hit.index];
            Item {
                label: &entry.label,
                right: &entry.key,
                hits: &hit.positions,
                ..Item::default()
            }
        };
        list::render(body, buf, (self.hits.len(), &item), &self.list, styles);
        cursor
    }
}
