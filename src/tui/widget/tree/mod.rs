//! The detail pane: everything about one record, in sections that fold.
//!
//! ```text
//!  checkout 1-0-2                              ✗ 2 failures
//!  ▾ query  decoded, 14
//!      value   "12,50"   ✗ V402 a number wanted
//!      sku     ·         ✗ V401 required
//!  ▾ rules  2 broken
//!      ✗ V402 value: "12,50" is not a number
//!  ▸ request  15
//!  ▸ edge  12
//!  ▾ raw line  1,204 of E2EX.2026-11-23-14.gz
//!      2026-11-23⇥14:02:11⇥FRA56-P4⇥…e=checkout&value=12%252C50…
//! ```

mod lines;

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Painted;
use crate::model::{Detail, Severity, Verdict};
use crate::tui::theme::Styles;
use crate::tui::widget::text::{self, Cut};

/// A section of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The decoded query.
    Query,
    /// Every broken rule, as a sentence.
    Rules,
    /// Log fields that the viewer's request brought.
    Request,
    /// Log fields that the edge added.
    Edge,
    /// The untouched line.
    Raw,
}

/// What a line of the pane is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The head of a section.
    Head(Section),
    /// `Detail::properties[_]`.
    Property(usize),
    /// The failure with that number of [`Detail::all_failures`].
    Failure(usize),
    /// `Detail::fields[_]`.
    Field(usize),
    /// The raw line.
    Raw,
}

impl Item {
    /// What copying this line copies: a value, a sentence, the raw line. `None` for a head.
    pub fn copied(self, detail: &Detail) -> Option<String> {
        match self {
            Self::Head(_) => None,
            Self::Property(i) => detail.properties.get(i)?.value.clone(),
            Self::Failure(i) => detail.all_failures().nth(i).map(|f| f.sentence.clone()),
            Self::Field(i) => detail.fields.get(i)?.value.clone(),
            Self::Raw => Some(String::from_utf8_lossy(&detail.raw).into_owned()),
        }
    }
}

/// Cursor, window and folded sections. They stay while the record changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeState {
    cursor: usize,
    top: usize,
    width: u16,
    folded: BTreeSet<Section>,
    /// Long values run over several lines.
    pub wrap: bool,
}

impl Default for TreeState {
    /// Query, rules and raw line unfolded.
    fn default() -> Self {
        Self {
            cursor: 0,
            top: 0,
            width: 60,
            folded: BTreeSet::from([Section::Request, Section::Edge]),
            wrap: false,
        }
    }
}

impl TreeState {
    /// Moves the cursor by lines.
    pub fn move_by(&mut self, delta: isize, detail: &Detail) {
        let count = lines::build(detail, &self.folded, self.width, self.wrap).len();
        self.cursor = self
            .cursor
            .saturating_add_signed(delta)
            .min(count.saturating_sub(1));
    }

    /// What the cursor is on.
    pub fn item(&self, detail: &Detail) -> Option<Item> {
        lines::build(detail, &self.folded, self.width, self.wrap)
            .get(self.cursor)
            .map(|line| line.item)
    }

    /// Folds or unfolds the section the cursor is in; the cursor goes to its head.
    pub fn toggle(&mut self, detail: &Detail) {
        if let Some(section) = self.section(detail) {
            if !self.folded.remove(&section) {
                self.folded.insert(section);
            }
            self.go_to(section, detail);
        }
    }

    /// Folds (or unfolds) the section the cursor is in.
    pub fn fold(&mut self, folded: bool, detail: &Detail) {
        if let Some(section) = self.section(detail)
            && self.folded.contains(&section) != folded
        {
            self.toggle(detail);
        }
    }

    /// Unfolds a section and puts the cursor on its head. Of the raw line as much as there is room for comes into view,
    /// with the cursor on the first line that has offending bytes.
    pub fn show(&mut self, section: Section, detail: &Detail) {
        self.folded.remove(&section);
        self.go_to(section, detail);
        if section != Section::Raw {
            return;
        }
        self.top = self.cursor;
        let lines = lines::build(detail, &self.folded, self.width, self.wrap);
        let offends = |line: &lines::Line| {
            let mut tones = line.spans.iter().map(|(_, tone)| *tone);
            line.item == Item::Raw && tones.any(|tone| tone == lines::Tone::Offending)
        };
        self.cursor = lines.iter().position(offends).unwrap_or(self.cursor);
    }

    /// Takes over what was drawn in `area`.
    pub fn keep(&mut self, painted: Painted, area: Rect) {
        self.top = painted.top;
        self.width = area.width;
    }

    fn section(&self, detail: &Detail) -> Option<Section> {
        let lines = lines::build(detail, &self.folded, self.width, self.wrap);
        lines
            .iter()
            .take(self.cursor + 1)
            .rev()
            .find_map(|line| match line.item {
                Item::Head(section) => Some(section),
                _ => None,
            })
    }

    fn go_to(&mut self, section: Section, detail: &Detail) {
        let lines = lines::build(detail, &self.folded, self.width, self.wrap);
        self.cursor = lines
            .iter()
            .position(|line| line.item == Item::Head(section))
            .unwrap_or(0);
    }
}

/// Draws title and lines. `focused` tells whether the cursor is in this pane.
pub fn render(
    area: Rect,
    buf: &mut Buffer,
    detail: &Detail,
    state: &TreeState,
    (focused, styles): (bool, &Styles),
) -> Painted {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return Painted::default();
    }
    title(area, buf, detail, styles);
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let lines = lines::build(detail, &state.folded, area.width, state.wrap);
    let cursor = state.cursor.min(lines.len().saturating_sub(1));
    let top = super::scroll(state.top, cursor, lines.len(), usize::from(body.height));
    for (y, (i, line)) in (body.top()..body.bottom()).zip(lines.iter().enumerate().skip(top)) {
        let mut x = body.x;
        for (span, tone) in &line.spans {
            x = text::put(
                buf,
                (x, y),
                body.right().saturating_sub(x),
                span,
                tone.style(styles),
            );
        }
        if let Some((right, tone)) = &line.right
            && x + 2 + text::width(right) as u16 <= body.right()
        {
            text::put_right(
                buf,
                Rect {
                    y,
                    height: 1,
                    width: body.width - 1,
                    ..body
                },
                right,
                tone.style(styles),
            );
        }
        if i == cursor && focused {
            buf.set_style(
                Rect {
                    y,
                    height: 1,
                    ..body
                },
                styles.selected,
            );
            text::put(buf, (body.x, y), 1, "▸", styles.accent);
        }
    }
    Painted {
        top,
        height: usize::from(body.height),
    }
}

fn title(area: Rect, buf: &mut Buffer, detail: &Detail, styles: &Styles) {
    let (verdict, style) = verdict(detail, styles);
    let room = area.width.saturating_sub(text::width(&verdict) as u16 + 2);
    let name = match (detail.verdict, detail.event.as_str()) {
        (Some(Verdict::NotEvent), _) => "record",
        (_, "") => "event without a name",
        (_, name) => name,
    };
    let x = text::put_fit(
        buf,
        (area.x + 1, area.y),
        room,
        name,
        Cut::Middle,
        styles.strong,
    );
    text::put_fit(
        buf,
        (x + 1, area.y),
        (area.x + room).saturating_sub(x + 1),
        &detail.version,
        Cut::End,
        styles.dim,
    );
    text::put_right(
        buf,
        Rect {
            height: 1,
            width: area.width - 1,
            ..area
        },
        &verdict,
        style,
    );
}

fn verdict(detail: &Detail, styles: &Styles) -> (String, Style) {
    let count = |severity| {
        detail
            .all_failures()
            .filter(|f| f.severity == severity)
            .count()
    };
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match (
        detail.verdict,
        count(Severity::Error),
        count(Severity::Warn),
    ) {
        (Some(Verdict::NotEvent), ..) => ("not an event".to_owned(), styles.dim),
        (Some(Verdict::Duplicate), ..) => ("= duplicate, left out".to_owned(), styles.warn),
        (_, 0, 0) => ("good".to_owned(), styles.good),
        (_, 0, warnings) => (format!("! {}", many(warnings, "warning")), styles.warn),
        (_, errors, _) => (format!("✗ {}", many(errors, "failure")), styles.bad),
    }
}

#[cfg(test)]
mod tests;
