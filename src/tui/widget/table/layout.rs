//! Which columns are visible, how wide, and what their visible cells say.

use std::ops::Range;

use ratatui::layout::Rect;

use super::{Table, TableState, Tone};
use crate::tui::widget::text::{self, Cut};

/// Cells between two columns.
const GAP: u16 = 2;
/// A column that is cut off by the right edge is still drawn in as few cells as this.
const LEAST: u16 = 4;

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Value,
    Null,
    Empty,
}

/// The text of one visible cell, harmless, not yet cut to its column.
pub(super) struct Shown {
    pub text: String,
    pub tone: Tone,
    pub kind: Kind,
}

/// One visible column.
pub(super) struct Placed {
    pub index: usize,
    pub x: u16,
    pub width: u16,
    pub cells: Vec<Shown>,
}

/// The whole layout.
pub(super) struct Plan {
    pub columns: Vec<Placed>,
    /// First visible column right of the frozen ones.
    pub left: usize,
    /// There are columns right of the last visible one.
    pub more: bool,
    /// Where the line right of the frozen columns stands; 0 for none.
    pub fence: u16,
}

/// A column that has been looked at: its cells, and the width it would like.
struct Measured {
    index: usize,
    cells: Vec<Shown>,
    wanted: u16,
    natural: u16,
}

pub(super) fn plan(
    table: &Table<'_, '_>,
    area: Rect,
    rows: Range<usize>,
    state: &TableState,
) -> Plan {
    let count = table.columns.len();
    let frozen = table.frozen.min(count);
    let measure = |index: usize| measured(table, area.width, rows.clone(), state, index);
    let mut chosen: Vec<Measured> = (0..frozen).map(measure).collect();
    let fence_width = if frozen > 0 && frozen < count { GAP } else { 0 };
    let room = area
        .width
        .saturating_sub(chosen.iter().map(|m| m.wanted + GAP).sum::<u16>() + fence_width);
    let (left, scrolling) = window(frozen, count, room, state, measure);
    let last = scrolling.last().map_or(frozen, |m| m.index + 1);
    chosen.extend(scrolling);
    grow(
        &mut chosen,
        area.width.saturating_sub(fence_width),
        last == count,
    );
    let mut plan = Plan {
        columns: Vec::with_capacity(chosen.len()),
        left,
        more: last < count,
        fence: 0,
    };
    let mut x = area.x;
    for column in chosen {
        if fence_width > 0 && column.index >= frozen && plan.fence == 0 && x < area.right() {
            plan.fence = x;
            x += fence_width;
        }
        if x >= area.right() {
            plan.more = true;
            break;
        }
        let width = column.wanted.min(area.right() - x);
        plan.more |= width < column.wanted;
        plan.columns.push(Placed {
            index: column.index,
            x,
            width,
            cells: column.cells,
        });
        x = x.saturating_add(width + GAP);
    }
    plan
}

/// The scrolling columns that fit in `room`: from `state.left`, moved so that the cursor's column is whole.
fn window(
    frozen: usize,
    count: usize,
    room: u16,
    state: &TableState,
    measure: impl Fn(usize) -> Measured,
) -> (usize, Vec<Measured>) {
    let cursor = state.column.min(count.saturating_sub(1));
    let left = state.left.clamp(frozen, count.max(frozen));
    let start = if cursor >= frozen {
        left.min(cursor)
    } else {
        left
    };
    let mut columns: Vec<Measured> = Vec::new();
    let mut used = 0u16;
    for index in start..count {
        if used + LEAST > room && index > cursor {
            break;
        }
        let column = measure(index);
        used = used.saturating_add(column.wanted + GAP);
        columns.push(column);
        while index <= cursor && used > room.saturating_add(GAP) && columns.len() > 1 {
            let first = columns.remove(0);
            used -= first.wanted + GAP;
        }
    }
    (columns.first().map_or(start, |first| first.index), columns)
}

/// Gives room that is left over to columns whose cells were cut, from the left.
fn grow(columns: &mut [Measured], width: u16, complete: bool) {
    if !complete {
        return;
    }
    let used: u16 = columns
        .iter()
        .map(|c| c.wanted + GAP)
        .sum::<u16>()
        .saturating_sub(GAP);
    let mut spare = width.saturating_sub(used);
    for column in columns {
        let more = column.natural.saturating_sub(column.wanted).min(spare);
        column.wanted += more;
        spare -= more;
    }
}

fn measured(
    table: &Table<'_, '_>,
    limit: u16,
    rows: Range<usize>,
    state: &TableState,
    index: usize,
) -> Measured {
    let column = &table.columns[index];
    let cells: Vec<Shown> = rows
        .map(|row| shown(table, row, index, limit, column.cut))
        .collect();
    let widest = cells
        .iter()
        .map(|cell| text::width(&cell.text))
        .max()
        .unwrap_or(0);
    let natural = widest.max(text::width(&column.head())) as u16;
    let seen = state
        .widths
        .get(index)
        .copied()
        .unwrap_or(0)
        .min(column.max);
    Measured {
        index,
        cells,
        wanted: natural.max(seen).clamp(column.min, column.max),
        natural: natural.min(limit),
    }
}

fn shown(table: &Table<'_, '_>, row: usize, column: usize, limit: u16, cut: Cut) -> Shown {
    let cell = (table.cell)(row, column);
    let (text, kind) = match cell.value.as_deref() {
        None => ("·".to_owned(), Kind::Null),
        Some("") => ("\"\"".to_owned(), Kind::Empty),
        Some(value) => (
            text::cell(value, usize::from(limit), cut).into_owned(),
            Kind::Value,
        ),
    };
    Shown {
        text,
        tone: cell.tone,
        kind,
    }
}
