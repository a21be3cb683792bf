//! A line to type into, with completions above it and what is wrong under the cursor.
//!
//! ```text
//!   ╭────────────────────────╮
//!   │▸ status    integer     │
//!   │  stem      text        │
//!   ╰────────────────────────╯
//!  filter  event=checkout st▏
//!                         ^ there is no column "st"
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::{Input, InputRequest};

use super::list::{self, Item, ListState};
use super::overlay::{Overlay, Place};
use crate::tui::theme::Styles;
use crate::tui::widget::text::{self, Cut};

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completion {
    /// What stands in the list, and what is inserted.
    pub text: String,
    /// Beside it: a type, a count.
    pub note: String,
    /// From this byte of the value on, up to the cursor, it is replaced by `text`.
    pub from: usize,
}

/// What is wrong with what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptError {
    /// Byte of the value that it is about.
    pub at: usize,
    /// A sentence.
    pub message: String,
}

/// What has been typed, and what the screen says to it. Esc closes a prompt, the caller keeps the value.
#[derive(Debug, Clone, Default)]
pub struct PromptState {
    input: Input,
    completions: Vec<Completion>,
    chosen: Option<usize>,
    list: ListState,
    error: Option<PromptError>,
}

impl PromptState {
    /// With `value` typed already and the cursor at its end.
    pub fn new(value: &str) -> Self {
        Self {
            input: Input::new(value.to_owned()),
            ..Self::default()
        }
    }

    /// What has been typed.
    pub fn value(&self) -> &str {
        self.input.value()
    }

    /// Where the cursor is, as a byte of the value.
    pub fn cursor_byte(&self) -> usize {
        let value = self.input.value();
        value
            .char_indices()
            .nth(self.input.cursor())
            .map_or(value.len(), |(at, _)| at)
    }

    /// Edits; true when the value is another now. The completions and the error go with the old value.
    pub fn edit(&mut self, request: InputRequest) -> bool {
        let changed = self
            .input
            .handle(request)
            .is_some_and(|change| change.value);
        if changed {
            self.error = None;
            self.set_completions(Vec::new());
        }
        changed
    }

    /// Types a whole text, as a paste does; line ends become spaces.
    pub fn insert(&mut self, text: &str) {
        for c in text.trim_end_matches(['\r', '\n']).chars() {
            self.edit(InputRequest::InsertChar(if c == '\n' || c == '\r' {
                ' '
            } else {
                c
            }));
        }
    }

    /// Puts another value in its place, the cursor at its end.
    pub fn set_value(&mut self, value: &str) {
        self.input = Input::new(value.to_owned());
        self.error = None;
        self.set_completions(Vec::new());
    }

    /// What the list above the prompt offers.
    pub fn set_completions(&mut self, completions: Vec<Completion>) {
        self.completions = completions;
        self.chosen = None;
        self.list = ListState::default();
    }

    /// The completions on offer.
    pub fn completions(&self) -> &[Completion] {
        &self.completions
    }

    /// Goes to the next (1) or previous (-1) completion, around the ends.
    pub fn choose(&mut self, delta: isize) {
        let count = self.completions.len() as isize;
        if count > 0 {
            let next = match self.chosen {
                None if delta > 0 => 0,
                None => count - 1,
                Some(at) => (at as isize + delta).rem_euclid(count),
            };
            self.chosen = Some(next as usize);
            self.list.selected = next as usize;
        }
    }

    /// Takes the chosen completion, or the first; false when there is none.
    pub fn accept(&mut self) -> bool {
        let Some(completion) = self.completions.get(self.chosen.unwrap_or(0)).cloned() else {
            return false;
        };
        let (value, cursor) = (self.value().to_owned(), self.cursor_byte());
        let (Some(before), Some(after)) = (
            value.get(..completion.from.min(cursor)),
            value.get(cursor..),
        ) else {
            return false;
        };
        let start = format!("{before}{}", completion.text);
        let cursor = start.chars().count();
        self.input = Input::new(format!("{start}{after}")).with_cursor(cursor);
        self.error = None;
        self.set_completions(Vec::new());
        true
    }

    /// True while a completion is chosen in the list.
    pub fn is_choosing(&self) -> bool {
        self.chosen.is_some()
    }

    /// What is wrong, or nothing any more.
    pub fn set_error(&mut self, error: Option<PromptError>) {
        self.error = error;
    }

    /// What is wrong.
    pub fn error(&self) -> Option<&PromptError> {
        self.error.as_ref()
    }
}

/// A prompt to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// Left of the value: `filter`.
    pub label: &'a str,
    /// In place of an empty value: `event=checkout status>=400`.
    pub placeholder: &'a str,
}

impl Prompt<'_> {
    /// Draws the line in the first row of `area`, the error in its second row (over the completions' lower edge where
    /// `area` has one row only), the completions above it. Gives where the terminal's cursor belongs.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        state: &PromptState,
        styles: &Styles,
    ) -> Option<Position> {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return None;
        }
        let start = text::put(
            buf,
            (area.x + 1, area.y),
            area.width,
            self.label,
            styles.accent,
        ) + 2;
        let room = area.right().saturating_sub(start + 1);
        if room == 0 {
            return None;
        }
        let (scroll, shown) = visible(state, usize::from(room));
        if state.value().is_empty() {
            text::put_fit(
                buf,
                (start, area.y),
                room,
                self.placeholder,
                Cut::End,
                styles.faint,
            );
        } else {
            text::put(buf, (start, area.y), room, &shown, styles.text);
        }
        let cursor = start
            + (cells_before(state, state.cursor_byte()).saturating_sub(scroll) as u16).min(room);
        completions(buf, Position::new(start, area.y), state, styles);
        if let Some(error) = &state.error {
            let at =
                start + (cells_before(state, error.at).saturating_sub(scroll) as u16).min(room);
            error_line(area, buf, at, &error.message, styles);
        }
        Some(Position::new(cursor, area.y))
    }
}

/// The list above the prompt; nothing without completions.
fn completions(buf: &mut Buffer, at: Position, state: &PromptState, styles: &Styles) {
    let count = state.completions.len();
    if count == 0 {
        return;
    }
    let widest = state
        .completions
        .iter()
        .take(200)
        .map(|c| text::width(&c.text) + text::width(&c.note))
        .max()
        .unwrap_or(0);
    let place = Place::Above {
        x: at.x.saturating_sub(4),
        y: at.y,
        width: (widest as u16).saturating_add(10).min(72),
        height: (count as u16).min(8) + 2,
    };
    let position = state
        .chosen
        .map_or_else(|| format!("{count}"), |i| format!("{} of {count}", i + 1));
    let overlay = Overlay {
        count: &position,
        hints: &[("Tab", "take")],
        ..Overlay::default()
    };
    let area = buf.area;
    let inner = overlay.render(place, area, buf, styles);
    let item = |i: usize| Item {
        label: &state.completions[i].text,
        note: &state.completions[i].note,
        ..Item::default()
    };
    list::render(inner, buf, (count, &item), &state.list, styles);
}

/// Cells of the sanitized value before a byte of it.
fn cells_before(state: &PromptState, byte: usize) -> usize {
    let value = state.value();
    text::width(&text::sanitize(&value[..value.floor_char_boundary(byte)]))
}

/// The part of the value that fits, scrolled so that the cursor is in it, and by how many cells.
fn visible(state: &PromptState, room: usize) -> (usize, String) {
    let clean = text::sanitize(state.value()).into_owned();
    let cursor = cells_before(state, state.cursor_byte());
    let wanted = cursor.saturating_sub(room);
    let (mut skipped, mut from) = (0, 0);
    for (at, c) in clean.char_indices() {
        if skipped >= wanted {
            break;
        }
        let next = at + c.len_utf8();
        skipped += text::width(&clean[at..next]);
        from = next;
    }
    (skipped, clean[from..].to_owned())
}

/// `^ message` under its place, moved left where it would not fit.
fn error_line(area: Rect, buf: &mut Buffer, at: u16, message: &str, styles: &Styles) {
    if area.height < 2 {
        text::put_right(buf, area, &format!("  ✗ {message}"), styles.bad);
        return;
    }
    let y = area.y + 1;
    let long = text::width(&text::sanitize(message)) as u16;
    if at + 2 + long <= area.right() || at < area.x + long + 2 {
        let x = text::put(buf, (at, y), 2, "^ ", styles.bad);
        text::put_fit(
            buf,
            (x, y),
            area.right().saturating_sub(x),
            message,
            Cut::End,
            styles.bad,
        );
    } else {
        text::put(buf, (at - long - 1, y), long, message, styles.bad);
        text::put(buf, (at, y), 1, "^", styles.bad);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(buf: &Buffer) -> Vec<String> {
        let row = |y| {
            (0..buf.area.width)
                .map(|x| buf[(x, y)].symbol())
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        (0..buf.area.height).map(row).collect()
    }

    #[test]
    fn typing_completing_and_what_is_wrong() {
        let mut state = PromptState::new("event=checkout ");
        state.insert("st\n");
        assert_eq!(state.value(), "event=checkout st");
        let offer = |text: &str| Completion {
            text: text.into(),
            note: "integer".into(),
            from: 15,
        };
        state.set_completions(vec![offer("status"), offer("stem")]);
        state.choose(-1);
        state.choose(1);
        state.set_error(Some(PromptError {
            at: 15,
            message: "there is no column \"st\"".into(),
        }));
        let mut buf = Buffer::empty(Rect::new(0, 0, 60, 7));
        let prompt = Prompt {
            label: "filter",
            placeholder: "",
        };
        let cursor = prompt.render(Rect::new(0, 5, 60, 2), &mut buf, &state, &Styles::dark());
        let rows = rows(&buf);
        assert_eq!(rows[5], " filter  event=checkout st");
        assert_eq!(
            rows[6],
            "                        ^ there is no column \"st\""
        );
        assert!(rows[2].contains("▸ status  integer"), "{rows:?}");
        assert_eq!(cursor, Some(Position::new(26, 5)));
        assert!(state.accept());
        assert_eq!(
            (state.value(), state.error()),
            ("event=checkout status", None)
        );
    }

    #[test]
    fn a_long_value_scrolls_with_the_cursor_at_any_width() {
        let state = PromptState::new("日本語 a\u{202e}b and a long tail");
        for width in 0..30 {
            let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
            let at = Prompt {
                label: "f",
                placeholder: "x",
            }
            .render(buf.area, &mut buf, &state, &Styles::dark());
            assert!(at.is_none_or(|p| p.x < width));
        }
    }
}
