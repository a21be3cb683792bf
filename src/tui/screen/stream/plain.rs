//! Under 60×15: one plain line an event, no columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::frame::cell::{event_of, failures_of, verdict_of};
use crate::frame::{Cell, ColumnRef, cell};
use crate::model::Verdict;
use crate::tui::screen::stream::columns::clock;
use crate::tui::screen::stream::render::Context;
use crate::tui::widget::table::PaintedTable;
use crate::tui::widget::text::{self, Cut};

/// Draws the visible rows as one line each.
pub fn render(area: Rect, buf: &mut Buffer, context: &Context<'_>) -> PaintedTable {
    let stream = context.stream;
    let rows = stream.view.len();
    let top = crate::tui::widget::scroll(
        stream.table.top,
        stream.table.selected,
        rows,
        usize::from(area.height),
    );
    for (y, position) in (area.top()..area.bottom()).zip(top..rows) {
        let Some(record) = stream.view.row(position) else {
            continue;
        };
        let row = Rect {
            y,
            height: 1,
            ..area
        };
        let time = match cell(context.snapshot, record, &ColumnRef::time()) {
            Cell::Timestamp(us) => clock(us, false),
            _ => String::new(),
        };
        let failed = verdict_of(context.snapshot, record) == Verdict::Failed;
        let (mark, style) = if failed {
            ("✗", context.styles.bad)
        } else {
            (" ", context.styles.text)
        };
        let x = text::put(buf, (area.x, y), area.width, mark, style);
        let room = |x: u16| area.right().saturating_sub(x);
        let x = text::put(
            buf,
            (x, y),
            room(x),
            time.get(..8).unwrap_or(&time),
            context.styles.dim,
        ) + 1;
        let x = text::put_fit(
            buf,
            (x, y),
            room(x),
            &line(context, record),
            Cut::End,
            context.styles.text,
        );
        debug_assert!(x <= area.right());
        if position == stream.table.selected {
            buf.set_style(row, context.styles.selected);
        }
    }
    PaintedTable {
        top,
        left: 0,
        body: area,
        columns: vec![],
    }
}

fn line(context: &Context<'_>, record: usize) -> String {
    let event =
        event_of(context.snapshot, record).map(|(table, _)| table.event_type.name.to_string());
    let stem = cell(context.snapshot, record, &ColumnRef::record("cs_uri_stem"));
    let what = event.unwrap_or_else(|| stem.to_text().into_owned());
    match failures_of(context.snapshot, record).first() {
        Some(failure) => format!("{what} {}", failure.message()),
        None => what,
    }
}
