//! One line typed at the bottom of the screen: a filter, a search, a time. Esc closes it and keeps what was typed.

use std::collections::HashMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::InputRequest;

use crate::frame::{Snapshot, filter};
use crate::tui::theme::Styles;
use crate::tui::widget::prompt::{Completion, Prompt as PromptLine, PromptError, PromptState};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromptKind {
    /// A filter; with an index: the filter of the stack that it replaces.
    Filter(Option<usize>),
    /// A text to search down for.
    Search,
    /// A text to search up for.
    SearchBack,
    /// A time to go to.
    Time,
}

impl PromptKind {
    const fn label(self) -> &'static str {
        match self {
            Self::Filter(_) => "filter",
            Self::Search => "search",
            Self::SearchBack => "search up",
            Self::Time => "go to",
        }
    }

    const fn placeholder(self) -> &'static str {
        match self {
            Self::Filter(_) => {
                "event=checkout  status>=400  host~bot  failed  last:15m   Tab completes"
            }
            Self::Search | Self::SearchBack => "a text, or a regular expression",
            Self::Time => "14:02   2026-03-04 14:02   -15m",
        }
    }

    /// Both directions of a search share what was typed.
    const fn shelf(self) -> u8 {
        match self {
            Self::Filter(_) => 0,
            Self::Search | Self::SearchBack => 1,
            Self::Time => 2,
        }
    }
}

/// What was typed before, by kind: accepted lines, oldest first, and the line that was closed without being accepted.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    shelves: HashMap<u8, Shelf>,
}

#[derive(Debug, Clone, Default)]
struct Shelf {
    accepted: Vec<String>,
    closed: String,
}

/// Lines kept for each kind.
const MAX_LINES: usize = 100;

impl Typed {
    /// Remembers an accepted line.
    pub fn accept(&mut self, kind: PromptKind, text: &str) {
        let shelf = self.shelves.entry(kind.shelf()).or_default();
        shelf.closed.clear();
        shelf.accepted.retain(|line| line != text);
        shelf.accepted.push(text.to_owned());
        if shelf.accepted.len() > MAX_LINES {
            shelf.accepted.remove(0);
        }
    }

    /// Remembers a line that was closed: the next prompt of the kind starts with it.
    pub fn close(&mut self, kind: PromptKind, text: &str) {
        text.clone_into(&mut self.shelves.entry(kind.shelf()).or_default().closed);
    }
}

/// A line being typed.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is asked for.
    pub kind: PromptKind,
    state: PromptState,
    lines: Vec<String>,
    at: Option<usize>,
    draft: String,
}

impl Prompt {
    /// A prompt that starts with the line closed last, if there is one.
    pub fn new(kind: PromptKind, typed: &Typed) -> Self {
        let shelf = typed
            .shelves
            .get(&kind.shelf())
            .cloned()
            .unwrap_or_default();
        Self {
            kind,
            state: PromptState::new(&shelf.closed),
            lines: shelf.accepted,
            at: None,
            draft: String::new(),
        }
    }

    /// The same, starting with `text`.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.state = PromptState::new(text);
        self
    }

    /// What is typed.
    pub fn text(&self) -> &str {
        self.state.value()
    }

    /// Says what is wrong, at a byte of the text.
    pub fn complain(&mut self, at: usize, message: impl Into<String>) {
        self.state.set_error(Some(PromptError {
            at,
            message: message.into(),
        }));
    }

    /// Edits by a key; false when it is no editing key.
    pub fn key(&mut self, key: &KeyEvent, snapshot: &Snapshot) -> bool {
        let Some(request) = edit_request(key) else {
            return false;
        };
        if self.state.edit(request) {
            self.at = None;
            self.offer(snapshot);
        }
        true
    }

    /// Inserts a pasted text.
    pub fn paste(&mut self, text: &str, snapshot: &Snapshot) {
        self.state.insert(text);
        self.offer(snapshot);
    }

    /// The list of completions follows what is typed.
    pub fn offer(&mut self, snapshot: &Snapshot) {
        if !matches!(self.kind, PromptKind::Filter(_)) {
            return;
        }
        let cursor = self.state.cursor_byte();
        let offers = filter::complete(self.state.value(), cursor, snapshot);
        let completion = |c: filter::Completion| Completion {
            text: c.insert,
            note: c.detail,
            from: c.start,
        };
        self.state
            .set_completions(offers.into_iter().map(completion).collect());
    }

    /// Takes the completion; asks for some when none are on offer.
    pub fn complete(&mut self, snapshot: &Snapshot) {
        self.state.accept();
        self.offer(snapshot);
    }

    /// True when Enter should take a completion first.
    pub fn is_choosing(&self) -> bool {
        self.state.is_choosing()
    }

    /// Up: an earlier completion, or, without a list, an earlier line.
    pub fn earlier(&mut self) {
        if !self.state.completions().is_empty() {
            return self.state.choose(-1);
        }
        let at = match self.at {
            None => {
                self.draft = self.text().to_owned();
                self.lines.len().checked_sub(1)
            }
            Some(at) => Some(at.saturating_sub(1)),
        };
        if let Some(line) = at.and_then(|at| self.lines.get(at)).cloned() {
            self.at = at;
            self.state.set_value(&line);
        }
    }

    /// Down: a later completion, or, without a list, a later line and at last the new one.
    pub fn later(&mut self) {
        if !self.state.completions().is_empty() {
            return self.state.choose(1);
        }
        let Some(at) = self.at else { return };
        self.at = (at + 1 < self.lines.len()).then_some(at + 1);
        let line = self
            .at
            .map_or_else(|| self.draft.clone(), |at| self.lines[at].clone());
        self.state.set_value(&line);
    }

    /// Draws it in the footer. Gives where the cursor belongs.
    pub fn render(&self, footer: Rect, buf: &mut Buffer, styles: &Styles) -> Option<Position> {
        buf.set_style(footer, styles.base.patch(styles.header));
        let line = PromptLine {
            label: self.kind.label(),
            placeholder: self.kind.placeholder(),
        };
        line.render(footer, buf, &self.state, styles)
    }
}

/// The editing keys that a reader of readline expects; `None` for any other key.
pub fn edit_request(key: &KeyEvent) -> Option<InputRequest> {
    use InputRequest as R;
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match key.code {
        KeyCode::Char('a') if ctrl => R::GoToStart,
        KeyCode::Char('e') if ctrl => R::GoToEnd,
        KeyCode::Char('b') if ctrl => R::GoToPrevChar,
        KeyCode::Char('f') if ctrl => R::GoToNextChar,
        KeyCode::Char('w') if ctrl => R::DeletePrevWord,
        KeyCode::Char('u') if ctrl => R::DeleteLine,
        KeyCode::Char('k') if ctrl => R::DeleteTillEnd,
        KeyCode::Char('h') if ctrl => R::DeletePrevChar,
        KeyCode::Char('d') if ctrl => R::DeleteNextChar,
        KeyCode::Char('y') if ctrl => R::Yank,
        KeyCode::Char('b') if alt => R::GoToPrevWord,
        KeyCode::Char('f') if alt => R::GoToNextWord,
        KeyCode::Char('d') if alt => R::DeleteNextWord,
        KeyCode::Char(c) if !ctrl && !alt => R::InsertChar(c),
        KeyCode::Backspace if alt || ctrl => R::DeletePrevWord,
        KeyCode::Backspace => R::DeletePrevChar,
        KeyCode::Delete => R::DeleteNextChar,
        KeyCode::Left if ctrl => R::GoToPrevWord,
        KeyCode::Right if ctrl => R::GoToNextWord,
        KeyCode::Left => R::GoToPrevChar,
        KeyCode::Right => R::GoToNextChar,
        KeyCode::Home => R::GoToStart,
        KeyCode::End => R::GoToEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_text_comes_back_and_history_keeps_the_new_line() {
        let mut typed = Typed::default();
        typed.accept(PromptKind::Search, "one");
        typed.accept(PromptKind::Search, "two");
        typed.close(PromptKind::Search, "half ty");
        let mut prompt = Prompt::new(PromptKind::SearchBack, &typed);
        assert_eq!(prompt.text(), "half ty");
        prompt.earlier();
        prompt.earlier();
        prompt.earlier();
        assert_eq!(prompt.text(), "one");
        prompt.later();
        prompt.later();
        assert_eq!(prompt.text(), "half ty");
    }
}
