//! Drawing the Stream: rows, a thin rule, detail.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use regex::Regex;

use super::{Pane, Split, Stream, columns, empty, plain};
use crate::frame::cell::{failures_of, verdict_of};
use crate::frame::{ColumnRef, Snapshot, cell};
use crate::model::{Severity, Verdict};
use crate::tui::arrangement::Arrangement;
use crate::tui::keymap::Keymap;
use crate::tui::status::Status;
use crate::tui::theme::Styles;
use crate::tui::widget::overlay::render_blank;
use crate::tui::widget::table::{CellText, Mark, PaintedTable, RowMark, Sort, Table};
use crate::tui::widget::{self, text, tree};

/// Everything the Stream is drawn from.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Its state.
    pub stream: &'a Stream,
    /// The rows' values.
    pub snapshot: &'a Snapshot,
    /// Filters, order, widths.
    pub arrangement: &'a Arrangement,
    /// How the run stands.
    pub status: &'a Status,
    /// New rows may come for ever.
    pub following: bool,
    /// Hits of the search.
    pub highlight: Option<&'a Regex>,
    /// For hints.
    pub keymap: &'a Keymap,
    /// Colours.
    pub styles: &'a Styles,
}

/// What was drawn.
#[derive(Debug, Clone, Default)]
pub struct Painted {
    /// The rows.
    pub table: PaintedTable,
    /// The detail and where it stands.
    pub detail: Option<(widget::Painted, Rect)>,
    /// How the panes lie.
    pub split: Split,
}

/// Where rows, rule and detail stand in `area`.
pub fn split(area: Rect, open: bool, pane: Pane) -> (Split, Rect, Rect, Rect) {
    let nothing = Rect::default();
    if area.width >= 100 && open {
        let width = (area.width * 2 / 5).clamp(46, 84);
        let rows = Rect {
            width: area.width - width - 1,
            ..area
        };
        let rule = Rect {
            x: rows.right(),
            width: 1,
            ..area
        };
        return (
            Split::Right,
            rows,
            rule,
            Rect {
                x: rule.right(),
                width,
                ..area
            },
        );
    }
    if area.width >= 80 && area.height >= 12 && open {
        let height = area.height * 2 / 5;
        let rows = Rect {
            height: area.height - height - 1,
            ..area
        };
        let rule = Rect {
            y: rows.bottom(),
            height: 1,
            ..area
        };
        return (
            Split::Below,
            rows,
            rule,
            Rect {
                y: rule.bottom(),
                height,
                ..area
            },
        );
    }
    if pane == Pane::Detail {
        (Split::Full, nothing, nothing, area)
    } else {
        (Split::None, area, nothing, nothing)
    }
}

impl Context<'_> {
    /// Draws the screen into `area`.
    pub fn render(&self, area: Rect, buf: &mut Buffer) -> Painted {
        if self.stream.view.is_empty() {
            self.render_empty(area, buf);
            return Painted::default();
        }
        if area.width < 60 || area.height < 10 {
            if self.stream.pane == Pane::Rows {
                return Painted {
                    table: plain::render(area, buf, self),
                    ..Painted::default()
                };
            }
            return Painted {
                detail: Some(self.render_detail(area, buf)),
                split: Split::Full,
                ..Painted::default()
            };
        }
        let (split, rows, rule, detail) = split(area, self.stream.detail_open, self.stream.pane);
        let table = if rows.is_empty() {
            PaintedTable {
                body: area,
                ..self.unchanged()
            }
        } else {
            self.render_rows(rows, buf)
        };
        render_rule(rule, buf, self.styles);
        let detail = (!detail.is_empty()).then(|| self.render_detail(detail, buf));
        Painted {
            table,
            detail,
            split,
        }
    }

    fn unchanged(&self) -> PaintedTable {
        PaintedTable {
            top: self.stream.table.top,
            left: self.stream.table.left,
            ..PaintedTable::default()
        }
    }

    fn render_rows(&self, area: Rect, buf: &mut Buffer) -> PaintedTable {
        let (stream, snapshot) = (self.stream, self.snapshot);
        let described: Vec<_> = stream
            .columns
            .iter()
            .map(|c| columns::described(c, &stream.known, self.sort_of(c), self.width_of(c)))
            .collect();
        let with_day = snapshot
            .timeline
            .span()
            .is_some_and(|(a, b)| a.div_euclid(86_400) != b.div_euclid(86_400));
        let text = |position: usize, column: usize| {
            let (Some(row), Some(column)) = (stream.view.row(position), stream.columns.get(column))
            else {
                return CellText::null();
            };
            columns::text_of(column, cell(snapshot, row, column), with_day)
        };
        let mark = |position: usize| RowMark {
            mark: stream
                .view
                .row(position)
                .map_or(Mark::None, |row| mark_of(snapshot, row)),
            chosen: false,
        };
        let frozen = stream.columns.iter().take_while(|c| is_leading(c)).count();
        let table = Table {
            frozen: if frozen < stream.columns.len() {
                frozen
            } else {
                0
            },
            highlight: self.highlight,
            focused: stream.pane == Pane::Rows,
            cell_cursor: true,
            mark: Some(&mark),
            ..Table::new(&described, stream.view.len(), &text)
        };
        table.render(area, buf, &stream.table, self.styles)
    }

    fn sort_of(&self, column: &ColumnRef) -> Option<Sort> {
        let sort = &self.arrangement.spec.sort;
        let descending = match sort.iter().find(|key| key.column == *column) {
            Some(key) => key.descending,
            None if sort.is_empty() && *column == ColumnRef::time() => false,
            None => return None,
        };
        Some(if descending {
            Sort::Descending
        } else {
            Sort::Ascending
        })
    }

    fn width_of(&self, column: &ColumnRef) -> Option<u16> {
        self.arrangement
            .widths
            .iter()
            .find(|(c, _)| c == column)
            .map(|(_, width)| *width)
    }

    fn render_detail(&self, area: Rect, buf: &mut Buffer) -> (widget::Painted, Rect) {
        buf.set_style(area, self.styles.pane);
        let Some(detail) = &self.stream.detail else {
            return (widget::Painted::default(), area);
        };
        let focused = self.stream.pane == Pane::Detail;
        (
            tree::render(area, buf, detail, &self.stream.tree, (focused, self.styles)),
            area,
        )
    }

    fn render_empty(&self, area: Rect, buf: &mut Buffer) {
        let reason = empty::reason(
            self.snapshot,
            &self.arrangement.spec,
            self.status,
            self.following,
            self.keymap,
        );
        let keys: Vec<(&str, &str)> = reason
            .keys
            .iter()
            .map(|(key, what)| (key.as_str(), *what))
            .collect();
        render_blank(area, buf, &reason.what, &keys, self.styles);
    }
}

fn is_leading(column: &ColumnRef) -> bool {
    *column == ColumnRef::time() || *column == ColumnRef::Virtual(crate::frame::Virtual::Event)
}

fn mark_of(snapshot: &Snapshot, row: usize) -> Mark {
    match verdict_of(snapshot, row) {
        Verdict::Failed => Mark::Failed,
        Verdict::Duplicate => Mark::Duplicate,
        Verdict::Good
            if failures_of(snapshot, row)
                .iter()
                .any(|f| f.cause.severity == Severity::Warn) =>
        {
            Mark::Warning
        }
        Verdict::Good | Verdict::NotEvent => Mark::None,
    }
}

/// A thin rule, upright or lying.
pub fn render_rule(area: Rect, buf: &mut Buffer, styles: &Styles) {
    let line = if area.width == 1 { "│" } else { "─" };
    for y in area.top()..area.bottom() {
        text::put(
            buf,
            (area.x, y),
            area.width,
            &line.repeat(usize::from(area.width)),
            styles.rule,
        );
    }
}
