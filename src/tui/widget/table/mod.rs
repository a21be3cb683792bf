//! The table: asks for the visible window only, and measures its columns on it.
//!
//! ```text
//!    time▼         event      sc_bytes ┊ user_id   value  ›
//!  ✗ 14:02:11.204  checkout      1,204 ┊ 8f2a…     "12,50"
//! ▸✗ 14:02:11.377  checkout        980 ┊ 91cc…     9.90
//!    14:02:12.020  page_view       980 ┊ ·         ""
//! ```
//! Left of the columns stand the cursor `▸` (or `●` for a marked row) and the verdict, so that neither scrolls away.

mod layout;
mod state;

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use regex::Regex;

pub use self::state::TableState;
use crate::tui::theme::Styles;
use crate::tui::widget::text::{self, Cut};

/// Which edge a column keeps to. Numbers keep to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Text.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// The arrow in a column's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Smallest first: `▲`.
    Ascending,
    /// Largest first: `▼`.
    Descending,
}

/// One column as it is to be drawn.
#[derive(Debug, Clone)]
pub struct Column<'a> {
    /// Its head.
    pub title: Cow<'a, str>,
    /// Which edge its cells keep to.
    pub align: Align,
    /// Narrowest, in cells.
    pub min: u16,
    /// Widest, in cells, while others need the room.
    pub max: u16,
    /// Where long cells lose their characters.
    pub cut: Cut,
    /// Its part in the order of rows.
    pub sort: Option<Sort>,
}

impl<'a> Column<'a> {
    /// A column of text of 4 to 40 cells, cut at the end, not sorted by.
    pub fn new(title: impl Into<Cow<'a, str>>) -> Self {
        Self {
            title: title.into(),
            align: Align::Left,
            min: 4,
            max: 40,
            cut: Cut::End,
            sort: None,
        }
    }

    /// The same, keeping to the right: for numbers.
    #[must_use]
    pub fn right(self) -> Self {
        Self {
            align: Align::Right,
            ..self
        }
    }

    /// The same, cut in the middle: for keys and URLs.
    #[must_use]
    pub fn middle(self) -> Self {
        Self {
            cut: Cut::Middle,
            ..self
        }
    }

    /// The same within other bounds.
    #[must_use]
    pub fn width(self, min: u16, max: u16) -> Self {
        Self {
            min,
            max: max.max(min),
            ..self
        }
    }

    /// The same with an arrow.
    #[must_use]
    pub fn sorted(self, sort: Option<Sort>) -> Self {
        Self { sort, ..self }
    }

    fn head(&self) -> String {
        let arrow = match self.sort {
            None => "",
            Some(Sort::Ascending) => "▲",
            Some(Sort::Descending) => "▼",
        };
        format!("{}{arrow}", text::sanitize(&self.title))
    }
}

/// The weight of a cell's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Ordinary.
    #[default]
    Plain,
    /// Stands out.
    Strong,
    /// Secondary.
    Dim,
    /// May be overlooked.
    Faint,
    /// Can be acted on.
    Accent,
    /// Good.
    Good,
    /// Failed.
    Bad,
    /// Warning.
    Warn,
}

impl Tone {
    /// Its style.
    pub fn style(self, styles: &Styles) -> Style {
        match self {
            Self::Plain => styles.text,
            Self::Strong => styles.strong,
            Self::Dim => styles.dim,
            Self::Faint => styles.faint,
            Self::Accent => styles.accent,
            Self::Good => styles.good,
            Self::Bad => styles.bad,
            Self::Warn => styles.warn,
        }
    }
}

/// What a cell says; as it was logged, the table makes it harmless.
#[derive(Debug, Clone, Default)]
pub struct CellText<'a> {
    /// `None` is null: a dim `·`. Empty text is a dim `""`.
    pub value: Option<Cow<'a, str>>,
    /// Its weight.
    pub tone: Tone,
}

impl<'a> CellText<'a> {
    /// Null.
    pub fn null() -> Self {
        Self::default()
    }

    /// Ordinary text.
    pub fn new(value: impl Into<Cow<'a, str>>) -> Self {
        Self::toned(value, Tone::Plain)
    }

    /// Text of some weight.
    pub fn toned(value: impl Into<Cow<'a, str>>, tone: Tone) -> Self {
        Self {
            value: Some(value.into()),
            tone,
        }
    }
}

/// What stands left of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// Nothing to say.
    #[default]
    None,
    /// `✗`: failed.
    Failed,
    /// `!`: a warning.
    Warning,
    /// `=`: a duplicate left out.
    Duplicate,
}

/// What stands left of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowMark {
    /// Its verdict.
    pub mark: Mark,
    /// Marked by the user: `●`.
    pub chosen: bool,
}

/// A table to be drawn. It never sees the data: `cell` and `mark` are asked for visible rows only.
pub struct Table<'a, 'c> {
    /// All columns, in order.
    pub columns: &'a [Column<'a>],
    /// Number of rows.
    pub rows: usize,
    /// Columns at the left that never scroll.
    pub frozen: usize,
    /// Hits of this are highlighted.
    pub highlight: Option<&'a Regex>,
    /// The pane has the focus.
    pub focused: bool,
    /// The selected cell is marked; without it only the row is.
    pub cell_cursor: bool,
    /// The selected row is marked; without it nothing is selected.
    pub row_cursor: bool,
    /// The text of (row, column).
    pub cell: &'a dyn Fn(usize, usize) -> CellText<'c>,
    /// What stands left of a row; `None` leaves out the verdict's gutter.
    pub mark: Option<&'a dyn Fn(usize) -> RowMark>,
}

/// What was drawn: kept for the next frame ([`TableState::keep`]) and for the mouse.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaintedTable {
    /// First row that was visible.
    pub top: usize,
    /// First column right of the frozen ones that was visible.
    pub left: usize,
    /// Where rows were drawn.
    pub body: Rect,
    /// Visible columns: index, first cell, cells.
    pub columns: Vec<(usize, u16, u16)>,
}

impl PaintedTable {
    /// The row and, where there is one, the column at a cell of the screen.
    pub fn hit(&self, x: u16, y: u16) -> Option<(usize, Option<usize>)> {
        if !self.body.contains((x, y).into()) {
            return None;
        }
        let column = self
            .columns
            .iter()
            .find(|(_, at, width)| (*at..at + width).contains(&x))
            .map(|c| c.0);
        Some((self.top + usize::from(y - self.body.y), column))
    }
}

impl<'a, 'c> Table<'a, 'c> {
    /// A focused table without frozen columns, highlight or gutter.
    pub fn new(
        columns: &'a [Column<'a>],
        rows: usize,
        cell: &'a dyn Fn(usize, usize) -> CellText<'c>,
    ) -> Self {
        Self {
            columns,
            rows,
            frozen: 0,
            highlight: None,
            focused: true,
            cell_cursor: false,
            row_cursor: true,
            cell,
            mark: None,
        }
    }

    /// Draws head and visible rows. The result says what was visible.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        state: &TableState,
        styles: &Styles,
    ) -> PaintedTable {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return PaintedTable::default();
        }
        let body = Rect {
            y: area.y + 1,
            height: area.height - 1,
            ..area
        };
        let top = super::scroll(
            state.top,
            state.selected,
            self.rows,
            usize::from(body.height),
        );
        let rows = top..self.rows.min(top + usize::from(body.height));
        let gutter = if self.mark.is_some() { 3 } else { 2 };
        let columns_area = Rect {
            x: area.x + gutter.min(area.width),
            width: area.width.saturating_sub(gutter),
            ..area
        };
        let plan = layout::plan(self, columns_area, rows.clone(), state);
        self.head(area, buf, &plan, state, styles);
        for row in rows.clone() {
            let y = body.y + (row - top) as u16;
            self.gutter(buf, (area.x, y), row, state, styles);
            for column in &plan.columns {
                self.cell_at(buf, y, column, row - rows.start, styles);
            }
            if plan.fence > 0 {
                text::put(buf, (plan.fence, y), 1, "┊", styles.rule);
            }
            if self.row_cursor && row == state.selected {
                self.tint(
                    buf,
                    Rect {
                        y,
                        height: 1,
                        ..area
                    },
                    &plan,
                    state,
                    styles,
                );
            }
        }
        let columns = plan
            .columns
            .iter()
            .map(|c| (c.index, c.x, c.width))
            .collect();
        PaintedTable {
            top,
            left: plan.left,
            body,
            columns,
        }
    }

    fn head(
        &self,
        area: Rect,
        buf: &mut Buffer,
        plan: &layout::Plan,
        state: &TableState,
        styles: &Styles,
    ) {
        for column in &plan.columns {
            let it = &self.columns[column.index];
            let current = self.cell_cursor && self.focused && column.index == state.column;
            let style = if current || it.sort.is_some() {
                styles.head.patch(styles.accent)
            } else {
                styles.head
            };
            let title = text::fit(&it.head(), usize::from(column.width), Cut::End).into_owned();
            let indent = if it.align == Align::Right {
                column.width.saturating_sub(text::width(&title) as u16)
            } else {
                0
            };
            text::put(
                buf,
                (column.x + indent, area.y),
                column.width,
                &title,
                style,
            );
        }
        if plan.fence > 0 {
            text::put(buf, (plan.fence, area.y), 1, "┊", styles.rule);
        }
        if plan.left > self.frozen.min(self.columns.len()) {
            text::put(buf, (area.x + 1, area.y), 1, "‹", styles.accent);
        }
        if plan.more {
            text::put(buf, (area.right() - 1, area.y), 1, "›", styles.accent);
        }
    }

    fn gutter(
        &self,
        buf: &mut Buffer,
        at: (u16, u16),
        row: usize,
        state: &TableState,
        styles: &Styles,
    ) {
        let mark = self.mark.map(|mark| mark(row)).unwrap_or_default();
        let (pointer, style) = match (self.row_cursor && row == state.selected, mark.chosen) {
            (true, true) => ("◉", styles.accent),
            (true, false) => ("▸", styles.accent),
            (false, true) => ("●", styles.accent),
            (false, false) => (" ", styles.text),
        };
        text::put(buf, at, 1, pointer, style);
        let (sign, style) = match mark.mark {
            Mark::None => return,
            Mark::Failed => ("✗", styles.bad),
            Mark::Warning => ("!", styles.warn),
            Mark::Duplicate => ("=", styles.dim),
        };
        text::put(buf, (at.0 + 1, at.1), 1, sign, style);
    }

    fn cell_at(
        &self,
        buf: &mut Buffer,
        y: u16,
        column: &layout::Placed,
        row: usize,
        styles: &Styles,
    ) {
        let Some(cell) = column.cells.get(row) else {
            return;
        };
        let style = match cell.kind {
            layout::Kind::Value => cell.tone.style(styles),
            layout::Kind::Null | layout::Kind::Empty => styles.null,
        };
        let it = &self.columns[column.index];
        let shown = text::fit(&cell.text, usize::from(column.width), it.cut);
        let indent = if it.align == Align::Right {
            column.width.saturating_sub(text::width(&shown) as u16)
        } else {
            0
        };
        let x = column.x + indent;
        text::put(buf, (x, y), column.width - indent, &shown, style);
        if let (Some(regex), layout::Kind::Value) = (self.highlight, cell.kind) {
            highlight(buf, (x, y), &shown, regex, style.patch(styles.matched));
        }
    }

    fn tint(
        &self,
        buf: &mut Buffer,
        row: Rect,
        plan: &layout::Plan,
        state: &TableState,
        styles: &Styles,
    ) {
        buf.set_style(
            row,
            if self.focused {
                styles.selected
            } else {
                styles.selected_idle
            },
        );
        if !(self.cell_cursor && self.focused) {
            return;
        }
        if let Some(column) = plan.columns.iter().find(|c| c.index == state.column) {
            let cell = Rect {
                x: column.x,
                width: column.width,
                ..row
            };
            buf.set_style(
                cell,
                Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            );
        }
    }
}

/// Restyles the hits of `regex` in a text that was drawn at `at`.
fn highlight(buf: &mut Buffer, at: (u16, u16), shown: &str, regex: &Regex, style: Style) {
    for hit in regex.find_iter(shown).filter(|hit| !hit.is_empty()) {
        let x = at.0 + text::width(&shown[..hit.start()]) as u16;
        buf.set_style(
            Rect::new(x, at.1, text::width(hit.as_str()) as u16, 1),
            style,
        );
    }
}

#[cfg(test)]
mod tests;
