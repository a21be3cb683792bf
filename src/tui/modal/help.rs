//! The keys that work here, by group, narrowed by typing; made from the keymap.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::tui::action::Action;
use crate::tui::keymap::{Keymap, Mode};
use crate::tui::modal::prompt::edit_request;
use crate::tui::theme::Styles;
use crate::tui::widget::overlay::{Overlay, Place};
use crate::tui::widget::prompt::{Prompt as PromptLine, PromptState};
use crate::tui::widget::text::{self, Cut};

/// The help.
#[derive(Debug, Clone, Default)]
pub struct Help {
    typed: PromptState,
    top: usize,
}

/// A line of the help.
enum Line {
    Group(&'static str),
    Key(String, &'static str),
    Space,
}

/// Cells of one column of the help.
const COLUMN: u16 = 58;
/// Cells for the keys.
const KEYS: u16 = 16;

impl Help {
    /// Edits by a key; false when it is no editing key.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let Some(request) = edit_request(key) else {
            return false;
        };
        self.typed.edit(request);
        self.top = 0;
        true
    }

    /// Scrolls.
    pub fn move_by(&mut self, delta: isize) {
        self.top = self.top.saturating_add_signed(delta);
    }

    fn lines(&self, keymap: &Keymap) -> Vec<Line> {
        let wanted = self.typed.value().to_lowercase();
        let mut lines = Vec::new();
        let mut group = "";
        for action in Action::ALL {
            let mut keys = keymap.keys(Mode::Normal, *action);
            if keys.is_empty() {
                keys = keymap.keys(Mode::List, *action);
            }
            if keys.is_empty() {
                keys = keymap.keys(Mode::Prompt, *action);
            }
            let keys = keys.join("  ");
            let text = format!("{keys} {} {}", action.what(), action.group()).to_lowercase();
            if keys.is_empty() || !text.contains(&wanted) {
                continue;
            }
            if group != action.group() {
                group = action.group();
                if !lines.is_empty() {
                    lines.push(Line::Space);
                }
                lines.push(Line::Group(group));
            }
            lines.push(Line::Key(keys, action.what()));
        }
        lines
    }

    /// Draws it. Gives where the cursor belongs.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        keymap: &Keymap,
        styles: &Styles,
    ) -> Option<Position> {
        let columns = ((area.width.saturating_sub(4)) / COLUMN).clamp(1, 3);
        let lines = self.lines(keymap);
        let rows = lines.len().div_ceil(usize::from(columns)) as u16;
        let width = (columns * COLUMN + 4).min(area.width);
        let height = (rows + 4).min(area.height.saturating_sub(2)).max(6);
        let overlay = Overlay {
            title: "keys",
            count: "",
            hints: &[("↑↓", "scroll"), ("Esc", "close")],
        };
        let inner = overlay.render(Place::Centre { width, height }, area, buf, styles);
        if inner.height < 2 {
            return None;
        }
        let line = PromptLine {
            label: "/",
            placeholder: "type to narrow",
        };
        let cursor = line.render(Rect { height: 1, ..inner }, buf, &self.typed, styles);
        let body = Rect {
            y: inner.y + 2,
            height: inner.height.saturating_sub(2),
            ..inner
        };
        let page = usize::from(body.height * columns);
        let column_width = body.width / columns;
        let top = self.top.min(lines.len().saturating_sub(page));
        for (i, line) in lines.iter().skip(top).take(page).enumerate() {
            let (column, row) = (i as u16 / body.height.max(1), i as u16 % body.height.max(1));
            render_line(
                line,
                (body.x + column * column_width, body.y + row),
                column_width.saturating_sub(2),
                buf,
                styles,
            );
        }
        cursor
    }
}

fn render_line(line: &Line, (x, y): (u16, u16), width: u16, buf: &mut Buffer, styles: &Styles) {
    match line {
        Line::Group(name) => {
            text::put(buf, (x + 1, y), width, name, styles.strong);
        }
        Line::Key(keys, what) => {
            text::put_fit(buf, (x + 1, y), KEYS - 1, keys, Cut::End, styles.key);
            text::put_fit(
                buf,
                (x + KEYS + 1, y),
                width.saturating_sub(KEYS + 1),
                what,
                Cut::End,
                styles.hint,
            );
        }
        Line::Space => {}
    }
}
